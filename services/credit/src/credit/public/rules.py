"""What of a fact the public may see, and until when."""

from datetime import date
from enum import StrEnum

from common.calendar import add_months

from credit.rulebook.rules import FactKind

__all__ = ["ReplyState", "visible_until"]


class ReplyState(StrEnum):
    """Where a subject's reply stands; `replaced` is one that a later reply took the place of."""

    FILED = "filed"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


def visible_until(kind: FactKind, occurred_on: date) -> date | None:
    """The last day on which a fact is shown, counted from the day of its document; None if it never is."""
    if not kind.publicity.show or kind.publicity.months == 0:
        return None
    return add_months(occurred_on, kind.publicity.months)
