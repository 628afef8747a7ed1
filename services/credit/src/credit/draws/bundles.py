"""Closing a draw: gather the proofs, draw, sign the bundle, log its hash, tell others."""

import json
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from common.ledger import append, get_receipt
from common.ledger.note import SignerKey
from common.ledger.store import list_keys
from common.problems import Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.inspections.opening import DrawnVisits
from credit.plans.repository import PlanRepository
from credit.publishing import announce
from credit.scoring.rules.engine import instant

from .models import Draw
from .repository import DrawRepository, SealedCheckpoint
from .rules import FORMAT, draw, inputs_of, log_id, seal_bundle, seed_of
from .rules.states import DrawState

__all__ = ["Bundler"]

_LOG_CLOSED = "draw_closed"


class Bundler:
    """Makes the bundle of a finished or void draw, in the caller's transaction."""

    def __init__(self, session: AsyncSession, env: Environment, draws: DrawRepository) -> None:
        self._session, self._env, self._draws = session, env, draws

    async def close_drawn(self, row: Draw, sealed: SealedCheckpoint, now: datetime) -> None:
        """Draw from the sealed root and all secrets, and make the tasks that follow.

        Raises:
            Unavailable: the log cannot prove an entry under the sealed checkpoint at present.
        """
        size, root, lines = sealed
        frozen = json.loads(row.frozen)
        reveals = {one.officer: one.secret for one in await self._draws.reveals(row.id)}
        seed = seed_of(root, reveals)
        picks = draw(seed, inputs_of(frozen))
        content = await self._content(row, frozen, size, now) | {
            "cosignatures": lines,
            "outcome": DrawState.DRAWN,
            "missing": [],
            "seed": seed.hex(),
            "result": [{"object": one.object, "inspectors": list(one.inspectors)} for one in picks],
        }
        await self._close(row, DrawState.DRAWN, content, await self._signer(size), now)
        batches, department = await self._batches(row)
        await DrawnVisits(self._session, self._env).open_all(
            row.id, frozen, content["result"], batches, department, row.created_by
        )

    async def close_void(self, row: Draw, now: datetime) -> None:
        """Publish that a draw is void, naming the officers who did not commit or not reveal."""
        done = {one.officer for one in await self._draws.reveals(row.id)}
        if row.state == DrawState.FROZEN:
            done = {one.officer for one in await self._draws.commitments(row.id)}
        content = await self._content(row, json.loads(row.frozen), None, now) | {
            "cosignatures": [],
            "outcome": DrawState.VOID,
            "missing": sorted(set(row.officers) - done),
            "seed": None,
            "result": [],
        }
        await self._close(row, DrawState.VOID, content, self._env.log.newest(), now)

    async def _batches(self, row: Draw) -> tuple[list[date], str | None]:
        """The days of the task's batches and its lead office, as the plan said them when it was drawn."""
        if row.plan_id is None or row.plan_version is None or row.task_no is None:
            return [], None
        task = await PlanRepository(self._session).task_of(row.plan_id, row.plan_version, row.task_no)
        return [date.fromisoformat(one["due_on"]) for one in task["batches"]], task["lead_office"]

    async def _content(
        self, row: Draw, frozen: dict[str, Any], size: int | None, now: datetime
    ) -> dict[str, Any]:
        commitments = await self._draws.commitments(row.id)
        reveals = await self._draws.reveals(row.id)
        return {
            "format": FORMAT,
            "log_origin": self._env.log.origin,
            "frozen": frozen,
            "frozen_receipt": await self._receipt(row, 1, size),
            "commitments": [
                {
                    "officer": one.officer,
                    "commitment": one.commitment,
                    "receipt": await self._receipt(row, one.log_version, size),
                }
                for one in commitments
            ],
            "reveals": [{"officer": one.officer, "secret": one.secret.hex()} for one in reveals],
            "closed_at": instant(now),
        }

    async def _receipt(self, row: Draw, version: int, size: int | None) -> dict[str, Any] | None:
        """An entry's receipt under the checkpoint of `size`; a void draw (None) takes what there is."""
        receipt = await get_receipt(
            self._session, log=self._env.log, id=log_id(str(row.id)), version=version, size=size
        )
        if receipt is None and size is not None:
            raise Unavailable
        return receipt.document() if receipt else None

    async def _signer(self, size: int) -> SignerKey:
        """The key that signed the tree of `size`: one key then verifies checkpoint and bundle."""
        for key in reversed(await list_keys(self._session)):
            if key.first_size <= size:
                return self._env.log.key(key.key)
        return self._env.log.newest()

    async def _close(
        self, row: Draw, state: DrawState, content: dict[str, Any], signer: SignerKey, now: datetime
    ) -> None:
        row.bundle = seal_bundle(content, signer)
        digest = sha256(row.bundle)
        row.bundle_sha256 = digest.hexdigest()
        row.state = state
        row.closed_at = now
        await self._session.flush()
        await append(
            self._session,
            log=self._env.log,
            id=log_id(str(row.id)),
            version=len(row.officers) + 2,
            event=_LOG_CLOSED,
            document_hash=digest.digest(),
            now=now,
        )
        data = {
            "draw_id": str(row.id),
            "number": row.number,
            "region": row.region,
            "outcome": state,
            "drawn": [pick["object"] for pick in content["result"]],
            "bundle_sha256": row.bundle_sha256,
        }
        await announce(self._session, "draw_revealed", row.id, 1, data, now)
