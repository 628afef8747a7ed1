"""From our own feed of changes to records for other systems: in its gap-free order, each version once."""

from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.events import event_type
from common.pagination import decode_cursor, encode_cursor
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.exports.repository import ChangeRow, ExportRepository, Position
from credit.facts.repository import FactRepository
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind, is_person

from .repository import ExchangeRepository
from .rules import RecordKind, RecordState, content_hash

__all__ = ["EVERYWHERE", "Collector"]

EVERYWHERE = Principal(
    sub="exchange", client_id="exchange", kind="service", scopes=frozenset(), regions=("000000",)
)
_OUT = "out"
_FACT = event_type("credit", "fact_recorded")
_KINDS = {
    event_type("credit", "listing_published"): RecordKind.LISTING,
    event_type("credit", "listing_removed"): RecordKind.LISTING,
    event_type("credit", "grade_changed"): RecordKind.GRADE,
    _FACT: RecordKind.RECORD,
}
_LISTING = (
    "list",
    "condition",
    "role",
    "listed_on",
    "management_until",
    "publication_until",
    "reason",
    "removed_on",
)


class Collector:
    """Makes records. They name a firm by code and name, a guide by card number only, nobody else's person."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._exchange = ExchangeRepository(session)
        self._exports = ExportRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def collect(self, limit: int) -> bool:
        """Turn the next changes into records; says whether there may be more. One transaction."""
        now = self._env.clock.now()
        today = china_date(now)
        policy = self._env.rulebook.exchange.choose("exchange", on=today)
        codes = [kind.code for kind in self._env.rulebook.catalogue(today).facts if kind.publicity.show]
        cursor = await self._exchange.cursor(_OUT)
        rows = await self._exports.changes(
            EVERYWHERE, list(_KINDS), _FACT, codes, _position(cursor.place), limit
        )
        records: list[dict[str, Any]] = []
        for row in rows:
            if row.data is None:
                continue
            body, subject = await self._body(row)
            if body is None or subject is None:
                continue
            kind = RecordKind(body["kind"])
            for system in policy.receivers(kind):
                records.append(
                    {
                        "id": new_id(),
                        "system": system,
                        "kind": kind,
                        "our_number": body["our_number"],
                        "version": body["version"],
                        "subject_id": subject.id,
                        "region": subject.region,
                        "content": body,
                        "sha256": content_hash(body),
                        "state": RecordState.WAITING,
                        "attempts": 0,
                        "next_attempt_at": now,
                        "created_at": now,
                    }
                )
        await self._exchange.put_records(records)
        if rows:
            at = rows[-1].at
            cursor.place = encode_cursor(at.epoch, str(at.xid), at.seq)
        return len(rows) == limit

    async def _body(self, row: ChangeRow) -> tuple[dict[str, Any] | None, Subject | None]:
        data = row.data or {}
        kind = _KINDS[row.type]
        subject = await self._subjects.find_any(UUID(data["subject_id"]))
        if subject is None or subject.key is None or subject.kind == Kind.NATURAL_PERSON:
            return None, None
        number, version, content = await self._content(kind, row, data)
        if content is None:
            return None, None
        return {
            "format": "tourtrust-exchange/1",
            "kind": str(kind),
            "our_number": number,
            "version": version,
            "region": subject.region,
            "subject": {
                "kind": subject.kind,
                "key": subject.key,
                "name": None if is_person(subject.kind, subject.key) else subject.name,
            },
            "content": content,
        }, subject

    async def _content(
        self, kind: RecordKind, row: ChangeRow, data: dict[str, Any]
    ) -> tuple[str, int, dict[str, Any] | None]:
        if kind is RecordKind.GRADE:
            content = {"grade": data["to_grade"], "on": data["valid_at"], "result_hash": data["result_hash"]}
            return f"G-{data['subject_id']}", int(data["grade_version"]), content
        if kind is RecordKind.LISTING:
            said = {name: data[name] for name in _LISTING if data.get(name) is not None}
            said["removed"] = row.type == event_type("credit", "listing_removed")
            return str(data["number"]), row.aggregate_version, said
        number, version = f"F-{data['fact_id']}", int(data["version"])
        for fact in await self._facts.versions(UUID(data["fact_id"])):
            if fact.version == version:
                return (
                    number,
                    version,
                    {
                        "code": fact.code,
                        "action": fact.action,
                        "occurred_on": fact.occurred_on.isoformat(),
                        "authority": fact.source_authority,
                        "reference": fact.source_reference,
                    },
                )
        return number, version, None


def _position(place: str | None) -> Position | None:
    if place is None:
        return None
    epoch, xid, seq = decode_cursor(place, int, str, int)
    return Position(epoch, int(xid), seq)
