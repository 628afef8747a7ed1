"""The clocks of a listing: what is due by when, how long it lasts, how long it is shown. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from common.calendar import DayCount, add_months, add_working_days

from credit.facts.retention import PublicityPolicy

from .policy import Article, ListForm, Term
from .rules import Steps

__all__ = ["Clocks", "Deadline", "clocks_of", "deadline", "deadlines_of", "defence_over"]

Status = Literal["open", "met", "met_late", "overdue", "waived", "closed"]
"""`waived`: no use was made of it. `closed`: what it ran for ended before it was over."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline as counted. `due_on` is the last day inside; passing it decides nothing by itself."""

    event: str
    started_on: date
    due_on: date
    unit: str
    counted_days: tuple[date, ...]
    rule: str
    article: str
    rule_status: str
    provisional: bool
    status: Status
    met_on: date | None


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a listing side by side; each with the rule and article it runs by.

    `management_until` is the last day of the list (Order 7), `publication_until` the last day on which the
    public may be shown it; None where it is not published at all.
    """

    management_until: date
    management: Article
    publication_until: date | None
    publication: Article | None
    publicity_class: str


def deadline(event: str, term: Term, start: date, met_on: date | None, today: date) -> Deadline:
    """A deadline of `term` from `start`, whose own day is not counted."""
    count: DayCount = add_working_days(start, term.working_days)
    return Deadline(
        event=event,
        started_on=start,
        due_on=count.due_on,
        unit=count.unit,
        counted_days=count.counted_days,
        rule=term.rule,
        article=term.article,
        rule_status=term.status,
        provisional=count.provisional,
        status=_status(count.due_on, met_on, today),
        met_on=met_on,
    )


def deadlines_of(form: ListForm, steps: Steps, today: date) -> list[Deadline]:
    """Every deadline that the procedure has set so far, in order.

    Statement: from the notice; one entered from paper does not end its period. Reply: from the statement.
    Decision: from the reply, or from the end of a defence period of which no use was made.
    """
    return list(_deadlines(form, steps, today))


def defence_over(form: ListForm, notified_on: date, today: date) -> date | None:
    """The last day of the period for a statement when it is over; None while it runs."""
    last = add_working_days(notified_on, form.terms["defence"].working_days).due_on
    return last if today > last else None


def clocks_of(
    form: ListForm,
    listed_on: date,
    document_on: date,
    publicity: PublicityPolicy,
    longer_until: date | None = None,
) -> Clocks:
    """How long a listing lasts and is shown; `publicity` is the policy of the day of the document.

    The list's period runs from service of the decision and its corresponding day is the last inside; a
    longer restriction of another law prevails. Publication ends with the list, and not later than the longest
    publication of the list's class, counted from the day the document was made, where that covers lists.
    """
    until, article = add_months(listed_on, form.months), form.period
    if longer_until is not None and longer_until > until:
        until, article = longer_until, form.longer
    if not form.public:
        return Clocks(until, article, None, None, form.publicity_class)
    shown, shown_by = until, article
    if publicity.covers_lists:
        last = publicity.published_until(form.publicity_class, document_on)
        if last <= shown:
            shown, rule = last, publicity.publication
            shown_by = Article(rule=rule.rule, article=rule.article, status=publicity.status)
    return Clocks(until, article, shown, shown_by, form.publicity_class)


def _deadlines(form: ListForm, steps: Steps, today: date) -> Iterator[Deadline]:
    if steps.notified_on is None:
        return
    defence = deadline("statement", form.terms["defence"], steps.notified_on, steps.stated_on, today)
    unused = defence.status == "overdue" or (steps.decided_on is not None and steps.stated_on is None)
    runs = steps.stated_on is not None and not steps.heard_out and today <= defence.due_on
    yield _waived(defence) if unused else replace(defence, status="open", met_on=None) if runs else defence
    begin = None
    if steps.stated_on is not None:
        if "reply" in form.terms:
            yield deadline("reply", form.terms["reply"], steps.stated_on, steps.replied_on, today)
        begin = steps.replied_on
    elif unused:
        begin = defence.due_on
    if begin is not None and "decide" in form.terms:
        yield deadline("decide", form.terms["decide"], begin, steps.decided_on, today)


def _waived(found: Deadline) -> Deadline:
    return replace(found, status="waived")


def _status(due_on: date, met_on: date | None, today: date) -> Status:
    if met_on is not None:
        return "met" if met_on <= due_on else "met_late"
    return "overdue" if today > due_on else "open"
