"""Ways to the next better grade keep their promise when they are replayed."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from credit.facts.rules import FactVersion
from credit.scoring.rules import Path, Scorecard, find_paths, score
from credit.scoring.rules.lawful import open_duties
from credit.scoring.rules.spans import rule_spans
from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import AGENCY, CARD, EPOCH, NOW, fact, facts
from .test_score import DAY, entries


def paths(listed: list[tuple[str, date]], on: date = DAY) -> list[Path]:
    return find_paths(AGENCY, facts(listed), on, NOW, CARD)


def replayed(rows: list[FactVersion], path: Path) -> list[FactVersion]:
    done = [
        replace(
            fact(10_000 + n, step.code, step.earliest, recorded_at=EPOCH),
            payload={"fact_id": str(step.fact_id)},
        )
        for n, step in enumerate(path.steps)
        if step.code is not None
    ]
    return [*rows, *done]


def test_the_best_grade_needs_no_path() -> None:
    assert paths([]) == []


def test_waiting_costs_nothing_and_commendations_are_faster() -> None:
    slow, *fast = paths([("INSPECTION_REFUSED", date(2025, 1, 15))])
    assert (slow.grade, slow.on, slow.cost) == ("A", date(2027, 1, 16), 0)
    assert [step.action for step in slow.steps] == ["wait"]
    assert [(path.on, path.cost) for path in fast] == [(DAY, 20)]


def test_a_penalty_is_repaired_once_its_clock_allows_and_counts_no_more() -> None:
    listed = [
        ("PENALTY_WARNING", date(2026, 3, 10)),
        ("PENALTY_FINE_SMALL", date(2025, 1, 15)),
        ("VALID_COMPLAINT", date(2026, 11, 20)),
        ("PENALTY_FINE_SMALL", date(2026, 11, 21)),
    ]
    rows = facts(listed)
    slow, fast = find_paths(AGENCY, rows, DAY, NOW, CARD)
    assert (slow.on, slow.cost) == (date(2027, 1, 16), 0)
    assert (fast.on, fast.cost) == (DAY, 4)
    [step] = fast.steps
    assert (step.action, step.code, step.fact_id) == ("repair", "REPAIRED", rows[1].id)
    assert score(AGENCY, replayed(rows, fast), DAY, NOW, CARD).value == 92


def test_the_clock_of_a_penalty_is_three_months_since_april_2026_and_six_before() -> None:
    def first_repair(day: date) -> date:
        listed = paths([("PENALTY_CONFISCATION", day), ("PENALTY_WARNING", day), ("VALID_COMPLAINT", day)])
        return min(step.earliest for path in listed for step in path.steps if step.action == "repair")

    assert first_repair(date(2026, 3, 31)) == DAY
    assert first_repair(date(2026, 10, 9)) == date(2027, 1, 10)


def test_an_open_duty_is_in_every_path() -> None:
    listed = [
        ("LIABILITY_INSURANCE_MISSING", date(2026, 1, 1)),
        ("PENALTY_WARNING", date(2026, 3, 10)),
        ("PENALTY_FINE_LARGE", date(2026, 3, 10)),
    ]
    found = paths(listed)
    assert found
    for path in found:
        assert "finish_duty" in [step.action for step in path.steps]


def test_a_listing_is_repaired_once_the_clock_allows() -> None:
    [only] = paths([("SERIOUS_LISTED", date(2024, 3, 1))])
    assert (only.on, only.grade, only.cost) == (DAY, "A", 5)
    assert [(step.action, step.code) for step in only.steps] == [("repair", "SERIOUS_LISTING_REMOVED")]


def test_the_stricter_clock_bars_a_repair_of_what_happened_since_april_2026() -> None:
    def first_repair(day: date, *more: tuple[str, date]) -> date:
        listed = paths([("SERIOUS_LISTED", day), *more])
        return min(step.earliest for path in listed for step in path.steps if step.action == "repair")

    assert first_repair(date(2026, 3, 31)) == DAY, "six months of Order 7 are over"
    assert first_repair(date(2026, 6, 10)) == date(2027, 6, 11), "Order 36: one whole year"
    removed = [("SERIOUS_LISTED", date(2025, 1, 1)), ("SERIOUS_LISTING_REMOVED", date(2026, 2, 1))]
    assert first_repair(date(2026, 3, 1), *removed) == date(2027, 2, 2), "a year since the last repair"


def test_a_statutory_ban_bars_every_repair_while_it_runs() -> None:
    banned = ("PENALTY_REVOCATION", date(2025, 6, 1))
    [only] = paths([("SERIOUS_LISTED", date(2025, 6, 1)), banned])
    assert [(step.action, step.earliest) for step in only.steps] == [("repair", date(2028, 6, 2))]
    assert only.on == date(2028, 6, 2), "the day after the ban"


@given(entries, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
@settings(max_examples=150, deadline=None)
def test_every_path_keeps_its_promise(listed: list[tuple[str, date]], today: date) -> None:
    check_promises(listed, today)


@pytest.mark.full
@given(entries, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
@settings(max_examples=1_500, deadline=None)
def test_every_path_of_many_more_histories_keeps_its_promise(
    listed: list[tuple[str, date]], today: date
) -> None:
    check_promises(listed, today)


def check_promises(listed: list[tuple[str, date]], today: date) -> None:
    rows = facts(listed)
    present = score(AGENCY, rows, today, NOW, CARD).grade
    assert present is not None
    found = find_paths(AGENCY, rows, today, NOW, CARD)
    assert [(p.cost, p.on) for p in found] == sorted((p.cost, p.on) for p in found)
    for path in found:
        assert all(today <= step.earliest <= path.on for step in path.steps)
        assert CARD.rank(path.grade) < CARD.rank(present)
        assert score(AGENCY, replayed(rows, path), path.on, NOW, CARD).grade == path.grade
    for path, next_path in itertools.pairwise(found):
        assert next_path.on < path.on
    if found and all(step.action == "wait" for step in found[0].steps):
        before = found[0].on - timedelta(days=1)
        if before > today:
            waited = score(AGENCY, rows, before, NOW, CARD).grade
            assert waited is not None and CARD.rank(waited) >= CARD.rank(present)


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
