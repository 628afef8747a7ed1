"""Use cases of subjects: register, read, search, change, reveal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.identifiers import check_resident_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, PreconditionFailed, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.intake.service import IntakeService
from credit.internal import sees_all_of
from credit.paging import cursor_id
from credit.publishing import announce, subject_data
from credit.scoring.grading import next_moment
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService

from .errors import KeyFixed, SubjectExists, SubjectMerged, SubjectNotFound
from .models import Subject, SubjectState, SubjectTrace
from .personal import (
    checked,
    masked,
    name_columns,
    person_columns,
    revealed,
    revealed_trace,
    trace_columns,
)
from .repository import Filters, SubjectRepository
from .rules import (
    PERSONS,
    UNLICENSED,
    Kind,
    Scope,
    Status,
    check_dates,
    check_key,
    check_licence,
    is_person,
)
from .schemas import PersonIn, PersonRevealed, SubjectIn, SubjectPatch, SubjectView, TraceIn

__all__ = ["SubjectService"]

_NEVER_NULL = {"key", "name", "region", "business_scope", "status", "person"}
_SCORED = ("region", "business_scope", "level", "licensed_on", "headcount")
"""What of a subject scores may depend on: kept as it was for every moment of knowledge."""


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
            SubjectExists: key, licence or a natural person's ID number are taken.
        """
        now = self._env.clock.now()
        _check_region(wanted.region)
        if actor.subject_id is not None or not actor.covers(wanted.region):
            raise SubjectNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        key = checked("/key", lambda: check_key(wanted.kind, wanted.key))
        licence = checked("/license_no", lambda: check_licence(wanted.license_no))
        _check_scope(wanted.kind, wanted.business_scope)
        if wanted.person is not None and not is_person(wanted.kind, key):
            raise InvalidPayload.at("/person", Text("只有自然人才有此项", "Only natural persons have this"))
        _check_kind(wanted)
        if wrong := check_dates(wanted.licensed_on, wanted.license_expires_on, china_date(now)):
            raise InvalidPayload.at(f"/{wrong[0]}", wrong[1])
        if field := await self._subjects.taken(key, licence):
            raise SubjectExists(field=field)
        subject = Subject(
            id=new_id(),
            kind=wanted.kind,
            key=key,
            license_no=licence,
            region=wanted.region,
            business_scope=sorted(set(wanted.business_scope)),
            level=wanted.level,
            status=wanted.status,
            licensed_on=wanted.licensed_on,
            license_expires_on=wanted.license_expires_on,
            headcount=wanted.headcount,
            created_at=now,
            updated_at=now,
            last_recorded_at=now,
            **name_columns(wanted.kind, key, wanted.name, self._env.keyring),
            **(person_columns(wanted.person, self._env.keyring, china_date(now)) if wanted.person else {}),
        )
        if wanted.person is not None:
            await self._check_person(subject, wanted.person)
        self._subjects.add(subject)
        await self._session.flush()
        self._add_traces(actor, subject, wanted.traces, now)
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
        after = cursor_id(cursor)
        rows = await self._subjects.page(actor, filters, self._env.keyring, after, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        scored = self._sees_scores(actor)
        return Page(items=[self._view(row, scored=scored) for row in items], next_cursor=following)

    async def change(
        self, actor: Principal, subject_id: UUID, expected: int, changes: SubjectPatch
    ) -> Subject:
        """Change a subject that is still at version `expected`.

        Raises:
            SubjectNotFound: not the caller's to see, or moved to a region that is not the caller's.
            PreconditionFailed: the subject has changed meanwhile.
            SubjectMerged: the subject is another now.
            KeyFixed: it has another key already.
            InvalidPayload, SubjectExists: as in `register`.
        """
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        if subject.version != expected:
            raise PreconditionFailed
        given = changes.model_fields_set
        for name in sorted(given & _NEVER_NULL):
            if getattr(changes, name) is None:
                raise InvalidPayload.at(f"/{name}", Text("不得为空", "Must not be null"))
        now = self._env.clock.now()
        key = _first_key(subject, changes)
        licence = subject.license_no
        if "license_no" in given:
            _check_licensed(Kind(subject.kind), changes.license_no)
            licence = checked("/license_no", lambda: check_licence(changes.license_no))
        # Asked before anything is set: a query writes what was set, and the index would answer instead.
        new_licence = licence if licence != subject.license_no else None
        if field := await self._subjects.taken(key, new_licence, beside=subject.id):
            raise SubjectExists(field=field)
        if changes.person is not None:
            if not is_person(subject.kind, key or subject.key):
                raise InvalidPayload.at(
                    "/person", Text("只有自然人才有此项", "Only natural persons have this")
                )
            await self._check_person(subject, changes.person)
        before = {name: getattr(subject, name) for name in _SCORED}
        if changes.region is not None:
            _check_region(changes.region)
            if not actor.covers(changes.region):
                raise SubjectNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
            subject.region = changes.region
        subject.key, subject.license_no = key or subject.key, licence
        if changes.name is not None:
            subject.sqlmodel_update(
                {**name_columns(subject.kind, subject.key, changes.name, self._env.keyring)}
            )
        if changes.business_scope is not None:
            _check_scope(Kind(subject.kind), changes.business_scope)
            subject.business_scope = sorted(set(changes.business_scope))
        if "level" in given:
            subject.level = changes.level
        if changes.status is not None:
            subject.status = Status(changes.status)
        if changes.person is not None:
            columns = person_columns(changes.person, self._env.keyring, china_date(now))
            subject.sqlmodel_update({**columns})
        self._change_licence_days(subject, changes, now)
        subject.version += 1
        subject.updated_at = now
        rescored = await self._keep_state(subject, before, now)
        await self._session.flush()
        await announce(
            self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
        )
        if rescored:
            await ScoringService(self._session, self._env).rescore(subject, Cause.SUBJECT, None, now)
        if key is not None:
            await audit.record(
                self._session,
                actor=actor,
                action="subject.key_given",
                target=f"subject:{subject.id}",
                details={"key": key},
                now=now,
            )
            await IntakeService(self._session, self._env).settle(subject)
        return subject

    def _change_licence_days(self, subject: Subject, changes: SubjectPatch, now: datetime) -> None:
        given = changes.model_fields_set
        if "licensed_on" in given:
            subject.licensed_on = changes.licensed_on
        if "license_expires_on" in given:
            subject.license_expires_on = changes.license_expires_on
        if "headcount" in given:
            subject.headcount = changes.headcount
        if wrong := check_dates(subject.licensed_on, subject.license_expires_on, china_date(now)):
            raise InvalidPayload.at(f"/{wrong[0]}", wrong[1])

    async def _keep_state(self, subject: Subject, before: dict[str, Any], now: datetime) -> bool:
        """Keep what scores depended on until now, as facts are kept: the change is known from now on."""
        if all(getattr(subject, name) == value for name, value in before.items()):
            return False
        moment = next_moment(subject, await ScoringService(self._session, self._env).cards(), now)
        self._subjects.add(SubjectState(subject_id=subject.id, until_at=moment, **before))
        subject.last_recorded_at = moment
        return True

    async def _check_person(self, subject: Subject, person: PersonIn) -> None:
        """One natural person is one subject: an ID number stands once."""
        if subject.kind != Kind.NATURAL_PERSON or person.id_number is None:
            return
        given, today = person.id_number, china_date(self._env.clock.now())
        number = checked("/person/id_number", lambda: check_resident_id(given, on=today)).number
        if await self._subjects.person_taken(number, self._env.keyring, subject.id):
            raise SubjectExists(field="id_number")

    def _add_traces(self, actor: Principal, subject: Subject, traces: list[TraceIn], now: datetime) -> None:
        """Keep the traces of a new subject, each once."""
        kept: dict[tuple[str, str], SubjectTrace] = {}
        for trace in traces:
            columns = trace_columns(trace, self._env.keyring)
            kept.setdefault(
                (columns["kind"], columns["value_index"]),
                SubjectTrace(
                    id=new_id(), subject_id=subject.id, recorded_at=now, recorded_by=actor.sub, **columns
                ),
            )
        for row in kept.values():
            self._subjects.add(row)

    async def reveal(self, actor: Principal, subject_id: UUID, purpose: str) -> PersonRevealed:
        """A natural person's data in the clear, with an audit record of who read it and why.

        Raises:
            SubjectNotFound: not the caller's to see, or no natural person.
        """
        subject = await self.get(actor, subject_id)
        person = revealed(subject, self._env.keyring)
        if person is None:
            raise SubjectNotFound
        person.traces = [
            revealed_trace(trace, self._env.keyring) for trace in await self._subjects.traces_of(subject.id)
        ]
        await audit.record(
            self._session,
            actor=actor,
            action="reveal_person",
            target=f"subject:{subject.id}",
            purpose=purpose,
            details={"fields": ["name", "id_number", "phone", "traces"]},
            now=self._env.clock.now(),
        )
        return person

    def view(self, actor: Principal, subject: Subject) -> SubjectView:
        """The subject as it crosses the API. Points, and when they change, are internal; the grade is not."""
        return self._view(subject, scored=self._sees_scores(actor))

    def _sees_scores(self, actor: Principal) -> bool:
        return sees_all_of(self._env.rulebook, actor, china_date(self._env.clock.now()))

    def _view(self, subject: Subject, *, scored: bool) -> SubjectView:
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
            licensed_on=subject.licensed_on,
            license_expires_on=subject.license_expires_on,
            headcount=subject.headcount,
            merged_into=subject.merged_into,
            score=float(subject.score) if scored and subject.score is not None else None,
            grade=subject.grade,
            tier=subject.tier,
            grade_version=subject.grade_version,
            scored_on=subject.scored_on,
            next_change_on=subject.next_change_on if scored else None,
            person=masked(subject, self._env.keyring),
            version=subject.version,
            created_at=subject.created_at,
            updated_at=subject.updated_at,
        )


def _first_key(subject: Subject, changes: SubjectPatch) -> str | None:
    """The key that a change gives a subject that has none; None when it gives none.

    Whoever works without a licence counts as a person until it has a key. Then its name is shown, so the name
    under which the business is registered comes with the key.
    """
    if changes.key is None:
        return None
    key = checked("/key", lambda: check_key(Kind(subject.kind), changes.key))
    if key == subject.key:
        return None
    if subject.key is not None:
        raise KeyFixed(field="key")
    if is_person(subject.kind, None) and changes.name is None:
        raise InvalidPayload.at(
            "/name",
            Text("登记代码时须同时填写其登记名称", "The name it is registered under comes with the key"),
        )
    return key


def _check_region(region: str) -> None:
    if not regions.exists(region):
        raise InvalidPayload.at("/region", Text("没有此行政区划代码", "There is no such division code"))


def _check_scope(kind: Kind, scope: list[Scope]) -> None:
    if scope and kind not in {Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH}:
        raise InvalidPayload.at(
            "/business_scope",
            Text("只有旅行社及其分社有经营范围", "Only agencies and their branches have a scope"),
        )


def _check_kind(wanted: SubjectIn) -> None:
    """Refuse what this kind of subject cannot have."""
    _check_licensed(wanted.kind, wanted.license_no)
    if wanted.headcount is not None and wanted.kind in PERSONS:
        raise InvalidPayload.at("/headcount", Text("自然人没有从业人数", "A natural person has no headcount"))
    if wanted.traces and wanted.kind not in UNLICENSED:
        raise InvalidPayload.at(
            "/traces",
            Text("只有待查明主体和自然人登记线索标识", "Only provisional subjects and persons have traces"),
        )


def _check_licensed(kind: Kind, licence: str | None) -> None:
    if licence is not None and kind in UNLICENSED:
        raise InvalidPayload.at(
            "/license_no", Text("该类主体没有许可证号", "This kind of subject has no licence number")
        )
