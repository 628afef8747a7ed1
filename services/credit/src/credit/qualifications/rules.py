"""Kinds of qualifications and training, how long each holds, and when a card can be renewed."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from credit.subjects.rules import PERSONS, Kind

__all__ = [
    "QualificationKind",
    "RenewalWindow",
    "TrainingKind",
    "holders",
    "hours_in",
    "months_before",
    "renewal_window",
]


class QualificationKind(StrEnum):
    """What a person may do by it."""

    GUIDE_QUALIFICATION = "guide_qualification"
    GUIDE_CARD = "guide_card"
    LEADER = "leader"
    SAFETY_MANAGER = "safety_manager"
    EMERGENCY_FIRST_AID = "emergency_first_aid"


class TrainingKind(StrEnum):
    """Why somebody was trained."""

    ANNUAL = "annual"
    INDUCTION = "induction"
    SAFETY = "safety"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class RenewalWindow:
    """The days on which a renewal may be applied for, both inside."""

    opens_on: date
    closes_on: date


def holders(kind: QualificationKind) -> frozenset[Kind]:
    """Which subjects can hold a qualification: guides their cards, any natural person the rest."""
    if kind in (QualificationKind.GUIDE_CARD, QualificationKind.LEADER):
        return frozenset({Kind.TOUR_GUIDE})
    return PERSONS


def renewal_window(expires_on: date, months: int) -> RenewalWindow:
    """The last months before a card expires, in which its renewal is applied for."""
    return RenewalWindow(months_before(expires_on, months), expires_on)


def months_before(day: date, months: int) -> date:
    """The corresponding day so many months earlier, or that month's last day where there is none."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def hours_in(year: int, trainings: Iterable[tuple[date, Decimal]]) -> Decimal:
    """The hours of training completed in a calendar year."""
    return sum((hours for day, hours in trainings if day.year == year), Decimal(0))
