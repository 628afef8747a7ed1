"""What of an enforcement case is shown to whom."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from common.calendar import DayCount
from common.crypto import Keyring

from .clues import clue_context
from .models import EnforcementCase, EnforcementEvent
from .policy import PenaltyPolicy
from .rules import RESPONDENT_EVENTS, TOLD_EVENTS, Event, Past, State, allowed, deadlines
from .schemas import CaseView, DeadlineView, EventView

__all__ = ["allowed_to", "case_view", "note_context", "past_of", "title_context"]

TERMS: dict[str, Literal["decide_within", "hearing_request", "serve_within", "pay_within"]] = {
    "decide": "decide_within",
    "request_hearing": "hearing_request",
    "serve": "serve_within",
    "pay": "pay_within",
}
AUTHORITY = "authority"
"""How the respondent sees whoever acted for the authority."""


def note_context(event_id: UUID) -> str:
    """What the words of an event are bound to."""
    return f"enforcement.note:{event_id}"


def title_context(event_id: UUID) -> str:
    """What the title of a piece of evidence is bound to; titles name witnesses."""
    return f"enforcement.title:{event_id}"


def past_of(events: Sequence[EnforcementEvent]) -> list[Past]:
    """The history as the rules read it."""
    return [Past(Event(row.event), row.on_day, row.data) for row in events if row.event != "open"]


def allowed_to(state: State, *, officer: bool) -> list[str]:
    """The events that the state takes from an officer, or from the respondent."""
    return [event.value for event in allowed(state) if officer or event in RESPONDENT_EVENTS]


def case_view(
    case: EnforcementCase,
    events: Sequence[EnforcementEvent],
    policy: PenaltyPolicy,
    keyring: Keyring,
    *,
    officer: bool,
    language: str,
) -> CaseView:
    """The case as it crosses the API.

    The respondent sees what it was told: neither the clue, nor where it came from (so not whom it counts as
    harmed either), nor how the authority came to its proposal, nor who acted for it.
    """
    violation = policy.by_code[case.violation_code]
    band = violation.band(case.gradation) or violation.fine
    seen = [event for event in events if officer or event.event in TOLD_EVENTS]
    running = deadlines(policy, past_of(events))
    return CaseView(
        id=case.id,
        number=case.number,
        version=case.version,
        state=case.state,
        region=case.region,
        department=case.department,
        respondent_key=case.respondent_key,
        violation_code=case.violation_code,
        violation=violation.title.en if language == "en" else violation.title.zh,
        article=violation.article,
        occurred_on=case.occurred_on,
        complaint_id=case.complaint_id if officer else None,
        clue_source=case.clue_source if officer else None,
        clue=keyring.decrypt(case.clue_cipher, context=clue_context(case.id)) if officer else None,
        penalty_kind=case.penalty_kind,
        amount_fen=case.amount_fen,
        gradation=case.gradation,
        procedure=case.procedure,
        harmed_tourists=case.harmed_tourists if officer else None,
        band={"low_fen": band.low_fen, "high_fen": band.high_fen},
        decided_on=case.decided_on,
        served_on=case.served_on,
        allowed_events=allowed_to(State(case.state), officer=officer),
        deadlines=[_deadline_view(event, count, policy) for event, count in running.items()],
        history=[_event_view(event, keyring, officer=officer) for event in seen],
    )


def _deadline_view(event: str, count: DayCount, policy: PenaltyPolicy) -> DeadlineView:
    term = policy.procedure[TERMS[event]]
    return DeadlineView(
        event=event,
        due_on=count.due_on,
        unit=count.unit,
        counted_days=list(count.counted_days),
        article=term.article,
        status=term.status,
        provisional=count.provisional,
    )


def _event_view(event: EnforcementEvent, keyring: Keyring, *, officer: bool) -> EventView:
    data = dict(event.data)
    if "title" in data:
        data["title"] = keyring.decrypt(data["title"], context=title_context(event.id))
    by_party = event.event in RESPONDENT_EVENTS and not data.get("on_behalf")
    note = event.note_cipher
    return EventView(
        seq=event.seq,
        event=event.event,
        to_state=event.to_state,
        on=event.on_day,
        at=event.at,
        actor=event.actor if officer or by_party else AUTHORITY,
        data=data,
        note=keyring.decrypt(note, context=note_context(event.id)) if note else None,
    )
