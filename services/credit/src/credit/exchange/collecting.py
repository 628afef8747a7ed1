"""From our own feed of changes to records for other systems: in its gap-free order, each version once."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.crypto import mask_id_public
from common.db import new_id
from common.events import event_type
from common.identifiers import check_resident_id
from common.pagination import decode_cursor, encode_cursor
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.exports.repository import ChangeRow, ExportRepository, Position
from credit.facts.repository import FactRepository
from credit.listings.rules import is_minor
from credit.subjects.models import Subject
from credit.subjects.personal import id_number_of, revealed
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind, is_person

from .policy import Persons
from .repository import ExchangeRepository
from .rules import RecordKind, RecordState, content_hash

__all__ = ["EVERYWHERE", "PERSON_CONTEXT", "Collector"]

EVERYWHERE = Principal(
    sub="exchange", client_id="exchange", kind="service", scopes=frozenset(), regions=("000000",)
)
_OUT = "out"
PERSON_CONTEXT = "credit.exchange.person"
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
    """Makes records. They name a firm by code and name, a guide by card number only.

    Of natural persons only listings are sent, and only to systems whose policy says what they are told.
    """

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
            kind = _KINDS[row.type]
            subject = await self._subjects.find_any(UUID(row.data["subject_id"]))
            if subject is None:
                continue
            number, version, content = await self._content(kind, row, row.data)
            if content is None:
                continue
            for system in policy.receivers(kind):
                named = self._named(subject, kind, policy.persons(system), today)
                if named is None:
                    continue
                body = {
                    "format": "tourtrust-exchange/1",
                    "kind": str(kind),
                    "our_number": number,
                    "version": version,
                    "region": subject.region,
                    "subject": named.shown,
                    "content": content,
                }
                records.append(
                    {
                        "id": new_id(),
                        "system": system,
                        "kind": kind,
                        "our_number": number,
                        "version": version,
                        "subject_id": subject.id,
                        "region": subject.region,
                        "content": body,
                        "person_cipher": named.cipher,
                        "sha256": content_hash(body | {"subject": named.sent}),
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

    def _named(
        self, subject: Subject, kind: RecordKind, persons: Persons | None, today: date
    ) -> "_Named | None":
        """How a record names its subject; None when it is not sent."""
        if subject.kind == Kind.NATURAL_PERSON:
            return None if kind is not RecordKind.LISTING else self._person(subject, persons, today)
        if subject.key is None:
            return None
        name = None if is_person(subject.kind, subject.key) else subject.name
        said = {"kind": subject.kind, "key": subject.key, "name": name}
        return _Named(said, said)

    def _person(self, subject: Subject, persons: Persons | None, today: date) -> "_Named | None":
        """A listed person as the policy says; a minor, or somebody of unknown age, is never told of."""
        number, clear = id_number_of(subject, self._env.keyring), revealed(subject, self._env.keyring)
        birth = check_resident_id(number).birth_date if number else None
        if persons is None or clear is None or is_minor(birth, today):
            return None
        masked = mask_id_public(number) if number and persons.id_number == "masked" else None
        shown = {"kind": subject.kind, "key": None, "name": subject.name, "id_number": masked}
        if not persons.name:
            return _Named(shown, shown)
        cipher = self._env.keyring.encrypt(clear.name, context=PERSON_CONTEXT)
        return _Named(shown, shown | {"name": clear.name}, cipher)

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


@dataclass(frozen=True, slots=True)
class _Named:
    """How a record names its subject: as it is stored and shown, as it is sent, and the name encrypted."""

    shown: dict[str, Any]
    sent: dict[str, Any]
    cipher: str | None = None


def _position(place: str | None) -> Position | None:
    if place is None:
        return None
    epoch, xid, seq = decode_cursor(place, int, str, int)
    return Position(epoch, int(xid), seq)
