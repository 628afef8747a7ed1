"""Use cases of inspections: made by draws or by hand, reassigned, decided, published, shown."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.calendar import add_months, add_working_days
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.campaigns.repository import CampaignRepository
from credit.environment import Environment
from credit.evidence.service import EvidenceService
from credit.facts.schemas import EvidenceItem, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.facts.showings import Showings
from credit.inspectors.service import InspectorService
from credit.paging import cursor_id
from credit.plans.policy import InspectionPolicy
from credit.plans.repository import NumberRepository
from credit.plans.rules import first_day_within
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import InspectionConflict, InspectionNotFound
from .models import Inspection
from .repository import InspectionFilters, InspectionRepository
from .rules import InspectionKind, InspectionState, Result, acts_allowed
from .schemas import (
    ActView,
    InspectionBrief,
    InspectionView,
    PublicInspection,
    ReassignIn,
    TargetedIn,
    TriggerIn,
)

__all__ = ["ABOUT", "InspectionService"]

ABOUT = "inspection"
_MOST_EVIDENCE = 50


class InspectionService:
    """Inspections as tasks and as results. The field record is kept by `FieldService`."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._inspections = InspectionRepository(session)
        self._numbers = NumberRepository(session)
        self._subjects = SubjectRepository(session)
        self._inspectors = InspectorService(session, env)
        self._facts = FactService(session, env)
        self._campaigns = CampaignRepository(session)
        self._evidence = EvidenceService(session, env)

    async def open_targeted(self, actor: Principal, wanted: TargetedIn) -> InspectionView:
        """Order a check outside the draw, with what called for it.

        Raises:
            SubjectNotFound: not in the caller's regions.
            InvalidPayload: unknown items or campaign, a past due day, or a team of which somebody stands
                twice, is not on duty in the library there, or must keep away.
        """
        subject = await self._subjects.lock(wanted.subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        now = self._env.clock.now()
        today = china_date(now)
        known = self._env.rulebook.inspection_items.choose(
            "inspection-items", on=today, region=subject.region
        ).by_code
        if not set(wanted.items) <= known.keys() or len(set(wanted.items)) != len(wanted.items):
            raise InvalidPayload.at("/items", Text("清单中没有该事项或事项重复", "Not in the list, or twice"))
        named = wanted.campaign_id
        if named is not None and not await self._campaigns.is_open_to(named, actor):
            raise InvalidPayload.at("/campaign_id", Text("没有该专项行动", "There is no such campaign"))
        await self._inspectors.check_team(wanted.inspectors, subject.id, subject.region, "/inspectors")
        policy = self._policy(subject.region, today)
        due_on = wanted.due_on or add_working_days(today, policy.visit_within_working_days).due_on
        if due_on < today:
            raise InvalidPayload.at("/due_on", Text("不得早于今日", "Must not lie in the past"))
        visit = Inspection(
            id=new_id(),
            number=f"INSP-{today.year}-{await self._numbers.next('inspection', today.year):06d}",
            kind=InspectionKind.TARGETED if wanted.campaign_id is None else InspectionKind.CAMPAIGN,
            trigger=wanted.trigger.model_dump(mode="json"),
            campaign_id=wanted.campaign_id,
            subject_id=subject.id,
            region=subject.region,
            department=wanted.department,
            items=wanted.items,
            inspectors=wanted.inspectors,
            due_on=due_on,
            state=InspectionState.ASSIGNED,
            created_by=actor.sub,
            created_at=now,
        )
        self._inspections.add(visit)
        await self._session.flush()
        self._inspections.note(
            visit, "assigned", wanted.trigger.note, {"trigger": str(wanted.trigger.kind)}, actor.sub, now
        )
        await self._session.flush()
        return await self.view(visit)

    async def reassign(self, actor: Principal, inspection_id: UUID, wanted: ReassignIn) -> InspectionView:
        """Send other inspectors of the library, with the reason: proposed by one person, done by a second.

        The first call is kept as the proposal; the same team asked for by another person takes it up. They
        are on duty in the region, not recused, have the expertise of the items between them, and are of
        every office that was to come.

        Raises:
            InspectionNotFound, InspectionConflict: not the caller's, or finished.
            SecondPersonNeeded: the caller proposed it.
            InvalidPayload: named twice, recused, not of the library, or lacking expertise or an office.
        """
        visit = await self.locked(actor, inspection_id, "reassign")
        today = china_date(self._env.clock.now())
        await self._inspectors.check_team(wanted.inspectors, visit.subject_id, visit.region, "/inspectors")
        await self._check_library(visit, wanted.inspectors, today)
        asked = {"act": "reassign", "inspectors": sorted(wanted.inspectors)}
        if self._taken_up(actor, visit, asked, wanted.reason):
            change = {"from": visit.inspectors, "to": wanted.inspectors}
            visit.inspectors = wanted.inspectors
            self._note(visit, "reassigned", wanted.reason, change, actor)
        await self._session.flush()
        return await self.view(visit)

    async def cancel(self, actor: Principal, inspection_id: UUID, note: str) -> InspectionView:
        """Give a visit up, with the reason on record; a drawn one by a second person, as in `reassign`.

        Raises:
            InspectionNotFound, InspectionConflict: not the caller's, or finished.
            SecondPersonNeeded: the caller proposed it.
        """
        visit = await self.locked(actor, inspection_id, "cancel")
        alone = visit.kind != InspectionKind.DRAWN
        if alone or self._taken_up(actor, visit, {"act": "cancel"}, note):
            visit.state, visit.proposal = InspectionState.CANCELLED, None
            self._note(visit, "cancelled", note, {}, actor)
        await self._session.flush()
        return await self.view(visit)

    def _taken_up(self, actor: Principal, visit: Inspection, asked: dict[str, Any], reason: str) -> bool:
        """Whether another person has proposed just this; else it is the proposal now."""
        before = visit.proposal
        if before is not None and before["asked"] == asked:
            if before["by"] == actor.sub:
                raise SecondPersonNeeded
            visit.proposal = None
            return True
        visit.proposal = {"asked": asked, "by": actor.sub, "reason": reason}
        self._note(visit, "proposed", reason, asked, actor)
        return False

    def _note(
        self, visit: Inspection, act: str, note: str | None, data: dict[str, Any], actor: Principal
    ) -> None:
        visit.version += 1
        self._inspections.note(visit, act, note, data, actor.sub, self._env.clock.now())

    async def _check_library(self, visit: Inspection, team: Sequence[str], today: date) -> None:
        """Refuse a team that lacks the expertise of the items or an office that was to come."""
        known = {one.staff_id: one for one in await self._inspectors.on_duty(team, visit.region, today)}
        items = self._env.rulebook.inspection_items.choose(
            "inspection-items", on=china_date(visit.created_at), region=visit.region
        ).by_code
        asked = {skill for code in visit.items if code in items for skill in items[code].expertise}
        if lacking := sorted(asked - {skill for one in team for skill in known[one].expertise}):
            raise InvalidPayload.at(
                "/inspectors", Text(f"缺少专业 {lacking[0]}", f"Nobody has the expertise {lacking[0]}")
            )
        before = await self._inspectors.known(visit.inspectors)
        offices = {one.department for one in before.values()}
        if gone := sorted(offices - {known[one].department for one in team}):
            raise InvalidPayload.at(
                "/inspectors", Text(f"缺少部门 {gone[0]} 的人员", f"Nobody is of the office {gone[0]}")
            )

    async def decide(self, actor: Principal, inspection_id: UUID, note: str) -> InspectionView:
        """Confirm the result; it becomes a fact. By another person than those who visited and signed.

        Raises:
            InspectionNotFound, InspectionConflict: not the caller's, or not finished.
            SecondPersonNeeded: the caller finished it, or is one of its inspectors.
        """
        subject, visit = await self._both(actor, inspection_id, "decide")
        if actor.sub in {visit.finished_by, *visit.inspectors}:
            raise SecondPersonNeeded
        now = self._env.clock.now()
        kind = self._policy(visit.region, china_date(now)).of(visit.result or "")
        if kind.fact is not None and subject is not None and visit.finished_on is not None:
            files = await self._evidence.about((ABOUT, visit.id))
            fact, _ = await self._facts.record_for(
                subject,
                FactIn(
                    subject_id=subject.id,
                    code=kind.fact,
                    occurred_on=visit.finished_on,
                    source=Source(
                        kind=SourceKind.INSPECTION, authority=visit.department, reference=visit.number
                    ),
                    evidence=[
                        EvidenceItem(sha256=one.sha256, name=one.name[:100]) for one in files[:_MOST_EVIDENCE]
                    ],
                ),
                by=actor.sub,
            )
            visit.fact_id = fact.id
        visit.state = InspectionState.DECIDED
        visit.decided_by, visit.decided_at = actor.sub, now
        visit.version += 1
        self._inspections.note(visit, "decided", note, {"result": visit.result}, actor.sub, now)
        await self._session.flush()
        return await self.view(visit)

    async def publish(self, actor: Principal, inspection_id: UUID) -> InspectionView:
        """Show the result to the public, and tell others of its fact; by another person than who decided it.

        Raises:
            InspectionNotFound, InspectionConflict: not the caller's, not decided, or of a kind not published.
            SecondPersonNeeded: the caller decided it.
        """
        _, visit = await self._both(actor, inspection_id, "publish")
        if actor.sub == visit.decided_by:
            raise SecondPersonNeeded
        now = self._env.clock.now()
        if not self._policy(visit.region, china_date(now)).of(visit.result or "").publish:
            raise InspectionConflict(Text("该结果不公示", "This result is not published"))
        visit.state = InspectionState.PUBLISHED
        visit.published_by, visit.published_at = actor.sub, now
        visit.version += 1
        self._inspections.note(
            visit, "published", None, {"publish_by": str(visit.publish_by)}, actor.sub, now
        )
        await Showings(self._session, self._env).look_again(visit.subject_id)
        return await self.view(visit)

    async def remind(self, limit: int) -> int:
        """Note, once each, the finished inspections whose publication is near or late; gives how many."""
        now = self._env.clock.now()
        today = china_date(now)
        policy = self._policy("000000", today)
        near = add_working_days(today, policy.remind_before_working_days).due_on
        visits = await self._inspections.to_remind(near, limit)
        for visit in visits:
            visit.reminded_on = today
            visit.version += 1
            self._inspections.note(
                visit, "reminded", None, {"publish_by": str(visit.publish_by)}, "system", now
            )
        await self._session.flush()
        return len(visits)

    async def get(self, actor: Principal, inspection_id: UUID) -> InspectionView:
        """An inspection of the caller's regions. Raises InspectionNotFound."""
        visit = await self._inspections.find(inspection_id, actor)
        if visit is None:
            raise InspectionNotFound
        return await self.view(visit)

    async def search(
        self, actor: Principal, filters: InspectionFilters, cursor: str | None, limit: int
    ) -> Page[InspectionBrief]:
        """Inspections of the caller's regions, the newest first. Raises InvalidPayload: a foreign cursor."""
        rows = await self._inspections.page(actor, filters, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=[self._brief(visit, name) for visit, name in items], next_cursor=following)

    async def public(self, key: str | None, cursor: str | None, limit: int) -> Page[PublicInspection]:
        """Published results that are still shown. Raises InvalidPayload for a foreign cursor."""
        today = china_date(self._env.clock.now())
        policy = self._policy("000000", today)
        since = first_day_within(today, policy.public_months)
        wanted = key.strip().upper() if key else None
        rows = await self._inspections.published(since, wanted, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        known = self._env.rulebook.inspection_items.choose("inspection-items", on=today).by_code
        shown = []
        for visit, subject in items:
            if visit.result is None or visit.finished_on is None or visit.published_at is None:
                continue
            shown.append(
                PublicInspection(
                    number=visit.number,
                    kind=InspectionKind(visit.kind),
                    subject_key=subject.key,
                    subject_name=subject.name,
                    region=visit.region,
                    department=visit.department,
                    items=[known[c].name.render(self._language) if c in known else c for c in visit.items],
                    result=Result(visit.result),
                    result_name=policy.of(visit.result).name.render(self._language),
                    finished_on=visit.finished_on,
                    published_on=china_date(visit.published_at),
                    shown_until=add_months(visit.finished_on, policy.public_months),
                )
            )
        return Page(items=shown, next_cursor=following)

    async def locked(self, actor: Principal, inspection_id: UUID, act: str) -> Inspection:
        """An inspection to act on. Raises InspectionNotFound, InspectionConflict naming what is allowed."""
        visit = await self._inspections.find(inspection_id, actor, lock=True)
        if visit is None:
            raise InspectionNotFound
        allowed = acts_allowed(InspectionState(visit.state))
        if act not in allowed:
            raise InspectionConflict(state=visit.state, allowed=allowed)
        return visit

    async def _both(
        self, actor: Principal, inspection_id: UUID, act: str
    ) -> tuple[Subject | None, Inspection]:
        """An inspection to act on with its subject, whose row is locked first. Raises as `locked`."""
        seen = await self._inspections.find(inspection_id, actor)
        if seen is None:
            raise InspectionNotFound
        subject = await self._subjects.lock(seen.subject_id, None)
        return subject, await self.locked(actor, inspection_id, act)

    async def view(self, visit: Inspection) -> InspectionView:
        """The inspection as it crosses the API."""
        names = await self._inspections.names([visit.subject_id])
        known = self._env.rulebook.inspection_items.choose(
            "inspection-items", on=china_date(visit.created_at), region=visit.region
        ).by_code
        return InspectionView(
            **self._brief(visit, names[visit.subject_id]).model_dump(),
            trigger=TriggerIn(**visit.trigger) if visit.trigger else None,
            campaign_id=visit.campaign_id,
            draws=[
                {"draw_id": str(one.draw_id), "number": one.number, "task": one.task, "place": one.place}
                for one in await self._inspections.draws_of(visit.id)
            ],
            measure=visit.measure,
            proposal=visit.proposal,
            checks=[
                {"item": code, "code": check.code, "name": check.name.render(self._language)}
                for code in visit.items
                if code in known
                for check in known[code].checks
            ],
            revision=visit.revision,
            fact_id=visit.fact_id,
            acts=[
                ActView(act=a.act, note=a.note, data=a.data, done_by=a.done_by, done_at=a.done_at)
                for a in await self._inspections.acts_of(visit.id)
            ],
            allowed=acts_allowed(InspectionState(visit.state)),
        )

    def _brief(self, visit: Inspection, name: str) -> InspectionBrief:
        today = china_date(self._env.clock.now())
        waits = visit.state in (InspectionState.ASSIGNED, InspectionState.IN_PROGRESS)
        late = visit.published_at is None and visit.publish_by is not None and visit.publish_by < today
        same = set(InspectionBrief.model_fields) & set(Inspection.model_fields) - {"kind", "state", "result"}
        return InspectionBrief(
            **visit.model_dump(include=same),
            kind=InspectionKind(visit.kind),
            subject_name=name,
            state=InspectionState(visit.state),
            overdue=waits and visit.due_on < today,
            result=Result(visit.result) if visit.result else None,
            publication_overdue=late,
        )

    def _policy(self, region: str, on: date) -> InspectionPolicy:
        return self._env.rulebook.inspections.choose("inspections", on=on, region=region)
