"""What is drawn, from whom and by whom: from the request alone, or from a task of an annual plan."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.inspectors.service import InspectorService
from credit.plans.library import LibraryService
from credit.plans.policy import InspectionItem
from credit.plans.service import PlanService

from .errors import DrawNotFound
from .rules.states import ExclusionReason
from .schemas import DrawIn, TaskRef

__all__ = ["Apart", "Drawable", "PlanTask", "Prepared", "Preparer"]

_ON_RECORD = frozenset({ExclusionReason.RECENTLY_INSPECTED, ExclusionReason.TARGETED_CHECK})


@dataclass(frozen=True, slots=True)
class Drawable:
    """An inspector who can be drawn."""

    id: str
    department: str | None
    expertise: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """An inspector kept from an object: why, who entered it, and whether it came with the request."""

    inspector: str
    object: str
    reason: str
    by: str
    given: bool


@dataclass(frozen=True, slots=True)
class PlanTask:
    """Which task of which version of a plan is drawn."""

    plan_id: UUID
    plan: str
    plan_version: int
    no: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that a draw is made of, before the objects are looked up.

    Objects are drawn by `count`, by one `ratio_bp`, or, when both are None, by the ratio of each tier.
    `exclusions` gives the reason and who entered it, None where the records say it. `by` freezes the draw;
    `named` says that he named the inspectors.
    """

    purpose: str
    region: str
    kinds: list[str]
    tiers: list[str]
    items: list[InspectionItem]
    officers: list[str]
    inspectors: list[Drawable]
    inspectors_per_object: int
    min_departments: int
    expertise: list[str]
    recusals: list[Apart]
    exclusions: Mapping[str, tuple[str, str | None]]
    by: str
    named: bool
    count: int | None = None
    ratio_bp: int | None = None
    redraw_of: UUID | None = None
    task: PlanTask | None = None
    above_cap: frozenset[str] = field(default_factory=frozenset)

    def task_document(self) -> dict[str, Any]:
        """The task as it stands in the frozen inputs; all but the items null for a draw outside a plan."""
        task = self.task
        return {
            "plan": task.plan if task else None,
            "plan_version": task.plan_version if task else None,
            "no": task.no if task else None,
            "items": [item.code for item in self.items],
        }

    def asked(self) -> dict[str, Any]:
        """What a redraw must ask for again."""
        return {
            "region": self.region,
            "kinds": self.kinds,
            "tiers": sorted(self.tiers),
            "inspectors_per_object": self.inspectors_per_object,
            "min_departments": self.min_departments,
            "expertise": self.expertise,
            "items": [item.code for item in self.items],
            "count": self.count,
        }


class Preparer:
    """Puts the request, the plan, and both libraries together."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._plans = PlanService(session, env)
        self._library = LibraryService(session, env)
        self._inspectors = InspectorService(session, env)

    async def prepare(self, actor: Principal, wanted: DrawIn) -> Prepared:
        """What a draw is made of.

        Raises:
            DrawNotFound: the region is not the caller's.
            PlanNotFound, TaskNotFound, PlanConflict: no such task, or it cannot be drawn now.
            InvalidPayload: something is missing, or stands in the request and in the plan.
        """
        today = china_date(self._env.clock.now())
        if wanted.task is not None:
            return await self._from_plan(actor, wanted, wanted.task, today)
        if wanted.purpose is None or wanted.region is None or wanted.kinds is None:
            lacking = next(name for name in ("purpose", "region", "kinds") if getattr(wanted, name) is None)
            raise InvalidPayload.at(
                f"/{lacking}", Text("非计划抽取须给出", "Needed when no task of a plan is drawn")
            )
        if (wanted.count is None) == (not wanted.by_tier):
            raise InvalidPayload.at(
                "/count", Text("count 与 by_tier 须且只须其一", "Give either count or by_tier")
            )
        self._check_region(actor, wanted.region)
        items = self._items(wanted.items, wanted.region)
        people = await self._people(wanted, wanted.region, today, [])
        return Prepared(
            purpose=wanted.purpose,
            region=wanted.region,
            kinds=sorted(set(wanted.kinds)),
            tiers=wanted.tiers,
            items=items,
            officers=wanted.officers,
            inspectors=people,
            inspectors_per_object=wanted.inspectors_per_object,
            min_departments=wanted.min_departments,
            expertise=sorted({*wanted.expertise, *_skills(items)}),
            recusals=await self._recusals(actor, wanted, people, today),
            exclusions={str(one.subject_id): (one.reason, actor.sub) for one in wanted.exclusions},
            by=actor.sub,
            named=wanted.inspectors is not None,
            count=wanted.count,
            redraw_of=wanted.redraw_of,
            above_cap=self._above_cap(wanted.region),
        )

    async def check_exclusions(self, wanted: DrawIn, region: str, objects: Collection[UUID]) -> None:
        """Refuse exclusions by hand on account of inspections that the records of the objects do not show.

        A redraw repeats those of the void draw, whatever has happened since. Other grounds are not on record
        here: cases under investigation stand elsewhere, and objects are in business by the records.

        Raises:
            InvalidPayload: naming the first such reason.
        """
        if wanted.redraw_of is not None:
            return
        asked = {one.subject_id for one in wanted.exclusions} & set(objects)
        shown = await self._library.inspected(asked, region, china_date(self._env.clock.now()))
        for place, one in enumerate(wanted.exclusions):
            if one.reason in _ON_RECORD and (one.subject_id, one.reason) not in shown:
                raise InvalidPayload.at(
                    f"/exclusions/{place}/reason",
                    Text("检查记录不支持该理由", "The records of inspections do not bear that out"),
                )

    async def _from_plan(self, actor: Principal, wanted: DrawIn, ref: TaskRef, today: date) -> Prepared:
        said = wanted.model_fields_set & {
            "purpose", "region", "kinds", "tiers", "items", "count", "by_tier", "min_departments",
            "inspectors_per_object", "inspectors", "recusals",
        }  # fmt: skip
        if said:
            raise InvalidPayload.at(
                f"/{min(said)}",
                Text("由计划任务或名录库确定，不得另给", "Task or library say this; do not give it"),
            )
        plan, task, items = await self._plans.task_to_draw(actor, ref.plan_id, ref.no)
        offices = [task.lead_office, *task.joint_offices]
        people = await self._people(wanted, plan.region, today, offices)
        given = {str(one.subject_id): (str(one.reason), actor.sub) for one in wanted.exclusions}
        excluded: dict[str, tuple[str, str | None]] = {
            str(subject): (str(reason), None)
            for subject, reason in (await self._library.exclusions(task.region, today)).items()
        }
        return Prepared(
            purpose=f"{plan.name} {task.name}"[:200],
            region=task.region,
            kinds=sorted(set(task.kinds)),
            tiers=task.tiers,
            items=items,
            officers=wanted.officers,
            inspectors=people,
            inspectors_per_object=task.inspectors_per_object,
            min_departments=2 if task.joint_offices else 1,
            expertise=sorted({*wanted.expertise, *_skills(items)}),
            recusals=await self._recusals(actor, wanted, people, today),
            exclusions={**given, **excluded},
            by=actor.sub,
            named=False,
            ratio_bp=task.ratio_bp,
            redraw_of=wanted.redraw_of,
            task=PlanTask(plan.id, plan.number, plan.version, ref.no),
            above_cap=self._above_cap(task.region),
        )

    async def _people(self, wanted: DrawIn, region: str, today: date, offices: list[str]) -> list[Drawable]:
        """The inspectors named in the request, else those of the library on duty."""
        if wanted.inspectors is not None:
            return [
                Drawable(one.id, one.department, tuple(sorted(set(one.expertise))))
                for one in wanted.inspectors
            ]
        return [
            Drawable(one.staff_id, one.department, tuple(sorted(one.expertise)))
            for one in await self._inspectors.library(region, today, offices)
        ]

    async def _recusals(
        self, actor: Principal, wanted: DrawIn, people: list[Drawable], today: date
    ) -> list[Apart]:
        """Those of the library, and those of the request that the library does not know."""
        given = {
            (one.inspector, str(one.subject_id)): Apart(
                one.inspector, str(one.subject_id), str(one.reason), actor.sub, True
            )
            for one in wanted.recusals
        }
        library = {
            (staff, str(subject)): Apart(staff, str(subject), str(reason), by, False)
            for staff, subject, reason, by in await self._inspectors.recusals(
                [one.id for one in people], today
            )
        }
        both = given | library
        return [both[key] for key in sorted(both)]

    def _items(self, codes: list[str], region: str) -> list[InspectionItem]:
        known = self._plans.items_in_force(region).by_code
        if not set(codes) <= known.keys():
            raise InvalidPayload.at("/items", Text("清单中没有该事项", "Not in the item list"))
        return [known[code] for code in dict.fromkeys(codes)]

    def _above_cap(self, region: str) -> frozenset[str]:
        return frozenset(self._plans.items_in_force(region).above_cap_tiers)

    def _check_region(self, actor: Principal, region: str) -> None:
        if actor.subject_id is not None or not regions.exists(region) or not actor.covers(region):
            raise DrawNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))


def _skills(items: list[InspectionItem]) -> set[str]:
    return {skill for item in items for skill in item.expertise}
