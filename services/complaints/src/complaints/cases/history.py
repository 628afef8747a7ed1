"""A case's clocks from its stored events."""

from collections.abc import Sequence
from datetime import date

from complaints.cases.clocks import Deadline, Happened, deadlines, next_due
from complaints.cases.models import Case, CaseEvent
from complaints.cases.policy import ProcedureBook

__all__ = ["deadlines_of", "set_next_due"]


def deadlines_of(
    case: Case, events: Sequence[CaseEvent], book: ProcedureBook, as_of: date
) -> tuple[Deadline, ...]:
    """All deadlines of `case` under the rule set of its day of receipt and its place."""
    history = [Happened(event.event, event.on_day) for event in events]
    return deadlines(
        history, book.national(case.received_on), book.local(case.received_on, case.region), as_of=as_of
    )


def set_next_due(case: Case, found: Sequence[Deadline]) -> None:
    """Keep the first open deadline on the case, for the queue."""
    first = next_due(found)
    case.next_due_on = first.due_on if first else None
    case.next_due_event = first.event if first else None
