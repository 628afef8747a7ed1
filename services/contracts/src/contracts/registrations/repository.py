"""Every select and insert of registrations."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, delete, false, insert, or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from contracts.db import Base, metadata
from contracts.registrations.models import (
    SERIAL,
    Attempt,
    AttemptKey,
    Contract,
    ContractKey,
    ContractVersion,
    FiledOrder,
)
from contracts.subjects.models import Subject

__all__ = [
    "add",
    "claim_attempt",
    "claim_order",
    "delete_expired_attempts",
    "find_contract",
    "find_filed_order",
    "find_key",
    "find_version",
    "list_versions",
    "lock_contract",
    "next_serial",
    "page",
    "visible_to",
]


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """The contracts a caller may see: an officer's regions; a platform's or agency's own; else none."""
    if principal.kind == "officer":
        region: Any = col(Contract.region)
        return region_clause(region, principal)
    if principal.subject_id is None:
        return false()
    own = (
        select(Subject.key)
        .where(col(Subject.subject_id) == principal.subject_id, col(Subject.key).is_not(None))
        .scalar_subquery()
    )
    return or_(col(Contract.platform_key) == own, col(Contract.agency_key) == own)


async def next_serial(session: AsyncSession) -> int:
    """A serial no other number of today has."""
    serial: int = await session.scalar(SERIAL.next_value())
    return serial


async def find_filed_order(
    session: AsyncSession, platform_key: str, order_no: str, event: str
) -> FiledOrder | None:
    """What the platform filed under this order number."""
    found: FiledOrder | None = await session.scalar(
        select(FiledOrder).where(
            col(FiledOrder.platform_key) == platform_key,
            col(FiledOrder.order_no) == order_no,
            col(FiledOrder.event) == event,
        )
    )
    return found


async def claim_order(session: AsyncSession, order: FiledOrder) -> bool:
    """Take the order number for one document, waiting for whoever is at it; False if it is taken."""
    claimed = await session.scalar(
        upsert(FiledOrder)
        .values(**order.model_dump())
        .on_conflict_do_nothing()
        .returning(col(FiledOrder.order_no))
    )
    return claimed is not None


async def claim_attempt(session: AsyncSession, key: AttemptKey) -> bool:
    """Take the right to keep an attempt; False if the same document of the same order was kept before."""
    claimed = await session.scalar(
        upsert(AttemptKey)
        .values(**key.model_dump())
        .on_conflict_do_nothing()
        .returning(col(AttemptKey.attempt_id))
    )
    return claimed is not None


async def add(session: AsyncSession, rows: Iterable[Base]) -> None:
    """Insert rows past the ORM, for speed: those of one table in one statement."""
    by_table: dict[type[Base], list[dict[str, object]]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append(row.model_dump())
    for table, values in by_table.items():
        await session.execute(insert(metadata.tables[str(table.__tablename__)]), values)


async def page(
    session: AsyncSession,
    allowed: ColumnElement[bool],
    *,
    order_no: str | None,
    agency_key: str | None,
    before: str | None,
    limit: int,
) -> list[Contract]:
    """Contracts among those allowed, by falling number, one more than `limit`."""
    statement = select(Contract).where(allowed)
    if order_no is not None:
        statement = statement.where(col(Contract.order_no) == order_no)
    if agency_key is not None:
        statement = statement.where(col(Contract.agency_key) == agency_key)
    if before is not None:
        statement = statement.where(col(Contract.contract_no) < before)
    rows = await session.scalars(statement.order_by(col(Contract.contract_no).desc()).limit(limit + 1))
    return list(rows)


async def find_contract(
    session: AsyncSession, contract_no: str, allowed: ColumnElement[bool]
) -> Contract | None:
    """The contract of that number, if it is among those allowed."""
    found: Contract | None = await session.scalar(
        select(Contract).where(col(Contract.contract_no) == contract_no, allowed)
    )
    return found


async def lock_contract(
    session: AsyncSession, contract_no: str, allowed: ColumnElement[bool]
) -> Contract | None:
    """As `find_contract`, locked until the transaction ends."""
    found: Contract | None = await session.scalar(
        select(Contract).where(col(Contract.contract_no) == contract_no, allowed).with_for_update()
    )
    return found


async def find_version(session: AsyncSession, contract_no: str, version: int) -> ContractVersion | None:
    """One version of a contract."""
    found: ContractVersion | None = await session.scalar(
        select(ContractVersion).where(
            col(ContractVersion.contract_no) == contract_no, col(ContractVersion.version) == version
        )
    )
    return found


async def list_versions(session: AsyncSession, contract_no: str) -> list[ContractVersion]:
    """All versions, oldest first."""
    rows = await session.scalars(
        select(ContractVersion)
        .where(col(ContractVersion.contract_no) == contract_no)
        .order_by(col(ContractVersion.version))
    )
    return list(rows)


async def find_key(session: AsyncSession, contract_no: str) -> ContractKey | None:
    """The wrapped key of a contract; None once it has been destroyed."""
    found: ContractKey | None = await session.get(ContractKey, contract_no)
    return found


async def delete_expired_attempts(session: AsyncSession, today: date) -> int:
    """Delete attempts whose time is over, keys and documents together; gives how many there were."""
    gone = await session.execute(
        delete(Attempt).where(col(Attempt.expires_on) <= today).returning(col(Attempt.id))
    )
    await session.execute(delete(AttemptKey).where(col(AttemptKey.expires_on) <= today))
    return len(gone.all())
