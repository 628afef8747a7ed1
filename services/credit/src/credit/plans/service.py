"""Use cases of annual plans: draft, file, change, complete; and what a draw of a task needs."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.auth import Principal, region_prefix
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import FieldError, InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import check_version, cursor_id

from .errors import PlanConflict, PlanNotFound, TaskNotFound
from .models import Plan, PlanVersion
from .policy import InspectionItem, InspectionItems
from .repository import NumberRepository, PlanRepository
from .rules import PlanState, allowed_acts, next_state
from .schemas import (
    FileIn,
    PlanBrief,
    PlanChange,
    PlanIn,
    PlanVersionView,
    PlanView,
    Task,
    TaskView,
)

__all__ = ["PlanService"]


class PlanService:
    """Annual plans of random inspection. What was filed with the superior never changes; it is replaced."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._plans = PlanRepository(session)
        self._numbers = NumberRepository(session)

    async def draft(self, actor: Principal, wanted: PlanIn) -> PlanView:
        """Draft an annual plan; its number is the year and a serial of the region, such as 2026001.

        Raises:
            PlanNotFound: the region is not the caller's.
            InvalidPayload: items, kinds, ratios, regions, offices or days that do not fit.
        """
        if (
            actor.subject_id is not None
            or not regions.exists(wanted.region)
            or not actor.covers(wanted.region)
        ):
            raise PlanNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        for place, task in enumerate(wanted.tasks):
            if task.no is not None:
                raise InvalidPayload.at(
                    f"/tasks/{place}/no", Text("任务编号由系统给出", "The platform numbers tasks")
                )
        self._check_tasks(wanted.tasks, wanted.region, wanted.year)
        now = self._env.clock.now()
        serial = await self._numbers.next(f"plan:{wanted.region}", wanted.year)
        number = f"{wanted.year}{serial:03d}"
        plan = Plan(
            id=new_id(),
            number=number,
            year=wanted.year,
            region=wanted.region,
            name=wanted.name,
            state=PlanState.DRAFT,
            tasks=_numbered(wanted.tasks, number, 0),
            drafted_by=actor.sub,
            created_at=now,
            updated_at=now,
        )
        self._plans.add(plan)
        await self._session.flush()
        await self._keep(plan, None)
        return await self._view(plan)

    async def change(self, actor: Principal, plan_id: UUID, wanted: PlanChange, expected: int) -> PlanView:
        """Replace a plan's tasks by a new version; what was filed must be filed again before it is drawn.

        Raises:
            PlanNotFound: not in the caller's regions.
            PreconditionFailed: another version has come in between.
            PlanConflict: the plan is done, or a task that was drawn would change.
            InvalidPayload: as `draft`, or a task number that the plan does not have.
        """
        plan = await self._locked(actor, plan_id)
        check_version(plan.version, expected)
        after = self._step(plan, "change")
        self._check_tasks(wanted.tasks, plan.region, plan.year)
        before = {task["no"]: task for task in plan.tasks}
        used = [
            int(task["no"][-2:]) for version in await self._plans.versions(plan.id) for task in version.tasks
        ]
        tasks = _numbered(wanted.tasks, plan.number, max(used))
        named = [task.no for task in wanted.tasks if task.no is not None]
        if len(set(named)) != len(named) or not set(named) <= before.keys():
            raise InvalidPayload.at(
                "/tasks",
                Text("任务编号重复或不属于该计划", "A task number is not the plan's, or stands twice"),
            )
        now_by_no = {task["no"]: task for task in tasks}
        for no in await self._plans.draws_of(plan.id):
            if now_by_no.get(no) != before.get(no):
                raise PlanConflict(
                    Text(f"任务 {no} 已抽取，不得更改", f"Task {no} has been drawn and does not change")
                )
        plan.state, plan.name, plan.tasks = after, wanted.name, tasks
        plan.version += 1
        plan.drafted_by = actor.sub
        plan.updated_at = self._env.clock.now()
        await self._session.flush()
        await self._keep(plan, wanted.reason)
        return await self._view(plan)

    async def file(self, actor: Principal, plan_id: UUID, wanted: FileIn) -> PlanView:
        """Note that the plan was filed with the superior; another person than the drafter does it.

        Raises:
            PlanNotFound, PlanConflict: not in the caller's regions, or not a draft.
            SecondPersonNeeded: the caller drafted this version.
        """
        plan = await self._locked(actor, plan_id)
        after = self._step(plan, "file")
        if actor.sub == plan.drafted_by:
            raise SecondPersonNeeded
        plan.state = after
        plan.filed_version, plan.filed_with = plan.version, wanted.filed_with
        plan.filed_by, plan.filed_at = actor.sub, self._env.clock.now()
        await self._session.flush()
        return await self._view(plan)

    async def step(self, actor: Principal, plan_id: UUID, act: str) -> PlanView:
        """Put a filed plan into force (`activate`), or end it (`complete`).

        Raises:
            PlanNotFound, PlanConflict: not in the caller's regions, or not the time for it.
        """
        plan = await self._locked(actor, plan_id)
        plan.state = self._step(plan, act)
        plan.updated_at = self._env.clock.now()
        await self._session.flush()
        return await self._view(plan)

    async def get(self, actor: Principal, plan_id: UUID) -> PlanView:
        """A plan of the caller's regions. Raises PlanNotFound."""
        return await self._view(await self._found(actor, plan_id))

    async def versions(self, actor: Principal, plan_id: UUID) -> list[PlanVersionView]:
        """What the plan said in each version. Raises PlanNotFound."""
        plan = await self._found(actor, plan_id)
        return [
            PlanVersionView(
                version=row.version,
                name=row.name,
                tasks=[Task(**task) for task in row.tasks],
                reason=row.reason,
                drafted_by=row.drafted_by,
                drafted_at=row.drafted_at,
            )
            for row in await self._plans.versions(plan.id)
        ]

    async def search(
        self, actor: Principal, year: int | None, state: PlanState | None, cursor: str | None, limit: int
    ) -> Page[PlanBrief]:
        """Plans of the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        rows = await self._plans.page(actor, year, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_brief(row) for row in items], next_cursor=following)

    async def task(
        self, actor: Principal, plan_id: UUID, no: str, *, lock: bool = False
    ) -> tuple[Plan, Task, list[InspectionItem]]:
        """A task of a plan with the items it is about. Raises PlanNotFound, TaskNotFound."""
        plan = await (self._locked if lock else self._found)(actor, plan_id)
        found = next((one for one in plan.tasks if one["no"] == no), None)
        if found is None:
            raise TaskNotFound
        task = Task(**found)
        items = self.items_in_force(plan.region).by_code
        return plan, task, [items[code] for code in task.items if code in items]

    async def task_to_draw(
        self, actor: Principal, plan_id: UUID, no: str
    ) -> tuple[Plan, Task, list[InspectionItem]]:
        """A task whose plan is in force and that was not drawn, with the plan locked.

        Raises:
            PlanNotFound, TaskNotFound: not in the caller's regions.
            PlanConflict: the plan is not in force, or the task has a draw that is not void.
        """
        plan, task, items = await self.task(actor, plan_id, no, lock=True)
        if plan.state != PlanState.ACTIVE:
            raise PlanConflict(
                Text("只从执行中的计划抽取", "Only a plan in force is drawn from"),
                state=plan.state,
                allowed=allowed_acts(PlanState(plan.state)),
            )
        drawn = (await self._plans.draws_of(plan.id)).get(no)
        if drawn is not None:
            raise PlanConflict(Text("该任务已抽取", "The task has been drawn"), draw=drawn[1])
        return plan, task, items

    def items_in_force(self, region: str, on: date | None = None) -> InspectionItems:
        """The item list of a region on a day."""
        day = on or china_date(self._env.clock.now())
        return self._env.rulebook.inspection_items.choose("inspection-items", on=day, region=region)

    def _check_tasks(self, tasks: Sequence[Task], region: str, year: int) -> None:
        errors: list[FieldError] = []
        for place, task in enumerate(tasks):
            for pointer, reason in self._faults(task, region, year):
                errors.append(FieldError(f"/tasks/{place}/{pointer}", reason))
        if errors:
            raise InvalidPayload(errors)

    def _faults(self, task: Task, region: str, year: int) -> list[tuple[str, Text]]:
        """What does not fit in a task, as (field, reason)."""
        day = china_date(self._env.clock.now())
        known = self.items_in_force(region, day).by_code
        policy = self._env.rulebook.inspections.choose("inspections", on=day, region=region)
        items = [known[code] for code in task.items if code in known]
        faults: list[tuple[str, Text]] = []
        if len(items) != len(task.items) or len(set(task.items)) != len(task.items):
            faults.append(("items", Text("清单中没有该事项或事项重复", "Not in the item list, or twice")))
        elif not {str(kind) for kind in task.kinds} <= {kind for item in items for kind in item.kinds}:
            faults.append(("kinds", Text("事项不适用于该类对象", "No item applies to that kind of object")))
        if not regions.exists(task.region) or not task.region.startswith(region_prefix(region)):
            faults.append(("region", Text("不在计划的地区内", "Not within the plan's region")))
        caps = [item.max_ratio_bp for item in items if item.max_ratio_bp is not None]
        if task.ratio_bp is not None and caps:
            most = min(policy.task_ratio_max_bp, *caps)
            if not policy.task_ratio_min_bp <= task.ratio_bp <= most:
                reason = Text(
                    f"一般检查事项的抽查比例须为 {policy.task_ratio_min_bp / 100:g}% 至 {most / 100:g}%",
                    f"General items are sampled at {policy.task_ratio_min_bp / 100:g} to {most / 100:g} %",
                )
                faults.append(("ratio_bp", reason))
        offices = [task.lead_office, *task.joint_offices]
        if len(set(offices)) != len(offices):
            faults.append(("joint_offices", Text("部门重复", "An office stands twice")))
        days = [batch.due_on for batch in task.batches]
        if days != sorted(days) or any(one.year != year for one in days):
            faults.append(
                ("batches", Text("批次日期须在计划年度内并依次排列", "In the plan's year and in order"))
            )
        return faults

    def _step(self, plan: Plan, act: str) -> PlanState:
        state = PlanState(plan.state)
        after = next_state(state, act)
        if after is None:
            raise PlanConflict(state=state, allowed=allowed_acts(state))
        return after

    async def _keep(self, plan: Plan, reason: str | None) -> None:
        self._plans.add(
            PlanVersion(
                plan_id=plan.id,
                version=plan.version,
                name=plan.name,
                tasks=plan.tasks,
                reason=reason,
                drafted_by=plan.drafted_by,
                drafted_at=plan.updated_at,
            )
        )
        await self._session.flush()

    async def _found(self, actor: Principal, plan_id: UUID) -> Plan:
        plan = await self._plans.find(plan_id, actor)
        if plan is None:
            raise PlanNotFound
        return plan

    async def _locked(self, actor: Principal, plan_id: UUID) -> Plan:
        plan = await self._plans.find(plan_id, actor, lock=True)
        if plan is None:
            raise PlanNotFound
        return plan

    async def _view(self, plan: Plan) -> PlanView:
        draws = await self._plans.draws_of(plan.id)
        return PlanView(
            **_brief(plan).model_dump(),
            tasks=[
                TaskView(
                    **task,
                    draw_id=draws[task["no"]][0] if task["no"] in draws else None,
                    draw_number=draws[task["no"]][1] if task["no"] in draws else None,
                )
                for task in plan.tasks
            ],
            filed_version=plan.filed_version,
            drafted_by=plan.drafted_by,
            filed_by=plan.filed_by,
            allowed=allowed_acts(PlanState(plan.state)),
        )


def _brief(plan: Plan) -> PlanBrief:
    return PlanBrief(
        id=plan.id,
        number=plan.number,
        year=plan.year,
        region=plan.region,
        name=plan.name,
        state=PlanState(plan.state),
        version=plan.version,
        filed_with=plan.filed_with,
        filed_at=plan.filed_at,
    )


def _numbered(tasks: Sequence[Task], number: str, last: int) -> list[dict[str, Any]]:
    """The tasks as stored; those without a number get the next ones of the plan, never one used before."""
    stored = []
    for task in tasks:
        content = task.model_dump(mode="json")
        if content["no"] is None:
            last += 1
            content["no"] = f"{number}-{last:02d}"
        stored.append(content)
    return stored
