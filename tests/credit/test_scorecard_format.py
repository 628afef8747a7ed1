"""The cards that ship, the format's refusals, and the command that tries cards on cases."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from common.policies import PolicyError
from credit.facts.rules import Action, FactVersion
from credit.scoring.rules import Scorecard, ScoredSubject, score
from credit.scoring.schemas import ScoreResult
from tourtrust.main import app
from typer.testing import CliRunner

from .cases import BOOK, EPOCH, NOW

GUIDE = ScoredSubject(UUID(int=1), "tour_guide", "140100")
AGENCY = ScoredSubject(UUID(int=1), "travel_agency", "141000")


def facts(*entries: tuple[Any, ...]) -> list[FactVersion]:
    return [
        FactVersion(UUID(int=n), 1, Action.RECORD, code, date.fromisoformat(day), EPOCH, payload)
        for n, (code, day, *rest) in enumerate(entries, start=1)
        for payload in [rest[0] if rest else {}]
    ]


def card(name: str) -> Scorecard:
    return BOOK.scorecards.get(name, "1", next(c.region for c in BOOK.scorecards if c.id == name))


KINDS = {
    "travel_agency", "agency_branch", "tour_guide", "star_hotel", "homestay", "scenic_area", "ota_platform",
    "coach_company",
}  # fmt: skip


def test_one_card_grades_each_kind_by_default_and_others_are_asked_for_by_id() -> None:
    day = date(2026, 11, 23)
    for kind in KINDS:
        fitting = [
            c
            for c in BOOK.scorecards.in_force(on=day, region="140100")
            if c.use == "grade" and kind in c.kinds
        ]
        assert len(fitting) == 1, kind
        assert fitting[0].status == "sample"
        assert fitting[0].is_plain or kind in ("star_hotel", "homestay", "scenic_area", "coach_company")
    assert {c.id: c.use for c in BOOK.scorecards if c.use != "grade"} == {
        "guide-10-point": "reference",
        "ningxia-risk-1000": "risk",
        "yunnan-integrity-index": "reference",
        "linfen-board": "board",
        "datong-board": "board",
    }


def test_the_guides_card_holds_all_27_behaviours_with_their_points() -> None:
    rules = card("guide-10-point").rules
    assert len(rules) == 27
    counts = {points: sum(rule.points == points for rule in rules) for points in (-10, -8, -6, -4, -2)}
    assert counts == {-10: 6, -8: 5, -6: 6, -4: 4, -2: 6}
    for rule in rules:
        result = score(
            GUIDE, facts((rule.codes[0], "2026-05-01")), date(2026, 6, 1), NOW, card("guide-10-point")
        )
        assert result.value == 10 + (rule.points or 0)
        assert result.grade == ("FAIL" if rule.points == -10 else "PASS")
        [fact_action] = [a["action"] for a in result.document["actions"] if a["fact_id"]] or [None]
        assert fact_action == {-8: "CIRCULATED_CRITICISM", -6: "WARN"}.get(int(rule.points or 0))


def test_the_guides_points_come_back_with_the_review_and_the_card_is_kept_when_used_up() -> None:
    rows = facts(("G8_2", "2025-03-01"), ("G4_1", "2025-04-01"), ("ANNUAL_REVIEW_PASSED", "2026-01-10"))
    used_up = score(GUIDE, rows, date(2025, 12, 31), NOW, card("guide-10-point"))
    assert (used_up.value, used_up.grade) == (0, "POSTPONED")
    assert {a["action"] for a in used_up.document["actions"]} == {
        "CIRCULATED_CRITICISM",
        "REVIEW_POSTPONED",
        "CARD_KEPT_AND_HOME_AUTHORITY_NOTIFIED_WITHIN_10_DAYS",
    }
    assert used_up.document["next_change"] == {"on": "2026-01-11", "score": 10, "grade": "PASS"}


@pytest.mark.parametrize(
    ("points", "grade"),
    [(0, "A"), (250, "A"), (251, "B"), (500, "B"), (501, "C"), (750, "C"), (751, "D"), (1000, "D")],
)
def test_the_risk_bands_are_ningxias_and_more_is_worse(points: int, grade: str) -> None:
    risk = card("ningxia-risk-1000")
    assert risk.grade_of(Decimal(points)) == grade
    assert risk.grades == ("A", "B", "C", "D")


@pytest.mark.parametrize(("value", "grade"), [(9.5, "RED"), (9.49, "NORMAL"), (6, "NORMAL"), (5.99, "BLACK")])
def test_yunnans_boards_begin_at_their_edges(value: float, grade: str) -> None:
    rows = facts(
        *(
            ("SUB_INDEX", "2026-01-01", {"index": i, "value": value})
            for i in ("norms", "quality", "experience")
        )
    )
    agency = replace(AGENCY, region="530100")
    result = score(agency, rows, date(2026, 2, 1), NOW, card("yunnan-integrity-index"))
    assert (result.value, result.grade) == (Decimal(str(value)), grade)


def board(name: str, day: str, *entries: tuple[Any, ...]) -> str | None:
    return score(AGENCY, facts(*entries), date.fromisoformat(day), NOW, card(name)).grade


MAIN = {"responsibility": "main"}
RANK_10 = {"metric": "group_arrivals", "rank": 10, "period": "2026-08"}


def test_linfen_and_datong_are_the_same_mechanism_with_other_numbers() -> None:
    complaints = [("VALID_COMPLAINT", f"2026-0{month}-15", MAIN) for month in (7, 8, 9)]
    assert board("linfen-board", "2026-10-01", *complaints) == "BLACK"
    assert board("datong-board", "2026-10-01", *complaints) == "NONE"
    tenth = ("RANKED", "2026-09-30", RANK_10)
    assert board("datong-board", "2026-10-01", tenth) == "RED"
    assert board("linfen-board", "2026-10-01", tenth) == "NONE"
    assert board("datong-board", "2026-10-01", tenth, ("PENALTY_WARNING", "2026-09-02")) == "NONE"
    assert board("datong-board", "2026-11-01", tenth) == "NONE"
    assert board("datong-board", "2026-10-01", ("TOUT_COLLUSION", "2026-09-02"), tenth) == "BLACK"


def test_linfens_black_grounds_and_its_extra_run() -> None:
    three_minor = {"severity": "ordinary", "minor_injuries": 3, **MAIN}
    one_serious = {"severity": "ordinary", "serious_injuries": 1, **MAIN}
    two_minor = {"severity": "ordinary", "minor_injuries": 2, "serious_injuries": 0, **MAIN}
    for payload, grade in ((three_minor, "BLACK"), (one_serious, "BLACK"), (two_minor, "NONE")):
        assert board("linfen-board", "2026-08-06", ("ACCIDENT", "2026-08-05", payload)) == grade
    result = score(
        AGENCY, facts(("PENALTY_FINE_SMALL", "2026-08-05")), date(2026, 8, 20), NOW, card("linfen-board")
    )
    assert result.grade == "BLACK"
    assert result.document["period"] == {
        "from": "2026-07-01",
        "to": "2026-08-05",
        "extra": True,
        "within_working_days": 7,
    }
    ScoreResult.model_validate_json(result.canonical)


@pytest.mark.parametrize(
    ("code", "payload", "grade"),
    [
        ("PENALTY_WARNING", {}, "NONE"),
        ("PENALTY_FINE_SMALL", {"amount_fen": 1}, "BLACK"),
        ("PENALTY_CONFISCATION", {}, "BLACK"),
        ("PENALTY_REVOCATION", {}, "BLACK"),
        ("PENALTY_CAREER_BAN", {}, "BLACK"),
        ("ACCIDENT", {"severity": "ordinary", "responsibility": "full", "deaths": 1}, "BLACK"),
        ("MEDIATION_NOT_EXECUTED", {"days": 5}, "NONE"),
        ("MEDIATION_NOT_EXECUTED", {"days": 6}, "BLACK"),
        ("MEDIATION_NOT_EXECUTED", {}, "BLACK"),
    ],
)
def test_linfen_calls_for_a_run_whenever_fined_or_worse(
    code: str, payload: dict[str, Any], grade: str
) -> None:
    assert board("linfen-board", "2026-08-06", (code, "2026-08-05", payload)) == grade


def test_linfens_award_is_of_a_county_or_higher() -> None:
    for level, grade in (("county", "RED"), ("nation", "RED"), ("other", "NONE")):
        assert (
            board("linfen-board", "2026-10-01", ("COMPETITION_AWARD", "2026-08-05", {"level": level}))
            == grade
        )


def test_datongs_red_board_asks_a_clean_month_and_the_cooling_off_of_every_merit() -> None:
    praise = ("PRAISE_LETTER", "2026-09-10")
    black = ("BLACK_BOARD", "2026-09-08", {"board": "datong-board", "period": "2026-08"})
    assert board("datong-board", "2026-10-01", praise) == "RED"
    for stain in (
        ("PENALTY_SUSPENSION", "2026-09-02"),
        ("VALID_COMPLAINT", "2026-09-02", {"responsibility": "shared"}),
        black,
        ("BLACK_BOARD", "2026-06-30"),
    ):
        assert board("datong-board", "2026-10-01", praise, stain) == "NONE", stain
    assert board("datong-board", "2026-10-01", praise, ("BLACK_BOARD", "2026-06-29")) == "RED"
    assert board("datong-board", "2026-10-01", praise, black, ("BLACK_BOARD_REMOVED", "2026-09-30")) == "RED"


def test_yunnans_black_list_needs_a_second_failing_evaluation() -> None:
    indices = [("SUB_INDEX", "2026-01-20", {"index": name, "value": 5}) for name in ("norms", "quality")]
    rows: list[Any] = [*indices, ("SUB_INDEX", "2026-01-20", {"index": "experience", "value": 5})]
    agency = replace(AGENCY, region="530100")

    def called(*blacks: tuple[str, str]) -> list[str]:
        entries = [
            ("BLACK_BOARD", day, {"board": "yunnan-board", "period": period}) for day, period in blacks
        ]
        result = score(agency, facts(*rows, *entries), date(2026, 4, 1), NOW, card("yunnan-integrity-index"))
        return [one.action for one in result.standing.actions]

    assert called() == []
    assert called(("2026-02-10", "2026-01")) == []
    assert called(("2026-02-10", "2026-01"), ("2026-02-11", "2026-01")) == []
    assert called(("2026-02-10", "2026-01"), ("2026-03-10", "2026-02")) == ["BLACK_LIST"]
    assert called(("2025-01-10", "2024-12"), ("2026-03-10", "2026-02")) == ["BLACK_LIST"], "until removed"
    rows.append(("BLACK_BOARD_REMOVED", "2026-03-01", {"board": "yunnan-board", "period": "2026-01"}))
    assert called(("2026-02-10", "2026-01"), ("2026-03-10", "2026-02")) == []


def test_a_harmless_event_takes_no_red_board_away_and_points_alone_do_not_either() -> None:
    merit = ("COMMENDATION", "2026-06-01")
    harmless = (
        "ACCIDENT",
        "2026-08-05",
        {"minor_injuries": 1, "responsibility": "none"},
    )
    refused = ("COMPLAINT_HANDLING_REFUSED", "2026-08-10")
    assert board("linfen-board", "2026-08-05", merit, harmless) == "RED"
    assert board("linfen-board", "2026-08-06", merit, harmless) == "RED"
    assert board("linfen-board", "2026-08-11", merit, harmless, refused) == "BLACK"
    points = Scorecard.parse(
        BARE
        | {
            "period": "quarter",
            "extra_runs": {"codes": "FINE"},
            "rules": [{"id": "FINE", "codes": "FINE", "points": -50}],
        }
    )
    fine = facts(("FINE", "2026-08-05"))
    result = score(AGENCY, fine, date(2026, 8, 6), NOW, points)
    assert (result.grade, result.document["next_grade_change"]) == ("A", {"on": "2026-10-01", "grade": "B"})
    unmet = points.content | {"extra_runs": {"codes": "FINE", "when": "payload.grave"}}
    graver = unmet | {"vetoes": [{"id": "V", "codes": "FINE", "grade": "B"}]}
    assert score(AGENCY, fine, date(2026, 8, 6), NOW, Scorecard.parse(graver)).grade == "A"
    grave = facts(("FINE", "2026-08-05", {"grave": True}))
    assert score(AGENCY, grave, date(2026, 8, 6), NOW, Scorecard.parse(graver)).grade == "B"


def test_a_disputed_review_resets_nothing_while_the_card_suspends_it() -> None:
    content = BARE | {
        "readings": {"disputed": "suspend"},
        "reset": {"on": "REVIEW"},
        "rules": [{"id": "FINE", "codes": "FINE", "points": -20}],
    }
    [fine, review] = facts(("FINE", "2026-01-10"), ("REVIEW", "2026-01-20"))
    disputed = replace(review, disputed=((date(2026, 2, 1), date(2026, 2, 9)),))
    for day, value, change in (
        (date(2026, 1, 31), 100, "2026-02-01"),
        (date(2026, 2, 5), 80, "2026-02-10"),
        (date(2026, 2, 10), 100, None),
    ):
        result = score(AGENCY, [fine, disputed], day, NOW, Scorecard.parse(content))
        assert (result.value, result.next_change and result.next_change.on.isoformat()) == (value, change)
    counted = Scorecard.parse(content | {"readings": {}})
    assert score(AGENCY, [fine, disputed], date(2026, 2, 5), NOW, counted).value == 100


def test_an_extra_run_never_makes_a_board_better() -> None:
    black = [("VALID_COMPLAINT", f"2026-04-{day}", MAIN) for day in (10, 11, 12)]
    rows = [*black, ("COMPLAINT_HANDLING_REFUSED", "2026-07-10"), ("COMMENDATION", "2026-07-11")]
    assert board("linfen-board", "2026-07-10", *black) == "BLACK"
    assert board("linfen-board", "2026-08-01", *rows) == "BLACK"


def test_an_extra_run_holds_until_the_next_regular_run_whatever_later_ones_find() -> None:
    content = BARE | {
        "period": "year",
        "extra_runs": {"codes": ["SUSPENDED", "ACCIDENT"]},
        "vetoes": [
            {"id": "S", "codes": "SUSPENDED", "grade": "C", "window": {"months": 3}},
            {"id": "A", "codes": "ACCIDENT", "when": "payload.main == true", "grade": "B"},
        ],
        "bands": [{"grade": "A", "min": 60}, {"grade": "B", "direct": True}, {"grade": "C", "max": 59}],
    }
    rows = [
        ("SUSPENDED", "2026-02-01"),
        ("ACCIDENT", "2026-08-01"),
        ("ACCIDENT", "2026-09-01", {"main": True}),
    ]

    def on(day: str, *known: tuple[Any, ...]) -> tuple[str | None, str]:
        result = score(AGENCY, facts(*known), date.fromisoformat(day), NOW, Scorecard.parse(content))
        return result.grade, result.document["period"]["to"]

    assert on("2026-08-02", *rows[:2]) == ("C", "2026-02-01"), "a harmless accident ends no earlier run"
    assert on("2026-12-31", *rows) == ("C", "2026-02-01"), "nor does a run that finds a better grade"
    assert on("2027-01-01", *rows) == ("B", "2026-12-31")
    again = ("SUSPENDED", "2026-05-05")
    assert on("2026-05-06", *rows, again) == ("C", "2026-05-05"), "as bad again: the later run shows it"
    assert on("2026-09-02", *rows[1:]) == ("B", "2026-09-01")


def test_of_several_penalties_of_one_act_the_gravest_counts_alone() -> None:
    months = {"window": {"months": 12}}
    content = BARE | {
        "groups": [{"id": "act", "once_per": "act", "cap": -25}],
        "rules": [
            {"id": "F", "codes": "FINE", "points": -5, "group": "act", "action": "WARN", **months},
            {"id": "S", "codes": "SUSPENDED", "points": -20, "group": "act", "window": {"months": 3}},
        ],
    }
    rows = facts(
        ("FINE", "2026-01-10", {"act": "1"}),
        ("SUSPENDED", "2026-01-11", {"act": "1"}),
        ("FINE", "2026-01-12", {"act": "1"}),
        ("FINE", "2026-01-13", {"act": 1}),
        ("FINE", "2026-01-14"),
    )

    def points(day: date) -> list[int]:
        result = score(AGENCY, rows, day, NOW, Scorecard.parse(content))
        assert len(result.standing.actions) == 4, "an action is called for all the same"
        return [item["points"] for item in result.document["contributions"]]

    assert points(date(2026, 2, 1)) == [0, -20, 0, -5, 0], "what is merged uses up no cap"
    assert points(date(2026, 4, 12)) == [-5, 0, -5, -5], "of equal ones the earliest"
    reasons = score(AGENCY, rows, date(2026, 2, 1), NOW, Scorecard.parse(content)).document["contributions"]
    assert "同一行为另有更重的一项" in reasons[0]["reason"] and "已达上限" in reasons[4]["reason"]
    for group, message in (
        ({}, "a group needs cap or once_per"),
        ({"cap_per": "year", "once_per": "x"}, "needs cap"),
    ):
        with pytest.raises(PolicyError, match=message):
            Scorecard.parse(content | {"groups": [{"id": "act", **group}]})


def test_of_two_measurements_of_one_day_the_one_recorded_later_is_the_latest() -> None:
    by_rule = {"rules": [{"id": "I", "codes": "I", "per": {"field": "n", "points": 1}, "take": "latest"}]}
    by_figure = {
        "figures": {"n": {"how": "latest", "codes": "I", "field": "n", "missing": 0}},
        "rules": [{"id": "I", "if": "n == 5", "points": 5}],
    }
    for content in (by_rule, by_figure):
        latest = Scorecard.parse(BARE | {"base": 0} | content)
        for order in ((1, 2), (2, 1)):
            [one, other] = facts(("I", "2026-01-01", {"n": 5}), ("I", "2026-01-01", {"n": 20}))
            rows = [
                replace(one, id=UUID(int=order[0]), recorded_at=EPOCH + timedelta(days=2)),
                replace(other, id=UUID(int=order[1])),
            ]
            assert score(AGENCY, rows, date(2026, 1, 9), NOW, latest).value == 5


BARE: dict[str, Any] = {
    "id": "t",
    "base": 100,
    "bands": [{"grade": "A", "min": 60}, {"grade": "B", "max": 59}],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": 1e300}, "base: "),
        ({"basis": 1}, "basis: unknown field; known here: actions, bands, base, "),
        ({"direction": "up"}, "'up' is not supported; use one of 'higher_better' or 'higher_worse'"),
        ({"readings": {"disputed": "ignore"}}, "readings.disputed: 'ignore' is not supported"),
        ({"readings": {"weekends": "x"}}, "readings.weekends: unknown field"),
        (
            {"bands": [{"grade": "A", "min": 61}, {"grade": "B", "max": 59}]},
            "the score 60 exactly once: a gap",
        ),
        ({"decimals": 1}, "the score 59.1 exactly once: a gap"),
        ({"bands": [{"grade": "A", "min": 60}, {"grade": "B", "max": 60}]}, "overlap of A, B"),
        ({"bands": [{"grade": "A", "min": 60}]}, "a gap"),
        ({"bands": []}, "bands: "),
        ({"rules": [{"id": "X", "codes": "C", "points": 0}]}, "a rule of zero points says nothing"),
        ({"rules": [{"id": "X", "codes": "C"}]}, "rule X: give exactly one of points, cases, per"),
        ({"rules": [{"id": "X", "points": 1}]}, "rule X: give either codes or if"),
        (
            {"rules": [{"id": "X", "codes": "C", "points": -1, "cap": 3}]},
            "cap and points must have the same sign",
        ),
        (
            {"rules": [{"id": "X", "codes": "C", "points": -1, "window": {"days": 0}}]},
            "rules[0](X).window.days",
        ),
        (
            {"rules": [{"id": "X", "codes": "C", "points": -1, "when": "nth > 1"}]},
            "uses unknown names ['nth']",
        ),
        ({"rules": [{"id": "X", "codes": "C", "points": -1, "when": "payload.a >"}]}, "does not parse"),
        ({"rules": [{"id": "X", "codes": "C", "points": -1}] * 2}, "rule ids must differ: X"),
        ({"rules": [{"id": "X", "codes": "C", "points": -1, "dimension": "d"}]}, "unknown dimension d"),
        ({"rules": [{"id": "X", "codes": "C", "points": -1, "group": "g"}]}, "unknown group g"),
        ({"vetoes": [{"id": "V", "codes": "C", "grade": "Z"}]}, "V: unknown grade Z; known: A, B"),
        ({"vetoes": [{"id": "V", "if": "score > 'a'", "grade": "B"}]}, "compare numbers with numbers"),
        (
            {"vetoes": [{"id": "V", "codes": "C", "effect": "cancel", "grade": "B"}]},
            "lower and cancel do not",
        ),
        ({"figures": {"score": {"codes": "C"}}}, "figures.score: a name is letters"),
        ({"figures": {"f": {"codes": "C", "how": "lowest", "field": "x"}}}, "lowest needs missing"),
        ({"extra_runs": {"codes": "C"}}, "extra_runs needs a period"),
        ({"dimensions": [{"id": "a", "weight": 1}, {"id": "b"}]}, "give every one a weight, or none"),
        (
            {"prerequisites": [{"id": "P", "grade": "B", "needs": [{"id": "n", "if": "true"}]}]},
            "must be worse",
        ),
        ({"status": "verified"}, "a card that is not a sample must give its legal_basis"),
        ({"kinds": ["spaceship"]}, "kinds: unknown kind spaceship; known: travel_agency, agency_branch, "),
        (
            {"rules": [{"id": "X", "codes": "C", "points": -1, "window": {"until": ["D", "C"]}}]},
            "X: until names the rule's own code C",
        ),
        ({"bounds": {"max": 50}}, "base 100 lies outside bounds"),
        ({"bounds": {"min": 5, "max": 4}}, "card.yaml: scorecard t: bounds: min is above max"),
        ({"effective_from": 20260110}, "effective_from: must be a day that exists, as YYYY-MM-DD"),
        ({"effective_from": "2026/01/10"}, "effective_from: must be a day that exists, as YYYY-MM-DD"),
        ({"vetoes": [{"id": "V", "if": "score = 1", "grade": "B"}]}, "write == for equals"),
        ({"vetoes": [{"id": "V", "if": "score > 1 and score < 2", "grade": "B"}]}, "write && for and"),
        ({"vetoes": [{"id": "V", "if": "deducted * 2 > 3", "grade": "B"}]}, "write 2.0, not 2"),
        (
            {"figures": {"n": {"codes": "C"}}, "vetoes": [{"id": "V", "if": 'n == "1"', "grade": "B"}]},
            "n is a number and never equals a text",
        ),
        ({"region": "999999"}, "no division has the code 999999"),
    ],
)
def test_a_card_that_is_not_wholly_understood_is_refused_with_its_place(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        Scorecard.parse(BARE | change, file="card.yaml")
    assert message in str(refused.value)
    assert "card.yaml" in str(refused.value)
    assert "评分卡 t 有误" in refused.value.reason.zh


def test_a_card_without_a_base_or_with_bands_upside_down() -> None:
    with pytest.raises(PolicyError, match="base is missing"):
        Scorecard.parse({key: value for key, value in BARE.items() if key != "base"})
    upside_down = Scorecard.parse(BARE | {"bands": BARE["bands"][::-1]})
    assert upside_down.grades == ("A", "B")
    worse = Scorecard.parse(BARE | {"direction": "higher_worse"})
    assert worse.grades == ("B", "A")


def test_a_weighted_average_is_rounded_half_up_once_and_exactly() -> None:
    dimensions = [{"id": "a", "base": 2, "weight": 1}, {"id": "b", "base": 3, "weight": 1}]
    card = Scorecard.parse(BARE | {"base": 0, "dimensions": dimensions})
    assert score(AGENCY, [], date(2026, 1, 1), NOW, card).value == 3
    thirds = [{"id": "a", "base": 1, "weight": 1}, {"id": "b", "base": 0, "weight": 2}]
    card = Scorecard.parse(
        {"id": "t", "dimensions": thirds, "decimals": 4, "bands": [{"grade": "A"}], "base": 0.00005}
    )
    assert score(AGENCY, [], date(2026, 1, 1), NOW, card).value == Decimal("0.3334")


def run(
    tmp_path: Path, cases: str, *options: str, change: Mapping[str, Any] | None = None
) -> tuple[int, str, str]:
    (tmp_path / "card.yaml").write_text(json.dumps(BARE | dict(change or {})), "utf-8")
    (tmp_path / "cases.jsonl").write_text(cases, "utf-8")
    files = [str(tmp_path / "card.yaml"), str(tmp_path / "cases.jsonl")]
    result = CliRunner().invoke(app, ["eval", "scores", *files, *options])
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def test_cases_are_told_apart_by_the_exit_code(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, '{"expect": {"score": 100}}\n')
    assert (code, "PASS" in out, "FAIL" in out) == (0, True, False)
    code, out, _ = run(tmp_path, '{"expect": {"score": 100}}\n\n{"expect": {"score": 99, "grade": "A"}}\n')
    assert (code, "FAIL" in out) == (1, True)
    code, out, _ = run(tmp_path, '# none\n{"id": "x", "expect": {"next_grade": null}}', "--json")
    report = json.loads(out)
    assert (code, report["passed"], report["failed"]) == (0, 1, 0)
    assert report["rows"][0]["got"]["score"] == 100
    assert report["rows"][0]["line"] == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "cases.jsonl, line 2: no valid JSON"),
        ('{"id":,}', "line 2: no valid JSON: Expecting value (column 7)"),
        ('{"id": "\\ud800"}', "line 2: no valid JSON"),
        ('{"subject": "hotel"}', "line 2: subject.kind: unknown kind hotel; known: travel_agency"),
        ('{"expect": {"scores": 1}}', "line 2: expect.scores: unknown key; known: actions, contributions"),
        ('{"fact": []}', "line 2: fact: unknown key"),
        ('{"subject": {"sort": "x"}}', "subject.sort: unknown key"),
        ('{"facts": [{"occurred_on": "2026-01-01"}]}', "facts[0]: code is missing"),
        ('{"facts": [{"code": "A", "occurred_on": "2026-13-01"}]}', "facts[0].occurred_on"),
        ('{"facts": [{"id": 1, "code": "A", "occurred_on": "2026-01-01"}, {"id": 1, "action": "restore"}]}',
         "restore cannot follow record"),
        ('{"expect": {"vetoes": [{"id": "x"}]}}', "unknown key id"),
        ('{"valid_at": "2026-01-01", "valid_at": "2026-01-02"}', "stands twice"),
        ('{"scorecard": "other"}', "name the card in scorecard"),
        ('{"facts": [{"code": "A", "occurred_on": "2026-01-01", "payload": {"n": NaN}}]}', "NaN is no JSON"),
        ('{"facts": [{"code": "A", "occurred_on": "0001-01-01"}]}', "a date is out of range"),
        ("3", "line 2: must be a JSON object"),
        ('{"expect": {"vetoes": 5}}', "第 2 行：expect.vetoes：须为文本或 JSON 对象"),
        (
            '{"facts": [{"code": "A", "action": "undo"}]}',
            "facts[0].action：可用：'record', 'amend', 'revoke', 'restore', 'dispute', 'settle'",
        ),
        ('{"valid_at": 20260110}', "valid_at: 20260110 is no date: write a day that exists as YYYY-MM-DD"),
        ('{"valid_at": "2026/01/10"}', "'2026/01/10' is no date"),
        ('{"facts": [{"code": "A", "occurred_on": "2026-02-30"}]}', "'2026-02-30' is no date"),
        ('{"known_at": "2026-02-01 noon"}', "is no instant: write YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+08:00"),
        ('{"id": "1"}', "id 1 stands in line 1 already"),
    ],
)  # fmt: skip
def test_a_case_that_is_not_understood_is_named_by_its_line(tmp_path: Path, line: str, message: str) -> None:
    code, out, err = run(tmp_path, "{}\n" + line)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("change", "cases", "message"),
    [
        ({"base": "x"}, "{}", "base: Input should be a valid decimal"),
        ({}, "{", "cases.jsonl, line 1: no valid JSON"),
        ({"effective_from": "2026-02-01", "effective_to": "2026-01-01"}, "{}", "effective_to lies before"),
    ],
)
def test_what_is_refused_is_json_too_where_json_is_asked_for(
    tmp_path: Path, change: dict[str, Any], cases: str, message: str
) -> None:
    code, out, err = run(tmp_path, cases, "--json", change=change)
    said = json.loads(out)["error"]
    assert (code, message in said["en"], message in err) == (2, True, True)
    assert message not in said["zh"]


def test_a_file_without_cards_and_a_day_that_does_not_exist_are_named(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text("{}", "utf-8")
    for text, message in (
        ("[]", "card.yaml: there is no scorecard in this file"),
        ("id: x\neffective_from: 2026-02-30\n", "2026-02-30 is no day that exists"),
    ):
        (tmp_path / "card.yaml").write_text(text, "utf-8")
        result = CliRunner().invoke(
            app, ["eval", "scores", str(tmp_path / "card.yaml"), str(tmp_path / "cases.jsonl")]
        )
        assert (result.exit_code, message in " ".join(result.stderr.split())) == (2, True)


def test_a_file_without_cases_and_swapped_files_are_refused(tmp_path: Path) -> None:
    code, out, err = run(tmp_path, "# none yet\n")
    assert (code, out, "没有用例" in err, "there is no case" in err) == (2, "", True, True)
    files = [str(tmp_path / "cases.jsonl"), str(tmp_path / "card.yaml")]
    swapped = CliRunner().invoke(app, ["eval", "scores", *files])
    assert (swapped.exit_code, "the scorecard (YAML) first" in " ".join(swapped.stderr.split())) == (2, True)


def test_versions_of_a_fact_come_in_any_order(tmp_path: Path) -> None:
    first = '{"id": "f", "code": "A", "occurred_on": "2026-01-01"}'
    disputed = '{"id": "f", "action": "dispute", "recorded_at": "2026-02-01"}'
    revoked = '{"id": "f", "action": "revoke", "recorded_at": "2026-03-01"}'
    got = set()
    for order in itertools.permutations((first, disputed, revoked)):
        code, out, _ = run(tmp_path, f'{{"facts": [{", ".join(order)}], "valid_at": "2026-02-05"}}', "--json")
        got.add((code, json.loads(out)["rows"][0]["got"]["result_hash"]))
    assert len(got) == 1 and got.pop()[0] == 0
    missing = '{"id": "f", "action": "revoke"}'
    code, _, err = run(tmp_path, f'{{"facts": [{missing}, {first}]}}')
    assert (code, "facts[0]: a later version of a fact needs recorded_at" in err) == (2, True)


def test_the_day_of_the_next_grade_is_shown_and_payloads_of_another_type_are_named(tmp_path: Path) -> None:
    change = {
        "rules": [{"id": "X", "codes": "A", "when": "payload.x > 5", "points": -1}],
        "eligibility": [{"if": "true"}, {"months_in_business": 12}],
    }
    line = (
        '{"subject": {"licensed_on": "2025-03-01"}, "valid_at": "2026-03-01", "expect": {"next_grade": "A"},'
        ' "facts": [{"id": "f", "code": "A", "occurred_on": "2026-01-01", "payload": {"x": "7"}},'
        ' {"code": "A", "occurred_on": "2026-01-01"}]}'
    )
    code, out, _ = run(tmp_path, line, "--json", change=change)
    got = json.loads(out)["rows"][0]["got"]
    assert (code, got["next_grade"]) == (0, {"on": "2026-03-02", "grade": "A"})
    assert [(item["rule"], item["fact_id"]) for item in got["findings"]] == [("X", "f")]
    _, table, _ = run(tmp_path, line, change=change)
    assert "2026-03-02 A" in table and "注意 note" in table


def test_conditions_of_eligibility_have_ids_by_place() -> None:
    two = Scorecard.parse(BARE | {"eligibility": [{"if": "true"}, {"if": "false"}]})
    assert [one.id for one in two.eligibility] == ["ELIGIBILITY", "ELIGIBILITY-2"]


def test_a_file_that_is_not_there_or_no_card_is_refused(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["eval", "scores", str(tmp_path / "a.yaml"), str(tmp_path / "b.jsonl")])
    assert missing.exit_code == 2
    (tmp_path / "a.yaml").write_text("- [", "utf-8")
    broken = CliRunner().invoke(app, ["eval", "scores", str(tmp_path / "a.yaml"), str(tmp_path / "b.jsonl")])
    assert broken.exit_code == 2
