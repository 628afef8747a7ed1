"""Deadlines as a pure function of a case's event history. Days are days in China, counted by common.calendar.

The national rule set of the day of receipt applies to the end. A local term binds beside it: the earlier day
counts, and only an extension that the local regulation itself allows goes beyond it. A pause takes out every
day from its first to its last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from common.calendar import DayCount, add_days, add_working_days

from complaints.cases.policy import Procedure, Term

__all__ = ["Deadline", "Happened", "deadlines", "next_due"]

STARTS = {"received": frozenset({"submit", "reopen"})}
CLOSING = frozenset({"refuse", "transfer", "withdraw", "self_settle", "agree", "terminate", "handle_on_spot"})
Status = Literal["open", "overdue", "met", "late", "dropped"]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a case and its day."""

    event: str
    on: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is due, when, how it was counted, and by which rule and article.

    `provisional`: a day was needed that no holiday notice covers yet, or a pause is still running.
    """

    event: str
    due_on: date
    unit: str
    counted_days: tuple[date, ...]
    pauses: tuple[tuple[date, date], ...]
    rule: str
    article: str
    provisional: bool
    started_on: date
    status: Status
    met_on: date | None


def deadlines(
    history: Sequence[Happened], national: Procedure, local: Procedure | None, *, as_of: date
) -> tuple[Deadline, ...]:
    """Every deadline that `history` (in order) has set running, in the order of the rule set.

    An appraisal stops the 60 days; waiting for a supplement stops the decision on acceptance where the rule
    set says so. `as_of` closes a pause that still runs and tells open from overdue.
    """
    found = []
    for term in national.terms:
        start = _start(history, term)
        if start is None:
            continue
        deadline = _deadline(history, start, term, national, local, as_of)
        found.append(deadline)
    return tuple(found)


def next_due(found: Sequence[Deadline]) -> Deadline | None:
    """The open deadline that comes first."""
    waiting = [deadline for deadline in found if deadline.status in {"open", "overdue"}]
    return min(waiting, key=lambda deadline: deadline.due_on, default=None)


def _start(history: Sequence[Happened], term: Term) -> int | None:
    """Where the term began: the last event that starts it."""
    names = STARTS.get(term.starts, frozenset({term.starts}))
    places = [place for place, happened in enumerate(history) if happened.event in names]
    return places[-1] if places else None


def _deadline(
    history: Sequence[Happened],
    start: int,
    term: Term,
    national: Procedure,
    local: Procedure | None,
    as_of: date,
) -> Deadline:
    began = history[start].on
    later = history[start + 1 :]
    met = next((happened for happened in later if happened.event in term.ends), None)
    closed = next((happened for happened in later if happened.event in CLOSING), None)
    until = met.on if met else closed.on if closed else as_of
    pauses, running = _pauses(later, term, national, until)
    count, rule, article = _count(began, term, national.version, pauses)
    for other in local.terms if local else ():
        if other.id == term.id and local is not None:
            shorter = _count(began, other, f"local-{local.region}", pauses)
            if shorter[0].due_on < count.due_on:
                count, rule, article = shorter
    if local and local.extension and term.id == "conclude" and any(h.event == "extend" for h in later):
        base = next((t for t in local.terms if t.id == "conclude"), term)
        extended = base.model_copy(update={"days": base.days + local.extension.days})
        count, rule, _ = _count(began, extended, f"local-{local.region}", pauses)
        rule, article = f"{rule}+extension", local.extension.article
    return Deadline(
        event=term.id,
        due_on=count.due_on,
        unit=count.unit,
        counted_days=count.counted_days,
        pauses=count.pauses,
        rule=rule,
        article=article,
        provisional=count.provisional or (running and met is None and closed is None),
        started_on=began,
        status=_status(met, closed, count.due_on, as_of),
        met_on=met.on if met else None,
    )


def _count(
    began: date, term: Term, rule_set: str, pauses: Sequence[tuple[date, date]]
) -> tuple[DayCount, str, str]:
    counted = (
        add_working_days(began, term.days, pauses)
        if term.unit == "working_days"
        else add_days(began, term.days, pauses)
    )
    return counted, f"{rule_set}.{term.id}", term.article


def _pauses(
    later: Sequence[Happened], term: Term, national: Procedure, until: date
) -> tuple[list[tuple[date, date]], bool]:
    """The pauses of a term, and whether the last of them still runs on `until`."""
    if term.pausable:
        opening, ending = "start_appraisal", "appraisal_done"
    elif term.id == "accept" and national.supplement_pauses_acceptance:
        opening, ending = "ask_supplement", "supplement"
    else:
        return [], False
    found: list[tuple[date, date]] = []
    first: date | None = None
    for happened in later:
        if happened.event == opening and first is None:
            first = happened.on
        elif happened.event == ending and first is not None:
            found.append((first, happened.on))
            first = None
        elif happened.event in CLOSING:
            break
    if first is not None:
        found.append((first, max(first, until)))
    return found, first is not None


def _status(met: Happened | None, closed: Happened | None, due_on: date, as_of: date) -> Status:
    if met is not None:
        return "met" if met.on <= due_on else "late"
    if closed is not None:
        return "dropped"
    return "open" if as_of <= due_on else "overdue"
