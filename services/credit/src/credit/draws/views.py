"""Draws as they cross the API, and who may see already who will be inspected by whom."""

import json
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.ledger.entries import Promise
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.internal import sees_internal

from .models import Draw
from .repository import DrawRepository
from .rules.algorithm import COMMITMENT_DOMAIN
from .rules.states import DrawState, VoidCause
from .schemas import CommitmentView, DrawBrief, DrawView, PickView, SealView, StratumView, WaiverView
from .sealing import Sealer

__all__ = ["DrawViews", "brief"]


class DrawViews:
    """Draws for officers, and for programs what may be told once the visits are made."""

    def __init__(self, session: AsyncSession, env: Environment, draws: DrawRepository) -> None:
        self._env, self._draws = env, draws
        self._sealer = Sealer(session, env, draws)

    async def may_see(self, actor: Principal, draw: Draw) -> bool:
        """Whether the caller may see who was drawn, and who inspects.

        Officers of the region, and who is named in it, may at once; all others, programs above all, once
        every visit that the draw brought is made, or once its chain is waived.
        """
        return self._named(actor, draw) or await self._draws.handed_out(draw.chain)

    async def may_check(self, actor: Principal, draw: Draw) -> bool:
        """Whether the caller may see what was frozen: every object's tier, which a slight listing raises.

        Programs that are told nothing internal never may: the authority hands a bundle to whom it will.
        """
        if self._named(actor, draw):
            return True
        internal = sees_internal(self._env.rulebook, actor, china_date(self._env.clock.now()))
        return internal and await self._draws.handed_out(draw.chain)

    @staticmethod
    def _named(actor: Principal, draw: Draw) -> bool:
        if actor.kind == "officer" or actor.sub in draw.officers:
            return True
        return any(one["id"] == actor.sub for one in json.loads(draw.frozen)["inspectors"])

    async def whole(self, actor: Principal, draw: Draw, promise: Promise | None = None) -> DrawView:
        """The draw, with the promise for what the caller has just done."""
        commitments = await self._draws.commitments(draw.id)
        revealed = {one.officer for one in await self._draws.reveals(draw.id)}
        seal = None if draw.state in (DrawState.FROZEN, DrawState.VOID) else await self._sealer.seal(draw)
        frozen: dict[str, Any] = json.loads(draw.frozen)
        seen = await self.may_see(actor, draw)
        closed: dict[str, Any] = json.loads(draw.bundle) if draw.bundle and seen else {"result": []}
        waiver = await self._draws.waiver(draw.chain)
        return DrawView(
            **brief(draw).model_dump(),
            sealed=seal is not None,
            seal=None
            if seal is None
            else SealView(size=seal.size, root=seal.root.hex(), **await self._sealer.document(draw, seal)),
            commitment_domain=COMMITMENT_DOMAIN.decode(),
            commitments=[
                CommitmentView(
                    officer=one.officer,
                    commitment=one.commitment,
                    committed_at=one.committed_at,
                    revealed=one.officer in revealed,
                )
                for one in commitments
            ],
            strata=[StratumView(**one) for one in frozen["strata"]]
            if await self.may_check(actor, draw)
            else [],
            cause=VoidCause(draw.cause) if draw.cause else None,
            missing=draw.missing,
            waiver=WaiverView.model_validate(waiver, from_attributes=True) if waiver else None,
            handed_out=seen,
            result=await self._picks(closed["result"]),
            promise=promise.document() if promise else None,
        )

    async def _picks(self, result: list[dict[str, Any]]) -> list[PickView]:
        subjects = await self._draws.subjects([UUID(pick["object"]) for pick in result])
        views = []
        for pick in result:
            subject = subjects[UUID(pick["object"])]
            views.append(
                PickView(
                    subject_id=subject.id,
                    name=subject.name,
                    key=subject.key,
                    region=subject.region,
                    tier=subject.tier,
                    inspectors=pick["inspectors"],
                )
            )
        return views


def brief(draw: Draw) -> DrawBrief:
    """A draw in a list."""
    return DrawBrief(
        id=draw.id,
        number=draw.number,
        purpose=draw.purpose,
        region=draw.region,
        kinds=draw.kinds,
        state=DrawState(draw.state),
        officers=draw.officers,
        objects=draw.objects,
        count=draw.drawn,
        inputs_sha256=draw.inputs_sha256,
        bundle_sha256=draw.bundle_sha256,
        deadline=draw.deadline,
        redraw_of=draw.redraw_of,
        plan_id=draw.plan_id,
        task_no=draw.task_no,
        created_at=draw.created_at,
        closed_at=draw.closed_at,
    )
