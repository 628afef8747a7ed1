"""Five years of invented facts for one subject, and playing them through the scoring engine day by day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from common.calendar import add_months
from common.clock import CHINA

from credit.facts.rules import FactVersion
from credit.facts.schemas import SourceKind
from credit.scoring.rules import Score, Scorecard, ScoredSubject, score
from credit.scoring.rules.causes import Cause
from credit.subjects.rules import Kind

__all__ = ["Happening", "Standing", "happenings", "played", "recorded_at", "sample_happenings"]

_SOURCES = {
    "VALID_COMPLAINT": SourceKind.COMPLAINT_CASE,
    "COMMENDATION": SourceKind.HONOUR,
    "COMMITMENT_BROKEN": SourceKind.COMMITMENT,
    "INSPECTION_REFUSED": SourceKind.INSPECTION,
    "INSPECTION_PASSED": SourceKind.INSPECTION,
    "DEPOSIT_NOT_TOPPED_UP": SourceKind.LICENCE_REGISTER,
    "DEPOSIT_TOPPED_UP": SourceKind.LICENCE_REGISTER,
    "LIABILITY_INSURANCE_MISSING": SourceKind.LICENCE_REGISTER,
    "LIABILITY_INSURANCE_IN_PLACE": SourceKind.LICENCE_REGISTER,
    "SERIOUS_LISTED": SourceKind.LISTING,
    "SERIOUS_LISTING_REMOVED": SourceKind.LISTING,
    "HAZARD_FOUND": SourceKind.HAZARD,
    "HAZARD_CLOSED": SourceKind.HAZARD,
    "TRAINING_COMPLETED": SourceKind.QUALIFICATION,
    "PRAISE_LETTER": SourceKind.HONOUR,
    "COMPETITION_AWARD": SourceKind.HONOUR,
    "STAR_REVIEW_FAILED": SourceKind.LICENCE_REGISTER,
    "STAR_REVIEW_PASSED": SourceKind.LICENCE_REGISTER,
}
_DONE = {
    "DEPOSIT_NOT_TOPPED_UP": "DEPOSIT_TOPPED_UP",
    "LIABILITY_INSURANCE_MISSING": "LIABILITY_INSURANCE_IN_PLACE",
    "HAZARD_FOUND": "HAZARD_CLOSED",
    "STAR_REVIEW_FAILED": "STAR_REVIEW_PASSED",
}
_AMOUNTS = {
    "PENALTY_FINE_SMALL": (500_000, 4_900_000),
    "PENALTY_FINE_LARGE": (5_000_000, 30_000_000),
    "PENALTY_CONFISCATION": (100_000, 2_000_000),
}
# How a subject behaves: its share among all, how many facts in five years, and of which codes.
_Manner = tuple[int, tuple[int, int], dict[str, int]]
_AGENCIES: tuple[_Manner, ...] = (
    (52, (1, 6), {"VALID_COMPLAINT": 6, "INSPECTION_PASSED": 8, "COMMENDATION": 3, "PENALTY_WARNING": 1}),
    (
        30,
        (4, 10),
        {
            "VALID_COMPLAINT": 8,
            "PENALTY_WARNING": 3,
            "PENALTY_FINE_SMALL": 4,
            "INSPECTION_PASSED": 3,
            "LIABILITY_INSURANCE_MISSING": 2,
            "COMMENDATION": 1,
        },
    ),
    (
        14,
        (8, 15),
        {
            "VALID_COMPLAINT": 10,
            "PENALTY_FINE_SMALL": 5,
            "PENALTY_FINE_LARGE": 4,
            "PENALTY_CONFISCATION": 3,
            "DEPOSIT_NOT_TOPPED_UP": 2,
            "COMMITMENT_BROKEN": 2,
            "INSPECTION_REFUSED": 1,
        },
    ),
    (
        4,
        (10, 18),
        {
            "VALID_COMPLAINT": 8,
            "PENALTY_FINE_LARGE": 5,
            "PENALTY_SUSPENSION": 4,
            "INSPECTION_REFUSED": 3,
            "LIABILITY_INSURANCE_MISSING": 2,
            "SERIOUS_LISTED": 1,
        },
    ),
)
_GUIDES: tuple[_Manner, ...] = (
    (80, (0, 0), {"TRAINING_COMPLETED": 1}),
    (13, (1, 3), {"TRAINING_COMPLETED": 4, "PRAISE_LETTER": 2, "G2_1": 2, "G2_5": 1, "VALID_COMPLAINT": 2}),
    (5, (3, 7), {"G6_2": 2, "G4_2": 2, "G2_2": 3, "VALID_COMPLAINT": 4, "PENALTY_WARNING": 2}),
    (2, (4, 9), {"G10_4": 2, "G8_2": 3, "G8_5": 2, "PENALTY_FINE_SMALL": 3, "VALID_COMPLAINT": 4}),
)
_PLACES: tuple[_Manner, ...] = (
    (60, (0, 5), {"VALID_COMPLAINT": 5, "INSPECTION_PASSED": 8, "COMMENDATION": 2}),
    (30, (3, 9), {"VALID_COMPLAINT": 8, "PENALTY_WARNING": 3, "HAZARD_FOUND": 2, "INSPECTION_PASSED": 3}),
    (
        10,
        (6, 14),
        {"VALID_COMPLAINT": 9, "PENALTY_FINE_SMALL": 4, "PENALTY_FINE_LARGE": 3, "HAZARD_FOUND": 3},
    ),
)
_MANNERS: dict[str, tuple[_Manner, ...]] = {Kind.TRAVEL_AGENCY: _AGENCIES, Kind.TOUR_GUIDE: _GUIDES}


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact before it is recorded."""

    code: str
    occurred_on: date
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> SourceKind:
        """Where such a fact comes from."""
        return _SOURCES.get(self.code, SourceKind.ENFORCEMENT_CASE)


@dataclass(frozen=True, slots=True)
class Standing:
    """A published grade: the result, when, and why."""

    result: Score
    at: datetime
    cause: Cause
    fact: FactVersion | None


def happenings(chance: Random, kind: str, first: date, last: date, listed_months: int) -> list[Happening]:
    """A subject's invented facts between two days, in order of day.

    `listed_months` is the period of the list of seriously dishonest subjects.
    """
    manners = _MANNERS.get(kind, _PLACES)
    manner = chance.choices(manners, weights=[share for share, _, _ in manners])[0]
    _, (least, most), kinds = manner
    found: list[Happening] = []
    for code in chance.choices(list(kinds), weights=list(kinds.values()), k=chance.randint(least, most)):
        day = first + timedelta(days=chance.randrange((last - first).days))
        payload = _payload(chance, code)
        found.append(Happening(code, day, payload))
        done_on = day + timedelta(days=chance.randrange(10, 200))
        if code in _DONE and done_on <= last and chance.random() < 0.85:
            found.append(Happening(_DONE[code], done_on, payload))
    found += _removals(found, last, listed_months)
    return sorted(found, key=lambda one: (one.occurred_on, one.code))


def _removals(happened: Iterable[Happening], last: date, months: int) -> list[Happening]:
    """Removals from the list of seriously dishonest subjects after its period, by `last`.

    A removal takes off every entry before it, so it waits for the end of a later one.
    """
    listed = {one.occurred_on: one.payload for one in happened if one.code == "SERIOUS_LISTED"}
    ended = {day: add_months(day, months) + timedelta(days=1) for day in listed}
    return [
        Happening("SERIOUS_LISTING_REMOVED", off, listed[day])
        for day, off in ended.items()
        if off <= last and not any(day < later < off for later in listed)
    ]


def sample_happenings(today: date) -> list[Happening]:
    """The sample agency's past: 92 points today, so a complaint and a small fine make it lose its A.

    The old small fine lapses some weeks later, which is the way back up.
    """

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    return [
        Happening("COMMENDATION", ago(1500), {"title": "诚信经营示范单位（演示）", "level": "市级"}),
        Happening("VALID_COMPLAINT", ago(1290), {"problem_codes": ["P02.1"], "responsibility": "main"}),
        Happening("PENALTY_FINE_SMALL", ago(1100), {"amount_fen": 1_000_000}),
        Happening("INSPECTION_PASSED", ago(800)),
        Happening("PENALTY_FINE_SMALL", ago(677), {"amount_fen": 2_000_000}),
        Happening("PENALTY_WARNING", ago(258)),
        Happening("VALID_COMPLAINT", ago(158), {"problem_codes": ["P05.1"], "responsibility": "shared"}),
    ]


def recorded_at(chance: Random, occurred_on: date, after: datetime, before: datetime) -> datetime:
    """When a fact became known: days later, in office hours, after the one before, not in the future."""
    day = occurred_on + timedelta(days=chance.randrange(1, 15))
    moment = datetime.combine(day, time(9), CHINA) + timedelta(seconds=chance.randrange(8 * 3600))
    return min(max(moment.astimezone(UTC), after + timedelta(seconds=1)), before)


def played(
    subject: ScoredSubject, versions: Sequence[FactVersion], born: datetime, now: datetime, card: Scorecard
) -> Iterator[Standing]:
    """Each grade the subject would have been given: at its birth, by a fact, or by the calendar."""
    grade: str | None = None
    moments: list[tuple[datetime, FactVersion | None]] = [(born, None)]
    moments += [(row.recorded_at, row) for row in versions]
    for place, (moment, row) in enumerate(moments):
        until = moments[place + 1][0] if place + 1 < len(moments) else now
        result = score(subject, versions[:place], _day(moment), moment, card)
        if result.grade != grade:
            yield Standing(result, moment, Cause.FACT if row else Cause.FIRST, row)
        while (change := result.next_grade_change) and change.on <= _day(until):
            at = datetime.combine(change.on, time(0, 5), CHINA).astimezone(UTC)
            if at >= until:
                break
            result = score(subject, versions[:place], change.on, moment, card)
            yield Standing(result, at, Cause.TIME, None)
        grade = result.grade


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _payload(chance: Random, code: str) -> dict[str, Any]:
    if code in _AMOUNTS:
        least, most = _AMOUNTS[code]
        return {"amount_fen": chance.randrange(least, most, 10_000)}
    if code == "VALID_COMPLAINT":
        problem = f"P{chance.randrange(1, 13):02d}.1"
        return {"problem_codes": [problem], "responsibility": chance.choice(["main", "shared"])}
    if code == "HAZARD_FOUND":
        return {"hazard": f"H{chance.randrange(10**6):06d}"}
    return {"condition": "SEV-T-3"} if code == "SERIOUS_LISTED" else {}
