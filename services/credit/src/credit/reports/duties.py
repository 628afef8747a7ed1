"""What departments owed by which day, from the steps that were taken by a moment. Pure.

Every duty is told by the steps on record, never by what a row says today: the same moment gives the same
answer for ever. More time that was given after a day had passed moves nothing: what is late stays late.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from common.calendar import add_working_days

from credit.hazards.rules import DueStep, term_of
from credit.honours.policy import HonourPolicy
from credit.honours.rules import Act
from credit.listings.clocks import deadlines_of as listing_deadlines
from credit.listings.policy import ListForm, RepairClock
from credit.listings.rules import Event as ListingStep
from credit.listings.rules import Steps as ListingSteps
from credit.objections.policy import ObjectionPolicy
from credit.objections.rules import Event as ObjectionStep
from credit.objections.rules import appraisal_pauses, decide_due
from credit.repairs.rules import ENDED
from credit.repairs.rules import Event as RepairStep
from credit.repairs.rules import Steps as RepairSteps
from credit.repairs.rules import deadlines_of as repair_deadlines

from .rules import Duty, Measure

__all__ = [
    "Done",
    "of_hazard",
    "of_honour",
    "of_listing",
    "of_objection",
    "of_repair",
    "of_warning",
]

_LISTING = {"reply": Duty.LISTING_REPLIED, "decide": Duty.LISTING_DECIDED}
_REPAIR = {
    "accept": Duty.REPAIR_ACCEPTED,
    "verify": Duty.REPAIR_VERIFIED,
    "decide": Duty.REPAIR_DECIDED,
}
_REVOCATION_ENDS = (Act.REVOKE, Act.KEEP, Act.EXPIRE)


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was taken, the day it counts for, and the state it led to where that matters."""

    step: str
    on: date
    state: str = ""


def of_listing(region: str, form: ListForm, steps: Sequence[Done], last: date) -> Iterator[Measure]:
    """To answer a statement and to decide, counted as the procedure counts; a dismissal ends both."""
    dismissed = _first(steps, ListingStep.DISMISS)
    stated = _first(steps, ListingStep.STATEMENT)
    reached = ListingSteps(
        _first(steps, ListingStep.NOTIFY),
        stated,
        _first(steps, ListingStep.REPLY) or (dismissed if stated else None),
        _first(steps, ListingStep.DECIDE) or dismissed,
    )
    for one in listing_deadlines(form, reached, last):
        if one.event in _LISTING:
            yield Measure(_LISTING[one.event], region, one.due_on, one.met_on)


def of_repair(region: str, pack: RepairClock, steps: Sequence[Done], last: date) -> Iterator[Measure]:
    """To accept, to verify and to decide; whatever ends an application ends what was still open."""
    ended = next((one.on for one in steps if one.state in ENDED), None)
    applied = _first(steps, RepairStep.APPLY)
    if applied is None:
        return
    accepted, verified = _first(steps, RepairStep.ACCEPT), _first(steps, RepairStep.VERIFY)
    reached = RepairSteps(
        applied_on=applied,
        accepted_on=accepted,
        verified_on=verified or (ended if accepted else None),
        decided_on=ended if verified else None,
        ended_on=None if accepted else ended,
    )
    for one in repair_deadlines(pack, reached, last):
        if one.event in _REPAIR and (one.event != "decide" or verified is not None):
            yield Measure(_REPAIR[one.event], region, one.due_on, one.met_on)


def of_objection(
    region: str, policy: ObjectionPolicy, filed_on: date, steps: Sequence[Done], last: date
) -> Iterator[Measure]:
    """To flag (accept or refuse), to decide, and, where it was sustained, to put right everywhere and close.

    Handing on and extending count only while the day before them has not passed. What was withdrawn is owed
    no more; what was refused needs no decision.
    """
    flagged = _first(steps, ObjectionStep.ACCEPT, ObjectionStep.REFUSE)
    withdrawn = _first(steps, ObjectionStep.WITHDRAW)
    if flagged is not None or withdrawn is None:
        due = add_working_days(filed_on, policy.flag.working_days).due_on
        yield Measure(Duty.OBJECTION_FLAGGED, region, due, flagged)
    if withdrawn is None and _first(steps, ObjectionStep.REFUSE) is None:
        due = _decision_due(policy, filed_on, steps, last)
        decided = _first(steps, ObjectionStep.SUSTAIN, ObjectionStep.DISMISS)
        yield Measure(Duty.OBJECTION_DECIDED, region, due, decided)
    sustained = _first(steps, ObjectionStep.SUSTAIN)
    if sustained is not None:
        due = add_working_days(sustained, policy.remedy.working_days).due_on
        yield Measure(Duty.OBJECTION_REMEDIED, region, due, _first(steps, ObjectionStep.CLOSE))


def of_honour(
    region: str, policy: HonourPolicy, applied_on: date, steps: Sequence[Done]
) -> Iterator[Measure]:
    """To review an application and to decide on it; to decide once a revocation was announced.

    A decision is due from the first review, and from the statement or the end of the period for it. What was
    withdrawn or ran out is owed no more.
    """
    reviewed = _first(steps, Act.REVIEW)
    withdrawn = _first(steps, Act.WITHDRAW)
    days = policy.decide_within_working_days
    if reviewed is not None or withdrawn is None:
        due = add_working_days(applied_on, policy.review_within_working_days).due_on
        yield Measure(Duty.HONOUR_REVIEWED, region, due, reviewed)
    if reviewed is not None and withdrawn is None:
        due = add_working_days(reviewed, days).due_on
        yield Measure(Duty.HONOUR_DECIDED, region, due, _first(steps, Act.GRANT, Act.REFUSE))
    for position, one in enumerate(steps):
        if one.step != Act.NOTIFY:
            continue
        ended = next((later for later in steps[position:] if later.step in _REVOCATION_ENDS), None)
        if ended is not None and ended.step == Act.EXPIRE:
            continue
        until = len(steps) if ended is None else steps.index(ended, position)
        heard = add_working_days(one.on, policy.statement_within_working_days).due_on
        stated = _first(steps[position:until], Act.STATE)
        due = add_working_days(stated or heard, days).due_on
        yield Measure(Duty.HONOUR_REVOCATION_DECIDED, region, due, ended.on if ended else None)


def of_hazard(region: str, steps: Iterable[DueStep]) -> Iterator[Measure]:
    """To see a hazard put right, or handed over, by the last day that was set in time."""
    term = term_of(steps)
    if term is not None:
        yield Measure(Duty.HAZARD_CLOSED, region, *term)


def of_warning(
    region: str, by: date, acknowledged: date | None, until: date, resolved: date | None
) -> Iterator[Measure]:
    """To acknowledge and to resolve; one that was resolved at once was acknowledged with it."""
    yield Measure(Duty.WARNING_ACKNOWLEDGED, region, by, acknowledged or resolved)
    yield Measure(Duty.WARNING_RESOLVED, region, until, resolved)


def _decision_due(policy: ObjectionPolicy, filed_on: date, steps: Iterable[Done], last: date) -> date:
    forwarded = extended = False
    spans: list[tuple[date, date | None]] = []

    def due(today: date) -> date:
        pauses = appraisal_pauses(spans, today) if policy.decide.appraisal_excluded else []
        return decide_due(policy, filed_on, forwarded=forwarded, extended=extended, pauses=pauses).due_on

    for one in steps:
        if one.step == ObjectionStep.END_APPRAISAL and spans:
            spans[-1] = (spans[-1][0], one.on)
        if one.on > due(one.on):
            continue
        forwarded = forwarded or one.step == ObjectionStep.FORWARD
        extended = extended or one.step == ObjectionStep.EXTEND
        if one.step == ObjectionStep.START_APPRAISAL:
            spans.append((one.on, None))
    return due(last)


def _first(steps: Iterable[Done], *wanted: str) -> date | None:
    return next((one.on for one in steps if one.step in wanted), None)
