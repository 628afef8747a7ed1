"""Use cases of draws: freeze, commit, reveal and draw, void, show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.ledger import append
from common.ledger.entries import Promise
from common.ledger.strict import canonical, hash_document
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.rulebook.rules import DrawPolicy
from credit.supervision.service import SupervisionService

from .bundles import Bundler
from .chains import Chains
from .errors import (
    DrawConflict,
    DrawNotFinished,
    DrawNotFound,
    DrawNotHandedOut,
    DrawNotSealed,
    NotADrawOfficer,
)
from .freezing import check_grounds, check_people, frozen_inputs
from .models import Draw, DrawCommitment, DrawReveal
from .preparing import Preparer
from .repository import DrawRepository
from .rules import (
    LOG_COMMITTED,
    LOG_FROZEN,
    LOG_REVEALED,
    commitment_document,
    commitment_of,
    log_id,
    reveal_document,
)
from .rules.states import DrawState
from .schemas import DrawBrief, DrawIn, DrawView
from .sealing import Sealer, frozen_time
from .views import DrawViews, brief

__all__ = ["DrawService", "Written"]


@dataclass(frozen=True, slots=True)
class Written:
    """A draw, and the log's signed promise to take in what the caller has just done."""

    draw: Draw
    promise: Promise


class DrawService:
    """The draw protocol. Nothing chosen after the last commitment can enter the seed, but the secrets."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._draws = DrawRepository(session)
        self._bundler = Bundler(session, env, self._draws)
        self._preparer = Preparer(session, env)
        self._supervision = SupervisionService(session, env)
        self._chains = Chains(self._draws)
        self._sealer = Sealer(session, env, self._draws)
        self._views = DrawViews(session, env, self._draws)

    async def freeze(self, actor: Principal, wanted: DrawIn) -> Written:
        """Freeze all inputs of a draw and put their hash into the log.

        Objects are the subjects in business of the region, kinds and tiers, weighted by the sampling ratio of
        their tier (double-random checks: Article 54 of the business-environment regulations); each gets at
        least two inspectors (Article 42 of the penalty law) who are not recused (Article 43).

        Raises:
            DrawNotFound: the region, or the draw to repeat, is not the caller's.
            PlanNotFound, TaskNotFound, PlanConflict: the task is not there, or cannot be drawn now.
            InvalidPayload: too few objects or inspectors, names that do not fit; a redraw of something else,
                or by officers of a void draw; grounds that the policy does not know, or that the records do
                not bear out; more recused or excluded than it allows.
            DrawConflict: the draw to repeat is not void or was repeated, or a void draw waits to be repeated.
            SupervisionBehind: too many subjects of the region were graded anew just now; ask again.
        """
        now = self._env.clock.now()
        before = await self._chains.to_repeat(actor, wanted)
        prepared = await self._preparer.prepare(actor, wanted)
        policy = self._env.rulebook.draws.choose("draws", on=china_date(now), region=prepared.region)
        limits = self._env.rulebook.draw_limits.choose(
            "draw-limits", on=china_date(now), region=prepared.region
        )
        check_people(prepared, policy)
        check_grounds(wanted, limits)
        await self._supervision.catch_up(prepared.region, prepared.kinds)
        candidates = await self._draws.objects(prepared.region, prepared.kinds, prepared.tiers)
        await self._preparer.check_exclusions(wanted, prepared.region, [row.id for row in candidates])
        tiers = await self._supervision.tiers(prepared.region, now)
        times, draw_id, year = _times(now, policy), new_id(), china_date(now).year
        serial = await self._draws.next_serial(year)
        frozen = frozen_inputs(
            prepared, candidates, policy, limits, tiers, draw_id, f"DRAW-{year}-{serial:06d}", now, times
        )
        await self._chains.check(before, prepared, frozen)
        task = prepared.task
        draw = Draw(
            id=draw_id,
            year=year,
            serial=serial,
            number=frozen["number"],
            region=prepared.region,
            purpose=prepared.purpose,
            kinds=prepared.kinds,
            tiers=frozen["tiers"],
            officers=frozen["officers"],
            objects=len(frozen["objects"]),
            drawn=frozen["count"],
            state=DrawState.FROZEN,
            frozen=canonical(frozen),
            inputs_sha256=hash_document(frozen).hex(),
            chain=draw_id if before is None else before.chain,
            redraw_of=wanted.redraw_of,
            plan_id=task.plan_id if task else None,
            plan_version=task.plan_version if task else None,
            task_no=task.no if task else None,
            deadline=times["commit_by"],
            created_by=actor.sub,
            created_at=now,
        )
        self._draws.add(draw)
        await self._session.flush()
        return Written(draw, await self._log(draw, 1, LOG_FROZEN, frozen, now))

    async def commit(self, actor: Principal, draw_id: UUID, commitment: str) -> Written:
        """Take the calling officer's commitment and put it into the log. The same again changes nothing.

        Raises:
            DrawNotFound, NotADrawOfficer: not in the caller's regions, or not one of the draw's officers.
            DrawConflict: another commitment was given before, or the time for it is over.
        """
        now = self._env.clock.now()
        draw = await self._open(actor, draw_id, now)
        given = await self._draws.commitments(draw.id)
        document = commitment_document(str(draw.id), actor.sub, commitment)
        mine = next((one for one in given if one.officer == actor.sub), None)
        if mine is not None:
            if mine.commitment != commitment:
                raise DrawConflict(Text("您已提交另一承诺", "You have committed to something else"))
            return Written(draw, await self._log(draw, mine.log_version, LOG_COMMITTED, document, now))
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
            draw.state = DrawState.COMMITTED
            draw.deadline = frozen_time(draw, "seal_by")
        await self._session.flush()
        return Written(draw, await self._log(draw, version, LOG_COMMITTED, document, now))

    async def reveal(self, actor: Principal, draw_id: UUID, secret: bytes) -> Written:
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
        sealed = await self._sealer.take_seal(draw)
        if sealed is None:
            raise DrawNotSealed
        mine = next(one for one in commitments if one.officer == actor.sub)
        if commitment_of(str(draw.id), actor.sub, secret) != mine.commitment:
            raise InvalidPayload.at("/secret", Text("与您的承诺不符", "It is not what you committed to"))
        reveals = await self._draws.reveals(draw.id)
        before = next((one for one in reveals if one.officer == actor.sub), None)
        version = len(commitments) + len(reveals) + 2 if before is None else before.log_version
        document = reveal_document(str(draw.id), actor.sub, secret.hex())
        promise = await self._log(draw, version, LOG_REVEALED, document, now)
        if before is None:
            self._draws.add(
                DrawReveal(
                    draw_id=draw.id,
                    officer=actor.sub,
                    secret=secret,
                    log_version=version,
                    revealed_at=now,
                )
            )
            await self._session.flush()
            if len(reveals) + 1 == len(draw.officers):
                await self._bundler.close_drawn(draw, sealed, now)
        return Written(draw, promise)

    async def waiting(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Draws that may go on by themselves, behind `after` in order."""
        return await self._draws.waiting(self._env.clock.now(), after, limit)

    async def advance(self, draw_id: UUID) -> bool:
        """What a draw has waiting: note that it is sealed, make it void when its time has passed, prove that.

        Whose commitments or secrets are missing is named. A draw whose checkpoint the witness did not cosign
        in time names nobody; the witness's own time decides, however late anybody looks. Says whether the
        draw went on; one that somebody else holds does not.
        """
        now = self._env.clock.now()
        draw = await self._draws.take(draw_id)
        if draw is None or draw.bundle is not None:
            return False
        went_on = False
        unsealed = draw.state == DrawState.COMMITTED and draw.sealed_size is None
        if unsealed:
            went_on = await self._sealer.take_seal(draw) is not None
            unsealed = not went_on
        over = draw.deadline < now and draw.closed_at is None
        if over and (not unsealed or await self._sealer.cannot_come(draw, now)):
            cause, missing = await self._sealer.why_void(draw)
            await self._bundler.decide_void(draw, cause, missing, now)
            went_on = True
        if draw.state == DrawState.VOID:
            went_on = await self._bundler.close_void(draw, now) or went_on
        await self._session.flush()
        return went_on

    async def get(self, actor: Principal, draw_id: UUID) -> Draw:
        """A draw of the caller's regions. Raises DrawNotFound."""
        draw = await self._draws.find(draw_id, actor)
        if draw is None or actor.subject_id is not None:
            raise DrawNotFound
        return draw

    async def bundle(self, actor: Principal, draw_id: UUID) -> bytes:
        """The bundle's very bytes; for programs that see what is internal once the visits are made.

        Raises:
            DrawNotFound, DrawNotFinished, DrawNotHandedOut: not in the caller's regions, or too early.
        """
        draw = await self.get(actor, draw_id)
        if draw.bundle is None:
            raise DrawNotFinished(state=draw.state)
        if not await self._views.may_check(actor, draw):
            raise DrawNotHandedOut(bundle_sha256=draw.bundle_sha256)
        return draw.bundle

    async def inputs(self, actor: Principal, draw_id: UUID) -> bytes:
        """The frozen inputs' very bytes. Raises DrawNotFound, DrawNotHandedOut."""
        draw = await self.get(actor, draw_id)
        if not await self._views.may_check(actor, draw):
            raise DrawNotHandedOut(inputs_sha256=draw.inputs_sha256)
        return draw.frozen

    async def search(self, actor: Principal, cursor: str | None, limit: int) -> Page[DrawBrief]:
        """Draws of the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = cursor_id(cursor)
        rows = [] if actor.subject_id else await self._draws.page(actor, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[brief(row) for row in items], next_cursor=following)

    async def view(self, actor: Principal, draw: Draw, promise: Promise | None = None) -> DrawView:
        """The draw as it crosses the API, with the promise for what the caller has just done."""
        return await self._views.whole(actor, draw, promise)

    async def _open(self, actor: Principal, draw_id: UUID, now: datetime) -> Draw:
        """A draw of which the caller is an officer, locked and in time; a seal that came is noted first."""
        draw = await self._draws.find(draw_id, actor, lock=True)
        if draw is None or actor.subject_id is not None:
            raise DrawNotFound
        if actor.sub not in draw.officers:
            raise NotADrawOfficer
        if draw.state == DrawState.COMMITTED:
            await self._sealer.take_seal(draw)
        if draw.closed_at is not None or now > draw.deadline:
            raise DrawConflict(Text("该次抽取已结束或超过时限", "The draw is closed or its time is over"))
        return draw

    async def _log(
        self, draw: Draw, version: int, event: str, document: dict[str, Any], now: datetime
    ) -> Promise:
        return await append(
            self._session,
            log=self._env.log,
            id=log_id(str(draw.id)),
            version=version,
            event=event,
            document_hash=hash_document(document),
            now=now,
        )


def _times(now: datetime, policy: DrawPolicy) -> dict[str, datetime]:
    """Until when officers commit, the witness seals, and officers reveal: one after the other."""
    commit_by = now + timedelta(minutes=policy.commit_within_minutes)
    seal_by = commit_by + timedelta(minutes=policy.seal_within_minutes)
    reveal_by = seal_by + timedelta(minutes=policy.reveal_within_minutes)
    return {"commit_by": commit_by, "seal_by": seal_by, "reveal_by": reveal_by}
