"""From a draw to its tasks: one visit for each drawn subject, several draws of one subject merged."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.calendar import add_working_days
from common.clock import china_date
from common.db import new_id
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.plans.repository import NumberRepository
from credit.subjects.repository import SubjectRepository

from .models import Inspection, InspectionDraw
from .repository import InspectionRepository
from .rules import InspectionKind, InspectionState

__all__ = ["DrawnVisits"]


class DrawnVisits:
    """Opens the visits that a draw brings, in the transaction that closes it."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._inspections = InspectionRepository(session)
        self._numbers = NumberRepository(session)
        self._subjects = SubjectRepository(session)

    async def open_all(
        self,
        draw_id: UUID,
        frozen: dict[str, Any],
        result: Sequence[dict[str, Any]],
        batches: Sequence[date],
        department: str | None,
        by: str,
    ) -> int:
        """Make the tasks that a draw brings, in its transaction; gives how many visits are new.

        Drawn objects go round the batches in the order drawn. A subject that still waits for a visit of
        another draw is visited once: items and inspectors join that visit (Article 54: merged or joint).
        """
        now = self._env.clock.now()
        year = china_date(now).year
        policy = self._env.rulebook.inspections.choose(
            "inspections", on=china_date(now), region=frozen["region"]
        )
        default = add_working_days(china_date(now), policy.visit_within_working_days).due_on
        tiers = {item["id"]: item for item in frozen["objects"]}
        offices = {one["id"]: one["department"] for one in frozen["inspectors"]}
        made = 0
        subjects = await self._subjects.lock_all([UUID(pick["object"]) for pick in result], None)
        for place, pick in sorted(enumerate(result), key=lambda entry: str(entry[1]["object"])):
            subject = subjects.get(UUID(pick["object"]))
            if subject is None:
                continue
            visit = await self._inspections.open_drawn(subject.id)
            batch = place % len(batches) if batches else None
            due_on = default if batch is None else max(batches[batch], china_date(now))
            items = list(frozen.get("task", {}).get("items", []))
            if visit is None:
                item = tiers[pick["object"]]
                visit = Inspection(
                    id=new_id(),
                    number=f"INSP-{year}-{await self._numbers.next('inspection', year):06d}",
                    kind=InspectionKind.DRAWN,
                    subject_id=subject.id,
                    region=subject.region,
                    department=department or offices[pick["inspectors"][0]] or "文化和旅游主管部门",
                    items=items,
                    inspectors=pick["inspectors"],
                    batch=None if batch is None else batch + 1,
                    measure={"tier": item["tier"], "sampling_bp": item["weight"], **frozen["policy"]},
                    due_on=due_on,
                    state=InspectionState.ASSIGNED,
                    created_by=by,
                    created_at=now,
                )
                self._inspections.add(visit)
                await self._session.flush()
                self._inspections.note(visit, "assigned", None, {"draw": frozen["number"]}, by, now)
                made += 1
            else:
                visit.items = [*visit.items, *(code for code in items if code not in visit.items)]
                visit.inspectors = list(dict.fromkeys([*visit.inspectors, *pick["inspectors"]]))
                visit.due_on = min(visit.due_on, due_on)
                visit.version += 1
                self._inspections.note(visit, "merged", None, {"draw": frozen["number"]}, by, now)
            self._inspections.add(
                InspectionDraw(
                    draw_id=draw_id,
                    subject_id=subject.id,
                    inspection_id=visit.id,
                    place=place + 1,
                    number=frozen["number"],
                    task=frozen.get("task", {}).get("no"),
                )
            )
            await self._session.flush()
        return made
