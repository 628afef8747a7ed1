"""When a draw is sealed: the witness's own time decides, not when anybody here looked."""

import json
from datetime import datetime, timedelta
from typing import Any

from common.clock import china_date
from common.ledger import find_leaf, get_receipt
from common.problems import Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.scoring.rules.engine import instant

from .models import Draw
from .repository import DrawRepository, SealedCheckpoint
from .rules import cosigned_in_time, log_id
from .rules.states import DrawState, VoidCause

__all__ = ["Sealer", "frozen_time", "in_order"]


class Sealer:
    """The checkpoint that ends with the last commitment, and what follows when it does not come in time."""

    def __init__(self, session: AsyncSession, env: Environment, draws: DrawRepository) -> None:
        self._session, self._env, self._draws = session, env, draws

    async def seal(self, draw: Draw) -> SealedCheckpoint | None:
        """The checkpoint that ends with the last commitment, cosigned in time; None while there is none.

        The log ends a checkpoint with every commitment, so there is exactly one, and nobody chooses it. In
        time is what the witness signed between the freezing and `seal_by`, whenever its line arrived.
        """
        found = await self._cosigned(draw)
        return found if found is not None and _in_time(draw, found) else None

    async def take_seal(self, draw: Draw) -> SealedCheckpoint | None:
        """The seal, noted with the draw: from now on there is time to reveal."""
        sealed = await self.seal(draw)
        if sealed is not None and draw.sealed_size is None:
            draw.sealed_size = sealed.size
            draw.deadline = frozen_time(draw, "reveal_by")
        return sealed

    async def cannot_come(self, draw: Draw, now: datetime) -> bool:
        """Whether a draw past `seal_by` gets no seal any more: the witness signed too late, or not at all.

        A line from before `seal_by` may take a while to arrive (`wait_for_seal_minutes`).
        """
        if await self._cosigned(draw) is not None:
            return True
        policy = self._env.rulebook.draws.choose("draws", on=china_date(draw.created_at), region=draw.region)
        return now > frozen_time(draw, "seal_by") + timedelta(minutes=policy.wait_for_seal_minutes)

    async def why_void(self, draw: Draw) -> tuple[VoidCause, list[str]]:
        """Why a draw whose time has passed is void, and who is missing: nobody where it was not sealed."""
        if draw.state == DrawState.FROZEN:
            made = {one.officer for one in await self._draws.commitments(draw.id)}
            return VoidCause.NOT_COMMITTED, [who for who in in_order(draw.officers) if who not in made]
        if draw.sealed_size is None:
            return VoidCause.NOT_SEALED, []
        told = {one.officer for one in await self._draws.reveals(draw.id)}
        return VoidCause.NOT_REVEALED, [who for who in in_order(draw.officers) if who not in told]

    async def proofs(self, draw: Draw, entries: int, size: int) -> list[dict[str, Any]]:
        """Where the first entries of a draw stand in the tree of `size`, and the salts that hide them.

        Raises:
            Unavailable: the log cannot prove an entry at present.
        """
        found = []
        for version in range(1, entries + 1):
            receipt = await get_receipt(
                self._session, log=self._env.log, id=log_id(str(draw.id)), version=version, size=size
            )
            if receipt is None:
                raise Unavailable
            found.append(
                {
                    "salt": receipt.salt.hex(),
                    "leaf_index": receipt.leaf_index,
                    "inclusion_proof": [item.hex() for item in receipt.inclusion_proof],
                }
            )
        return found

    async def document(self, draw: Draw, sealed: SealedCheckpoint) -> dict[str, Any]:
        """A seal as bundles carry it and officers keep it."""
        return {
            "checkpoint": sealed.note,
            "cosignature": sealed.cosignature,
            "proofs": await self.proofs(draw, len(draw.officers) + 1, sealed.size),
        }

    async def _cosigned(self, draw: Draw) -> SealedCheckpoint | None:
        if draw.sealed_size is not None:
            return await self._draws.sealed_checkpoint(draw.sealed_size)
        last = await find_leaf(self._session, log_id(str(draw.id)), len(draw.officers) + 1)
        return None if last is None else await self._draws.sealed_checkpoint(last + 1)


def _in_time(draw: Draw, found: SealedCheckpoint) -> bool:
    seal_by = frozen_time(draw, "seal_by")
    return cosigned_in_time(instant(found.cosigned_at), instant(draw.created_at), instant(seal_by))


def frozen_time(draw: Draw, name: str) -> datetime:
    """One of the times in the frozen inputs."""
    return datetime.fromisoformat(json.loads(draw.frozen)[name])


def in_order(officers: list[str]) -> list[str]:
    """Officers in the order in which their secrets enter the seed."""
    return sorted(officers, key=str.encode)
