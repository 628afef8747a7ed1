"""Every select and insert on draws, and the one question they ask of the log."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from common.ledger.models import checkpoints, cosignatures
from sqlalchemy import ColumnElement, LargeBinary, Row, Text, and_, func, literal, or_, select
from sqlalchemy import cast as cast_sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute, aliased, defer
from sqlmodel import col

from credit.inspections.models import Inspection, InspectionDraw
from credit.inspections.rules import InspectionState
from credit.subjects.models import Subject
from credit.subjects.rules import Status
from credit.supervision.models import SupervisionState

from .models import Draw, DrawCommitment, DrawReveal, DrawWaiver
from .rules.states import DrawState

__all__ = ["DrawRepository", "SealedCheckpoint"]

_WITHOUT_DOCUMENTS = [defer(cast("QueryableAttribute[Any]", column)) for column in (Draw.frozen, Draw.bundle)]
_NUMBERING = 0x5454_4452_4157


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    return region_clause(col(Draw.region), principal)


@dataclass(frozen=True, slots=True)
class SealedCheckpoint:
    """A checkpoint that ends with an entry of a draw, and the witness's line over it."""

    size: int
    root: bytes
    note: str
    cosignature: str
    cosigned_at: datetime


class DrawRepository:
    """Draws in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def next_serial(self, year: int) -> int:
        """The next number of a year, without gaps; others wait until this transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(_NUMBERING)))
        last = await self._session.scalar(select(func.max(col(Draw.serial))).where(col(Draw.year) == year))
        return (last or 0) + 1

    async def objects(
        self, region: str, kinds: Collection[str], tiers: Collection[str]
    ) -> Sequence[Row[UUID, str, str | None, str, str]]:
        """Subjects in business of a region, by kind and tier, as (id, kind, key, region, tier) by id.

        The tier is the one by which a subject is supervised, where that is more than its grade's.
        """
        tier = func.coalesce(col(SupervisionState.tier), col(Subject.tier))
        query = (
            select(
                col(Subject.id), col(Subject.kind), col(Subject.key), col(Subject.region), tier.label("tier")
            )
            .outerjoin(SupervisionState, col(SupervisionState.subject_id) == col(Subject.id))
            .where(
                col(Subject.region).like(f"{region_prefix(region)}%"),
                col(Subject.kind).in_(kinds),
                col(Subject.status) == Status.ACTIVE,
            )
        )
        if tiers:
            query = query.where(tier.in_(tiers))
        return (await self._session.execute(query.order_by(col(Subject.id)))).all()

    async def find(self, draw_id: UUID, principal: Principal, *, lock: bool = False) -> Draw | None:
        """A draw of the caller's regions."""
        query = select(Draw).where(col(Draw.id) == draw_id, _visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(self, principal: Principal | None, before: UUID | None, limit: int) -> Sequence[Draw]:
        """`limit + 1` draws without their documents, the newest first; all regions for the public (None)."""
        query = select(Draw).options(*_WITHOUT_DOCUMENTS)
        if principal is not None:
            query = query.where(_visible_to(principal))
        if before is not None:
            query = query.where(col(Draw.id) < before)
        return (
            (await self._session.execute(query.order_by(col(Draw.id).desc()).limit(limit + 1)))
            .scalars()
            .all()
        )

    async def waiting(self, now: datetime, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Draws that may go on by themselves, behind `after` in order.

        Those whose deadline has passed, those to which all have committed and whose checkpoint may still
        come, and void ones without a bundle.
        """
        query = select(col(Draw.id)).where(
            col(Draw.bundle).is_(None),
            or_(
                and_(col(Draw.closed_at).is_(None), col(Draw.deadline) < now),
                and_(col(Draw.state) == DrawState.COMMITTED, col(Draw.sealed_size).is_(None)),
                col(Draw.state) == DrawState.VOID,
            ),
        )
        if after is not None:
            query = query.where(col(Draw.id) > after)
        return (await self._session.execute(query.order_by(col(Draw.id)).limit(limit))).scalars().all()

    async def take(self, draw_id: UUID) -> Draw | None:
        """A draw, locked; None while somebody else holds it."""
        query = select(Draw).where(col(Draw.id) == draw_id).with_for_update(skip_locked=True)
        return (
            await self._session.execute(query.execution_options(populate_existing=True))
        ).scalar_one_or_none()

    async def redraw(self, draw_id: UUID) -> Draw | None:
        """The draw that repeats this one."""
        query = select(Draw).options(*_WITHOUT_DOCUMENTS).where(col(Draw.redraw_of) == draw_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def barred(self, chain: UUID) -> set[str]:
        """The officers of all void draws of a chain."""
        query = select(col(Draw.officers)).where(col(Draw.chain) == chain, col(Draw.state) == DrawState.VOID)
        return {
            officer for officers in (await self._session.execute(query)).scalars() for officer in officers
        }

    async def took_part(self, chain: UUID) -> set[str]:
        """Who froze a draw of a chain, or was to draw in one."""
        query = select(col(Draw.created_by), col(Draw.officers)).where(col(Draw.chain) == chain)
        rows = (await self._session.execute(query)).all()
        return {row.created_by for row in rows} | {one for row in rows for one in row.officers}

    async def waiver(self, chain: UUID) -> DrawWaiver | None:
        """How a chain was given up."""
        return await self._session.get(DrawWaiver, chain)

    async def waivers(self, chains: Collection[UUID]) -> dict[UUID, DrawWaiver]:
        """How these chains were given up, by chain."""
        query = select(DrawWaiver).where(col(DrawWaiver.chain).in_(chains))
        return {row.chain: row for row in (await self._session.execute(query)).scalars()}

    async def handed_out(self, chain: UUID) -> bool:
        """Whether all visits that a chain brought are made, or the chain was given up."""
        if await self.waiver(chain) is not None:
            return True
        drawn = select(col(Draw.id)).where(col(Draw.chain) == chain, col(Draw.state) == DrawState.DRAWN)
        still = (
            select(col(Inspection.id))
            .join(InspectionDraw, col(InspectionDraw.inspection_id) == col(Inspection.id))
            .where(
                col(InspectionDraw.draw_id).in_(drawn),
                col(Inspection.state).in_((InspectionState.ASSIGNED, InspectionState.IN_PROGRESS)),
            )
        )
        return bool(await self._session.scalar(select(drawn.exists() & ~still.exists())))

    async def entries(self, draw_id: UUID) -> int:
        """How many entries a draw has in the log before it ends: inputs, commitments, secrets."""
        made, told = await self.commitments(draw_id), await self.reveals(draw_id)
        return 1 + len(made) + len(told)

    async def unsettled(self, officers: Collection[str]) -> Sequence[Draw]:
        """Void draws of one of these officers whose chain has no result and stands, the newest first."""
        other = aliased(Draw)
        drawn = select(col(other.id)).where(
            col(other.chain) == col(Draw.chain), col(other.state) == DrawState.DRAWN
        )
        query = (
            select(Draw)
            .options(*_WITHOUT_DOCUMENTS)
            .where(
                col(Draw.state) == DrawState.VOID,
                col(Draw.officers).op("&&")(cast_sql(list(officers), ARRAY(Text))),
                ~drawn.exists(),
                col(Draw.chain).not_in(select(col(DrawWaiver.chain))),
            )
            .order_by(col(Draw.id).desc())
        )
        return (await self._session.execute(query)).scalars().all()

    async def narrowed(
        self, subject_id: UUID, kind: str, regions: Collection[str], since: datetime
    ) -> Sequence[Draw]:
        """Draws made since then of some tiers only, for which a subject of this kind and place was not taken.

        The newest first, without those whose frozen inputs name it.
        """
        named = func.position(literal(str(subject_id).encode(), LargeBinary).op("IN")(col(Draw.frozen)))
        query = (
            select(Draw)
            .options(*_WITHOUT_DOCUMENTS)
            .where(
                col(Draw.created_at) >= since,
                func.cardinality(col(Draw.tiers)) > 0,
                col(Draw.kinds).contains([kind]),
                col(Draw.region).in_(regions),
                named == 0,
            )
            .order_by(col(Draw.id).desc())
        )
        return (await self._session.execute(query)).scalars().all()

    async def void_of_task(self, plan_id: UUID, task_no: str) -> Draw | None:
        """The newest void draw of a task."""
        query = (
            select(Draw)
            .options(*_WITHOUT_DOCUMENTS)
            .where(
                col(Draw.plan_id) == plan_id,
                col(Draw.task_no) == task_no,
                col(Draw.state) == DrawState.VOID,
            )
            .order_by(col(Draw.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def commitments(self, draw_id: UUID) -> Sequence[DrawCommitment]:
        """The commitments of a draw, in the order of the log."""
        query = (
            select(DrawCommitment)
            .where(col(DrawCommitment.draw_id) == draw_id)
            .order_by(col(DrawCommitment.log_version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def reveals(self, draw_id: UUID) -> Sequence[DrawReveal]:
        """The secrets revealed so far, in the order of the log."""
        query = (
            select(DrawReveal).where(col(DrawReveal.draw_id) == draw_id).order_by(col(DrawReveal.log_version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def sealed_checkpoint(self, size: int) -> SealedCheckpoint | None:
        """The checkpoint of exactly `size` leaves, if a witness has cosigned it."""
        query = (
            select(checkpoints.c.root, checkpoints.c.note, cosignatures.c.line, cosignatures.c.cosigned_at)
            .join(cosignatures, cosignatures.c.size == checkpoints.c.size)
            .where(checkpoints.c.size == size)
            .order_by(cosignatures.c.witness)
            .limit(1)
        )
        found = (await self._session.execute(query)).one_or_none()
        return (
            None
            if found is None
            else SealedCheckpoint(size, found.root, found.note, found.line, found.cosigned_at)
        )

    async def subjects(self, ids: Collection[UUID]) -> dict[UUID, Subject]:
        """Subjects by id, to show what was drawn."""
        query = select(Subject).where(col(Subject.id).in_(ids))
        return {row.id: row for row in (await self._session.execute(query)).scalars()}

    def add(self, row: Draw | DrawCommitment | DrawReveal | DrawWaiver) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)
