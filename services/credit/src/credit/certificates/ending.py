"""The end of certificates that are not true any more: found by the rounds, and whenever one is used."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from common.clock import china_date
from common.ledger import append
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.publishing import announce
from credit.subjects.repository import SubjectRepository

from .models import Certificate
from .repository import CertificateRepository
from .rules import Because, State, Validity, canonical, overtaken, validity
from .statement import Statement

__all__ = ["CertificateEndings", "log_id"]


class CertificateEndings:
    """Looks at certificates anew and ends those that are not true any more."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._certificates = CertificateRepository(session)
        self._subjects = SubjectRepository(session)

    async def undermined(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Certificates still good whose ground was taken away since, behind `after` in order."""
        return await self._certificates.undermined(self._today, after, limit)

    async def withdraw_undermined(self, ids: Collection[UUID]) -> int:
        """Withdraw those of the certificates whose ground was taken away since; gives how many.

        A fact was revoked or amended, a listing annulled, something repaired, or an entry of the public page
        withheld after an objection.
        """
        now = self._env.clock.now()
        rows = await self._certificates.take_undermined(ids)
        for row, because in rows:
            await self._end(row, State.WITHDRAWN, Because(because), now)
        return len(rows)

    async def to_look_at(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Certificates still good, behind `after` in order, to be looked at anew.

        Each once a day, because days change what is so, and whenever its subject has changed.
        """
        return await self._certificates.to_look_at(self._today, after, limit)

    async def look_at(self, certificate_id: UUID) -> bool:
        """Look at a certificate anew and end it when it is not true any more; whether it was there."""
        found = await self._certificates.get(certificate_id)
        return found is not None and (await self._looked_at(found)) is not None

    async def _looked_at(self, row: Certificate) -> Certificate:
        """A certificate, locked, ended when what it states is not true any more."""
        subject = await self._subjects.lock(row.subject_id, None, shared=True)
        row = await self._certificates.lock(row.id)
        row.looked_on = self._today
        row.looked_version = row.looked_version if subject is None else subject.version
        broken = await self._broken(row)
        if broken is not None:
            await self._end(row, *broken, self._env.clock.now())
        return row

    async def _broken(self, row: Certificate) -> tuple[State, Because] | None:
        """How and why a certificate ends today; None while all that it states is so.

        One of the day of its issue is compared with today, one of an earlier day with what is known of that
        day by now.
        """
        if validity(row.state, row.valid_until, self._today) is not Validity.VALID:
            return None
        if (gone := await self._certificates.undermined_because(row.id)) is not None:
            return State.WITHDRAWN, gone
        subject = await self._subjects.find_any(row.subject_id)
        if subject is None or subject.merged_into is not None:
            return State.SUPERSEDED, Because.MERGED
        document = json.loads(row.document)
        if document["subject"]["key"] not in (None, subject.key):
            return State.WITHDRAWN, Because.KEY_CORRECTED
        on = row.as_of if row.as_of < row.issued_on else self._today
        content, _ = await Statement(self._session, self._env, subject, on).content()
        changed = overtaken(document, content)
        return None if changed is None else (State.SUPERSEDED, changed)

    async def _end(self, row: Certificate, state: State, because: Because, now: datetime) -> None:
        row.state, row.ended_because, row.ended_at = state, because, now
        await self._session.flush()
        said = {"certificate_id": str(row.id), "state": str(state), "because": str(because)}
        await self._log(row, 2, f"certificate_{state}", sha256(canonical(said)).digest(), now)
        subject = await self._subjects.find_any(row.subject_id)
        if subject is not None:
            told = said | {
                "number": row.number,
                "subject_id": str(subject.id),
                "region": subject.region,
                "issued_by": row.issued_by,
            }
            await announce(self._session, "certificate_ended", row.id, 2, told, now)

    async def _log(self, row: Certificate, version: int, event: str, digest: bytes, now: datetime) -> None:
        await append(
            self._session,
            log=self._env.log,
            id=log_id(row.id),
            version=version,
            event=event,
            document_hash=digest,
            now=now,
        )

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())


def log_id(certificate_id: UUID) -> str:
    """Under which id a certificate stands in the log."""
    return f"certificate:{certificate_id}"
