"""Use cases of draws: freeze, commit, reveal and draw, void, show."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.ledger import append, find_leaf
from common.ledger.strict import canonical, hash_document
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.rulebook.rules import DrawPolicy

from .bundles import Bundler
from .errors import DrawConflict, DrawNotFinished, DrawNotFound, DrawNotSealed, NotADrawOfficer
from .freezing import check_people, frozen_inputs
from .models import Draw, DrawCommitment, DrawReveal
from .preparing import Preparer
from .repository import DrawRepository, SealedCheckpoint
from .rules import LOG_COMMITTED, LOG_FROZEN, commitment_of, log_id
from .rules.algorithm import COMMITMENT_DOMAIN
from .rules.bundle import commitment_document
from .rules.states import DrawState
from .schemas import CommitmentView, DrawBrief, DrawIn, DrawView, PickView, StratumView

__all__ = ["DrawService"]


class DrawService:
    """The draw protocol. Nothing chosen after the first reveal can enter the seed."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._draws = DrawRepository(session)
        self._bundler = Bundler(session, env, self._draws)
        self._preparer = Preparer(session, env)

    async def freeze(self, actor: Principal, wanted: DrawIn) -> Draw:
        """Freeze all inputs of a draw and put their hash into the log.

        Objects are the subjects in business of the region, kinds and tiers, weighted by the sampling ratio of
        their tier (double-random checks: Article 54 of the business-environment regulations); each gets at
        least two inspectors (Article 42 of the penalty law) who are not recused (Article 43).

        Raises:
            DrawNotFound: the region, or the draw to repeat, is not the caller's.
            PlanNotFound, TaskNotFound, PlanConflict: the task is not there, or cannot be drawn now.
            InvalidPayload: too few objects or inspectors, names that do not fit, officers of the void draw.
            DrawConflict: the draw to repeat is not void.
        """
        now = self._env.clock.now()
        await self._check_redraw(actor, wanted)
        prepared = await self._preparer.prepare(actor, wanted)
        policy = self._env.rulebook.draws.choose("draws", on=china_date(now), region=prepared.region)
        check_people(prepared, policy)
        draw_id = new_id()
        year = china_date(now).year
        serial = await self._draws.next_serial(year)
        tiers = self._env.rulebook.supervision.choose(
            "tiered-supervision", on=china_date(now), region=prepared.region
        )
        candidates = await self._draws.objects(prepared.region, prepared.kinds, prepared.tiers)
        frozen = frozen_inputs(prepared, candidates, policy, tiers, draw_id, f"DRAW-{year}-{serial:06d}", now)
        task = prepared.task
        draw = Draw(
            id=draw_id,
            year=year,
            serial=serial,
            number=frozen["number"],
            region=prepared.region,
            purpose=prepared.purpose,
            kinds=prepared.kinds,
            officers=frozen["officers"],
            objects=len(frozen["objects"]),
            drawn=frozen["count"],
            state=DrawState.FROZEN,
            frozen=canonical(frozen),
            inputs_sha256=hash_document(frozen).hex(),
            redraw_of=wanted.redraw_of,
            plan_id=task.plan_id if task else None,
            plan_version=task.plan_version if task else None,
            task_no=task.no if task else None,
            deadline=now + timedelta(minutes=policy.commit_within_minutes),
            created_by=actor.sub,
            created_at=now,
        )
        self._draws.add(draw)
        await self._session.flush()
        await self._log(draw, 1, LOG_FROZEN, hash_document(frozen), now)
        return draw

    async def commit(self, actor: Principal, draw_id: UUID, commitment: str) -> Draw:
        """Take the calling officer's commitment and put it into the log. The same again changes nothing.

        Raises:
            DrawNotFound, NotADrawOfficer: not in the caller's regions, or not one of the draw's officers.
            DrawConflict: another commitment was given before, or the time for it is over.
        """
        now = self._env.clock.now()
        draw = await self._open(actor, draw_id, now)
        given = await self._draws.commitments(draw.id)
        mine = next((one for one in given if one.officer == actor.sub), None)
        if mine is not None:
            if mine.commitment != commitment:
                raise DrawConflict(Text("您已提交另一承诺", "You have committed to something else"))
            return draw
        if any(one.commitment == commitment for one in given):
            raise DrawConflict(Text("该承诺已由他人提交", "Another officer has this very commitment"))
        version = len(given) + 2
        self._draws.add(
            DrawCommitment(
                draw_id=draw.id,
                officer=actor.sub,
                commitment=commitment,
                log_version=version,
                committed_at=now,
            )
        )
        if len(given) + 1 == len(draw.officers):
            policy = self._policy_of(draw)
            draw.state = DrawState.COMMITTED
            draw.deadline = now + timedelta(minutes=policy.reveal_within_minutes)
        await self._session.flush()
        document = commitment_document(str(draw.id), actor.sub, commitment)
        await self._log(draw, version, LOG_COMMITTED, hash_document(document), now)
        return draw

    async def reveal(self, actor: Principal, draw_id: UUID, secret: bytes) -> Draw:
        """Take the calling officer's secret once the commitments are sealed; the last one makes the draw.

        Raises:
            DrawNotFound, NotADrawOfficer: as in `commit`.
            DrawConflict: not all have committed, or the time is over.
            DrawNotSealed: the commitments are not yet under a cosigned checkpoint.
            InvalidPayload: the secret is not the one committed to.
        """
        now = self._env.clock.now()
        draw = await self._open(actor, draw_id, now)
        if draw.state != DrawState.COMMITTED:
            raise DrawConflict(Text("尚有人员未提交承诺", "Not every officer has committed"))
        commitments = await self._draws.commitments(draw.id)
        sealed = await self._seal(draw)
        if sealed is None:
            raise DrawNotSealed
        mine = next(one for one in commitments if one.officer == actor.sub)
        if commitment_of(str(draw.id), actor.sub, secret) != mine.commitment:
            raise InvalidPayload.at("/secret", Text("与您的承诺不符", "It is not what you committed to"))
        reveals = await self._draws.reveals(draw.id)
        if any(one.officer == actor.sub for one in reveals):
            return draw
        draw.sealed_size = sealed[0]
        self._draws.add(DrawReveal(draw_id=draw.id, officer=actor.sub, secret=secret, revealed_at=now))
        await self._session.flush()
        if len(reveals) + 1 == len(draw.officers):
            await self._bundler.close_drawn(draw, sealed, now)
        return draw

    async def void_overdue(self, limit: int) -> int:
        """Make void, and publish as such, the draws whose officers let the time pass; gives how many."""
        now = self._env.clock.now()
        draws = await self._draws.overdue(now, limit)
        for draw in draws:
            await self._bundler.close_void(draw, now)
        return len(draws)

    async def get(self, actor: Principal, draw_id: UUID) -> Draw:
        """A draw of the caller's regions. Raises DrawNotFound."""
        draw = await self._draws.find(draw_id, actor)
        if draw is None or actor.subject_id is not None:
            raise DrawNotFound
        return draw

    async def bundle(self, actor: Principal, draw_id: UUID) -> bytes:
        """The bundle's very bytes. Raises DrawNotFound, DrawNotFinished."""
        draw = await self.get(actor, draw_id)
        if draw.bundle is None:
            raise DrawNotFinished(state=draw.state)
        return draw.bundle

    async def search(self, actor: Principal, cursor: str | None, limit: int) -> Page[DrawBrief]:
        """Draws of the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = None
        if cursor is not None:
            try:
                before = UUID(decode_cursor(cursor, str)[0])
            except ValueError:
                raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
        rows = [] if actor.subject_id else await self._draws.page(actor, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_brief(row) for row in items], next_cursor=following)

    async def view(self, draw: Draw) -> DrawView:
        """The draw as it crosses the API."""
        commitments = await self._draws.commitments(draw.id)
        revealed = {one.officer for one in await self._draws.reveals(draw.id)}
        closed: dict[str, Any] = json.loads(draw.bundle) if draw.bundle else {"missing": [], "result": []}
        return DrawView(
            **_brief(draw).model_dump(),
            sealed=draw.state == DrawState.COMMITTED and await self._seal(draw) is not None,
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
            strata=[StratumView(**one) for one in json.loads(draw.frozen).get("strata", [])],
            missing=closed["missing"],
            result=await self._picks(closed["result"]),
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

    async def _open(self, actor: Principal, draw_id: UUID, now: datetime) -> Draw:
        draw = await self._draws.find(draw_id, actor, lock=True)
        if draw is None or actor.subject_id is not None:
            raise DrawNotFound
        if actor.sub not in draw.officers:
            raise NotADrawOfficer
        if draw.bundle is not None or now > draw.deadline:
            raise DrawConflict(Text("该次抽取已结束或超过时限", "The draw is closed or its time is over"))
        return draw

    async def _seal(self, draw: Draw) -> SealedCheckpoint | None:
        """The first cosigned checkpoint that holds the inputs and all commitments; None until there is one.

        The first reveal fixes it: a cosignature that comes later for an earlier checkpoint changes nothing.
        """
        if draw.sealed_size is not None:
            return await self._draws.sealed_checkpoint(draw.sealed_size)
        indexes = [
            await find_leaf(self._session, log_id(str(draw.id)), version)
            for version in range(1, len(draw.officers) + 2)
        ]
        found = [index for index in indexes if index is not None]
        if len(found) != len(indexes):
            return None
        return await self._draws.sealed_checkpoint(max(found) + 1)

    async def _log(self, draw: Draw, version: int, event: str, document_hash: bytes, now: datetime) -> None:
        await append(
            self._session,
            log=self._env.log,
            id=log_id(str(draw.id)),
            version=version,
            event=event,
            document_hash=document_hash,
            now=now,
        )

    async def _check_redraw(self, actor: Principal, wanted: DrawIn) -> None:
        if wanted.redraw_of is None:
            return
        before = await self.get(actor, wanted.redraw_of)
        if before.state != DrawState.VOID:
            raise DrawConflict(Text("只有作废的抽取才重抽", "Only a void draw is drawn again"))
        task = (wanted.task.plan_id, wanted.task.no) if wanted.task else (None, None)
        if (before.plan_id, before.task_no) != task:
            raise InvalidPayload.at("/task", Text("重抽须为同一任务", "A redraw is of the same task"))
        if set(before.officers) & set(wanted.officers):
            raise InvalidPayload.at(
                "/officers", Text("重抽须由其他人员进行", "A redraw goes to other officers")
            )

    def _policy_of(self, draw: Draw) -> DrawPolicy:
        day: date = china_date(draw.created_at)
        return self._env.rulebook.draws.choose("draws", on=day, region=draw.region)


def _brief(draw: Draw) -> DrawBrief:
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
