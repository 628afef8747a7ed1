"""What of a case is shown to whom."""

from collections.abc import Collection, Sequence
from typing import cast

from common.auth import Principal
from common.crypto import mask_id_officer, mask_name, mask_phone, mask_text

from complaints.cases.clocks import Deadline
from complaints.cases.models import Case, CaseEvent
from complaints.cases.rules import PUBLIC_STATES, Event, State, allowed_events, tourist_events
from complaints.cases.safe import CaseSafe
from complaints.cases.schemas import (
    CaseView,
    Complainant,
    Contract,
    ContractCheck,
    DeadlineOut,
    PublicCaseView,
    PublicStep,
    QueueItem,
    Respondent,
    TimelineItem,
)
from complaints.cases.sight import is_respondent
from complaints.routing.policy import Department
from complaints.routing.schemas import RoutingOut

__all__ = ["case_view", "deadlines_out", "public_view", "queue_item", "timeline"]

PUBLIC_EVENTS = frozenset(
    {"submit", "ask_supplement", "supplement", "accept", "refuse", "transfer", "serve", "reply", "mediate"}
    | {"agree", "terminate", "self_settle", "withdraw", "start_appraisal", "appraisal_done", "reopen"}
)


def _civil_part(case: Case, reader: Principal, reported: Collection[str]) -> tuple[str, list[str]]:
    """Kind and categories as this reader may know them: the respondent never learns that a report exists."""
    if case.kind != "both" or not is_respondent(reader):
        return case.kind, case.categories
    return "complaint", [code for code in case.categories if code not in reported]


def queue_item(case: Case, reader: Principal, reported: Collection[str]) -> QueueItem:
    """One line of the queue. `reported` are the categories that belong to reports alone."""
    kind, categories = _civil_part(case, reader, reported)
    return QueueItem(
        id=case.id,
        number=case.number,
        state=case.state,
        kind=kind,
        urgency=case.urgency,
        categories=categories,
        department=case.department,
        region=case.region,
        level=case.level,
        received_on=case.received_on,
        next_due_on=case.next_due_on,
        next_due_event=case.next_due_event,
        needs_human=bool(case.routing.get("needs_human")),
    )


def case_view(case: Case, safe: CaseSafe, reader: Principal, reported: Collection[str]) -> CaseView:
    """The whole case. The officer sees masked contact data, the respondent none, and no routing notes.

    The respondent learns the complainant's name, because a civil dispute cannot be answered otherwise. Where
    the text also reported a violation, the respondent gets neither it nor the wish in the tourist's words,
    because they may tell the report's part, and no category of a report.
    """
    as_respondent = is_respondent(reader)
    withheld = as_respondent and case.kind == "both"
    kind, categories = _civil_part(case, reader, reported)
    name = safe.open(case, "name") or ""
    phone = safe.open(case, "phone") or ""
    id_number = safe.open(case, "id_number")
    text = safe.open(case, "text") or ""
    wish = safe.open(case, "wish")
    complainant = (
        Complainant(name=name, phone=None, id_number=None)
        if as_respondent
        else Complainant(
            name=mask_name(name),
            phone=mask_phone(phone),
            id_number=mask_id_officer(id_number) if id_number else None,
        )
    )
    return CaseView(
        id=case.id,
        number=case.number,
        version=case.version,
        state=case.state,
        kind=kind,
        urgency=case.urgency,
        level=case.level,
        categories=categories,
        department=case.department,
        jurisdiction=case.jurisdiction,
        region=case.region,
        rule_set=case.rule_set,
        channel=case.channel,
        received_at=case.received_at,
        received_on=case.received_on,
        accepted_on=case.accepted_on,
        served_on=case.served_on,
        closed_on=case.closed_on,
        complainant=complainant,
        respondent=Respondent(
            type=case.respondent_type,
            name=safe.open(case, "respondent_name"),
            key=case.respondent_key,
            subject_id=case.respondent_subject_id,
        ),
        contract=Contract(
            number=case.contract_no,
            check=cast(ContractCheck, case.contract_check),
            end_on=case.contract_end_on,
        ),
        claim_amount_fen=case.claim_amount_fen,
        wish=None if withheld else mask_text(wish) if as_respondent and wish else wish,
        text=None if withheld else mask_text(text) if as_respondent else text,
        outcome_amount_fen=case.outcome_amount_fen,
        routing=None if as_respondent else RoutingOut.model_validate(case.routing),
        next_due_on=case.next_due_on,
        next_due_event=case.next_due_event,
        allowed_events=allowed_events(State(case.state), reader.scopes),
    )


def timeline(events: Sequence[CaseEvent], safe: CaseSafe, reader: Principal) -> list[TimelineItem]:
    """The history; to the respondent only its own notes, and no word of a suspected violation."""
    shown = []
    for event in events:
        if is_respondent(reader) and event.event == Event.SUSPECT_VIOLATION:
            continue
        may_read = not is_respondent(reader) or event.actor_kind in {"agency", "guide"}
        shown.append(
            TimelineItem(
                seq=event.seq,
                event=event.event,
                from_state=event.from_state,
                to_state=event.to_state,
                on_day=event.on_day,
                at=event.at,
                actor_kind=event.actor_kind,
                data=event.data,
                note=safe.open_token(event.case_id, "event", event.note_cipher) if may_read else None,
            )
        )
    return shown


def deadlines_out(found: Sequence[Deadline]) -> list[DeadlineOut]:
    """Deadlines as the API shows them."""
    return [DeadlineOut.model_validate(deadline, from_attributes=True) for deadline in found]


def public_view(
    case: Case, events: Sequence[CaseEvent], found: Sequence[Deadline], departments: Sequence[Department]
) -> PublicCaseView:
    """What the holder of the code sees."""
    state = State(case.state)
    body = next((item for item in departments if item.code == case.department), None)
    refusal = next((event.data.get("ground") for event in events if event.event == "refuse"), None)
    return PublicCaseView(
        number=case.number,
        state=case.state,
        state_text=PUBLIC_STATES[state],
        categories=case.categories,
        department=case.department,
        department_name=body.name if body else None,
        hotline=body.hotline if body else None,
        received_on=case.received_on,
        deadlines=deadlines_out(found),
        timeline=[
            PublicStep(event=event.event, on_day=event.on_day, state=event.to_state)
            for event in events
            if event.event in PUBLIC_EVENTS
        ],
        refusal=refusal,
        outcome_amount_fen=case.outcome_amount_fen,
        allowed_events=tourist_events(state),
    )
