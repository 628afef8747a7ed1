"""Giving a chain of void draws up: a second person ends it for a ground of the policy, on public record."""

import json
from datetime import datetime
from uuid import UUID

from common import audit
from common.auth import Principal
from common.clock import china_date
from common.ledger import append
from common.ledger.strict import hash_document
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.plans.library import LibraryService
from credit.plans.repository import NumberRepository, PlanRepository
from credit.plans.rules import PlanState
from credit.rulebook.rules import DrawLimits
from credit.scoring.rules.engine import instant

from .errors import DrawConflict, DrawNotFinished, DrawNotFound
from .models import Draw, DrawWaiver
from .repository import DrawRepository
from .rules import log_id
from .rules.inputs import allowed_by_hand
from .rules.states import DrawState, WaiverGround
from .schemas import WaiverIn

__all__ = ["WaiverService"]

_LOG_WAIVED = "draw_waived"


class WaiverService:
    """Ends chains that come to no result."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._draws = DrawRepository(session)

    async def waive(self, actor: Principal, draw_id: UUID, wanted: WaiverIn) -> Draw:
        """Give up the chain whose last draw is void: its officers draw again, and nobody repeats it.

        Done by a person who froze no draw of the chain and drew in none. The waiver has a number without
        gaps, stands in the log and in the public list, and in the audit trail with its reason in words. A
        task of a plan is not drawn any more: whoever still wants the inspection plans another task.

        Raises:
            DrawNotFound: not in the caller's regions.
            DrawConflict: not void, repeated already, waived already, or the ground does not hold.
            DrawNotFinished: the void draw is not proven yet.
            SecondPersonNeeded: the caller had a part in the chain.
            InvalidPayload: a ground that the policy does not know.
        """
        now = self._env.clock.now()
        draw = await self._draws.find(draw_id, actor, lock=True)
        if draw is None or actor.subject_id is not None:
            raise DrawNotFound
        if draw.state != DrawState.VOID:
            raise DrawConflict(
                Text("只有作废的抽取可以终结", "Only a void draw is given up"), state=draw.state
            )
        if (following := await self._draws.redraw(draw.id)) is not None:
            raise DrawConflict(
                Text("该次作废抽取已重抽", "This void draw has been drawn again"), draw=following.number
            )
        if await self._draws.waiver(draw.chain) is not None:
            raise DrawConflict(Text("该抽取已终结", "It has been given up already"))
        if actor.sub in await self._draws.took_part(draw.chain):
            raise SecondPersonNeeded
        if draw.bundle is None:
            raise DrawNotFinished(state=draw.state)
        await self._check_ground(draw, wanted.ground)
        year = china_date(now).year
        serial = await NumberRepository(self._session).next("draw-waiver", year)
        waiver = DrawWaiver(
            chain=draw.chain,
            draw_id=draw.id,
            number=f"WAIVER-{year}-{serial:06d}",
            ground=wanted.ground,
            reason=wanted.reason,
            waived_by=actor.sub,
            waived_at=now,
        )
        self._draws.add(waiver)
        await self._session.flush()
        await self._record(actor, draw, waiver, now)
        return draw

    async def _check_ground(self, draw: Draw, ground: WaiverGround) -> None:
        limits = self._env.rulebook.draw_limits.choose(
            "draw-limits", on=china_date(self._env.clock.now()), region=draw.region
        )
        if ground not in {one.code for one in limits.waiver_grounds}:
            raise InvalidPayload.at("/ground", Text("目录中没有该理由", "Not a ground of the policy"))
        if ground == WaiverGround.PLAN_ENDED:
            plans = PlanRepository(self._session)
            if draw.plan_id is None or await plans.state_of(draw.plan_id) != PlanState.DONE:
                raise DrawConflict(Text("其计划尚未结束", "It is of no plan that has ended"))
        if ground == WaiverGround.TOO_FEW_OBJECTS:
            there = await self._left(draw, limits)
            if there >= max(1, draw.drawn):
                raise DrawConflict(Text("对象仍足够抽取", "There are still enough objects"), objects=there)

    async def _left(self, draw: Draw, limits: DrawLimits) -> int:
        """How many objects a redraw could be made of: without those excluded by hand, which stay so, and of a
        task without those that the records exclude by now; none where so few are left beside those excluded
        by hand that a redraw is refused for these.
        """
        there = {str(row.id) for row in await self._draws.objects(draw.region, draw.kinds, draw.tiers)}
        given = {one["object"] for one in json.loads(draw.frozen)["exclusions"] if one["by"] is not None}
        if draw.plan_id is not None:
            library = LibraryService(self._session, self._env)
            today = china_date(self._env.clock.now())
            recorded = {str(subject) for subject in await library.exclusions(draw.region, today)}
            there, given = there - recorded, given - recorded
        left = len(there - given)
        return left if len(given) <= allowed_by_hand(left + len(given), limits.excluded_bp) else 0

    async def _record(self, actor: Principal, draw: Draw, waiver: DrawWaiver, now: datetime) -> None:
        document = {
            "draw_id": str(draw.id),
            "number": waiver.number,
            "ground": waiver.ground,
            "reason": waiver.reason,
            "waived_by": waiver.waived_by,
            "waived_at": instant(now),
        }
        await append(
            self._session,
            log=self._env.log,
            id=log_id(str(draw.id)),
            version=await self._draws.entries(draw.id) + 3,
            event=_LOG_WAIVED,
            document_hash=hash_document(document),
            now=now,
        )
        await audit.record(
            self._session,
            actor=actor,
            action="draw.waive",
            target=f"draw:{draw.id}",
            purpose=waiver.reason,
            details={"number": waiver.number, "ground": waiver.ground, "draw": draw.number},
            now=now,
        )
