"""Ways to the next better grade keep their promise when they are replayed, and are lawful."""

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from common.calendar import add_months
from credit.facts.rules import REPAIRED, FactVersion
from credit.repairs.rules import Findings, Target, bars_of, earliest, in_use
from credit.scoring.rules import Path, Repairable, Scorecard, ScoredSubject, Step, find_paths, score
from credit.scoring.rules.lawful import open_duties
from credit.scoring.rules.spans import rule_spans
from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import AGENCY, BOOK, CARD, EPOCH, NOW, fact, facts
from .test_score import DAY, entries

CARDS = {card.id: card for card in BOOK.scorecards if card.use == "grade"}
KINDS = sorted((kind, card) for card in CARDS.values() for kind in card.kinds)
DUTIES = {
    "DEPOSIT_NOT_TOPPED_UP": "DEPOSIT_TOPPED_UP",
    "LIABILITY_INSURANCE_MISSING": "LIABILITY_INSURANCE_IN_PLACE",
    "HAZARD_FOUND": "HAZARD_CLOSED",
}
LIST_MONTHS = 36


def said(
    code: str, day: date, today: date, last: date | None = None, payload: dict[str, Any] | None = None
) -> date | None:
    """What the desk's own rules answer for a listing or penalty whose document is of `day`."""
    clocks = BOOK.repair_clocks
    seventh = clocks.find("repair-order7", on=day) or clocks.choose("repair-order7", on=today)
    later = BOOK.publication_clock("listing" if code == "SERIOUS_LISTED" else "penalty", day, "140000")
    packs = [seventh, *([later] if later else [])]
    if code == "SERIOUS_LISTED":
        target = Target("listing", "serious", day, day)
    else:
        kind = BOOK.catalogue(today).by_code[code]
        class_ = BOOK.publicity.choose("publicity", on=day).class_of(kind, payload or {})
        if class_ == "none":
            return None
        target = Target("penalty", class_, day, day)
    grounds = {str(code): article for code, article in seventh.grounds.items()}
    gap = (seventh.gap_months or 0, seventh.gap_article) if seventh.gap_article else None
    used = in_use(packs, target, "stricter")
    bars = bars_of(target, used, grounds, today, [], last, gap, Findings())
    return earliest(bars, today)


def desk(rows: Iterable[FactVersion], today: date) -> list[Repairable]:
    """The desk's answers about every fact of these that stands, listings and penalties."""
    found: list[Repairable] = []
    rows = list(rows)
    removed = max((row.occurred_on for row in rows if row.code == "SERIOUS_LISTING_REMOVED"), default=None)
    for row in rows:
        if row.occurred_on > today:
            continue
        first = (
            said(row.code, row.occurred_on, today, removed)
            if row.code in BOOK.catalogue(today).by_code
            else None
        )
        if row.code == "SERIOUS_LISTED":
            until = add_months(row.occurred_on, LIST_MONTHS)
            if until >= today and not (removed and row.occurred_on <= removed):
                found.append(Repairable(row.id, first, until, 12))
        elif row.code.startswith("PENALTY_"):
            found.append(Repairable(row.id, first))
    return found


def paths(listed: list[tuple[str, date]], on: date = DAY) -> list[Path]:
    rows = facts(listed)
    return find_paths(AGENCY, rows, on, NOW, CARD, repairable=desk(rows, on))


def replayed(rows: Sequence[FactVersion], steps: Iterable[Step]) -> list[FactVersion]:
    """The archive after the steps: each fact that a step records, about what the step names."""
    content = {row.id: dict(row.payload) for row in rows}
    done = []
    for n, step in enumerate(steps):
        if step.code is not None:
            about = content.get(step.fact_id, {}) if step.fact_id else {}
            payload = {"fact_id": str(step.fact_id)} if step.code == REPAIRED else about
            row = fact(10_000 + n, step.code, step.earliest, recorded_at=EPOCH)
            done.append(replace(row, payload=payload))
    return [*rows, *done]


def test_the_best_grade_needs_no_path() -> None:
    assert paths([]) == []


def test_waiting_costs_nothing_and_commendations_are_faster() -> None:
    slow, *fast = paths([("INSPECTION_REFUSED", date(2025, 1, 15))])
    assert (slow.grade, slow.on, slow.cost) == ("A", date(2027, 1, 16), 0)
    assert [step.action for step in slow.steps] == ["wait"]
    assert [(path.on, path.cost) for path in fast] == [(DAY, 20)]


def test_a_penalty_is_repaired_from_the_day_the_desk_names_and_counts_no_more() -> None:
    listed = [
        ("COMMITMENT_BROKEN", date(2026, 3, 10)),
        ("PENALTY_FINE_SMALL", date(2026, 6, 15)),
    ]
    rows = facts(listed)
    [step] = find_paths(AGENCY, rows, DAY, NOW, CARD, repairable=desk(rows, DAY))[-1].steps
    assert (step.action, step.code, step.fact_id, step.earliest) == ("repair", REPAIRED, rows[1].id, DAY)
    assert score(AGENCY, replayed(rows, [step]), DAY, NOW, CARD).value == 90


def test_of_what_nobody_says_it_can_be_repaired_no_repair_is_offered() -> None:
    rows = facts([("PENALTY_FINE_LARGE", date(2026, 5, 1)), ("PENALTY_SUSPENSION", date(2026, 5, 1))])
    for offers in ([], [Repairable(row.id, None) for row in rows]):
        found = find_paths(AGENCY, rows, DAY, NOW, CARD, repairable=offers)
        assert found
        assert not any(step.action == "repair" for path in found for step in path.steps)


@pytest.mark.parametrize(("kind", "card"), KINDS, ids=[kind for kind, _ in KINDS])
def test_every_kind_can_repair_and_must_finish_what_is_open(kind: str, card: Scorecard) -> None:
    subject = ScoredSubject(UUID(int=1), kind, "140105")
    rows = facts([("PENALTY_FINE_LARGE", date(2026, 5, 1)), ("PENALTY_FINE_SMALL", date(2026, 6, 1))])
    found = find_paths(subject, rows, DAY, NOW, card, repairable=desk(rows, DAY))
    assert [(path.grade, path.on, path.cost) for path in found][-1] == ("A", DAY, 4)
    for number, code in enumerate(DUTIES, start=100):
        opened = replace(fact(number, code, date(2026, 10, 1)), payload={"hazard": "H1", "demand": "D1"})
        all_rows = [*rows, opened]
        found = find_paths(subject, all_rows, DAY, NOW, card, repairable=desk(all_rows, DAY))
        assert found, code
        for path in found:
            [duty] = [step for step in path.steps if step.action == "finish_duty"]
            assert (duty.code, duty.fact_id, duty.earliest) == (DUTIES[code], opened.id, DAY)
            assert score(subject, replayed(all_rows, path.steps), path.on, NOW, card).grade == path.grade
        closed = replace(fact(200, DUTIES[code], date(2026, 10, 9)), payload=opened.payload)
        found = find_paths(subject, [*all_rows, closed], DAY, NOW, card, repairable=desk(rows, DAY))
        assert all(step.action != "finish_duty" for path in found for step in path.steps)


def test_an_open_hazard_is_in_every_path_of_a_card_that_does_not_count_hazards() -> None:
    rows = [
        *facts([("INSPECTION_REFUSED", date(2025, 1, 15))]),
        replace(fact(100, "HAZARD_FOUND", date(2026, 1, 1)), payload={"hazard": "H1"}),
        replace(fact(101, "HAZARD_FOUND", date(2026, 1, 1)), payload={"hazard": "H2"}),
        replace(fact(102, "HAZARD_CLOSED", date(2026, 2, 1)), payload={"hazard": "H2"}),
    ]
    found = find_paths(AGENCY, rows, DAY, NOW, CARD)
    assert len(found) == 2
    for path in found:
        duties = [(step.rule, step.fact_id) for step in path.steps if step.action == "finish_duty"]
        assert duties == [("HAZARD_FOUND", rows[1].id)]


def test_a_duty_whose_closing_is_disputed_is_still_to_be_done_where_disputes_suspend() -> None:
    done = fact(11, "DEPOSIT_TOPPED_UP", date(2026, 11, 2))
    listed = [fact(10, "DEPOSIT_NOT_TOPPED_UP", date(2026, 11, 1)), done]
    disputed = [listed[0], replace(done, disputed=((date(2026, 11, 3), None),))]
    suspends = Scorecard.parse(CARD.content | {"readings": {"disputed": "suspend"}})

    def duties(rows: list[FactVersion], card: Scorecard) -> list[str]:
        return [one.code for one in open_duties(card, rule_spans(card, rows), rows, DAY)]

    assert duties(listed[:1], suspends) == ["DEPOSIT_TOPPED_UP"]
    assert duties(listed, suspends) == []
    assert duties(disputed, suspends) == ["DEPOSIT_TOPPED_UP"]
    assert duties(disputed, CARD) == [], "where a dispute is only flagged, what is on record counts"


def test_a_listing_is_waited_for_or_repaired() -> None:
    [slow, fast] = paths([("SERIOUS_LISTED", date(2024, 3, 1))])
    assert (slow.grade, slow.on, slow.cost) == ("A", date(2027, 3, 2), 0)
    assert [(step.action, step.code) for step in slow.steps] == [("wait", "SERIOUS_LISTING_REMOVED")]
    assert (fast.grade, fast.on, fast.cost) == ("A", DAY, 5)
    assert [(step.action, step.code) for step in fast.steps] == [("repair", "SERIOUS_LISTING_REMOVED")]


def test_two_listings_are_repaired_a_year_apart_and_only_the_last_takes_the_veto_away() -> None:
    listed = [("SERIOUS_LISTED", date(2025, 1, 10)), ("SERIOUS_LISTED", date(2025, 8, 1))]
    rows = facts(listed)
    slow, one, both = paths(listed)
    assert (slow.on, slow.cost) == (date(2028, 8, 2), 0)
    assert (one.on, one.cost) == (date(2028, 1, 11), 5), "the later repaired, the earlier runs out"
    assert [(step.action, step.fact_id) for step in one.steps] == [
        ("repair", rows[1].id),
        ("wait", rows[0].id),
    ]
    assert (both.on, both.cost) == (date(2027, 11, 24), 10)
    assert [step.earliest for step in both.steps] == [DAY, date(2027, 11, 24)]


def test_where_the_desk_names_no_day_a_listing_is_only_waited_for() -> None:
    rows = facts([("SERIOUS_LISTED", date(2025, 6, 1))])
    barred = [Repairable(rows[0].id, None, date(2028, 6, 1), 12)]
    [only] = find_paths(AGENCY, rows, DAY, NOW, CARD, repairable=barred)
    assert [(step.action, step.earliest) for step in only.steps] == [("wait", date(2028, 6, 2))]
    late = [Repairable(rows[0].id, date(2028, 6, 2), date(2028, 6, 1), 12)]
    [only] = find_paths(AGENCY, rows, DAY, NOW, CARD, repairable=late)
    assert [step.action for step in only.steps] == ["wait"], "it runs out before a repair can be asked for"


def test_as_many_repairs_as_needed_are_found_the_dearest_facts_first() -> None:
    listed = [("PENALTY_FINE_LARGE", date(2026, 4, n)) for n in range(1, 9)]
    listed += [("PENALTY_FINE_SMALL", date(2026, 4, n)) for n in range(1, 9)]
    rows = facts(listed)
    assert score(AGENCY, rows, DAY, NOW, CARD).value == 0
    found = paths(listed)
    now = [path for path in found if path.on == DAY]
    assert [(path.grade, path.cost, path.cheapest) for path in now] == [("C", 32, True)]
    assert {step.fact_id for step in now[0].steps} == {row.id for row in rows[:8]}


def test_a_search_that_is_cut_short_says_so_and_leaves_out_what_is_not_needed() -> None:
    card = Scorecard.parse(
        {
            "id": "groups",
            "base": 100,
            "groups": [{"id": "g", "cap": -300}],
            "rules": [{"id": "FINE", "codes": "FINE", "points": -10, "group": "g"}],
            "bands": [{"grade": "A", "min": 0}, {"grade": "D", "max": -1}],
            "paths": [{"action": "repair", "closes": {"FINE": REPAIRED}, "cost": 4}],
        }
    )
    rows = facts([("FINE", date(2026, 1, 1 + n)) for n in range(20)])
    open_to_all = [Repairable(row.id, DAY) for row in rows]
    [path] = find_paths(AGENCY, rows, DAY, NOW, card, repairable=open_to_all)
    assert (path.grade, path.on, path.cost, path.cheapest) == ("A", DAY, 40, False)
    assert score(AGENCY, replayed(rows, path.steps), DAY, NOW, card).grade == "A"
    assert score(AGENCY, replayed(rows, path.steps[1:]), DAY, NOW, card).grade == "D"


def check(
    subject: ScoredSubject, rows: list[FactVersion], today: date, card: Scorecard, offers: list[Repairable]
) -> list[Path]:
    """Every path keeps its promise, is lawful, and none costs more than another without being earlier."""
    present = score(subject, rows, today, NOW, card).grade
    assert present is not None
    found = find_paths(subject, rows, today, NOW, card, repairable=offers)
    assert [(p.cost, p.on) for p in found] == sorted((p.cost, p.on) for p in found)
    for one, other in itertools.pairwise(found):
        assert other.on < one.on and other.cost > one.cost
    said_of = {one.fact_id: one for one in offers}
    for path in found:
        assert all(today <= step.earliest <= path.on for step in path.steps)
        assert card.rank(path.grade) < card.rank(present)
        assert score(subject, replayed(rows, path.steps), path.on, NOW, card).grade == path.grade
        asked = [step for step in path.steps if step.action == "repair"]
        assert all(
            step.earliest >= (said_of[step.fact_id].earliest or date.max) for step in asked if step.fact_id
        )
        off = [step for step in path.steps if step.code == "SERIOUS_LISTING_REMOVED"]
        spaced = [step.earliest for step in asked if step in off]
        assert all(later > add_months(first, 12) for first, later in itertools.pairwise(sorted(spaced)))
        if off:
            last = max(step.earliest for step in off)
            kept = [step for step in path.steps if step not in off or step.earliest == last]
            assert score(subject, replayed(rows, kept), path.on, NOW, card).grade == path.grade
    return found


@given(entries, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_every_path_keeps_its_promise(listed: list[tuple[str, date]], today: date) -> None:
    rows = facts(listed)
    found = check(AGENCY, rows, today, CARD, desk(rows, today))
    if found and all(step.action == "wait" for step in found[0].steps):
        before = found[0].on - timedelta(days=1)
        if before > today:
            present = score(AGENCY, rows, today, NOW, CARD).grade
            waited = score(AGENCY, rows, before, NOW, CARD).grade
            assert present is not None and waited is not None
            assert CARD.rank(waited) >= CARD.rank(present)


def history(
    chance: random.Random, today: date, codes: Sequence[str], listings: Sequence[int] = (0, 1, 2, 2, 3)
) -> list[FactVersion]:
    """Facts of the last three years, more of the rare ones, with so many listings, hazards and duties."""
    rows: list[FactVersion] = []
    wanted = chance.choices(codes, k=chance.randrange(1, 14))
    wanted += ["SERIOUS_LISTED"] * chance.choice(listings) + ["HAZARD_FOUND"] * chance.choice([0, 1, 2])
    for number, code in enumerate(wanted, start=10):
        row = fact(number, code, today - timedelta(days=chance.randrange(0, 1090)))
        payload = {"hazard": f"H{number}"} if code == "HAZARD_FOUND" else {}
        if code == "DEPOSIT_NOT_TOPPED_UP":
            payload = {"demand": f"D{number}"}
        rows.append(replace(row, payload=payload))
    return rows


def made_up(chance: random.Random) -> Scorecard:
    """A card that gives random points for the codes of `history`."""
    higher = chance.random() < 0.7
    sign = -1 if higher else 1
    rules: list[dict[str, Any]] = []
    for number, code in enumerate(ADVERSE):
        if chance.random() < 0.2:
            continue
        rule: dict[str, Any] = {
            "id": f"R{number}",
            "codes": code,
            "points": sign * chance.choice([2, 5, 5, 12]),
        }
        rule["window"] = (
            {"months": chance.choice([6, 12, 24])} if chance.random() < 0.9 else {"forever": True}
        )
        if chance.random() < 0.3:
            rule["cap"] = rule["points"] * 2
        elif chance.random() < 0.2:
            rule["free"] = 1
        elif chance.random() < 0.2:
            rule["group"] = "g"
        rules.append(rule)
    rules.append(
        {
            "id": "GOOD",
            "codes": "COMMENDATION",
            "points": -sign * 3,
            "cap": -sign * 9,
            "window": {"months": 12},
        }
    )
    edges = [90, 75, 60] if higher else [10, 25, 40]
    bands = [
        {"grade": "A", "min" if higher else "max": edges[0]},
        *(
            {"grade": grade, "min": low, "max": high, edge: False}
            for grade, (low, high), edge in (
                ("B", sorted((edges[0], edges[1])), "max_inclusive" if higher else "min_inclusive"),
                ("C", sorted((edges[1], edges[2])), "max_inclusive" if higher else "min_inclusive"),
            )
        ),
        {
            "grade": "D",
            "max" if higher else "min": edges[2],
            "max_inclusive" if higher else "min_inclusive": False,
        },
    ]
    return Scorecard.parse(
        {
            "id": "made-up",
            "direction": "higher_better" if higher else "higher_worse",
            "base": 100 if higher else 0,
            "groups": [{"id": "g", "cap": sign * 15}],
            "rules": rules,
            "vetoes": [
                {
                    "id": "V",
                    "codes": "SERIOUS_LISTED",
                    "grade": "D",
                    "window": {"until": "SERIOUS_LISTING_REMOVED"},
                }
            ],
            "bands": bands,
            "paths": [
                {"action": "finish_duty", "closes": DUTIES, "cost": chance.choice([0, 1, 3])},
                {"action": "repair", "closes": {"SERIOUS_LISTED": "SERIOUS_LISTING_REMOVED"}, "cost": 5},
                {
                    "action": "repair",
                    "closes": dict.fromkeys(ADVERSE, REPAIRED),
                    "cost": chance.choice([0, 2, 4]),
                },
                {"action": "earn", "code": "COMMENDATION", "cost": chance.choice([1, 3, 10])},
            ],
        }
    )


ADVERSE = [
    "PENALTY_WARNING",
    "PENALTY_FINE_SMALL",
    "PENALTY_FINE_LARGE",
    "PENALTY_CONFISCATION",
    "PENALTY_SUSPENSION",
]
OTHERS = [
    "VALID_COMPLAINT",
    "INSPECTION_REFUSED",
    "COMMENDATION",
    "DEPOSIT_NOT_TOPPED_UP",
    "LIABILITY_INSURANCE_MISSING",
]


def cheapest_on(
    subject: ScoredSubject,
    rows: list[FactVersion],
    day: date,
    today: date,
    card: Scorecard,
    offers: list[Repairable],
    present: str,
) -> int | None:
    """The least that a better grade on `day` costs beside the duties, by trying everything."""
    repair = next(one for one in card.paths if one.action == "repair" and REPAIRED in one.closes.values())
    earn = next(one for one in card.paths if one.action == "earn")
    duties = [row for row in rows if row.code in DUTIES]
    done = [
        replace(fact(20_000 + n, DUTIES[row.code], today), payload=row.payload)
        for n, row in enumerate(duties)
    ]
    can = [one for one in offers if one.earliest and one.earliest <= day]
    least: int | None = None
    for size in range(len(can) + 1):
        for chosen in itertools.combinations(can, size):
            mended = [
                replace(
                    fact(30_000 + n, REPAIRED, one.earliest or day), payload={"fact_id": str(one.fact_id)}
                )
                for n, one in enumerate(chosen)
            ]
            for count in range(4):
                cost = size * repair.cost + count * earn.cost
                if least is not None and cost >= least:
                    continue
                on = today if add_months(today, 12) >= day else day
                praised = [fact(40_000 + n, "COMMENDATION", on) for n in range(count)]
                grade = score(subject, [*rows, *done, *mended, *praised], day, NOW, card).grade
                if grade is not None and card.rank(grade) < card.rank(present):
                    least = cost
    return least


def try_random(seed: int, rounds: int) -> int:
    """Gives how many paths kept their promise."""
    chance, seen = random.Random(seed), 0
    for _ in range(rounds):
        today = date(2026, 1, 1) + timedelta(days=chance.randrange(1000))
        kind, card = chance.choice(KINDS)
        if chance.random() < 0.5:
            kind, card = "travel_agency", made_up(chance)
        rows = history(chance, today, [*ADVERSE, *OTHERS])
        seen += len(check(ScoredSubject(UUID(int=1), kind, "140105"), rows, today, card, desk(rows, today)))
    return seen


def try_everything(seed: int, rounds: int) -> int:
    """Gives how many paths were compared with the cheapest of all that can be done for a subject."""
    chance, compared = random.Random(seed), 0
    for _ in range(rounds):
        today = date(2026, 1, 1) + timedelta(days=chance.randrange(1000))
        card, rows = made_up(chance), history(chance, today, [*ADVERSE, *OTHERS], listings=(0,))
        offers = desk(rows, today)
        if len(offers) > 6:
            continue
        present = score(AGENCY, rows, today, NOW, card).grade or ""
        duty = next(one for one in card.paths if one.action == "finish_duty").cost
        owed = duty * sum(row.code in DUTIES for row in rows)
        for path in check(AGENCY, rows, today, card, offers)[:3]:
            assert path.cheapest
            least = cheapest_on(AGENCY, rows, path.on, today, card, offers, present)
            assert least is not None and path.cost - owed == least, (seed, today)
            compared += 1
    return compared


def test_random_histories_under_shipped_and_made_up_cards() -> None:
    assert try_random(20261123, 25) > 20


def test_no_path_is_dearer_than_what_trying_everything_finds() -> None:
    assert try_everything(20261123, 25) > 5


@pytest.mark.full
def test_many_random_histories_under_shipped_and_made_up_cards() -> None:
    seen = sum(try_random(seed, 100) for seed in range(20))
    print(f"2,000 histories: {seen} paths kept")
    assert seen > 2_000


@pytest.mark.full
def test_no_path_of_many_histories_is_dearer_than_what_trying_everything_finds() -> None:
    compared = sum(try_everything(seed, 100) for seed in range(20))
    print(f"2,000 histories: {compared} paths compared")
    assert compared > 500


def test_a_fact_that_another_of_its_act_hides_is_not_brought_out_for_a_path() -> None:
    twelve = {"window": {"months": 12}}
    card = Scorecard.parse(
        {
            "id": "one-act",
            "base": 100,
            "groups": [{"id": "g", "once_per": "act"}],
            "rules": [
                {"id": "GRAVE", "codes": "GRAVE", "points": -20, "cap": -20, "group": "g", **twelve},
                {"id": "LIGHT", "codes": "LIGHT", "points": -10, "group": "g", **twelve},
                {"id": "OTHER", "codes": "OTHER", "points": -30, **twelve},
            ],
            "bands": [{"grade": "A", "min": 80}, {"grade": "B", "max": 79}],
            "paths": [{"action": "repair", "closes": {"GRAVE": REPAIRED, "OTHER": REPAIRED}, "cost": 4}],
        }
    )
    first, second, light, other = facts((code, DAY) for code in ("GRAVE", "GRAVE", "LIGHT", "OTHER"))
    rows = [replace(first, payload={"act": "1"}), replace(second, payload={"act": "2"})]
    rows += [replace(light, payload={"act": "2"}), other]
    offers = [Repairable(second.id, DAY), Repairable(other.id, DAY)]
    path = check(AGENCY, rows, DAY, card, offers)[-1]
    assert (path.on, path.cost, [step.fact_id for step in path.steps]) == (DAY, 4, [other.id])
