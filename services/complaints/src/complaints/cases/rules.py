"""The statutory state machine of a complaint: which event leads from where to where, and who may fire it."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "CLOSED",
    "EVENTS",
    "OPEN_AFTER_ACCEPTANCE",
    "OUTCOMES",
    "PUBLIC_STATES",
    "Event",
    "State",
    "Transition",
    "allowed_events",
    "next_state",
    "tourist_events",
]


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    SUPPLEMENT = "supplement"
    JURISDICTION = "jurisdiction"
    ON_SPOT = "on_spot"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    TRANSFERRED = "transferred"
    NOTIFIED = "notified"
    REPLIED = "replied"
    INVESTIGATING = "investigating"
    SUSPENDED = "suspended"
    MEDIATING = "mediating"
    MEDIATED = "mediated"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    LITIGATION = "litigation"
    PAYOUT = "payout"
    CLOSED = "closed"
    ARCHIVED = "archived"


class Event(StrEnum):
    """What can happen to a case after it was submitted."""

    ASK_SUPPLEMENT = "ask_supplement"
    SUPPLEMENT = "supplement"
    ACCEPT = "accept"
    REFUSE = "refuse"
    TRANSFER = "transfer"
    CLAIM_CONFLICT = "claim_conflict"
    DESIGNATE = "designate"
    HANDLE_ON_SPOT = "handle_on_spot"
    CLOSE_ON_SPOT = "close_on_spot"
    SERVE = "serve"
    REPLY = "reply"
    REPLY_OVERDUE = "reply_overdue"
    COLLECT_EVIDENCE = "collect_evidence"
    ENTRUST = "entrust"
    START_APPRAISAL = "start_appraisal"
    APPRAISAL_DONE = "appraisal_done"
    MEDIATE = "mediate"
    AGREE = "agree"
    TERMINATE = "terminate"
    SELF_SETTLE = "self_settle"
    WITHDRAW = "withdraw"
    EXTEND = "extend"
    GO_TO_LAW = "go_to_law"
    DEPOSIT_PAYOUT = "deposit_payout"
    SUSPECT_VIOLATION = "suspect_violation"
    ARCHIVE = "archive"
    REOPEN = "reopen"


OPEN_AFTER_ACCEPTANCE = (
    State.ACCEPTED,
    State.NOTIFIED,
    State.REPLIED,
    State.INVESTIGATING,
    State.MEDIATING,
)
BEFORE_DECISION = (State.RECEIVED, State.SUPPLEMENT, State.JURISDICTION)
OPEN = (*BEFORE_DECISION, State.ON_SPOT, *OPEN_AFTER_ACCEPTANCE, State.SUSPENDED)
CLOSED = (
    State.REFUSED,
    State.TRANSFERRED,
    State.MEDIATED,
    State.SETTLED,
    State.WITHDRAWN,
    State.TERMINATED,
    State.LITIGATION,
    State.PAYOUT,
    State.CLOSED,
)
OUTCOMES = {
    Event.REFUSE: "refused",
    Event.CLOSE_ON_SPOT: "handled_on_spot",
    Event.AGREE: "mediated",
    Event.TERMINATE: "terminated",
    Event.SELF_SETTLE: "settled",
    Event.WITHDRAW: "withdrawn",
}
"""Events that end the handling, and the outcome that is published."""

PUBLIC_STATES = {
    State.RECEIVED: "已收到，待决定是否受理",
    State.SUPPLEMENT: "待补正材料",
    State.JURISDICTION: "管辖协商中",
    State.ON_SPOT: "现场处理中",
    State.ACCEPTED: "已受理",
    State.REFUSED: "不予受理",
    State.TRANSFERRED: "已转办",
    State.NOTIFIED: "已通知被投诉人",
    State.REPLIED: "被投诉人答复期已结束",
    State.INVESTIGATING: "调查中",
    State.SUSPENDED: "鉴定中，期间不计入办理期限",
    State.MEDIATING: "调解中",
    State.MEDIATED: "已达成调解协议",
    State.SETTLED: "双方自行和解",
    State.WITHDRAWN: "已撤回",
    State.TERMINATED: "已终止调解，可申请仲裁或起诉",
    State.LITIGATION: "已转入诉讼或仲裁",
    State.PAYOUT: "质量保证金赔付",
    State.CLOSED: "已办结",
    State.ARCHIVED: "已归档",
}
"""What the tourist reads for each state."""


@dataclass(frozen=True, slots=True)
class Transition:
    """An event's rule: from which states, to which, by whose scope, under which article.

    `to` None: the state stays, or (appraisal_done) returns to the one before the suspension.
    """

    sources: tuple[State, ...]
    to: State | None
    article: str
    scopes: tuple[str, ...] = ("complaints:handle",)


EVENTS: dict[Event, Transition] = {
    Event.ASK_SUPPLEMENT: Transition((State.RECEIVED,), State.SUPPLEMENT, "产品设定的补正环节"),
    Event.SUPPLEMENT: Transition(
        (State.SUPPLEMENT,),
        State.RECEIVED,
        "产品设定的补正环节",
    ),
    Event.ACCEPT: Transition((State.RECEIVED,), State.ACCEPTED, "第15条第1项"),
    Event.REFUSE: Transition((State.RECEIVED,), State.REFUSED, "第9条、第15条第2项"),
    Event.TRANSFER: Transition((State.RECEIVED,), State.TRANSFERRED, "第15条第3项"),
    Event.CLAIM_CONFLICT: Transition((State.RECEIVED,), State.JURISDICTION, "第7条"),
    Event.DESIGNATE: Transition((State.JURISDICTION,), State.RECEIVED, "第7条", ("complaints:supervise",)),
    Event.HANDLE_ON_SPOT: Transition((State.RECEIVED,), State.ON_SPOT, "第5条、第17条第2款"),
    Event.CLOSE_ON_SPOT: Transition((State.ON_SPOT,), State.CLOSED, "第17条第2款"),
    Event.SERVE: Transition((State.ACCEPTED,), State.NOTIFIED, "第17条第1款"),
    Event.REPLY: Transition(
        (State.NOTIFIED, State.REPLIED),
        State.REPLIED,
        "第18条",
        ("complaints:handle", "complaints:respond"),
    ),
    Event.REPLY_OVERDUE: Transition((State.NOTIFIED,), State.REPLIED, "第18条"),
    Event.COLLECT_EVIDENCE: Transition((State.REPLIED, State.INVESTIGATING), State.INVESTIGATING, "第20条"),
    Event.ENTRUST: Transition((State.REPLIED, State.INVESTIGATING), State.INVESTIGATING, "第21条"),
    Event.START_APPRAISAL: Transition(OPEN_AFTER_ACCEPTANCE, State.SUSPENDED, "第22条"),
    Event.APPRAISAL_DONE: Transition((State.SUSPENDED,), None, "第22条"),
    Event.MEDIATE: Transition((State.REPLIED, State.INVESTIGATING), State.MEDIATING, "第16条、第24条"),
    Event.AGREE: Transition((State.MEDIATING,), State.MEDIATED, "第25条第1项"),
    Event.TERMINATE: Transition(OPEN_AFTER_ACCEPTANCE, State.TERMINATED, "第25条第2项"),
    Event.SELF_SETTLE: Transition((*OPEN_AFTER_ACCEPTANCE, State.SUSPENDED), State.SETTLED, "第23条"),
    Event.WITHDRAW: Transition(OPEN, State.WITHDRAWN, "办理惯例"),
    Event.EXTEND: Transition((*OPEN_AFTER_ACCEPTANCE, State.SUSPENDED), None, "地方性法规的延长规定"),
    Event.GO_TO_LAW: Transition((State.TERMINATED, State.MEDIATED), State.LITIGATION, "第25条"),
    Event.DEPOSIT_PAYOUT: Transition((State.TERMINATED,), State.PAYOUT, "第26条；旅行社条例第15条"),
    Event.SUSPECT_VIOLATION: Transition((*OPEN, *CLOSED), None, "第4条"),
    Event.ARCHIVE: Transition(CLOSED, State.ARCHIVED, "第29条"),
    Event.REOPEN: Transition(
        (State.REFUSED, State.TRANSFERRED, State.WITHDRAWN),
        State.RECEIVED,
        "第9条第2项（有新情况、新理由）",
        ("complaints:supervise",),
    ),
}


def allowed_events(state: State, scopes: frozenset[str] | None = None) -> list[str]:
    """The events possible in `state`, in the order of the procedure; with `scopes` only the caller's."""
    return [
        event.value
        for event, rule in EVENTS.items()
        if state in rule.sources and (scopes is None or not scopes.isdisjoint(rule.scopes))
    ]


def tourist_events(state: State) -> list[str]:
    """The events open to whoever holds a complaint's secret code."""
    return [event for event in allowed_events(state) if event in {Event.SUPPLEMENT, Event.WITHDRAW}]


def next_state(event: Event, state: State, before_suspension: State | None) -> State:
    """The state after `event`, which must be allowed in `state`."""
    if event is Event.APPRAISAL_DONE:
        return before_suspension or State.INVESTIGATING
    return EVENTS[event].to or state
