"""Every select and insert on subjects."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from common.crypto import Keyring
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import Subject
from .rules import PERSONS, Kind, looks_like_identifier, normalise

__all__ = ["Filters", "SubjectRepository", "name_context", "search_clause", "visible_to"]

name_context = "credit.subject.name"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of subjects is narrowed by."""

    q: str | None = None
    key: str | None = None
    kind: str | None = None
    region: str | None = None
    grade: str | None = None


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """The rows a caller may see: its own subject if it is one, else those of its regions."""
    if principal.subject_id is not None:
        return col(Subject.id) == principal.subject_id
    return region_clause(col(Subject.region), principal)


def _persons() -> ColumnElement[bool]:
    """`rules.is_person` as a condition."""
    nameless = and_(col(Subject.kind) == Kind.UNLICENSED_OPERATOR, col(Subject.key).is_(None))
    return or_(col(Subject.kind).in_(sorted(PERSONS)), nameless)


def search_clause(query: str, keyring: Keyring | None) -> ColumnElement[bool]:
    """The condition of a search: identifiers exactly, names by their letters, persons by exact name only.

    Three letters or more are found by trigrams, one or two by the gram column (trigrams of two Chinese
    characters find nothing). Persons are found only with a `keyring`, through the keyed index.
    """
    if looks_like_identifier(query):
        wanted = query.strip().upper()
        return or_(col(Subject.key) == wanted, col(Subject.license_no) == wanted)
    text = normalise(query)
    entity = (
        col(Subject.name_grams).contains([text])
        if len(text) <= 2
        else col(Subject.name_search).contains(text, autoescape=True)
    )
    if keyring is None:
        return entity
    indexes = keyring.blind_indexes(text, context=name_context)
    return or_(entity, col(Subject.name_index).in_(indexes))


class SubjectRepository:
    """Subjects in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, subject_id: UUID, principal: Principal) -> Subject | None:
        """A subject that the caller may see."""
        return (
            await self._session.execute(
                select(Subject).where(col(Subject.id) == subject_id, visible_to(principal))
            )
        ).scalar_one_or_none()

    async def lock(
        self, subject_id: UUID, principal: Principal | None, *, shared: bool = False
    ) -> Subject | None:
        """A subject with its row locked: shared to read a score, else to write.

        An event handler has no principal and sees every region.
        """
        query = select(Subject).where(col(Subject.id) == subject_id)
        if principal is not None:
            query = query.where(visible_to(principal))
        return await self._locked(query, shared)

    async def lock_by_key(self, key: str) -> Subject | None:
        """The subject of a key, locked for writing."""
        return await self._locked(select(Subject).where(col(Subject.key) == key), False)

    async def _locked(self, query: Select[Subject], shared: bool) -> Subject | None:
        locked = query.with_for_update(read=shared).execution_options(populate_existing=True)
        return (await self._session.execute(locked)).scalar_one_or_none()

    async def taken(self, key: str | None, license_no: str | None, beside: UUID | None = None) -> bool:
        """Whether a key or licence already belongs to another subject than `beside`."""
        clauses = []
        if key is not None:
            clauses.append(col(Subject.key) == key)
        if license_no is not None:
            clauses.append(col(Subject.license_no) == license_no)
        if not clauses:
            return False
        query = select(col(Subject.id)).where(or_(*clauses))
        if beside is not None:
            query = query.where(col(Subject.id) != beside)
        return (await self._session.execute(query.limit(1))).first() is not None

    async def page(
        self, principal: Principal, filters: Filters, keyring: Keyring, after: UUID | None, limit: int
    ) -> Sequence[Subject]:
        """`limit + 1` subjects the caller may see, in order of id."""
        clauses = [visible_to(principal)]
        if filters.q:
            clauses.append(search_clause(filters.q, keyring))
        if filters.key:
            clauses.append(col(Subject.key) == filters.key.strip().upper())
        if filters.kind:
            clauses.append(col(Subject.kind) == filters.kind)
        if filters.region:
            clauses.append(col(Subject.region).like(f"{region_prefix(filters.region)}%"))
        if filters.grade:
            clauses.append(col(Subject.grade) == filters.grade)
        if after is not None:
            clauses.append(col(Subject.id) > after)
        query = select(Subject).where(and_(*clauses)).order_by(col(Subject.id)).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def public_page(self, query: str, after: UUID | None, limit: int) -> Sequence[Subject]:
        """`limit + 1` entities (never persons) whose name or identifier fits, in order of id."""
        clauses = [search_clause(query, None), ~_persons()]
        if after is not None:
            clauses.append(col(Subject.id) > after)
        found = select(Subject).where(and_(*clauses)).order_by(col(Subject.id)).limit(limit + 1)
        return (await self._session.execute(found)).scalars().all()

    async def find_by_key(self, key: str) -> Subject | None:
        """The subject of a key or licence, for the public page."""
        query = select(Subject).where(or_(col(Subject.key) == key, col(Subject.license_no) == key))
        return (await self._session.execute(query)).scalar_one_or_none()

    def add(self, subject: Subject) -> None:
        """Queue a new subject for the next flush."""
        self._session.add(subject)
