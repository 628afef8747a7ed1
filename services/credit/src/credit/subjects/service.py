"""Use cases of subjects: register, read, search, change, reveal."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.crypto import Keyring, mask_id_officer, mask_name, mask_phone
from common.db import new_id
from common.identifiers import InvalidIdentifier, check_resident_id
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, PreconditionFailed, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.intake.service import IntakeService
from credit.publishing import announce, subject_data
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService

from .errors import SubjectExists, SubjectNotFound
from .models import Subject
from .repository import Filters, SubjectRepository, name_context
from .rules import PERSONS, Kind, Scope, Status, check_key, check_licence, grams, normalise
from .schemas import PersonIn, PersonMasked, PersonRevealed, SubjectIn, SubjectPatch, SubjectView

__all__ = ["SubjectService"]

Checked = TypeVar("Checked")
_NEVER_NULL = {"name", "region", "business_scope", "status", "person"}
_ID_CONTEXT = "credit.subject.id_number"
_PHONE_CONTEXT = "credit.subject.phone"


class SubjectService:
    """Subjects and their personal data."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._subjects = SubjectRepository(session)

    async def register(self, actor: Principal, wanted: SubjectIn) -> Subject:
        """Register a subject in one of the caller's regions, grade it, and apply what waited for its key.

        Raises:
            SubjectNotFound: the region is not the caller's.
            InvalidPayload: region, key, licence, business scope or personal data are wrong for this kind.
            SubjectExists: key or licence are taken.
        """
        _check_region(wanted.region)
        if actor.subject_id is not None or not actor.covers(wanted.region):
            raise SubjectNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        key = _checked("/key", lambda: check_key(wanted.kind, wanted.key))
        licence = _checked("/license_no", lambda: check_licence(wanted.license_no))
        _check_scope(wanted.kind, wanted.business_scope)
        if wanted.person is not None and wanted.kind not in PERSONS:
            raise InvalidPayload.at("/person", Text("只有自然人才有此项", "Only natural persons have this"))
        if await self._subjects.taken(key, licence):
            raise SubjectExists
        now = self._env.clock.now()
        subject = Subject(
            id=new_id(),
            kind=wanted.kind,
            key=key,
            name="",
            name_search="",
            name_grams=[],
            license_no=licence,
            region=wanted.region,
            business_scope=sorted(set(wanted.business_scope)),
            level=wanted.level,
            status=wanted.status,
            created_at=now,
            updated_at=now,
            last_recorded_at=now,
        )
        self.set_name(subject, wanted.name, self._env.keyring)
        if wanted.person is not None:
            self.set_person(subject, wanted.person, self._env.keyring)
        self._subjects.add(subject)
        await self._session.flush()
        await announce(
            self._session, "subject_registered", subject.id, subject.version, subject_data(subject), now
        )
        await ScoringService(self._session, self._env).rescore(subject, Cause.FIRST, None, now)
        await IntakeService(self._session, self._env).settle(subject)
        return subject

    async def get(self, actor: Principal, subject_id: UUID) -> Subject:
        """A subject the caller may see. Raises SubjectNotFound."""
        subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        return subject

    async def search(
        self, actor: Principal, filters: Filters, cursor: str | None, limit: int
    ) -> Page[SubjectView]:
        """Subjects the caller may see, narrowed by `filters`, in order of id. Raises InvalidPayload."""
        after = _cursor_id(cursor)
        rows = await self._subjects.page(actor, filters, self._env.keyring, after, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[self.view(row) for row in items], next_cursor=following)

    async def change(
        self, actor: Principal, subject_id: UUID, expected: int, changes: SubjectPatch
    ) -> Subject:
        """Change a subject that is still at version `expected`.

        Raises:
            SubjectNotFound: not the caller's to see, or moved to a region that is not the caller's.
            PreconditionFailed: the subject has changed meanwhile.
            InvalidPayload, SubjectExists: as in `register`.
        """
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.version != expected:
            raise PreconditionFailed
        given = changes.model_fields_set
        for name in sorted(given & _NEVER_NULL):
            if getattr(changes, name) is None:
                raise InvalidPayload.at(f"/{name}", Text("不得为空", "Must not be null"))
        if changes.region is not None:
            _check_region(changes.region)
            if not actor.covers(changes.region):
                raise SubjectNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
            subject.region = changes.region
        if changes.name is not None:
            self.set_name(subject, changes.name, self._env.keyring)
        if "license_no" in given:
            subject.license_no = _checked("/license_no", lambda: check_licence(changes.license_no))
            if await self._subjects.taken(None, subject.license_no, beside=subject.id):
                raise SubjectExists
        if changes.business_scope is not None:
            _check_scope(Kind(subject.kind), changes.business_scope)
            subject.business_scope = sorted(set(changes.business_scope))
        if "level" in given:
            subject.level = changes.level
        if changes.status is not None:
            subject.status = Status(changes.status)
        if changes.person is not None:
            if subject.kind not in PERSONS:
                raise InvalidPayload.at(
                    "/person", Text("只有自然人才有此项", "Only natural persons have this")
                )
            self.set_person(subject, changes.person, self._env.keyring)
        now = self._env.clock.now()
        subject.version += 1
        subject.updated_at = now
        await self._session.flush()
        await announce(
            self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
        )
        return subject

    async def reveal(self, actor: Principal, subject_id: UUID, purpose: str) -> PersonRevealed:
        """A natural person's data in the clear, with an audit record of who read it and why.

        Raises:
            SubjectNotFound: not the caller's to see, or no natural person.
        """
        subject = await self.get(actor, subject_id)
        if subject.name_cipher is None:
            raise SubjectNotFound
        keyring = self._env.keyring
        await audit.record(
            self._session,
            actor=actor,
            action="reveal_person",
            target=f"subject:{subject.id}",
            purpose=purpose,
            details={"fields": ["name", "id_number", "phone"]},
            now=self._env.clock.now(),
        )
        return PersonRevealed(
            name=keyring.decrypt(subject.name_cipher, context=name_context),
            id_number=self._clear(subject.id_number_cipher, _ID_CONTEXT),
            phone=self._clear(subject.phone_cipher, _PHONE_CONTEXT),
        )

    def view(self, subject: Subject) -> SubjectView:
        """The subject as it crosses the API."""
        return SubjectView(
            id=subject.id,
            kind=subject.kind,
            key=subject.key,
            name=subject.name,
            license_no=subject.license_no,
            region=subject.region,
            region_name=regions.name_of(subject.region),
            business_scope=subject.business_scope,
            level=subject.level,
            status=subject.status,
            score=None if subject.score is None else float(subject.score),
            grade=subject.grade,
            tier=subject.tier,
            grade_version=subject.grade_version,
            scored_on=subject.scored_on,
            next_change_on=subject.next_change_on,
            person=self._masked(subject),
            version=subject.version,
            created_at=subject.created_at,
            updated_at=subject.updated_at,
        )

    @staticmethod
    def set_name(subject: Subject, name: str, keyring: Keyring) -> None:
        """Store a name: an entity's searchable, a person's encrypted with a mask to show."""
        if subject.kind in PERSONS:
            subject.name = mask_name(name)
            subject.name_cipher = keyring.encrypt(name, context=name_context)
            subject.name_index = keyring.blind_index(normalise(name), context=name_context)
            subject.name_search, subject.name_grams = "", []
        else:
            subject.name = name
            subject.name_search = normalise(name)
            subject.name_grams = grams(subject.name_search)

    @staticmethod
    def set_person(subject: Subject, person: PersonIn, keyring: Keyring) -> None:
        """Store a natural person's numbers, encrypted. Raises InvalidPayload for a wrong ID number."""
        if person.id_number is not None:
            number = person.id_number
            checked = _checked("/person/id_number", lambda: check_resident_id(number)).number
            subject.id_number_cipher = keyring.encrypt(checked, context=_ID_CONTEXT)
            subject.id_number_index = keyring.blind_index(checked, context=_ID_CONTEXT)
        if person.phone is not None:
            subject.phone_cipher = keyring.encrypt(person.phone, context=_PHONE_CONTEXT)

    def _masked(self, subject: Subject) -> PersonMasked | None:
        if subject.kind not in PERSONS:
            return None
        number = self._clear(subject.id_number_cipher, _ID_CONTEXT)
        phone = self._clear(subject.phone_cipher, _PHONE_CONTEXT)
        return PersonMasked(
            id_number=mask_id_officer(number) if number else None, phone=mask_phone(phone) if phone else None
        )

    def _clear(self, cipher: str | None, context: str) -> str | None:
        return None if cipher is None else self._env.keyring.decrypt(cipher, context=context)


def _check_region(region: str) -> None:
    if not regions.exists(region):
        raise InvalidPayload.at("/region", Text("没有此行政区划代码", "There is no such division code"))


def _check_scope(kind: Kind, scope: list[Scope]) -> None:
    if scope and kind not in {Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH}:
        raise InvalidPayload.at(
            "/business_scope",
            Text("只有旅行社及其分社有经营范围", "Only agencies and their branches have a scope"),
        )


def _checked(pointer: str, check: Callable[[], Checked]) -> Checked:
    try:
        return check()
    except InvalidIdentifier as error:
        raise InvalidPayload.at(pointer, error.reason) from error


def _cursor_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
