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
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.retention import repaired
from credit.facts.rules import REPAIRED, Action, Hidden, known
from credit.facts.showings import RECORDED, WITHDRAWN
from credit.facts.views import as_version
from credit.listings.rules import is_minor
from credit.subjects.models import Subject
from credit.subjects.personal import id_number_of, revealed
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind, is_person

from .policy import ExchangePolicy, Persons
from .repository import ExchangeRepository
from .rules import OUT, RecordKind, RecordState, System, content_hash

__all__ = ["EVERYWHERE", "PERSON_CONTEXT", "Collector"]

EVERYWHERE = Principal(
    sub="exchange", client_id="exchange", kind="service", scopes=frozenset(), regions=("000000",)
)
PERSON_CONTEXT = "credit.exchange.person"
_FACT = event_type("credit", RECORDED)
_WITHDRAWN = event_type("credit", WITHDRAWN)
_KINDS = {
    event_type("credit", "listing_published"): RecordKind.LISTING,
    event_type("credit", "listing_removed"): RecordKind.LISTING,
    event_type("credit", "grade_changed"): RecordKind.GRADE,
    _FACT: RecordKind.RECORD,
    _WITHDRAWN: RecordKind.RECORD,
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

    What is not shown any more, be it repaired (NDRC Order 36 Article 3: stop sharing), ended, taken off the
    page or over, makes a record that withdraws what was sent. What may not be published goes to systems of
    authorities only, marked so.
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
        cursor = await self._exchange.cursor(OUT)
        rows = await self._exports.changes(
            EVERYWHERE, list(_KINDS), (_FACT, _WITHDRAWN), [*codes, REPAIRED], _position(cursor.place), limit
        )
        records: list[dict[str, Any]] = []
        withdrawn: list[tuple[System, str, int]] = []
        for row in rows:
            if row.data is None:
                continue
            kind = _KINDS[row.type]
            subject = await self._subjects.find_any(UUID(row.data["subject_id"]))
            if subject is None:
                continue
            said = await self._said(kind, row, row.data, subject, today)
            if said is None:
                continue
            corrected = bool(await self._subjects.key_corrections_of(subject.id))
            for system in _told(policy, kind, said):
                named = self._named(subject, kind, policy.persons(system), today)
                if named is None:
                    continue
                version = said.version
                if corrected:
                    version += await self._exchange.added_for_key(system, kind, said.number)
                body = {
                    "format": "tourtrust-exchange/1",
                    "kind": str(kind),
                    "our_number": said.number,
                    "version": version,
                    "region": subject.region,
                    "subject": named.shown,
                    "content": said.content,
                }
                if said.withdraws:
                    withdrawn.append((system, said.number, version))
                records.append(
                    {
                        "id": new_id(),
                        "system": system,
                        "kind": kind,
                        "our_number": said.number,
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
        for told in withdrawn:
            await self._exchange.withhold_unsent(*told)
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
        lists = self._env.rulebook.lists.choose("credit-lists", on=today, region=subject.region)
        if persons is None or clear is None or is_minor(birth, today, lists.majority.years):
            return None
        masked = mask_id_public(number) if number and persons.id_number == "masked" else None
        shown = {"kind": subject.kind, "key": None, "name": subject.name, "id_number": masked}
        if not persons.name:
            return _Named(shown, shown)
        cipher = self._env.keyring.encrypt(clear.name, context=PERSON_CONTEXT)
        return _Named(shown, shown | {"name": clear.name}, cipher)

    async def _said(
        self, kind: RecordKind, row: ChangeRow, data: dict[str, Any], subject: Subject, today: date
    ) -> "_Said | None":
        """What a change says to others; None when it says nothing to them."""
        if kind is RecordKind.GRADE:
            content = {
                "grade": data["to_grade"],
                "on": data["valid_at"],
                "grade_version": int(data["grade_version"]),
                "result_hash": data["result_hash"],
            }
            return _Said(f"G-{data['subject_id']}", int(data["grade_version"]), content)
        if kind is RecordKind.LISTING:
            lists = self._env.rulebook.lists.choose("credit-lists", on=today, region=subject.region)
            public = lists.of(data["list"]).public
            content = {name: data[name] for name in _LISTING if data.get(name) is not None}
            content["removed"] = row.type == event_type("credit", "listing_removed")
            content["public"] = public
            return _Said(str(data["number"]), row.aggregate_version, content, public)
        return await self._record(row, data, subject, today)

    async def _record(
        self, change: ChangeRow, data: dict[str, Any], subject: Subject, today: date
    ) -> "_Said | None":
        """A version of a fact as it is shown; or that others are to take it away, and why.

        A repair takes away the fact it names, and a repair that was revoked brings that back; what else ends
        the showing of a fact says so itself. Of a fact that is not shown any more by now only its revocation
        is still sent, and while a repair of it stands not that. All are versions of one record, in the order
        of the subject's own.
        """
        ended = change.type == _WITHDRAWN
        repair = data["code"] == REPAIRED
        if repair and "repairs" not in data:
            return None
        rows = await self._facts.versions(UUID(data["repairs"] if repair else data["fact_id"]))
        found = [row for row in rows if repair or row.version == int(data["version"])]
        if not found:
            return None
        fact, public = found[-1], bool(data["public"])
        content = _fact_said(fact) | {"public": public}
        number, version = f"F-{fact.id}", change.aggregate_version
        if ended or (repair and data["action"] != Action.REVOKE):
            because = data["because"] if ended else "repaired"
            day = data["withdrawn_on"] if ended else data["occurred_on"]
            content |= {"action": "withdraw", "because": because, "withdrawn_on": day}
            return _Said(number, version, content, public, withdraws=True)
        if fact.action == Action.REVOKE:
            standing = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
            gone = repaired(as_version(fact), standing, today)
        else:
            held = await self._facts.showing(fact.id)
            gone = held is None or not held.standing
        return None if gone else _Said(number, version, content, public)


def _told(policy: ExchangePolicy, kind: RecordKind, said: "_Said") -> list[System]:
    """The systems that are sent this. What only the public is not shown any more stays with authorities."""
    systems = policy.receivers(kind, public=said.public)
    if said.content.get("because") == Hidden.NOT_PUBLIC:
        kept = policy.receivers(kind, public=False)
        return [one for one in systems if one not in kept]
    return systems


def _fact_said(fact: Fact) -> dict[str, Any]:
    return {
        "code": fact.code,
        "fact_version": fact.version,
        "action": fact.action,
        "occurred_on": fact.occurred_on.isoformat(),
        "authority": fact.source_authority,
        "reference": fact.source_reference,
    }


@dataclass(frozen=True, slots=True)
class _Said:
    """What a record says under which number; whether it may be published, and whether it takes away."""

    number: str
    version: int
    content: dict[str, Any]
    public: bool = True
    withdraws: bool = False


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
