"""Routes of special campaigns."""

from uuid import UUID

from common.pagination import Page
from common.problems import SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Response

from .dependencies import CampaignServiceDep, Reader, Runner, Second
from .errors import CampaignConflict, CampaignNotFound
from .rules import CampaignState
from .schemas import CampaignBrief, CampaignIn, CampaignReport, CampaignView, CloseIn, ProgressIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/campaigns", tags=["campaigns"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("", status_code=201, responses=declare(CampaignNotFound), summary="Draft a special campaign")
async def draft_campaign(body: CampaignIn, actor: Runner, campaigns: CampaignServiceDep) -> CampaignView:
    return await campaigns.draft(actor, body)


@router.get("", summary="Special campaigns, the newest first")
async def list_campaigns(
    actor: Reader,
    campaigns: CampaignServiceDep,
    state: CampaignState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[CampaignBrief]:
    return await campaigns.search(actor, state, cursor, limit)


@router.get("/{campaign_id}", responses=declare(CampaignNotFound), summary="A campaign with its progress")
async def get_campaign(campaign_id: UUID, actor: Reader, campaigns: CampaignServiceDep) -> CampaignView:
    return await campaigns.get(actor, campaign_id)


@router.post(
    "/{campaign_id}/start",
    responses=declare(CampaignNotFound, CampaignConflict, SecondPersonNeeded),
    summary="Start a campaign; by another person than its drafter",
)
async def start_campaign(campaign_id: UUID, actor: Second, campaigns: CampaignServiceDep) -> CampaignView:
    return await campaigns.start(actor, campaign_id)


@router.post(
    "/{campaign_id}/withdrawal",
    responses=declare(CampaignNotFound, CampaignConflict),
    summary="Give up a draft that is not started",
)
async def withdraw_campaign(campaign_id: UUID, actor: Runner, campaigns: CampaignServiceDep) -> CampaignView:
    return await campaigns.withdraw(actor, campaign_id)


@router.post(
    "/{campaign_id}/progress",
    responses=declare(CampaignNotFound, CampaignConflict),
    summary="Report how far a task has come",
)
async def report_progress(
    campaign_id: UUID, body: ProgressIn, actor: Runner, campaigns: CampaignServiceDep
) -> CampaignView:
    return await campaigns.report_progress(actor, campaign_id, body)


@router.post(
    "/{campaign_id}/close",
    responses=declare(CampaignNotFound, CampaignConflict),
    summary="Close a campaign with its final report",
)
async def close_campaign(
    campaign_id: UUID, body: CloseIn, actor: Runner, campaigns: CampaignServiceDep
) -> CampaignView:
    return await campaigns.close(actor, campaign_id, body.summary)


@router.get(
    "/{campaign_id}/report",
    responses=declare(CampaignNotFound),
    summary="The figures: final once closed, else as of today",
)
async def get_report(campaign_id: UUID, actor: Reader, campaigns: CampaignServiceDep) -> CampaignReport:
    return await campaigns.report(actor, campaign_id)


@router.get(
    "/{campaign_id}/report.xlsx",
    responses=declare(CampaignNotFound) | {200: {"content": {XLSX: {}}, "description": "A workbook"}},
    response_class=Response,
    summary="The report as a workbook",
)
async def get_report_sheet(campaign_id: UUID, actor: Reader, campaigns: CampaignServiceDep) -> Response:
    name, content = await campaigns.sheet(actor, campaign_id)
    return Response(
        content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
