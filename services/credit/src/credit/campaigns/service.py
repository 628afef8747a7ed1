"""Use cases of special campaigns: draft, start, report progress, close with a final report."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.hazards.repository import HazardRepository
from credit.hazards.rules import HazardState
from credit.inspections.repository import InspectionRepository
from credit.inspections.rules import InspectionState
from credit.paging import cursor_id
from credit.plans.repository import NumberRepository
from credit.talks.repository import TalkRepository
from credit.talks.rules import TalkState

from .errors import CampaignConflict, CampaignNotFound
from .models import Campaign, CampaignEntry
from .repository import CampaignRepository
from .rules import CampaignState, acts_allowed
from .schemas import (
    CampaignBrief,
    CampaignIn,
    CampaignReport,
    CampaignView,
    EntryView,
    ProgressIn,
    TargetIn,
    TargetReport,
    TaskReport,
)
from .sheets import report_sheet

__all__ = ["CampaignService"]

_DONE = frozenset({InspectionState.FINISHED, InspectionState.DECIDED, InspectionState.PUBLISHED})


class CampaignService:
    """专项行动. Figures are counted from inspections, hazards, talks and visits, not typed in."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._campaigns = CampaignRepository(session)
        self._numbers = NumberRepository(session)
        self._inspections = InspectionRepository(session)
        self._hazards = HazardRepository(session)
        self._talks = TalkRepository(session)

    async def draft(self, actor: Principal, wanted: CampaignIn) -> CampaignView:
        """Draft a campaign.

        Raises:
            CampaignNotFound: the region is not the caller's.
            InvalidPayload: it would end before it starts, or a task is due outside it.
        """
        if (
            actor.subject_id is not None
            or not regions.exists(wanted.region)
            or not actor.covers(wanted.region)
        ):
            raise CampaignNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        if wanted.ends_on < wanted.starts_on:
            raise InvalidPayload.at("/ends_on", Text("不得早于开始日", "Must not lie before the start"))
        for place, task in enumerate(wanted.tasks):
            if not wanted.starts_on <= task.due_on <= wanted.ends_on:
                raise InvalidPayload.at(
                    f"/tasks/{place}/due_on", Text("须在行动期间内", "Must lie within the campaign")
                )
        now = self._env.clock.now()
        year = china_date(now).year
        campaign = Campaign(
            id=new_id(),
            number=f"CAMP-{year}-{await self._numbers.next('campaign', year):04d}",
            name=wanted.name,
            aim=wanted.aim,
            region=wanted.region,
            kinds=sorted(set(wanted.kinds)),
            starts_on=wanted.starts_on,
            ends_on=wanted.ends_on,
            targets=[one.model_dump(mode="json") for one in wanted.targets],
            tasks=[one.model_dump(mode="json") for one in wanted.tasks],
            state=CampaignState.DRAFT,
            created_by=actor.sub,
            created_at=now,
        )
        self._campaigns.add(campaign)
        await self._session.flush()
        return await self._view(campaign)

    async def start(self, actor: Principal, campaign_id: UUID) -> CampaignView:
        """Start a campaign; another person than the drafter does it.

        Raises:
            CampaignNotFound, CampaignConflict: not the caller's, or started.
            SecondPersonNeeded: the caller drafted it.
        """
        campaign = await self._locked(actor, campaign_id, "start")
        if actor.sub == campaign.created_by:
            raise SecondPersonNeeded
        campaign.state, campaign.started_by = CampaignState.ACTIVE, actor.sub
        campaign.version += 1
        await self._session.flush()
        return await self._view(campaign)

    async def withdraw(self, actor: Principal, campaign_id: UUID) -> CampaignView:
        """Give a draft up, such as one with a wrong region. Raises CampaignNotFound, CampaignConflict."""
        campaign = await self._locked(actor, campaign_id, "withdraw")
        campaign.state, campaign.closed_by = CampaignState.WITHDRAWN, actor.sub
        campaign.closed_at = self._env.clock.now()
        campaign.version += 1
        await self._session.flush()
        return await self._view(campaign)

    async def report_progress(self, actor: Principal, campaign_id: UUID, wanted: ProgressIn) -> CampaignView:
        """Report how far a task has come.

        Raises:
            CampaignNotFound, CampaignConflict: not the caller's, or not under way.
            InvalidPayload: no such task.
        """
        campaign = await self._locked(actor, campaign_id, "progress")
        if wanted.task_no > len(campaign.tasks):
            raise InvalidPayload.at("/task_no", Text("没有该任务", "There is no such task"))
        campaign.version += 1
        self._campaigns.add(
            CampaignEntry(
                campaign_id=campaign.id,
                version=campaign.version,
                task_no=wanted.task_no,
                done=wanted.done,
                finished=wanted.finished,
                note=wanted.note,
                noted_by=actor.sub,
                noted_at=self._env.clock.now(),
            )
        )
        await self._session.flush()
        return await self._view(campaign)

    async def close(self, actor: Principal, campaign_id: UUID, summary: str) -> CampaignView:
        """Close a campaign with its final report. Raises CampaignNotFound, CampaignConflict."""
        campaign = await self._locked(actor, campaign_id, "close")
        report = await self._report(campaign, summary)
        campaign.report = report.model_dump(mode="json")
        campaign.state, campaign.closed_by = CampaignState.CLOSED, actor.sub
        campaign.closed_at = self._env.clock.now()
        campaign.version += 1
        await self._session.flush()
        return await self._view(campaign)

    async def report(self, actor: Principal, campaign_id: UUID) -> CampaignReport:
        """The report: final once closed, else as of today. Raises CampaignNotFound."""
        campaign = await self._found(actor, campaign_id)
        if campaign.report is not None:
            return CampaignReport(**campaign.report)
        return await self._report(campaign, None)

    async def sheet(self, actor: Principal, campaign_id: UUID) -> tuple[str, bytes]:
        """The report as a workbook, with its file name. Raises CampaignNotFound."""
        report = await self.report(actor, campaign_id)
        return f"{report.number}.xlsx", report_sheet(report)

    async def get(self, actor: Principal, campaign_id: UUID) -> CampaignView:
        """A campaign of the caller's regions. Raises CampaignNotFound."""
        return await self._view(await self._found(actor, campaign_id))

    async def search(
        self, actor: Principal, state: CampaignState | None, cursor: str | None, limit: int
    ) -> Page[CampaignBrief]:
        """Campaigns of the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        rows = await self._campaigns.page(actor, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_brief(row) for row in items], next_cursor=following)

    async def _report(self, campaign: Campaign, summary: str | None) -> CampaignReport:
        inspections = await self._inspections.of_campaign(campaign.id)
        hazards = await self._hazards.of_campaign(campaign.id)
        talks, visits = await self._talks.counts_of(campaign.id)
        reached = {
            "inspections": sum(row.state in _DONE for row in inspections),
            "hazards_closed": hazards.count(HazardState.CLOSED),
            "talks": talks.count(TalkState.HELD),
            "mystery_visits": len(visits),
        }
        return CampaignReport(
            number=campaign.number,
            name=campaign.name,
            region=campaign.region,
            starts_on=campaign.starts_on,
            ends_on=campaign.ends_on,
            as_of=china_date(self._env.clock.now()),
            final=summary is not None,
            summary=summary,
            targets=[TargetReport(**one, reached=reached[one["measure"]]) for one in campaign.targets],
            tasks=self._tasks(campaign, await self._campaigns.entries(campaign.id)),
            inspections=dict(Counter(row.state for row in inspections)),
            results=dict(Counter(row.result for row in inspections if row.result)),
            by_department=dict(Counter(row.department for row in inspections)),
            hazards=dict(Counter(hazards)),
            talks=dict(Counter(talks)),
            mystery_visits=len(visits),
        )

    def _tasks(self, campaign: Campaign, entries: Sequence[CampaignEntry]) -> list[TaskReport]:
        latest = {entry.task_no: entry for entry in entries}
        today = china_date(self._env.clock.now())
        found = []
        for no, said in enumerate(campaign.tasks, 1):
            entry = latest.get(no)
            finished = entry is not None and entry.finished
            found.append(
                TaskReport(
                    **said,
                    no=no,
                    done=entry.done if entry else 0,
                    finished=finished,
                    overdue=not finished and date.fromisoformat(said["due_on"]) < today,
                )
            )
        return found

    async def _found(self, actor: Principal, campaign_id: UUID) -> Campaign:
        campaign = await self._campaigns.find(campaign_id, actor)
        if campaign is None:
            raise CampaignNotFound
        return campaign

    async def _locked(self, actor: Principal, campaign_id: UUID, act: str) -> Campaign:
        campaign = await self._campaigns.find(campaign_id, actor, lock=True)
        if campaign is None:
            raise CampaignNotFound
        allowed = acts_allowed(CampaignState(campaign.state))
        if act not in allowed:
            raise CampaignConflict(state=campaign.state, allowed=allowed)
        return campaign

    async def _view(self, campaign: Campaign) -> CampaignView:
        entries = await self._campaigns.entries(campaign.id)
        return CampaignView(
            **_brief(campaign).model_dump(),
            aim=campaign.aim,
            targets=[TargetIn(**one) for one in campaign.targets],
            tasks=self._tasks(campaign, entries),
            entries=[
                EntryView(
                    task_no=one.task_no,
                    done=one.done,
                    finished=one.finished,
                    note=one.note,
                    noted_by=one.noted_by,
                    noted_at=one.noted_at,
                )
                for one in entries
            ],
            created_by=campaign.created_by,
            started_by=campaign.started_by,
            closed_by=campaign.closed_by,
            closed_at=campaign.closed_at,
            allowed=acts_allowed(CampaignState(campaign.state)),
        )


def _brief(campaign: Campaign) -> CampaignBrief:
    return CampaignBrief(
        id=campaign.id,
        number=campaign.number,
        name=campaign.name,
        region=campaign.region,
        kinds=campaign.kinds,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        state=CampaignState(campaign.state),
        version=campaign.version,
    )
