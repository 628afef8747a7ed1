"""What an event of the procedure needs before it may happen: the state, the caller, its fields, its day."""

from collections.abc import Sequence
from datetime import date

from common.problems import FieldError, Forbidden, InvalidPayload, Text

from complaints.cases.clocks import Deadline
from complaints.cases.demands import DEMANDS
from complaints.cases.errors import EventNotAllowed, EventTooEarly
from complaints.cases.history import deadlines_of
from complaints.cases.models import Case, CaseEvent
from complaints.cases.rules import EVENTS, Event, State, allowed_events, tourist_events
from complaints.cases.schemas import EventIn
from complaints.policybook import PolicyBook

__all__ = ["check_allowed", "check_conditions", "check_fields", "check_tourist"]


def check_allowed(case: Case, event: Event, scopes: frozenset[str]) -> None:
    """The state takes the event, and the caller may fire it.

    Raises:
        EventNotAllowed: naming the events that the caller may fire now.
        Forbidden: the event is another's to fire.
    """
    state = State(case.state)
    allowed = allowed_events(state, scopes)
    if event.value in allowed:
        return
    rule = EVENTS[event]
    if state not in rule.sources:
        raise _not_allowed(state, allowed)
    raise Forbidden(
        Text(f"此操作需要权限 {'、'.join(rule.scopes)}", f"This event needs one of {', '.join(rule.scopes)}"),
        scopes=list(rule.scopes),
    )


def check_tourist(case: Case, event: Event) -> None:
    """The state takes the event from whoever holds the secret code.

    Raises:
        EventNotAllowed: naming the events that are open to the tourist now.
    """
    state = State(case.state)
    allowed = tourist_events(state)
    if event.value not in allowed:
        raise _not_allowed(state, allowed)


def _not_allowed(state: State, allowed: list[str]) -> EventNotAllowed:
    detail = Text(
        f"案件处于 {state.value}，可进行：{'、'.join(allowed) or '无'}",
        f"The case is {state.value}; allowed: {', '.join(allowed) or 'nothing'}",
    )
    return EventNotAllowed(detail, state=state.value, allowed=allowed)


def check_fields(body: EventIn) -> None:
    """The event has the fields it needs and none that it does not know.

    Raises:
        InvalidPayload: naming each of them.
    """
    demand = DEMANDS[body.event]
    given = {name for name, value in body.model_dump().items() if value is not None}
    errors = [
        FieldError(f"/{name}", Text("此环节必须填写", "this event needs it"))
        for name in sorted(demand.needs - given)
    ]
    errors += [
        FieldError(f"/{name}", Text("此环节没有这一项", "this event has no such field"))
        for name in sorted(given - demand.known)
    ]
    if errors:
        raise InvalidPayload(errors)


def check_conditions(
    case: Case, body: EventIn, events: Sequence[CaseEvent], day: date, policies: PolicyBook
) -> None:
    """What an event needs beside its state: a term that has run out, a rule or a body that exists.

    Raises:
        EventTooEarly: the term still runs, the place has no such rule, or the respondent's key is missing.
        InvalidPayload: no such department, or a settlement that not both have signed.
    """
    found = {d.event: d for d in deadlines_of(case, events, policies.procedure, day)}
    match body.event:
        case Event.REPLY_OVERDUE:
            _must_be_over(found.get("reply"), day)
        case Event.TERMINATE if case.state != State.MEDIATING:
            _must_be_over(found.get("conclude"), day)
        case Event.EXTEND:
            _check_extension(case, events, policies)
        case Event.SUSPECT_VIOLATION if case.respondent_key is None:
            raise EventTooEarly(
                Text(
                    "被投诉人尚无统一社会信用代码或证号，不能转为执法线索",
                    "The respondent's key is not known yet",
                )
            )
        case Event.SELF_SETTLE if not body.agreed_by_both:
            raise InvalidPayload.at(
                "/agreed_by_both", Text("和解须双方签字确认", "both parties must have signed")
            )
    known = policies.routing.departments.choose("departments", on=case.received_on).departments
    if body.department is not None and all(item.code != body.department for item in known):
        raise InvalidPayload.at("/department", Text("没有这个部门代码", "there is no such department code"))


def _check_extension(case: Case, events: Sequence[CaseEvent], policies: PolicyBook) -> None:
    local = policies.procedure.local(case.received_on, case.region)
    if local is None or local.extension is None:
        raise EventTooEarly(
            Text(
                "全国规则没有延长办理期限的规定，当地也没有",
                "Neither the national nor a local rule extends the term",
            )
        )
    if any(event.event == Event.EXTEND for event in events):
        raise EventTooEarly(Text("办理期限只能延长一次", "The term can be extended once only"))


def _must_be_over(deadline: Deadline | None, day: date) -> None:
    if deadline is not None and day <= deadline.due_on:
        raise EventTooEarly(
            Text(
                f"期限至 {deadline.due_on.isoformat()}，尚未届满",
                f"The term runs until {deadline.due_on.isoformat()}",
            ),
            due_on=deadline.due_on.isoformat(),
        )
