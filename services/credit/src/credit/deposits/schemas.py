"""What crosses the API about deposits, liability policies and risk classes."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from .rules import DemandCause, EntryKind, Form, Harm, InstrumentState, RiskClass

__all__ = [
    "CertificateIn",
    "CertificateView",
    "ClockView",
    "DeferredView",
    "DemandIn",
    "DemandView",
    "DepositView",
    "EntryIn",
    "EntryView",
    "FindingIn",
    "FindingView",
    "InstrumentView",
    "LiabilityPolicyIn",
    "LiabilityPolicyView",
    "PenaltyView",
    "PolicyEndIn",
    "PolicyView",
    "RiskClassIn",
    "RiskClassView",
    "StepView",
    "WithdrawalIn",
]

Fen = Annotated[int, Field(ge=0, lt=2**53)]
Positive = Annotated[int, Field(ge=1, lt=2**53)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), OneLine]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), OneLine]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class EntryIn(Model):
    """A line of the deposit's history.

    `refers_to` names the guarantee or insurance that is used, given back, released, confirmed or replaced, or
    the entry that was wrong; none means the cash. `demand_id` names the demand that a top-up answers,
    `deferral` the overlay under which a deposit is given back for a time.
    """

    kind: EntryKind
    form: Form = Form.CASH
    amount_fen: Fen = 0
    occurred_on: Day
    expires_on: Day | None = None
    institution: Name | None = None
    instrument_no: Number | None = None
    refers_to: UUID | None = None
    demand_id: UUID | None = None
    deferral: Name | None = None
    reason: Reason | None = None


class EntryView(EntryIn):
    """An entry as recorded; `voided` when a later one took it back."""

    id: UUID
    voided: bool
    recorded_at: datetime


class DemandIn(Model):
    """A notice to top the deposit up; `document_no` is the notice's own number."""

    document_no: Number
    authority: Name
    cause: DemandCause
    amount_fen: Positive
    notified_on: Day


class WithdrawalIn(Model):
    """Why a demand or a finding was wrong."""

    reason: Reason


class StepView(Model):
    """One step of a reckoning, with its legal basis and how sure that is."""

    code: str
    amount_fen: int
    reason: str
    legal_basis: list[str]
    status: str


class DemandView(DemandIn):
    """A demand; `state` is open, overdue, met or withdrawn. `provisional`: no holiday notice covers it.

    `due_steps` say by which rules its last day was counted, a region's own among them.
    """

    id: UUID
    due_on: date
    due_steps: list[StepView]
    provisional: bool
    state: str
    met_on: date | None
    recorded_at: datetime


class CertificateIn(Model):
    """The authority's certificate that the deposit is lowered."""

    document_no: Number
    authority: Name
    effective_on: Day


class CertificateView(CertificateIn):
    """A certificate; `in_force` on the day asked for."""

    id: UUID
    in_force: bool
    recorded_at: datetime


class InstrumentView(Model):
    """Cash, a guarantee or an insurance: what is left, what it secures, and why nothing if so."""

    entry_id: UUID | None
    form: Form
    balance_fen: int
    secures_fen: int
    state: InstrumentState
    expires_on: date | None


class ClockView(Model):
    """The clean years: since when and because of what; `eligible_on` the first day a halving may be asked."""

    since: date | None
    because: str
    eligible_on: date | None


class PenaltyView(Model):
    """A fine or worse and whether it ends the clean years: one that says it harmed no tourist does not.

    `harm` *not_stated* counts until the record of the penalty says otherwise.
    """

    fact_id: UUID
    code: str
    occurred_on: date
    harm: Harm
    counts: bool


class DeferredView(Model):
    """What was given back for a time and is not due before that time is over."""

    amount_fen: int
    until: date
    overlay: str
    legal_basis: list[str]


class PolicyView(Model):
    """Which figures the reckoning rests on."""

    id: str
    version: str
    hash: str
    status: str
    readings: dict[str, str]


class DepositView(Model):
    """An agency's deposit on a day, and every step by which it was reckoned.

    `shortfall_fen` is what is missing today; of it `deferred` is not due yet.
    """

    subject_id: UUID
    on: date
    required_fen: int
    full_fen: int
    steps: list[StepView]
    secured_fen: int
    instruments: list[InstrumentView]
    shortfall_fen: int
    deferred: list[DeferredView]
    due_shortfall_fen: int
    first_payment_due_on: date | None
    first_payment_steps: list[StepView]
    demands: list[DemandView]
    halved_by: UUID | None
    halving: ClockView
    penalties: list[PenaltyView]
    insurance_allowed: bool
    policy: PolicyView


class LiabilityPolicyIn(Model):
    """A liability insurance policy; both days inside."""

    insurer: Name
    policy_no: Number
    cover_fen: Positive
    valid_from: Day
    valid_to: Day


class PolicyEndIn(Model):
    """The last day on which a policy covers, earlier than it says, and why."""

    on: Day
    reason: Reason


class LiabilityPolicyView(LiabilityPolicyIn):
    """A policy; `covers` on the day asked for."""

    id: UUID
    ended_on: date | None
    end_reason: str | None
    covers: bool
    recorded_at: datetime


class FindingIn(Model):
    """That an agency, asked on a day, showed no liability insurance; the notice of it has a number."""

    document_no: Number
    authority: Name
    found_on: Day


class FindingView(FindingIn):
    """A finding; where no policy covers the day after `due_on`, cover counts as missing from that day."""

    id: UUID
    due_on: date
    provisional: bool
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    recorded_at: datetime


class RiskClassIn(Model):
    """The market regulator's class of a subject from a day on. It is no credit grade and never public."""

    risk_class: RiskClass
    assessed_on: Day
    authority: Name
    reference: Number | None = None


class RiskClassView(RiskClassIn):
    """A class as recorded."""

    id: UUID
    recorded_at: datetime
