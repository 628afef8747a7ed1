"""Rolling windows: so many facts within so many months, wherever the window lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.calendar import add_months

__all__ = ["Hit", "latest_cluster"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A fact that a counter counts."""

    id: UUID
    on: date


def latest_cluster(hits: Iterable[Hit], months: int, at_least: int, on: date) -> tuple[Hit, ...] | None:
    """The newest set of at least `at_least` hits within `months` months that still concerns `on`.

    A hit of day X lies in the window that ends on day Y when X <= Y <= the corresponding day of X `months`
    later (that day inside). The window's last day is that of a hit, and `on` must lie in the window that
    begins with it: what was over longer ago than that concerns nobody any more.
    """
    ordered = sorted((hit for hit in hits if hit.on <= on), key=lambda hit: (hit.on, hit.id))
    for place in range(len(ordered) - 1, -1, -1):
        last = ordered[place].on
        if add_months(last, months) < on:
            return None
        inside = tuple(hit for hit in ordered[: place + 1] if add_months(hit.on, months) >= last)
        if len(inside) >= at_least:
            return inside
    return None
