"""Closing a draw: gather the proofs, draw, sign the bundle, log its hash, tell others."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from common.ledger import append, find_leaf
from common.ledger.note import SignerKey
from common.ledger.store import list_keys
from common.ledger.strict import hash_document
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.inspections.opening import DrawnVisits
from credit.plans.repository import PlanRepository
from credit.publishing import announce
from credit.scoring.rules.engine import instant

from .models import Draw
from .repository import DrawRepository, SealedCheckpoint
from .rules import FORMAT, LOG_VOID, draw, inputs_of, log_id, seal_bundle, seed_of, void_document
from .rules.states import DrawState, VoidCause
from .sealing import Sealer

__all__ = ["Bundler"]

_LOG_CLOSED = "draw_closed"


class Bundler:
    """Makes the bundle of a finished or void draw, in the caller's transaction."""

    def __init__(self, session: AsyncSession, env: Environment, draws: DrawRepository) -> None:
        self._session, self._env, self._draws = session, env, draws
        self._sealer = Sealer(session, env, draws)

    async def close_drawn(self, row: Draw, sealed: SealedCheckpoint, now: datetime) -> None:
        """Draw from the sealed root and all secrets, and make the tasks that follow.

        Raises:
            Unavailable: the log cannot prove an entry under the sealed checkpoint at present.
        """
        frozen = json.loads(row.frozen)
        reveals = {one.officer: one.secret for one in await self._draws.reveals(row.id)}
        seed = seed_of(sealed.root, reveals)
        picks = await asyncio.to_thread(draw, seed, inputs_of(frozen))
        result = [{"object": one.object, "inspectors": list(one.inspectors)} for one in picks]
        await self._close(row, frozen, sealed, len(row.officers) + 1, seed.hex(), result, now)
        batches, department = await self._batches(row)
        await DrawnVisits(self._session, self._env).open_all(
            row.id, frozen, result, batches, department, row.created_by
        )

    async def decide_void(self, row: Draw, cause: VoidCause, missing: Sequence[str], now: datetime) -> None:
        """Make a draw void: its state at once, and an entry in the log that says why and who is missing.

        The entry's number is the next of the draw, so it also says what had been revealed by then. The
        bundle follows when the witness has cosigned it.
        """
        row.state, row.cause, row.missing, row.closed_at = DrawState.VOID, cause, list(missing), now
        document = void_document(str(row.id), cause, missing, instant(now))
        await self._session.flush()
        await append(
            self._session,
            log=self._env.log,
            id=log_id(str(row.id)),
            version=await self._draws.entries(row.id) + 1,
            event=LOG_VOID,
            document_hash=hash_document(document),
            now=now,
        )

    async def close_void(self, row: Draw, now: datetime) -> bool:
        """Make the bundle of a void draw, once its last entry is cosigned; says whether it was."""
        entries = await self._draws.entries(row.id) + 1
        leaf = await find_leaf(self._session, log_id(str(row.id)), entries)
        sealed = None if leaf is None else await self._draws.sealed_checkpoint(leaf + 1)
        if sealed is None:
            return False
        await self._close(row, json.loads(row.frozen), sealed, entries, None, [], now)
        return True

    async def _batches(self, row: Draw) -> tuple[list[date], str | None]:
        """The days of the task's batches and its lead office, as the plan said them when it was drawn."""
        if row.plan_id is None or row.plan_version is None or row.task_no is None:
            return [], None
        task = await PlanRepository(self._session).task_of(row.plan_id, row.plan_version, row.task_no)
        return [date.fromisoformat(one["due_on"]) for one in task["batches"]], task["lead_office"]

    async def _seal_before(self, row: Draw) -> dict[str, Any] | None:
        """The seal of a draw that somebody left unrevealed: it shows that it was time to reveal."""
        if row.cause != VoidCause.NOT_REVEALED:
            return None
        sealed = await self._sealer.seal(row)
        return None if sealed is None else await self._sealer.document(row, sealed)

    async def _signer(self, size: int) -> SignerKey:
        """The key that signed the tree of `size`: one key then verifies checkpoint and bundle."""
        for key in reversed(await list_keys(self._session)):
            if key.first_size <= size:
                return self._env.log.key(key.key)
        return self._env.log.newest()

    async def _close(
        self,
        row: Draw,
        frozen: dict[str, Any],
        sealed: SealedCheckpoint,
        proven: int,
        seed: str | None,
        result: list[dict[str, Any]],
        now: datetime,
    ) -> None:
        """Sign and store the bundle with the first `proven` entries of the draw, and log its hash."""
        made, told = await self._draws.commitments(row.id), await self._draws.reveals(row.id)
        outcome = DrawState.DRAWN if row.cause is None else DrawState.VOID
        closed_at = row.closed_at or now
        content = {
            "format": FORMAT,
            "frozen": frozen,
            "commitments": [{"officer": one.officer, "commitment": one.commitment} for one in made],
            "reveals": [{"officer": one.officer, "secret": one.secret.hex()} for one in told],
            "outcome": outcome,
            "cause": row.cause,
            "missing": row.missing,
            "checkpoint": sealed.note,
            "cosignature": sealed.cosignature,
            "proofs": await self._sealer.proofs(row, proven, sealed.size),
            "seal": await self._seal_before(row),
            "seed": seed,
            "result": result,
            "closed_at": instant(closed_at),
        }
        bundle = seal_bundle(content, await self._signer(sealed.size))
        row.bundle, row.state, row.closed_at = bundle, outcome, closed_at
        digest = sha256(bundle)
        row.bundle_sha256 = digest.hexdigest()
        await self._session.flush()
        await append(
            self._session,
            log=self._env.log,
            id=log_id(str(row.id)),
            version=await self._draws.entries(row.id) + (1 if row.cause is None else 2),
            event=_LOG_CLOSED,
            document_hash=digest.digest(),
            now=now,
        )
        data = {
            "draw_id": str(row.id),
            "number": row.number,
            "region": row.region,
            "outcome": outcome,
            "drawn": [pick["object"] for pick in result],
            "bundle_sha256": row.bundle_sha256,
        }
        await announce(self._session, "draw_revealed", row.id, 1, data, now)
