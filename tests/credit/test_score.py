"""The engine on the sample card: points, caps, windows, duties, vetoes, changes to come."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
import rfc8785
from common.calendar import add_months
from credit.facts.rules import Action, FactVersion, action_allowed, known
from credit.scoring.rules import ScoredSubject, score
from credit.scoring.rules.scorecard import Scorecard
from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import AGENCY, BOOK, CARD, EPOCH, NOW, fact, facts

DAY = date(2026, 11, 23)


def grade_of(entries: list[tuple[str, date]], on: date = DAY) -> tuple[int, str | None]:
    result = score(AGENCY, facts(entries), on, NOW, CARD)
    assert result.value is not None
    return int(result.value), result.grade


@pytest.mark.parametrize(
    ("code", "points", "months"),
    [
        ("PENALTY_WARNING", -2, 12),
        ("PENALTY_FINE_SMALL", -5, 24),
        ("PENALTY_FINE_LARGE", -10, 24),
        ("PENALTY_CONFISCATION", -8, 24),
        ("PENALTY_SUSPENSION", -20, 36),
        ("VALID_COMPLAINT", -1, 12),
        ("INSPECTION_REFUSED", -15, 24),
        ("COMMITMENT_BROKEN", -10, 24),
    ],
)
def test_a_fact_counts_up_to_the_corresponding_day(code: str, points: int, months: int) -> None:
    day = date(2025, 3, 10)
    last = add_months(day, months)
    assert grade_of([(code, day)], last)[0] == 100 + points
    assert grade_of([(code, day)], last + timedelta(days=1))[0] == 100
    assert grade_of([(code, day)], day - timedelta(days=1))[0] == 100


def test_a_month_without_the_day_ends_on_its_last() -> None:
    result = score(AGENCY, facts([("VALID_COMPLAINT", date(2024, 2, 29))]), date(2025, 2, 28), NOW, CARD)
    assert result.value == 99
    assert result.document["contributions"][0]["expires_on"] == "2025-02-28"


def test_complaints_stop_counting_at_their_cap_and_the_earliest_count_first() -> None:
    entries = [("VALID_COMPLAINT", date(2026, 1, 1) + timedelta(days=n)) for n in range(12)]
    result = score(AGENCY, facts(entries), DAY, NOW, CARD)
    assert result.value == 90
    points = [item["points"] for item in result.document["contributions"]]
    assert points == [-1] * 10 + [0, 0]
    assert "已达上限" in result.document["contributions"][-1]["reason"]


def test_commendations_lift_within_their_cap_and_never_above_the_bound() -> None:
    praise = [("COMMENDATION", date(2026, 5, n)) for n in (1, 2, 3)]
    assert grade_of(praise) == (100, "A")
    assert grade_of([*praise, ("PENALTY_SUSPENSION", DAY)]) == (86, "B")


def test_a_duty_counts_until_the_day_before_it_is_done() -> None:
    missing = ("LIABILITY_INSURANCE_MISSING", date(2024, 1, 10))
    assert grade_of([missing]) == (90, "A")
    done = ("LIABILITY_INSURANCE_IN_PLACE", date(2026, 6, 1))
    assert grade_of([missing, done], date(2026, 5, 31))[0] == 90
    assert grade_of([missing, done], date(2026, 6, 1))[0] == 100
    again = ("LIABILITY_INSURANCE_MISSING", date(2026, 7, 1))
    assert grade_of([missing, done, again])[0] == 90


def test_a_repaired_fact_counts_to_the_day_before_its_repair() -> None:
    fine, listed = fact(10, "PENALTY_FINE_LARGE", date(2026, 5, 4)), fact(11, "SERIOUS_LISTED", DAY)

    def repair(number: int, of: FactVersion, day: date) -> FactVersion:
        return replace(fact(number, "REPAIRED", day), payload={"fact_id": str(of.id)})

    rows = [fine, repair(20, fine, date(2026, 9, 1)), repair(21, fine, date(2026, 10, 1))]
    before = score(AGENCY, rows, date(2026, 8, 31), NOW, CARD)
    assert (before.value, before.document["contributions"][0]["expires_on"]) == (90, "2026-08-31")
    assert before.document["next_change"] == {"on": "2026-09-01", "score": 100, "grade": "A"}
    assert score(AGENCY, rows, date(2026, 9, 1), NOW, CARD).value == 100
    assert score(AGENCY, [fine, listed, repair(20, listed, DAY)], DAY, NOW, CARD).grade == "A"
    assert score(AGENCY, [fine, repair(20, listed, DAY)], DAY, NOW, CARD).value == 90, "another fact's repair"
    assert score(AGENCY, [fine, repair(20, fine, fine.occurred_on)], DAY, NOW, CARD).value == 100
    counts_on = Scorecard.parse(CARD.content | {"readings": {"repaired": "counts_on"}})
    assert "REPAIRED" not in counts_on.codes and not counts_on.is_plain
    result = score(AGENCY, rows, DAY, NOW, counts_on)
    assert (result.value, result.document["policy"]["readings"]["repaired"]) == (90, "counts_on")


def test_a_repair_ends_what_a_figure_counts_and_a_time_that_must_also_be_removed() -> None:
    card = Scorecard.parse(
        {
            "id": "figures",
            "base": 100,
            "legal_basis": "样例",
            "readings": {"cooling_off": "ends_when_over_and_removed"},
            "figures": {"fines": {"codes": "PENALTY_FINE_LARGE", "window": {"months": 6, "until": "DONE"}}},
            "rules": [{"id": "MANY", "if": "fines >= 1", "points": -50}],
            "bands": [{"grade": "A", "min": 60}, {"grade": "B", "max": 60, "max_inclusive": False}],
        }
    )
    fine = fact(10, "PENALTY_FINE_LARGE", date(2025, 1, 1))
    done = replace(fact(11, "REPAIRED", DAY), payload={"fact_id": str(fine.id)})
    assert [score(AGENCY, rows, DAY, NOW, card).grade for rows in ([fine], [fine, done])] == ["B", "A"]


def test_a_serious_listing_decides_the_grade_until_it_is_removed_however_long_that_takes() -> None:
    listed = ("SERIOUS_LISTED", date(2024, 3, 1))
    result = score(AGENCY, facts([listed]), DAY, NOW, CARD)
    assert (result.value, result.grade, result.tier) == (100, "D", "D")
    [veto] = result.document["vetoes"]
    assert veto["expires_on"] is None
    assert result.document["next_grade_change"] is None
    assert grade_of([listed], date(2030, 3, 1))[1] == "D"
    removed = ("SERIOUS_LISTING_REMOVED", date(2026, 10, 1))
    assert [grade_of([listed, removed], day)[1] for day in (date(2026, 9, 30), DAY)] == ["D", "A"]


@pytest.mark.parametrize(
    ("points", "grade"), [(90, "A"), (89, "B"), (75, "B"), (74, "C"), (60, "C"), (59, "D")]
)
def test_bands_meet_without_gap(points: int, grade: str) -> None:
    assert CARD.grade_of(Decimal(points)) == grade


def test_next_change_looks_at_what_is_already_known() -> None:
    entries = [("PENALTY_WARNING", date(2026, 1, 1)), ("VALID_COMPLAINT", date(2026, 12, 24))]
    result = score(AGENCY, facts(entries), DAY, NOW, CARD)
    assert result.document["next_change"] == {"on": "2026-12-24", "score": 97, "grade": "A"}
    assert result.document["next_grade_change"] is None


def test_a_kind_the_card_does_not_grade_is_not_rated() -> None:
    hotel = ScoredSubject(AGENCY.id, "star_hotel", "140105")
    result = score(hotel, facts([("PENALTY_WARNING", DAY)]), DAY, NOW, CARD)
    assert result.document["rated"] is False
    assert (result.value, result.grade, result.tier) == (None, None, None)
    assert result.document["contributions"] == []


def test_a_later_version_of_the_card_is_a_change_to_come() -> None:
    content = CARD.content | {"version": "2", "effective_from": "2027-01-01", "base": 80}
    later = Scorecard.parse(content)
    result = score(AGENCY, [], DAY, NOW, CARD, [later])
    assert result.document["next_change"] == {"on": "2027-01-01", "score": 80, "grade": "B"}


def test_the_result_is_canonical_and_says_what_it_used() -> None:
    result = score(AGENCY, facts([("PENALTY_FINE_SMALL", date(2026, 3, 1))]), DAY, NOW, CARD)
    assert result.canonical == rfc8785.dumps(result.document)
    assert result.hash == sha256(result.canonical).hexdigest()
    policy = result.document["policy"]
    assert (policy["id"], policy["status"], policy["hash"]) == ("agency-100-sample", "sample", CARD.hash)
    assert policy["readings"]["period"] == "corresponding_day_is_the_last_day_inside"
    [item] = result.document["contributions"]
    assert item["legal_basis"] and "罚款" in item["reason"]


def test_corrections_undo_from_the_start_once_known() -> None:
    first = fact(7, "PENALTY_SUSPENSION", date(2026, 3, 1))
    revoked = replace(first, version=2, action=Action.REVOKE, recorded_at=EPOCH + timedelta(days=30))
    restored = replace(first, version=3, action=Action.RESTORE, recorded_at=EPOCH + timedelta(days=60))
    rows = [restored, first, revoked]

    def at(days: int) -> int:
        return int(score(AGENCY, rows, date(2026, 3, 2), EPOCH + timedelta(days=days), CARD).value or 0)

    assert [at(0), at(29), at(30), at(59), at(60)] == [80, 80, 100, 100, 80]


@pytest.mark.parametrize(
    ("present", "wanted", "allowed"),
    [
        (Action.RECORD, Action.AMEND, True),
        (Action.AMEND, Action.REVOKE, True),
        (Action.REVOKE, Action.AMEND, False),
        (Action.REVOKE, Action.RESTORE, True),
        (Action.RESTORE, Action.REVOKE, True),
        (Action.RECORD, Action.RESTORE, False),
        (Action.RECORD, Action.RECORD, False),
    ],
)
def test_which_corrections_fit(present: Action, wanted: Action, allowed: bool) -> None:
    assert action_allowed(present, wanted) is allowed


def test_every_scorecard_code_is_in_the_catalogue() -> None:
    kinds = BOOK.catalogue(DAY).by_code
    assert {code for rule in CARD.rules for code in rule.codes} <= set(kinds)


codes = st.sampled_from([*sorted(CARD.by_code), "DEPOSIT_TOPPED_UP", "LIABILITY_INSURANCE_IN_PLACE"])
days = st.dates(date(2022, 1, 1), date(2028, 12, 31))
entries = st.lists(st.tuples(codes, days), max_size=25)


@given(entries, days, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_facts_never_matters(
    listed: list[tuple[str, date]], on: date, chance: random.Random
) -> None:
    rows = facts(listed)
    expected = score(AGENCY, rows, on, NOW, CARD).canonical
    chance.shuffle(rows)
    assert score(AGENCY, rows, on, NOW, CARD).canonical == expected


@given(entries, days)
@settings(deadline=None)
def test_the_score_is_the_plain_sum(listed: list[tuple[str, date]], on: date) -> None:
    """An independent reckoning, straight from the table of the sample card."""
    window = {
        "PENALTY_WARNING": (-2, 12), "PENALTY_FINE_SMALL": (-5, 24), "PENALTY_FINE_LARGE": (-10, 24),
        "PENALTY_CONFISCATION": (-8, 24), "PENALTY_SUSPENSION": (-20, 36), "INSPECTION_REFUSED": (-15, 24),
        "COMMITMENT_BROKEN": (-10, 24), "VALID_COMPLAINT": (-1, 12), "COMMENDATION": (3, 12),
    }  # fmt: skip
    open_until = {
        "DEPOSIT_NOT_TOPPED_UP": "DEPOSIT_TOPPED_UP",
        "LIABILITY_INSURANCE_MISSING": "LIABILITY_INSURANCE_IN_PLACE",
    }
    sums: dict[str, int] = {}
    for code, day in listed:
        if day > on:
            continue
        if code in window and on <= add_months(day, window[code][1]):
            sums[code] = sums.get(code, 0) + window[code][0]
        if code in open_until and not any(c == open_until[code] and day <= d <= on for c, d in listed):
            sums[code] = sums.get(code, 0) - 10
    capped = sum(sums.values())
    capped += max(0, -sums.get("VALID_COMPLAINT", 0) - 10) - max(0, sums.get("COMMENDATION", 0) - 6)
    result = score(AGENCY, facts(listed), on, NOW, CARD)
    assert result.value == max(0, min(100, 100 + capped))


@given(entries, days)
@settings(max_examples=60, deadline=None)
def test_promised_changes_come_true_and_nothing_changes_before(
    listed: list[tuple[str, date]], on: date
) -> None:
    rows = facts(listed)
    now = score(AGENCY, rows, on, NOW, CARD)
    last = now.next_change.on if now.next_change else date(2034, 1, 1)
    probe = on
    while probe < last:
        then = score(AGENCY, rows, probe, NOW, CARD)
        assert (then.value, then.grade) == (now.value, now.grade)
        probe += timedelta(days=max(1, (last - probe).days // 3))
    if now.next_change:
        then = score(AGENCY, rows, now.next_change.on, NOW, CARD)
        assert (then.value, then.grade) == (now.next_change.score, now.next_change.grade)
    if now.next_grade_change:
        then = score(AGENCY, rows, now.next_grade_change.on, NOW, CARD)
        assert then.grade == now.next_grade_change.grade != now.grade


@given(entries, days, st.randoms(use_true_random=False), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_replay_is_byte_exact_after_any_corrections(
    listed: list[tuple[str, date]], on: date, chance: random.Random, corrections: int
) -> None:
    rows = facts(listed)
    moment = EPOCH
    taken: list[tuple[datetime, bytes]] = []
    for _ in range(corrections):
        taken.append((moment, score(AGENCY, rows, on, moment, CARD).canonical))
        moment += timedelta(microseconds=chance.randrange(1, 10**9))
        if rows:
            rows.append(_correction(chance, rows, moment, listed))
    chance.shuffle(rows)
    for at, expected in taken:
        assert score(AGENCY, rows, on, at, CARD).canonical == expected


def _correction(
    chance: random.Random, rows: list[FactVersion], moment: datetime, listed: list[tuple[str, date]]
) -> FactVersion:
    chosen = chance.choice(rows).id
    latest = max((row for row in rows if row.id == chosen), key=lambda row: row.version)
    actions = [action for action in Action if action_allowed(latest.action, action)]
    action = chance.choice(actions)
    code, day = chance.choice(listed) if action is Action.AMEND else (latest.code, latest.occurred_on)
    return replace(
        latest, version=latest.version + 1, action=action, code=code, occurred_on=day, recorded_at=moment
    )


def test_known_is_inclusive_as_an_instant() -> None:
    row = fact(1, "PENALTY_WARNING", DAY, recorded_at=datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert known([row], row.recorded_at) == [row]
    assert known([row], row.recorded_at - timedelta(microseconds=1)) == []
