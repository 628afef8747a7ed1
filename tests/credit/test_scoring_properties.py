"""What holds of every card: order never matters, promises are first and true, a replay is exact.

Random facts meet cards of every make: those that ship, and one that uses everything the format has.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from common.clock import china_date
from credit.facts.rules import Action, FactVersion, action_allowed, disputes_after
from credit.scoring.rules import Scorecard, ScoredSubject, score

from .cases import BOOK, EPOCH, NOW

EVERYTHING = Scorecard.parse(
    {
        "id": "everything",
        "base": 60,
        "bounds": {"min": 0, "max": 200},
        "decimals": 1,
        "period": "month",
        "extra_runs": {"codes": ["ACCIDENT"], "within_working_days": 7},
        "reset": {"on": "REVIEW", "every": "year"},
        "readings": {"disputed": "suspend"},
        "dimensions": [
            {"id": "a", "weight": 2, "bounds": {"min": 0, "max": 50}},
            {"id": "b", "weight": 1, "base": 20},
        ],
        "groups": [{"id": "g", "cap": -12}],
        "figures": {
            "faults": {"codes": "FAULT", "window": {"days": 40}},
            "value": {"how": "latest", "codes": "INDEX", "field": "value", "missing": 0},
            "black": {"codes": "BLACK", "window": {"months": 3, "until": "WHITE"}},
        },
        "eligibility": {"months_in_business": 18},
        "rules": [
            {"id": "FAULT", "codes": "FAULT", "group": "g", "free": 1,
             "window": {"months": 2, "until": "DONE"},
             "cases": [{"when": "nth >= 3", "points": -9}, {"points": -4.25}]},
            {"id": "RUDE", "codes": "RUDE", "points": -5, "cap": -10, "cap_per": "quarter", "group": "g",
             "window": {"days": 100, "past_reset": True}},
            {"id": "INDEX", "codes": "INDEX", "per": {"field": "value", "points": 3.5}, "take": "latest",
             "dimension": "a", "window": {"years": 1}},
            {"id": "WORST", "codes": "ACCIDENT", "per": {"field": "value", "points": -2}, "take": "largest",
             "dimension": "b", "window": {"months": 7}},
            {"id": "CLEAN", "if": "faults == 0", "points": 7},
        ],
        "vetoes": [
            {"id": "MANY", "if": "faults >= 3 || dimensions.a < 1", "effect": "lower", "steps": 1},
            {"id": "BLACK", "codes": "BLACK", "grade": "D", "window": {"months": 1}},
            {"id": "GOOD", "if": "value > 6.5 && black == 0", "effect": "at_least", "grade": "B"},
            {"id": "GONE", "codes": "WHITE", "effect": "cancel", "window": {"days": 20}},
        ],
        "prerequisites": [{"id": "TOP", "grade": "A", "needs": [{"id": "INDEX", "if": "value >= 2.5"}]}],
        "bands": [
            {"grade": "A", "min": 80},
            {"grade": "B", "min": 65, "max": 80, "max_inclusive": False},
            {"grade": "C", "min": 50, "max": 65, "max_inclusive": False},
            {"grade": "D", "max": 50, "max_inclusive": False},
        ],
    }
)  # fmt: skip
NEW_READING = Scorecard.parse(
    EVERYTHING.content
    | {
        "period": "quarter",
        "readings": {
            "review_day": "belongs_to_the_new_period",
            "period": "day_before_the_corresponding_day_is_the_last_inside",
            "until_done": "counts_through_the_day_the_duty_is_done",
            "cooling_off": "ends_when_over_and_removed",
            "cap": "latest_facts_count_first",
        },
    }
)
PRESENT = Scorecard.parse(
    {**EVERYTHING.content, "period": "none", "extra_runs": None, "effective_to": "2026-10-20"}
)
DISPUTED = Scorecard.parse(
    {
        "id": "disputed",
        "base": 100,
        "readings": {"disputed": "suspend"},
        "reset": {"on": "REVIEW"},
        "figures": {"open": {"codes": "OPEN", "window": {"months": 3, "until": "DONE"}}},
        "rules": [
            {"id": "OPEN", "codes": "OPEN", "points": -7, "window": {"until": "DONE"}},
            {"id": "FAULT", "codes": "FAULT", "points": -9, "cap": -20, "cap_per": "quarter"},
        ],
        "vetoes": [
            {"id": "SHUT", "codes": "SHUT", "grade": "D", "window": {"months": 4, "until": "DONE"}},
            {"id": "MANY", "if": "open >= 2", "effect": "lower", "steps": 1},
        ],
        "bands": EVERYTHING.content["bands"],
    }
)  # fmt: skip
SHIPPED = [card for card in BOOK.scorecards if not card.is_plain]
CARDS = [EVERYTHING, NEW_READING, PRESENT, DISPUTED, *SHIPPED]
SUBJECT = ScoredSubject(UUID(int=1), "travel_agency", "140105", licensed_on=date(2025, 2, 28))
VALUES: dict[str, Any] = {
    "responsibility": "main", "index": "norms", "metric": "group_arrivals", "severity": "larger",
}  # fmt: skip


def subject_of(card: Scorecard) -> ScoredSubject:
    return replace(SUBJECT, kind=card.kinds[0] if card.kinds else "travel_agency")


def random_facts(
    chance: random.Random, card: Scorecard, many: int, first: date, days: int
) -> list[FactVersion]:
    codes = sorted(card.codes)
    found = []
    for number in range(chance.randrange(many)):
        day = first + timedelta(days=chance.randrange(days))
        payload = {
            **{key: value for key, value in VALUES.items() if chance.random() < 0.8},
            "index": chance.choice(["norms", "quality", "experience", "attributes", "dynamics"]),
            "value": chance.choice([1, 2.5, 7, 9.75]),
            "rank": chance.randrange(1, 12),
            "count": chance.randrange(20),
            "minor_injuries": chance.randrange(4),
            "fact_id": str(UUID(int=100 + chance.randrange(20))),
        }
        fact = FactVersion(
            UUID(int=100 + number), 1, Action.RECORD, chance.choice(codes), day, EPOCH, payload
        )
        ends = fact.code in card.closing_codes or fact.code in card.reset.on
        if chance.random() < (0.7 if ends else 0.2):
            begins = day + timedelta(days=chance.randrange(60))
            fact = replace(fact, disputed=((begins, begins + timedelta(days=chance.randrange(40))),))
        found.append(fact)
    return found


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.id}-{card.period}")
def test_the_next_change_is_the_first_day_that_differs(card: Scorecard) -> None:
    """Against asking day by day."""
    chance = random.Random(f"next {card.id} {card.period}")
    subject, later = subject_of(card), []
    if card.effective_to is not None:
        later = [Scorecard.parse(EVERYTHING.content | {"version": 2, "effective_from": "2026-11-03"})]
    for _ in range(2):
        rows = random_facts(chance, card, 14, date(2026, 3, 1), 300)
        start = date(2026, 5, 1) + timedelta(days=chance.randrange(200))
        now = score(subject, rows, start, NOW, card, later)
        seen_change = seen_grade = None
        day = start
        for _ in range(460):
            day += timedelta(days=1)
            then = _alone(subject, rows, day, card, later)
            if seen_change is None and then.standing.differs_from(now.standing):
                seen_change = (day, then.value, then.grade)
            if then.grade != now.grade:
                seen_grade = (day, then.grade)
                break
        promised = now.next_change and (now.next_change.on, now.next_change.score, now.next_change.grade)
        if seen_change or (promised and promised[0] <= day):
            assert promised == seen_change
        if seen_grade or (now.next_grade_change and now.next_grade_change.on <= day):
            assert now.next_grade_change is not None
            assert (now.next_grade_change.on, now.next_grade_change.grade) == seen_grade


def _alone(
    subject: ScoredSubject, rows: list[FactVersion], day: date, card: Scorecard, later: Sequence[Scorecard]
) -> Any:
    """The score of that very day under the card of that day, with nothing looked ahead."""
    begun = [one for one in later if one.effective_from <= day]
    return score(subject, rows, day, NOW, begun[-1] if begun else card)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.id}-{card.period}")
def test_the_order_of_facts_never_matters(card: Scorecard) -> None:
    chance = random.Random(f"order {card.id} {card.period}")
    for _ in range(12):
        rows = random_facts(chance, card, 20, date(2026, 1, 1), 200)
        day = date(2026, 4, 1) + timedelta(days=chance.randrange(200))
        expected = score(subject_of(card), rows, day, NOW, card).canonical
        chance.shuffle(rows)
        assert score(subject_of(card), rows, day, NOW, card).canonical == expected


def _renamed(row: FactVersion, names: dict[str, str]) -> FactVersion:
    named = row.payload["fact_id"]
    return replace(
        row, id=UUID(names[str(row.id)]), payload={**row.payload, "fact_id": names.get(named, named)}
    )


def test_what_is_suspended_is_as_if_it_were_not_there_on_that_day() -> None:
    """Day by day: a card that suspends gives what it gives without the facts that are disputed then."""
    chance = random.Random("suspended")
    for _ in range(12):
        rows = random_facts(chance, DISPUTED, 16, date(2026, 3, 1), 120)
        for _ in range(25):
            day = date(2026, 3, 1) + timedelta(days=chance.randrange(240))
            rest = [row for row in rows if not row.disputed_on(day)]
            found = score(SUBJECT, rows, day, NOW, DISPUTED).standing
            alone = score(SUBJECT, rest, day, NOW, DISPUTED).standing
            assert (found.score, found.grade) == (alone.score, alone.grade)
            assert [i.points for i in found.contributions] == [i.points for i in alone.contributions]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.id}-{card.period}")
def test_ids_of_facts_decide_nothing(card: Scorecard) -> None:
    """Many facts on few days, recorded at two instants: other ids, the same score, grade and next days."""
    chance = random.Random(f"ids {card.id} {card.period}")
    for _ in range(12):
        rows = [
            replace(row, recorded_at=EPOCH + timedelta(hours=chance.randrange(2)))
            for row in random_facts(chance, card, 20, date(2026, 3, 1), 6)
        ]
        day = date(2026, 4, 1) + timedelta(days=chance.randrange(60))
        expected = score(subject_of(card), rows, day, NOW, card)
        ids = chance.sample(range(1, 10**6), len(rows))
        names = {str(row.id): str(UUID(int=number)) for row, number in zip(rows, ids, strict=True)}
        renamed = [_renamed(row, names) for row in rows]
        found = score(subject_of(card), renamed, day, NOW, card)
        for key in ("score", "grade", "state", "next_change", "next_grade_change", "dimensions"):
            assert found.document[key] == expected.document[key]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.id}-{card.period}")
def test_a_replay_is_exact_after_random_corrections(card: Scorecard) -> None:
    check_replay(random.Random(f"replay {card.id} {card.period}"), card, 60)


@pytest.mark.full
@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.id}-{card.period}")
def test_a_replay_is_exact_after_hundreds_of_corrections_of_each_card(card: Scorecard) -> None:
    check_replay(random.Random(f"long replay {card.id} {card.period}"), card, 400)


def check_replay(chance: random.Random, card: Scorecard, corrections: int) -> None:
    day = date(2026, 7, 10)
    rows = random_facts(chance, card, 16, date(2026, 1, 1), 200)
    rows = [replace(row, disputed=()) for row in rows]
    moment, taken = EPOCH, list[tuple[datetime, bytes]]()
    for _ in range(corrections):
        taken.append((moment, score(subject_of(card), rows, day, moment, card).canonical))
        moment += timedelta(seconds=chance.randrange(1, 200_000))
        if rows:
            rows.append(_corrected(chance, rows, moment, card))
    chance.shuffle(rows)
    for at, expected in taken:
        assert score(subject_of(card), rows, day, at, card).canonical == expected


def _corrected(
    chance: random.Random, rows: list[FactVersion], moment: datetime, card: Scorecard
) -> FactVersion:
    chosen = chance.choice(rows).id
    latest = max((row for row in rows if row.id == chosen), key=lambda row: row.version)
    action = chance.choice([one for one in Action if action_allowed(latest.action, one)])
    code = chance.choice(sorted(card.codes)) if action is Action.AMEND else latest.code
    return replace(
        latest,
        version=latest.version + 1,
        action=action,
        code=code,
        recorded_at=moment,
        disputed=disputes_after(latest.disputed, action, china_date(moment)),
    )


@pytest.mark.parametrize("card", [c for c in BOOK.scorecards if c.use == "grade"], ids=lambda card: card.id)
def test_one_more_adverse_fact_never_helps_and_one_more_favourable_never_harms(card: Scorecard) -> None:
    chance = random.Random(f"more {card.id}")
    subject, day = subject_of(card), date(2026, 7, 1)
    for _ in range(20):
        rows = random_facts(chance, card, 15, date(2025, 1, 1), 540)
        before = score(subject, rows, day, NOW, card)
        rule = chance.choice(card.rules)
        one = FactVersion(
            UUID(int=9000), 1, Action.RECORD, chance.choice(rule.codes), date(2026, 6, 30), EPOCH
        )
        after = score(subject, [*rows, one], day, NOW, card)
        assert before.value is not None and after.value is not None
        assert rule.points is not None
        if rule.points > 0:
            assert after.value >= before.value
        else:
            assert after.value <= before.value


def test_contributions_add_up_to_the_score() -> None:
    chance = random.Random("sum")
    for card in (one for one in BOOK.scorecards if one.use == "grade"):
        rows = random_facts(chance, card, 25, date(2025, 1, 1), 540)
        result = score(subject_of(card), rows, date(2026, 7, 1), NOW, card)
        given = sum(item["points"] for item in result.document["contributions"])
        assert result.document["score"] == max(0, min(100, 100 + given))


@pytest.mark.full
def test_the_next_change_is_right_for_many_more() -> None:
    for card in CARDS:
        chance = random.Random(f"many {card.id} {card.period}")
        for _ in range(25):
            rows = random_facts(chance, card, 25, date(2026, 1, 1), 500)
            start = date(2026, 3, 1) + timedelta(days=chance.randrange(400))
            now = score(subject_of(card), rows, start, NOW, card)
            day = start
            for _ in range(500):
                day += timedelta(days=1)
                then = score(subject_of(card), rows, day, NOW, card)
                if now.next_change is not None and day == now.next_change.on:
                    assert then.standing.differs_from(now.standing)
                    break
                assert not then.standing.differs_from(now.standing), (card.id, start, day)
