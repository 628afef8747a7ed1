"""Routes of deposits, liability insurance and risk classes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.clock import china_date
from common.pagination import Page
from common.policies import PolicyNotInForce
from common.problems import declare
from common.web import CursorParam, LanguageDep, LimitParam, ServiceRouter
from fastapi import Query

from credit.rulebook.dependencies import EnvironmentDep
from credit.subjects.errors import SubjectNotFound

from .dependencies import CoverServiceDep, DepositServiceDep, Reader, RiskClassServiceDep, Writer
from .errors import DemandNotFound, DepositRefused, FindingNotFound, NoDeposit, PolicyRecordNotFound
from .schemas import (
    CertificateIn,
    CertificateView,
    DemandIn,
    DemandView,
    DepositView,
    EntryIn,
    EntryView,
    FindingIn,
    FindingView,
    LiabilityPolicyIn,
    LiabilityPolicyView,
    PolicyEndIn,
    RiskClassIn,
    RiskClassView,
    WithdrawalIn,
)
from .views import (
    certificate_view,
    demand_view,
    entry_views,
    finding_view,
    policy_view,
    risk_class_view,
)

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/subjects/{subject_id}", tags=["deposits"])


@router.get(
    "/deposit",
    responses=declare(SubjectNotFound, NoDeposit, PolicyNotInForce),
    summary="What an agency has to deposit, what secures it, what is missing, and every step",
)
async def get_deposit(
    subject_id: UUID,
    actor: Reader,
    deposits: DepositServiceDep,
    language: LanguageDep,
    on: Annotated[date | None, Query(description="a Chinese day; by default today")] = None,
) -> DepositView:
    return await deposits.get(actor, subject_id, on, language)


@router.post(
    "/deposit/entries",
    status_code=201,
    responses=declare(SubjectNotFound, NoDeposit, DepositRefused),
    summary="Add a line to the deposit's history: payment, top-up, use, refund, confirmation",
)
async def record_entry(
    subject_id: UUID, body: EntryIn, actor: Writer, deposits: DepositServiceDep
) -> EntryView:
    return entry_views([await deposits.record(actor, subject_id, body)])[0]


@router.get("/deposit/entries", responses=declare(SubjectNotFound), summary="The whole history, oldest first")
async def list_entries(subject_id: UUID, actor: Reader, deposits: DepositServiceDep) -> Page[EntryView]:
    return Page(items=entry_views(await deposits.entries(actor, subject_id)), next_cursor=None)


@router.post(
    "/deposit/demands",
    status_code=201,
    responses=declare(SubjectNotFound, NoDeposit, DepositRefused, PolicyNotInForce),
    summary="Record that a top-up was demanded; the clock runs from the notice",
)
async def record_demand(
    subject_id: UUID,
    body: DemandIn,
    actor: Writer,
    deposits: DepositServiceDep,
    env: EnvironmentDep,
    language: LanguageDep,
) -> DemandView:
    demand = await deposits.demand(actor, subject_id, body)
    return demand_view(demand, china_date(env.clock.now()), language)


@router.get(
    "/deposit/demands", responses=declare(SubjectNotFound), summary="Demands to an agency, oldest first"
)
async def list_demands(
    subject_id: UUID, actor: Reader, deposits: DepositServiceDep, env: EnvironmentDep, language: LanguageDep
) -> Page[DemandView]:
    today = china_date(env.clock.now())
    rows = await deposits.demands(actor, subject_id)
    return Page(items=[demand_view(row, today, language) for row in rows], next_cursor=None)


@router.post(
    "/deposit/demands/{demand_id}/withdrawal",
    responses=declare(SubjectNotFound, NoDeposit, DemandNotFound, DepositRefused),
    summary="Take back a demand that was wrong",
)
async def withdraw_demand(
    subject_id: UUID,
    demand_id: UUID,
    body: WithdrawalIn,
    actor: Writer,
    deposits: DepositServiceDep,
    env: EnvironmentDep,
    language: LanguageDep,
) -> DemandView:
    demand = await deposits.withdraw(actor, subject_id, demand_id, body)
    return demand_view(demand, china_date(env.clock.now()), language)


@router.post(
    "/deposit/certificates",
    status_code=201,
    responses=declare(SubjectNotFound, NoDeposit, DepositRefused, PolicyNotInForce),
    summary="Record the authority's certificate that the deposit is lowered",
)
async def record_certificate(
    subject_id: UUID, body: CertificateIn, actor: Writer, deposits: DepositServiceDep
) -> CertificateView:
    certificate = await deposits.certify(actor, subject_id, body)
    _, in_force = await deposits.certificates(actor, subject_id)
    return certificate_view(certificate, in_force)


@router.get(
    "/deposit/certificates",
    responses=declare(SubjectNotFound),
    summary="Certificates that lowered the deposit, oldest first",
)
async def list_certificates(
    subject_id: UUID, actor: Reader, deposits: DepositServiceDep
) -> Page[CertificateView]:
    rows, in_force = await deposits.certificates(actor, subject_id)
    return Page(items=[certificate_view(row, in_force) for row in rows], next_cursor=None)


@router.post(
    "/liability-policies",
    status_code=201,
    responses=declare(SubjectNotFound, NoDeposit, DepositRefused),
    summary="Record a liability insurance policy",
)
async def record_policy(
    subject_id: UUID, body: LiabilityPolicyIn, actor: Writer, cover: CoverServiceDep, env: EnvironmentDep
) -> LiabilityPolicyView:
    return policy_view(await cover.record(actor, subject_id, body), china_date(env.clock.now()))


@router.get(
    "/liability-policies",
    responses=declare(SubjectNotFound),
    summary="Liability insurance policies, oldest first",
)
async def list_policies(
    subject_id: UUID, actor: Reader, cover: CoverServiceDep, env: EnvironmentDep
) -> Page[LiabilityPolicyView]:
    today = china_date(env.clock.now())
    rows = await cover.list_of(actor, subject_id)
    return Page(items=[policy_view(row, today) for row in rows], next_cursor=None)


@router.post(
    "/liability-policies/{policy_id}/end",
    responses=declare(SubjectNotFound, NoDeposit, PolicyRecordNotFound, DepositRefused),
    summary="Say that a policy ended early",
)
async def end_policy(
    subject_id: UUID,
    policy_id: UUID,
    body: PolicyEndIn,
    actor: Writer,
    cover: CoverServiceDep,
    env: EnvironmentDep,
) -> LiabilityPolicyView:
    return policy_view(await cover.end(actor, subject_id, policy_id, body), china_date(env.clock.now()))


@router.post(
    "/liability-findings",
    status_code=201,
    responses=declare(SubjectNotFound, NoDeposit, DepositRefused, PolicyNotInForce),
    summary="Record that an agency, asked for it, showed no liability insurance",
)
async def record_finding(
    subject_id: UUID, body: FindingIn, actor: Writer, cover: CoverServiceDep
) -> FindingView:
    return finding_view(await cover.find_none(actor, subject_id, body))


@router.get(
    "/liability-findings",
    responses=declare(SubjectNotFound),
    summary="Findings that an agency showed no liability insurance, oldest first",
)
async def list_findings(subject_id: UUID, actor: Reader, cover: CoverServiceDep) -> Page[FindingView]:
    rows = await cover.findings(actor, subject_id)
    return Page(items=[finding_view(row) for row in rows], next_cursor=None)


@router.post(
    "/liability-findings/{finding_id}/withdrawal",
    responses=declare(SubjectNotFound, NoDeposit, FindingNotFound, DepositRefused),
    summary="Take back a finding that was wrong",
)
async def withdraw_finding(
    subject_id: UUID, finding_id: UUID, body: WithdrawalIn, actor: Writer, cover: CoverServiceDep
) -> FindingView:
    return finding_view(await cover.withdraw(actor, subject_id, finding_id, body))


@router.post(
    "/risk-classes",
    status_code=201,
    responses=declare(SubjectNotFound),
    summary="Record the market regulator's risk class; it is no credit grade",
)
async def record_risk_class(
    subject_id: UUID, body: RiskClassIn, actor: Writer, risk: RiskClassServiceDep
) -> RiskClassView:
    return risk_class_view(await risk.record(actor, subject_id, body))


@router.get(
    "/risk-classes",
    responses=declare(SubjectNotFound),
    summary="Risk classes of a subject, newest first; internal to authorities",
)
async def list_risk_classes(
    subject_id: UUID,
    actor: Reader,
    risk: RiskClassServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[RiskClassView]:
    return await risk.list_of(actor, subject_id, cursor, limit)
