"""From the bytes of a file to staged rows: read in a thread, stored in chunks, each its own transaction."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from uuid import UUID

from common import audit, idempotency
from common.auth import Principal
from common.clock import china_date
from common.crypto import Keyring
from common.db import Database, new_id
from common.idempotency import Attempt, StoredAnswer
from common.problems import FieldError, Text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from credit.config import Settings
from credit.environment import Environment
from credit.sheets import SheetFormat

from .applying import error_data
from .errors import FileRefused
from .models import Import
from .reading import RawRow, read_rows
from .repository import ImportRepository, StagedRow
from .rules import Mode, Outcome, State
from .schemas import ImportView
from .service import ROW_CONTEXT, actor_data, view
from .validating import check_row, is_personal, shown_name

__all__ = ["Stager"]

_CHUNK = 2_000
_AT_ONCE = 2
_STALE = timedelta(hours=1)


class Stager:
    """Takes files in. Few at once, for a file is held in memory while it is read."""

    def __init__(self, database: Database, env: Environment, settings: Settings) -> None:
        self._database, self._env, self._settings = database, env, settings
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def stage(
        self,
        actor: Principal,
        raw: bytes,
        format: SheetFormat,
        mode: Mode,
        dry_run: bool,
        attempt: Attempt | None = None,
    ) -> tuple[StoredAnswer, bool]:
        """Stage every row of a file, refused ones with their reasons; gives the answer, and whether again.

        The same file brought again in the same manner while it is being applied is the same import (200, not
        202). A file that was applied before changes nothing: its rows are found as they are. With an
        `attempt` the answer is kept in the transaction that hands the file to the worker.

        Raises:
            FileRefused, PayloadTooLarge: the file as a whole; nothing of it is kept.
            IdempotencyKeyReused, RequestInProgress: the key came with another file or query, or is at work.
        """
        digest = sha256(raw).hexdigest()
        async with self._database.session() as session:
            kept = await self._kept(session, attempt)
            if kept is not None:
                return kept, True
            running = await ImportRepository(session).running(actor.sub, digest, mode, dry_run)
            if running is not None:
                return await self._answer(session, view(running), 200, attempt), False
        async with self._places:
            return await self._stage(actor, raw, digest, format, mode, dry_run, attempt), False

    async def _stage(
        self,
        actor: Principal,
        raw: bytes,
        digest: str,
        format: SheetFormat,
        mode: Mode,
        dry_run: bool,
        attempt: Attempt | None,
    ) -> StoredAnswer:
        now = self._env.clock.now()
        days = self._settings.dry_run_keep_days if dry_run else self._settings.import_keep_days
        row = Import(
            id=new_id(),
            created_by=actor.sub,
            actor=actor_data(actor),
            state=State.STAGING,
            mode=mode,
            dry_run=dry_run,
            format=format,
            sha256=digest,
            size=len(raw),
            created_at=now,
            # A file that is never read to its end is forgotten soon.
            expires_at=now + _STALE,
        )
        async with self._database.session() as session:
            ImportRepository(session).add(row)
        try:
            total, valid = await self._rows(row.id, raw, format)
            return await self._begin(actor, row, total, valid, now + timedelta(days=days), attempt)
        except IntegrityError:
            # The same file came twice at the same moment, and the other was staged first.
            async with self._database.session() as session:
                repository = ImportRepository(session)
                await repository.drop(row.id)
                running = await repository.running(actor.sub, digest, mode, dry_run)
                if running is not None:
                    return await self._answer(session, view(running), 200, attempt)
            raise
        except BaseException:
            async with self._database.session() as session:
                await ImportRepository(session).drop(row.id)
            raise

    async def _rows(self, import_id: UUID, raw: bytes, format: SheetFormat) -> tuple[int, int]:
        """Stage all rows; gives how many there are and how many of them are valid."""
        today = china_date(self._env.clock.now())
        rows = _staged(
            read_rows(raw, format, self._settings.max_import_rows), import_id, today, self._env.keyring
        )
        total = valid = 0
        while chunk := await asyncio.to_thread(lambda: list(islice(rows, _CHUNK))):
            async with self._database.session() as session:
                await ImportRepository(session).stage(chunk)
            total += len(chunk)
            valid += sum(row.outcome is None for row in chunk)
        if not total:
            raise FileRefused(Text("文件没有数据行", "The file has no rows"))
        return total, valid

    async def _kept(self, session: AsyncSession, attempt: Attempt | None) -> StoredAnswer | None:
        if attempt is None:
            return None
        return await idempotency.begin(session, attempt, self._env.keyring, self._env.clock.now())

    async def _answer(
        self, session: AsyncSession, made: ImportView, status: int, attempt: Attempt | None
    ) -> StoredAnswer:
        headers = [
            ("Content-Type", "application/json"),
            ("Location", f"/api/v1/credit/imports/{made.id}"),
            ("Retry-After", "1"),
        ]
        answer = StoredAnswer(status, headers, made.model_dump_json().encode())
        if attempt is not None:
            now = self._env.clock.now()
            await idempotency.remember(session, attempt, answer, self._env.keyring, now)
        return answer

    async def _begin(
        self,
        actor: Principal,
        row: Import,
        total: int,
        valid: int,
        expires_at: datetime,
        attempt: Attempt | None,
    ) -> StoredAnswer:
        """Hand a staged import to the worker, with an audit record of who brought what."""
        async with self._database.session() as session:
            if (kept := await self._kept(session, attempt)) is not None:
                await ImportRepository(session).drop(row.id)
                return kept
            found = await ImportRepository(session).find(row.id, actor.sub, lock=True)
            if found is None:
                raise FileRefused(Text("导入已被清除，请重新上传", "It was cleared away; upload it again"))
            found.state = State.APPLYING
            found.total, found.valid, found.refused = total, valid, total - valid
            found.expires_at = expires_at
            await session.flush()
            await audit.record(
                session,
                actor=actor,
                action="subjects.import",
                target=f"import:{found.id}",
                details={
                    "sha256": found.sha256,
                    "format": found.format,
                    "mode": found.mode,
                    "dry_run": found.dry_run,
                    "rows": total,
                },
                now=self._env.clock.now(),
            )
            return await self._answer(session, view(found), 202, attempt)


def _staged(rows: Iterator[RawRow], import_id: UUID, today: date, keyring: Keyring) -> Iterator[StagedRow]:
    """Rows as they stand in staging. The first of several rows about one subject is taken."""
    seen: dict[tuple[str, ...], int] = {}
    twins: dict[tuple[str, ...], tuple[int, bool]] = {}
    for row in rows:
        wanted, errors = check_row(row, today)
        if wanted is not None and (twin := wanted.twin) is not None:
            first, named_only = twins.setdefault(twin, (row.number, wanted.named_only))
            if named_only != wanted.named_only:
                errors.append(FieldError("name", _same_name(first)))
        for identity in wanted.identities() if wanted is not None else ():
            first = seen.setdefault(identity, row.number)
            if first != row.number:
                field = identity[0]
                errors.append(FieldError(field, Text(f"与第 {first} 行重复", f"The same as in row {first}")))
        personal = is_personal(wanted)
        name = shown_name(row, wanted)
        yield StagedRow(
            import_id=import_id,
            row_no=row.number,
            kind=wanted.kind if wanted else None,
            key=wanted.key if wanted else None,
            name=name,
            content=None if personal else row.cells,
            cipher=keyring.encrypt(json.dumps(row.cells, ensure_ascii=False), context=ROW_CONTEXT)
            if personal
            else None,
            outcome=Outcome.REFUSED if errors else None,
            errors=[error_data(error) for error in errors],
        )


def _same_name(row_no: int) -> Text:
    return Text(
        f"与第 {row_no} 行类别、地区、名称相同，但其中一行没有代码或许可证号",
        f"Of the kind, region and name of row {row_no}, but one of the two has no key or licence",
    )
