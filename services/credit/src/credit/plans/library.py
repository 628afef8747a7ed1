"""The item list and the library of objects as people see them, and what a draw of a task would be."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.pagination import Page, encode_cursor, page_of
from sqlalchemy.ext.asyncio import AsyncSession

from credit.draws.rules.states import ExclusionReason
from credit.environment import Environment
from credit.paging import cursor_id
from credit.subjects.rules import Status
from credit.supervision.service import SupervisionService

from .errors import PlanNotFound
from .repository import PlanRepository
from .rules import first_day_within
from .schemas import CheckView, ItemsView, ItemView, ObjectView
from .service import PlanService

__all__ = ["LibraryService"]


class LibraryService:
    """检查对象名录库 and 随机抽查事项清单."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._env, self._language = env, language
        self._plans = PlanService(session, env)
        self._repository = PlanRepository(session)
        self._supervision = SupervisionService(session, env)

    def items(self, region: str, on: date | None) -> ItemsView:
        """The item list in force somewhere on a day. Raises PlanNotFound for a region that is none."""
        if not regions.exists(region) and region != regions.COUNTRY:
            raise PlanNotFound
        found = self._plans.items_in_force(region, on)
        return ItemsView(
            id=found.id,
            version=found.version,
            hash=found.hash,
            status=found.status,
            effective_from=found.effective_from,
            region=found.region,
            above_cap_tiers=found.above_cap_tiers,
            items=[
                ItemView(
                    code=item.code,
                    name=item.name.render(self._language),
                    item_class=item.class_,
                    max_ratio_bp=item.max_ratio_bp,
                    kinds=item.kinds,
                    expertise=item.expertise,
                    legal_basis=item.legal_basis,
                    checks=[
                        CheckView(code=check.code, name=check.name.render(self._language))
                        for check in item.checks
                    ],
                )
                for item in found.items
            ],
        )

    async def objects(
        self,
        actor: Principal,
        region: str,
        kinds: Sequence[str],
        tiers: Sequence[str],
        status: Status | None,
        cursor: str | None,
        limit: int,
    ) -> Page[ObjectView]:
        """Subjects that can be drawn, and why one would not be today. Raises PlanNotFound, InvalidPayload."""
        if actor.subject_id is not None or not regions.exists(region) or not actor.covers(region):
            raise PlanNotFound
        rows = await self._repository.objects(actor, region, kinds, tiers, status, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        today = china_date(self._env.clock.now())
        since = self.recent_since(region, today)
        visits = {
            row.subject_id: row for row in await self._repository.visits([row[0].id for row in items], since)
        }
        sampling = await self._supervision.tiers(region, self._env.clock.now())
        return Page(
            items=[
                ObjectView(
                    subject_id=subject.id,
                    name=subject.name,
                    kind=subject.kind,
                    region=subject.region,
                    tier=tier,
                    status=subject.status,
                    sampling_bp=sampling.sampling_bp(subject.kind, subject.region, tier),
                    exclusion=_why_not(subject.status, visits.get(subject.id)),
                    last_inspected_on=visits[subject.id].last if subject.id in visits else None,
                )
                for subject, tier in items
            ],
            next_cursor=following,
        )

    def recent_since(self, region: str, today: date) -> date:
        """The first day whose visits still count as recent."""
        policy = self._env.rulebook.inspections.choose("inspections", on=today, region=region)
        return first_day_within(today, policy.recently_inspected_months)

    async def inspected(
        self, subjects: Collection[UUID], region: str, today: date
    ) -> set[tuple[UUID, ExclusionReason]]:
        """Who of these was lately inspected, or is under a check outside the draw: both where both hold."""
        rows = await self._repository.visits(subjects, self.recent_since(region, today))
        lately = {
            (row.subject_id, ExclusionReason.RECENTLY_INSPECTED) for row in rows if row.last is not None
        }
        return lately | {(row.subject_id, ExclusionReason.TARGETED_CHECK) for row in rows if row.targeted}

    async def exclusions(self, region: str, today: date) -> dict[UUID, ExclusionReason]:
        """Who is kept out of a draw of a task: recently inspected, or under a check outside the draw.

        A subject with an open visit from another draw stays in: the visits are merged.
        """
        found = {}
        for row in await self._repository.visits(None, self.recent_since(region, today)):
            reason = _visited(row)
            if reason is not None:
                found[row.subject_id] = reason
        return found


def _visited(visit: Any) -> ExclusionReason | None:
    if visit.targeted:
        return ExclusionReason.TARGETED_CHECK
    return ExclusionReason.RECENTLY_INSPECTED if visit.last is not None else None


def _why_not(status: str, visit: Any) -> ExclusionReason | None:
    if status != Status.ACTIVE:
        return ExclusionReason.NOT_OPERATING
    return None if visit is None else _visited(visit)
