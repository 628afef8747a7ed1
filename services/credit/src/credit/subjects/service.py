"""Use cases of subjects: register, read, search, change, reveal."""

from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.db import new_id
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
from .personal import checked, masked, name_columns, person_columns, revealed
from .repository import Filters, SubjectRepository
from .rules import Kind, Scope, Status, check_key, check_licence, is_person
from .schemas import PersonRevealed, SubjectIn, SubjectPatch, SubjectView

__all__ = ["SubjectService"]

_NEVER_NULL = {"name", "region", "business_scope", "status", "person"}


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
        key = checked("/key", lambda: check_key(wanted.kind, wanted.key))
        licence = checked("/license_no", lambda: check_licence(wanted.license_no))
        _check_scope(wanted.kind, wanted.business_scope)
        if wanted.person is not None and not is_person(wanted.kind, key):
            raise InvalidPayload.at("/person", Text("只有自然人才有此项", "Only natural persons have this"))
        if await self._subjects.taken(key, licence):
            raise SubjectExists
        now = self._env.clock.now()
        subject = Subject(
            id=new_id(),
            kind=wanted.kind,
            key=key,
            license_no=licence,
            region=wanted.region,
            business_scope=sorted(set(wanted.business_scope)),
            level=wanted.level,
            status=wanted.status,
            created_at=now,
            updated_at=now,
            last_recorded_at=now,
            **name_columns(wanted.kind, key, wanted.name, self._env.keyring),
            **(person_columns(wanted.person, self._env.keyring) if wanted.person else {}),
        )
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
            subject.sqlmodel_update(
                {**name_columns(subject.kind, subject.key, changes.name, self._env.keyring)}
            )
        if "license_no" in given:
            subject.license_no = checked("/license_no", lambda: check_licence(changes.license_no))
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
            if not is_person(subject.kind, subject.key):
                raise InvalidPayload.at(
                    "/person", Text("只有自然人才有此项", "Only natural persons have this")
                )
            subject.sqlmodel_update({**person_columns(changes.person, self._env.keyring)})
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
        person = revealed(subject, self._env.keyring)
        if person is None:
            raise SubjectNotFound
        await audit.record(
            self._session,
            actor=actor,
            action="reveal_person",
            target=f"subject:{subject.id}",
            purpose=purpose,
            details={"fields": ["name", "id_number", "phone"]},
            now=self._env.clock.now(),
        )
        return person

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
            person=masked(subject, self._env.keyring),
            version=subject.version,
            created_at=subject.created_at,
            updated_at=subject.updated_at,
        )


def _check_region(region: str) -> None:
    if not regions.exists(region):
        raise InvalidPayload.at("/region", Text("没有此行政区划代码", "There is no such division code"))


def _check_scope(kind: Kind, scope: list[Scope]) -> None:
    if scope and kind not in {Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH}:
        raise InvalidPayload.at(
            "/business_scope",
            Text("只有旅行社及其分社有经营范围", "Only agencies and their branches have a scope"),
        )


def _cursor_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
