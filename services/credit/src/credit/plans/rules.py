"""The life of an annual plan, and how a ratio becomes a number of objects."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

__all__ = ["Cap", "PlanState", "TaskType", "allowed_acts", "capped_ratio", "first_day_within", "next_state"]


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    FILED = "filed"
    ACTIVE = "active"
    DONE = "done"


class TaskType(StrEnum):
    """定向 (a chosen kind of objects) or 不定向 (all objects of the range). Both are drawn."""

    DIRECTED = "directed"
    UNDIRECTED = "undirected"


_NEXT: Mapping[tuple[PlanState, str], PlanState] = {
    (PlanState.DRAFT, "file"): PlanState.FILED,
    (PlanState.FILED, "activate"): PlanState.ACTIVE,
    (PlanState.ACTIVE, "complete"): PlanState.DONE,
    (PlanState.DRAFT, "change"): PlanState.DRAFT,
    (PlanState.FILED, "change"): PlanState.DRAFT,
    (PlanState.ACTIVE, "change"): PlanState.DRAFT,
}


def next_state(state: PlanState, act: str) -> PlanState | None:
    """Where an act leads; None when it does not fit. A change after filing must be filed again."""
    return _NEXT.get((state, act))


def allowed_acts(state: PlanState) -> list[str]:
    """What can be done with a plan in a state."""
    return [act for (before, act) in _NEXT if before is state]


@dataclass(frozen=True, slots=True)
class Cap:
    """The ratio that an item allows at most; None for a key item, which has no cap."""

    item: str
    max_ratio_bp: int | None


def capped_ratio(ratio_bp: int, tier: str | None, caps: Iterable[Cap], above_cap: frozenset[str]) -> int:
    """A tier's ratio under the strictest cap of the items, in basis points.

    Tiers under key supervision (`above_cap`) are not bound by the cap of general items: their ratio is
    raised on purpose (Order 7, M-SEV-1; 国市监信发〔2022〕6号).
    """
    if tier in above_cap:
        return ratio_bp
    bounds = [cap.max_ratio_bp for cap in caps if cap.max_ratio_bp is not None]
    return min([ratio_bp, *bounds])


def first_day_within(today: date, months: int) -> date:
    """The earliest day from which a period of `months` has not ended by `today`.

    `add_months(day, months)` is the last day inside (Civil Code, Articles 201 and 202); where the month has
    no corresponding day, the period of its last day has ended, so the next month's first day is it.
    """
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    found = date(year, month + 1, min(today.day, last))
    return found if found.day == today.day else found + timedelta(days=1)
