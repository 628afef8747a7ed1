"""Use cases of imports: look at one, cancel one, its report; the staging of a file stands in `staging`."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.pagination import Page, encode_cursor, page_of
from common.problems import FieldError, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.sheets import SheetFormat, TableFile, write_table

from .applying import Applier, Staged, error_data
from .errors import ImportClosed, ImportNotFound, ReportExpired
from .models import Import
from .reading import RawRow
from .repository import ImportRepository, PendingRow, RowResult
from .rules import REPORT_COLUMNS, Mode, Outcome, State
from .schemas import ImportView
from .validating import check_row

__all__ = ["ROW_CONTEXT", "ImportService", "actor_data", "actor_of", "view"]

ROW_CONTEXT = "credit.import.row"
_REPORT_CHUNK = 1_000
_PURGED_AT_ONCE = 5_000


def actor_data(actor: Principal) -> dict[str, Any]:
    """Who brought a file, as kept with it: later chunks act within the same regions."""
    return {
        "sub": actor.sub,
        "client_id": actor.client_id,
        "kind": actor.kind,
        "regions": list(actor.regions),
        "department": actor.department,
        "jti": actor.jti,
    }


def actor_of(data: dict[str, Any]) -> Principal:
    """The caller that `actor_data` described, without any scope."""
    return Principal(
        sub=data["sub"],
        client_id=data["client_id"],
        kind=data["kind"],
        scopes=frozenset(),
        regions=tuple(data["regions"]),
        department=data["department"],
        subject_id=None,
        jti=data["jti"],
    )


class ImportService:
    """Imports of the caller's own."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._imports = ImportRepository(session)

    async def get(self, actor: Principal, import_id: UUID) -> ImportView:
        """One import. Raises ImportNotFound."""
        return view(await self._find(actor, import_id))

    async def search(self, actor: Principal, cursor: str | None, limit: int) -> Page[ImportView]:
        """The caller's imports, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = cursor_id(cursor)
        rows = await self._imports.page(actor.sub, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[view(row) for row in items], next_cursor=following)

    async def cancel(self, actor: Principal, import_id: UUID) -> ImportView:
        """Stop an import: what was applied stays and is reported, the rest is never applied.

        Raises:
            ImportNotFound: no such import of the caller's.
            ImportClosed: it is over already.
        """
        found = await self._imports.find(import_id, actor.sub, lock=True)
        if found is None or found.state == State.STAGING:
            raise ImportNotFound
        if found.state != State.APPLYING:
            raise ImportClosed(present=found.state, allowed=[])
        found.state = State.CANCELLED
        found.finished_at = self._env.clock.now()
        await self._session.flush()
        return view(found)

    async def report(
        self, actor: Principal, import_id: UUID, format: SheetFormat, language: str
    ) -> TableFile:
        """What became of every row, as a file; while the import runs, of those that have an outcome.

        Raises:
            ImportNotFound: no such import of the caller's.
            ReportExpired: its rows are no longer kept.
        """
        found = await self._find(actor, import_id)
        if found.state == State.EXPIRED:
            raise ReportExpired
        return await write_table(
            format, REPORT_COLUMNS, self._report_rows(found.id, format, language), language
        )

    async def advance(self, limit: int, rows_per_s: float | None = None) -> int | None:
        """Apply the next chunk of the oldest import at work; gives its rows, None when there is no work.

        The chunk's effects, its outcomes and the cursor are one transaction. `rows_per_s` is the speed of the
        chunk before, kept for the estimate of the rest.
        """
        found = await self._imports.claim()
        if found is None:
            return None
        if rows_per_s is not None:
            found.rows_per_s = round(rows_per_s, 1)
        staged = await self._imports.pending(found.id, found.cursor, limit)
        if staged:
            results = await self._apply(found, staged)
            await self._imports.settle(found.id, results)
            for result in results:
                setattr(found, result.outcome, getattr(found, result.outcome) + 1)
            found.cursor = staged[-1].row_no
        if len(staged) < limit:
            found.state = State.DONE
            found.finished_at = self._env.clock.now()
        await self._session.flush()
        return len(staged)

    async def pass_over(self) -> None:
        """Refuse the next row, which the database would not take in several attempts, and go on behind it."""
        found = await self._imports.claim()
        staged = [] if found is None else await self._imports.pending(found.id, found.cursor, 1)
        if found is not None and staged:
            row_no = staged[0].row_no
            why = error_data(FieldError("", Text("该行无法存储", "This row cannot be stored")))
            await self._imports.settle(found.id, [RowResult(row_no, Outcome.REFUSED, None, [why])])
            found.refused += 1
            found.cursor = row_no
            await self._session.flush()

    async def purge(self, limit: int) -> int:
        """Forget the rows of imports that are past their day; gives how many imports were ended."""
        ended = 0
        for found in await self._imports.expired(self._env.clock.now(), limit):
            if await self._imports.forget_rows(found.id, _PURGED_AT_ONCE) < _PURGED_AT_ONCE:
                found.state = State.EXPIRED
                ended += 1
            else:
                break
        await self._session.flush()
        return ended

    async def _find(self, actor: Principal, import_id: UUID) -> Import:
        found = await self._imports.find(import_id, actor.sub)
        if found is None:
            raise ImportNotFound
        return found

    async def _apply(self, found: Import, rows: Sequence[PendingRow]) -> list[RowResult]:
        today = china_date(self._env.clock.now())
        staged: list[Staged] = []
        results: list[RowResult] = []
        for row in rows:
            cells = row.content
            if cells is None:
                cells = json.loads(self._env.keyring.decrypt(row.cipher or "", context=ROW_CONTEXT))
            wanted, errors = check_row(RawRow(row.row_no, cells), today)
            if wanted is None:
                reasons = [error_data(error) for error in errors]
                results.append(RowResult(row.row_no, Outcome.REFUSED, None, reasons))
            else:
                staged.append(Staged(row.row_no, wanted))
        applier = Applier(self._session, self._env, actor_of(found.actor), Mode(found.mode))
        return results + await applier.apply(staged, dry_run=found.dry_run)

    async def _report_rows(
        self, import_id: UUID, format: SheetFormat, language: str
    ) -> AsyncIterator[Sequence[Any]]:
        after = 0
        while rows := await self._imports.report(import_id, after, _REPORT_CHUNK):
            for row in rows:
                reasons: Any = [
                    {"field": one["field"], "detail": one["en" if language == "en" else "zh"]}
                    for one in row.errors
                ]
                if format != "ndjson":
                    reasons = " | ".join(
                        f"{one['field']}: {one['detail']}" if one["field"] else one["detail"]
                        for one in reasons
                    )
                yield row.row_no, row.outcome, row.subject_id, row.kind, row.key, row.name, reasons
            after = rows[-1].row_no


def view(row: Import) -> ImportView:
    """The import as it crosses the API."""
    applied = row.created + row.updated + row.unchanged + row.refused
    left = row.total - applied
    eta = None
    if row.state == State.APPLYING and row.rows_per_s:
        eta = int(left / row.rows_per_s) + 1
    return ImportView(
        **row.model_dump(
            include={
                *("id", "state", "mode", "dry_run", "format", "sha256", "size", "total", "valid"),
                *("created", "updated", "unchanged", "refused", "rows_per_s"),
                *("created_at", "finished_at", "expires_at"),
            }
        ),
        invalid=row.total - row.valid,
        applied=applied,
        eta_seconds=eta,
        report=f"/api/v1/credit/imports/{row.id}/report.csv",
    )
