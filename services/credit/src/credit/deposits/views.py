"""Deposits as they cross the API."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from .models import (
    DepositCertificate,
    DepositDemand,
    DepositEntry,
    LiabilityFinding,
    LiabilityPolicy,
    RiskClassRecord,
)
from .policy import DepositOverlay, DepositPolicy
from .rules import Clock, DueDay, EntryKind, Penalty, Required, Secured, Step
from .schemas import (
    CertificateView,
    ClockView,
    DeferredView,
    DemandView,
    DepositView,
    EntryView,
    FindingView,
    InstrumentView,
    LiabilityPolicyView,
    PenaltyView,
    PolicyView,
    RiskClassView,
    StepView,
)

__all__ = [
    "certificate_view",
    "demand_view",
    "deposit_view",
    "entry_views",
    "finding_view",
    "policy_view",
    "risk_class_view",
]


def deposit_view(
    *,
    subject_id: UUID,
    on: date,
    today: date,
    policy: DepositPolicy,
    wanted: Required,
    held: Secured,
    deferred: Sequence[tuple[int, DepositOverlay]],
    first: DueDay | None,
    demands: Sequence[DepositDemand],
    halved_by: UUID | None,
    clock: Clock,
    penalties: Sequence[Penalty],
    pilot: bool,
    language: str,
) -> DepositView:
    """The whole reckoning. Of what is missing, what was given back under a deferral is not due yet."""
    shortfall = max(0, wanted.fen - held.fen)
    return DepositView(
        subject_id=subject_id,
        on=on,
        required_fen=wanted.fen,
        full_fen=wanted.full_fen,
        steps=[_step(step, language) for step in wanted.steps],
        secured_fen=held.fen,
        instruments=[
            InstrumentView(
                entry_id=one.entry_id,
                form=one.form,
                balance_fen=one.balance_fen,
                secures_fen=one.secures_fen,
                state=one.state,
                expires_on=one.expires_on,
            )
            for one in held.instruments
        ],
        shortfall_fen=shortfall,
        deferred=[
            DeferredView(
                amount_fen=fen, until=overlay.until, overlay=overlay.id, legal_basis=overlay.legal_basis
            )
            for fen, overlay in deferred
            if overlay.until is not None
        ],
        due_shortfall_fen=max(0, shortfall - sum(fen for fen, _ in deferred)),
        first_payment_due_on=first.due_on if first else None,
        first_payment_steps=[_step(step, language) for step in first.steps] if first else [],
        demands=[demand_view(row, on if on < today else today, language) for row in demands],
        halved_by=halved_by,
        halving=ClockView(since=clock.since, because=clock.because, eligible_on=clock.eligible_on),
        penalties=[
            PenaltyView(
                fact_id=one.fact_id,
                code=one.code,
                occurred_on=one.occurred_on,
                harm=one.harm,
                counts=one.counts,
            )
            for one in penalties
        ],
        insurance_allowed=pilot,
        policy=PolicyView(
            id=policy.id,
            version=policy.version,
            hash=policy.hash,
            status=policy.status,
            readings=policy.readings,
        ),
    )


def entry_views(rows: Sequence[DepositEntry]) -> list[EntryView]:
    """The history, with what was taken back marked."""
    voided = {row.refers_to for row in rows if row.kind == EntryKind.VOID}
    return [
        EntryView.model_validate(
            row.model_dump(exclude={"subject_id", "recorded_by"}) | {"voided": row.id in voided}
        )
        for row in rows
    ]


def demand_view(row: DepositDemand, on: date, language: str) -> DemandView:
    """A demand with its state on a day."""
    if row.withdrawn_at is not None:
        state = "withdrawn"
    elif row.met_on is not None and row.met_on <= on:
        state = "met"
    else:
        state = "overdue" if row.due_on < on else "open"
    return DemandView.model_validate(
        {name: getattr(row, name) for name in DemandView.model_fields if name != "state"}
        | {"state": state, "due_steps": [_step(Step.of(step), language) for step in row.due_steps]}
    )


def certificate_view(row: DepositCertificate, in_force: UUID | None) -> CertificateView:
    """A certificate, and whether it lowers the deposit now."""
    return CertificateView(
        id=row.id,
        document_no=row.document_no,
        authority=row.authority,
        effective_on=row.effective_on,
        in_force=row.id == in_force,
        recorded_at=row.recorded_at,
    )


def policy_view(row: LiabilityPolicy, on: date) -> LiabilityPolicyView:
    """A liability policy, and whether it covers a day."""
    first, last = row.cover
    return LiabilityPolicyView.model_validate(
        {name: getattr(row, name) for name in LiabilityPolicyView.model_fields if name != "covers"}
        | {"covers": first <= on <= last}
    )


def finding_view(row: LiabilityFinding) -> FindingView:
    """A finding as recorded."""
    return FindingView.model_validate({name: getattr(row, name) for name in FindingView.model_fields})


def risk_class_view(row: RiskClassRecord) -> RiskClassView:
    """A class as recorded."""
    return RiskClassView.model_validate({name: getattr(row, name) for name in RiskClassView.model_fields})


def _step(step: Step, language: str) -> StepView:
    return StepView(
        code=step.code,
        amount_fen=step.amount_fen,
        reason=step.reason.render(language),
        legal_basis=list(step.legal_basis),
        status=step.status,
    )
