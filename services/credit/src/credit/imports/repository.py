"""Every select and insert of imports, and the bulk writes by which a chunk takes effect."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from common.auth import Principal, region_clause
from common.db import copy_rows
from sqlalchemy import ColumnElement, and_, any_, delete, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from credit.intake.models import ParkedEvent
from credit.intake.rules import ParkedState
from credit.subjects.models import Subject

from .models import Import, ImportRow
from .rules import State

__all__ = ["Identities", "ImportRepository", "PendingRow", "RowResult", "StagedRow"]

_LOCK_KEYS = text(
    "SELECT count(pg_advisory_xact_lock(hashtextextended(k, 0))) FROM"
    " (SELECT k FROM unnest(CAST(:keys AS text[])) AS k ORDER BY k) AS sorted"
)
_SETTLE = text(
    "UPDATE import_rows SET outcome = r.outcome, subject_id = r.subject_id, errors = CAST(r.errors AS jsonb)"
    " FROM unnest(CAST(:rows AS integer[]), CAST(:outcomes AS text[]), CAST(:subjects AS uuid[]),"
    " CAST(:errors AS text[])) AS r(row_no, outcome, subject_id, errors)"
    " WHERE import_rows.import_id = :import_id AND import_rows.row_no = r.row_no"
)


@dataclass(slots=True)
class Identities:
    """By what the rows of a chunk may be known already."""

    ids: set[UUID] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    licences: set[str] = field(default_factory=set)
    id_indexes: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    name_indexes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of `import_rows`; made by the ten thousand, so it is no model."""

    import_id: UUID
    row_no: int
    kind: str | None
    key: str | None
    name: str | None
    content: dict[str, Any] | None
    cipher: str | None
    outcome: str | None
    errors: list[dict[str, Any]]
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A staged row that waits: its texts, in the clear or encrypted."""

    row_no: int
    content: dict[str, str] | None
    cipher: str | None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row."""

    row_no: int
    outcome: str
    subject_id: UUID | None
    errors: list[dict[str, Any]]


class ImportRepository:
    """Imports in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Import) -> None:
        """Queue a new import for the next flush."""
        self._session.add(row)

    async def find(self, import_id: UUID, created_by: str, *, lock: bool = False) -> Import | None:
        """An import of the caller's own."""
        query = select(Import).where(col(Import.id) == import_id, col(Import.created_by) == created_by)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(self, created_by: str, before: UUID | None, limit: int) -> Sequence[Import]:
        """`limit + 1` imports of the caller's own, the newest first."""
        query = select(Import).where(col(Import.created_by) == created_by)
        if before is not None:
            query = query.where(col(Import.id) < before)
        query = query.order_by(col(Import.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def running(self, created_by: str, sha256: str, mode: str, dry_run: bool) -> Import | None:
        """The import of the same file, in the same manner, that is still at work."""
        query = select(Import).where(
            col(Import.created_by) == created_by,
            col(Import.sha256) == sha256,
            col(Import.mode) == mode,
            col(Import.dry_run).is_(dry_run),
            col(Import.state) == State.APPLYING,
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def stage(self, rows: Sequence[StagedRow]) -> None:
        """Put rows into staging by COPY."""
        await self.copy(ImportRow, rows)

    async def claim(self) -> Import | None:
        """The oldest import at work that no other process has in hand, locked for this transaction."""
        query = (
            select(Import)
            .where(col(Import.state) == State.APPLYING)
            .order_by(col(Import.id))
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def pending(self, import_id: UUID, after: int, limit: int) -> Sequence[PendingRow]:
        """The next valid rows without an outcome, in order."""
        query = (
            select(col(ImportRow.row_no), col(ImportRow.content), col(ImportRow.cipher))
            .where(
                col(ImportRow.import_id) == import_id,
                col(ImportRow.row_no) > after,
                col(ImportRow.outcome).is_(None),
            )
            .order_by(col(ImportRow.row_no))
            .limit(limit)
        )
        return [PendingRow(*row) for row in await self._session.execute(query)]

    async def report(self, import_id: UUID, after: int, limit: int) -> Sequence[ImportRow]:
        """Rows of a report, in order."""
        query = (
            select(ImportRow)
            .where(col(ImportRow.import_id) == import_id, col(ImportRow.row_no) > after)
            .order_by(col(ImportRow.row_no))
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def settle(self, import_id: UUID, results: Sequence[RowResult]) -> None:
        """Write what became of rows."""
        await self._session.execute(
            _SETTLE,
            {
                "import_id": import_id,
                "rows": [one.row_no for one in results],
                "outcomes": [one.outcome for one in results],
                "subjects": [one.subject_id for one in results],
                "errors": [json.dumps(one.errors, ensure_ascii=False) for one in results],
            },
        )

    async def known(self, actor: Principal, wanted: Identities) -> Sequence[Subject]:
        """The caller's subjects that rows of a chunk may mean, locked in order of id."""
        clauses = _any_of(wanted)
        if not clauses:
            return []
        query = (
            select(Subject)
            .where(or_(*clauses), region_clause(col(Subject.region), actor))
            .order_by(col(Subject.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def taken(self, wanted: Identities) -> set[str]:
        """The keys, licences and indexes of ID numbers that belong to somebody, wherever that is."""
        clauses = _any_of(
            Identities(keys=wanted.keys, licences=wanted.licences, id_indexes=wanted.id_indexes)
        )
        if not clauses:
            return set()
        rows = await self._session.execute(
            select(
                col(Subject.key),
                col(Subject.license_no),
                # Only natural persons are unique by their ID number; a guide's card is another subject.
                func.nullif(col(Subject.id_number_index), "").label("id_index"),
                col(Subject.kind),
            ).where(or_(*clauses))
        )
        found: set[str] = set()
        for row in rows:
            found |= {f"key:{row.key}", f"license_no:{row.license_no}"}
            if row.kind == "natural_person":
                found.add(f"id_number:{row.id_index}")
        return found

    async def lock_keys(self, keys: Sequence[str]) -> None:
        """What events of other services take before they look for a key, taken for many keys in order."""
        await self._session.execute(_LOCK_KEYS, {"keys": list(keys)})

    async def awaited(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys for which events wait."""
        query = (
            select(col(ParkedEvent.subject_key))
            .where(col(ParkedEvent.subject_key).in_(keys), col(ParkedEvent.state) == ParkedState.WAITING)
            .distinct()
        )
        return {key for key in await self._session.scalars(query) if key is not None}

    async def expired(self, now: datetime, limit: int) -> Sequence[Import]:
        """Imports whose rows are no longer kept, locked."""
        query = (
            select(Import)
            .where(
                col(Import.expires_at) <= now,
                col(Import.state).not_in([State.EXPIRED, State.APPLYING]),
            )
            .order_by(col(Import.expires_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def forget_rows(self, import_id: UUID, limit: int | None = None) -> int:
        """Remove staged rows; gives how many."""
        chosen = select(col(ImportRow.row_no)).where(col(ImportRow.import_id) == import_id).limit(limit)
        outcome = await self._session.execute(
            delete(ImportRow)
            .where(col(ImportRow.import_id) == import_id, col(ImportRow.row_no).in_(chosen))
            .returning(col(ImportRow.row_no))
        )
        return len(outcome.all())

    async def drop(self, import_id: UUID) -> None:
        """Remove an import that never began, with its rows."""
        await self.forget_rows(import_id)
        await self._session.execute(delete(Import).where(col(Import.id) == import_id))

    async def copy(self, model: type[SQLModel], rows: Sequence[object]) -> None:
        """Rows of one table by COPY."""
        await copy_rows(self._session, model, rows)


def _any_of(wanted: Identities) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if wanted.ids:
        clauses.append(_among(col(Subject.id), wanted.ids))
    if wanted.keys:
        clauses.append(_among(col(Subject.key), wanted.keys))
    if wanted.licences:
        clauses.append(_among(col(Subject.license_no), wanted.licences))
    if wanted.id_indexes:
        clauses.append(_among(col(Subject.id_number_index), wanted.id_indexes))
    if wanted.regions:
        named = or_(
            _among(col(Subject.name_search), wanted.names),
            _among(col(Subject.name_index), wanted.name_indexes),
        )
        clauses.append(
            and_(_among(col(Subject.region), wanted.regions), _among(col(Subject.kind), wanted.kinds), named)
        )
    return clauses


def _among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of many values: as one array, for thousands of parameters take long."""
    return cast(ColumnElement[bool], column == any_(literal(list(values), ARRAY(column.type))))
