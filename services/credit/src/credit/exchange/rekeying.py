"""What becomes of records that name a wrong key, once the key was corrected."""

from itertools import groupby
from typing import Any

from common.clock import china_date
from common.db import new_id
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.subjects.models import Subject

from .models import ExchangeRecord
from .repository import ExchangeRepository
from .rules import KEY_CORRECTED, OUT, RecordState, content_hash

__all__ = ["Rekeying"]


class Rekeying:
    """Records under a wrong key: it may be another business's, so that one must not stand accused."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._session = session
        self._exchange = ExchangeRepository(session)

    async def of(self, subject: Subject, old_key: str) -> None:
        """Put right what names `old_key`; the subject is locked and has its right key.

        What was never tried leaves with the right key. What may have arrived is withdrawn under the wrong
        key, as a version of its own, and sent anew under the right one as the next. What was withdrawn for a
        repair stays so. The collection waits meanwhile: no record is made from the old key after this.
        """
        await self._exchange.cursor(OUT)
        rows = await self._exchange.lock_about(subject.id)
        made: list[dict[str, Any]] = []
        for _, group in groupby(rows, key=lambda row: (row.system, row.kind, row.our_number)):
            versions = list(group)
            wrong = [row for row in versions if row.content["subject"]["key"] == old_key]
            last = versions[-1]
            if not wrong or last.content["content"].get("action") == "withdraw":
                continue
            waiting = [row for row in wrong if row.state == RecordState.WAITING]
            if all(_untried(row) for row in wrong):
                for row in waiting:
                    row.content = _named(row.content, subject)
                    row.sha256 = content_hash(row.content)
                continue
            for row in waiting:
                row.state = RecordState.WITHHELD
            made += self._instead(last, subject, old_key)
        await self._session.flush()
        await self._exchange.put_records(made)

    def _instead(self, last: ExchangeRecord, subject: Subject, old_key: str) -> list[dict[str, Any]]:
        """The withdrawal of a record under its wrong key, and the record under the right one."""
        now = self._env.clock.now()
        named = last.content["subject"] | {"key": old_key}
        gone = last.content["content"] | {
            "action": "withdraw",
            "because": KEY_CORRECTED,
            "withdrawn_on": china_date(now).isoformat(),
        }
        bodies = [last.content | {"subject": named, "content": gone}, _named(last.content, subject)]
        found = []
        for version, body in enumerate(bodies, last.version + 1):
            content = body | {"version": version}
            found.append(
                {
                    "id": new_id(),
                    "system": last.system,
                    "kind": last.kind,
                    "our_number": last.our_number,
                    "version": version,
                    "subject_id": subject.id,
                    "region": last.region,
                    "content": content,
                    "person_cipher": None,
                    "sha256": content_hash(content),
                    "state": RecordState.WAITING,
                    "attempts": 0,
                    "next_attempt_at": now,
                    "created_at": now,
                }
            )
        return found


def _untried(row: ExchangeRecord) -> bool:
    """Whether a record surely never arrived."""
    return row.attempts == 0 and row.reason is None and row.state != RecordState.ACCEPTED


def _named(content: dict[str, Any], subject: Subject) -> dict[str, Any]:
    return content | {"subject": content["subject"] | {"key": subject.key}}
