"""Every select and insert on subjects."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from common.crypto import Keyring
from sqlalchemy import ColumnElement, Row, Uuid, and_, bindparam, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import KeyCorrection, Subject, SubjectMerge, SubjectState, SubjectTrace, of_family
from .rules import PERSONS, KeyState, Kind, MergeAct, looks_like_identifier, normalise, trace_forms

__all__ = [
    "Filters",
    "SubjectRepository",
    "id_context",
    "name_context",
    "search_clause",
    "trace_context",
    "visible_to",
]

name_context = "credit.subject.name"
id_context = "credit.subject.id_number"
trace_context = "credit.subject.trace"
_RELATED = text(
    """
    WITH RECURSIVE up AS (
        SELECT id, merged_into FROM subjects s
        WHERE id = ANY(:ids)
            AND (merged_into IS NOT NULL OR EXISTS (SELECT FROM subjects m WHERE m.merged_into = s.id))
        UNION SELECT s.id, s.merged_into FROM subjects s JOIN up ON s.id = up.merged_into
    ), down AS (
        SELECT id FROM up WHERE merged_into IS NULL
        UNION ALL SELECT s.id FROM subjects s JOIN down ON s.merged_into = down.id
    )
    SELECT id FROM down
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
"""Written out, as it is asked at every lock: put together anew it would take longer than the lock itself."""


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


def _seen_by(principal: Principal | None) -> ColumnElement[bool]:
    """The rows that a caller may see, and all of them for work that nobody asked for."""
    return true() if principal is None else visible_to(principal)


def _persons() -> ColumnElement[bool]:
    """`rules.is_person` as a condition."""
    nameless = and_(col(Subject.kind) == Kind.UNLICENSED_OPERATOR, col(Subject.key).is_(None))
    return or_(col(Subject.kind).in_(sorted(PERSONS)), nameless)


def search_clause(query: str, keyring: Keyring | None) -> ColumnElement[bool]:
    """The condition of a search: identifiers exactly, names by their letters, persons by exact name only.

    Three letters or more are found by trigrams, one or two by the gram column (trigrams of two Chinese
    characters find nothing). Persons are found only with a `keyring`, through the keyed indexes: by the whole
    name or ID number, or by a trace such as an alias, phone or account.
    """
    if looks_like_identifier(query):
        wanted = query.strip().upper()
        exact = or_(col(Subject.key) == wanted, col(Subject.license_no) == wanted)
        if keyring is None:
            return exact
        numbers = keyring.blind_indexes(wanted, context=id_context)
        return or_(exact, col(Subject.id_number_index).in_(numbers), _traced(query, keyring))
    text = normalise(query)
    entity = (
        col(Subject.name_grams).contains([text])
        if len(text) <= 2
        else col(Subject.name_search).contains(text, autoescape=True)
    )
    if keyring is None:
        return entity
    indexes = keyring.blind_indexes(text, context=name_context)
    return or_(entity, col(Subject.name_index).in_(indexes), _traced(query, keyring))


def _traced(query: str, keyring: Keyring) -> ColumnElement[bool]:
    """Subjects with a trace that is exactly `query`."""
    indexes = [
        index
        for form in sorted(trace_forms(query))
        for index in keyring.blind_indexes(form, context=trace_context)
    ]
    return col(Subject.id).in_(
        select(col(SubjectTrace.subject_id)).where(
            col(SubjectTrace.value_index).in_(indexes), col(SubjectTrace.removed_at).is_(None)
        )
    )


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

    async def find_any(self, subject_id: UUID) -> Subject | None:
        """A subject of any region, for rooms that show no more of it than its masked name."""
        return await self._session.get(Subject, subject_id)

    async def lock(
        self, subject_id: UUID, principal: Principal | None, *, shared: bool = False
    ) -> Subject | None:
        """A subject with its row locked: shared to read a score, else to write, with its family (`lock_all`).

        An event handler has no principal and sees every region.
        """
        if not shared and await self._related([subject_id]):
            return (await self.lock_all([subject_id], principal)).get(subject_id)
        query = select(Subject).where(col(Subject.id) == subject_id, _seen_by(principal))
        query = query.execution_options(populate_existing=True)
        locked = query.with_for_update(read=shared, skip_locked=not shared)
        subject = (await self._session.execute(locked)).scalar_one_or_none()
        if shared or (subject is not None and subject.merged_into is None):
            return subject
        if subject is None:
            # Held by a merger perhaps: it is let go again, lest it be held while the others are awaited.
            async with self._session.begin_nested() as alone:
                subject = (await self._session.execute(query.with_for_update())).scalar_one_or_none()
                if not await self._related([subject_id]):
                    return subject
                await alone.rollback()
        return (await self.lock_all([subject_id], principal)).get(subject_id)

    async def lock_all(
        self, ids: Collection[UUID], principal: Principal | None, *, as_seen: bool = False
    ) -> dict[UUID, Subject]:
        """Those of these subjects that the caller may see, locked for writing, each with its family.

        A family, which is whoever is one with a subject by mergers, is locked as a whole and in order of id:
        what is recorded of a merged subject is its survivor's, and mergers hold both. So whoever holds a
        subject never waits for another of its family. Subjects that may be of several families are locked by
        one call, never one after the other. `as_seen`: whom one was merged into meanwhile is not waited for.
        A family that has grown meanwhile is let go of, and locked anew in its order.
        """
        asked = set(ids)
        while True:
            held = self._session.begin_nested() if await self._related(asked) else nullcontext()
            async with held as tried:
                rows = await self._hold(asked, principal)
                known = {None, *(subject.id for subject, _ in rows)}
                if as_seen or all(subject.merged_into in known for subject, _ in rows):
                    return {subject.id: subject for subject, seen in rows if seen and subject.id in asked}
                if tried is not None:
                    await tried.rollback()

    async def lock_free(self, subject_id: UUID) -> Subject | None:
        """A subject locked for writing, by work that any process may do; None while another holds it."""
        return (await self.lock_all_free([subject_id])).get(subject_id)

    async def lock_all_free(self, ids: Collection[UUID]) -> dict[UUID, Subject]:
        """Those of these subjects that nobody holds, nor who they are today, locked as by `lock_all`."""
        held = {subject.id: subject for subject, _ in await self._hold(ids, None, skip_locked=True)}
        free = {}
        for subject_id in ids:
            last = held.get(subject_id)
            while last is not None and last.merged_into is not None:
                last = held.get(last.merged_into)
            if last is not None:
                free[subject_id] = held[subject_id]
        return free

    async def _hold(
        self, ids: Collection[UUID], principal: Principal | None, *, skip_locked: bool = False
    ) -> Sequence[Row[Subject, bool]]:
        """The families of those of the subjects that a caller may see, locked; each with whether it may."""
        seen = _seen_by(principal)
        wanted = asked = col(Subject.id).in_(ids) & seen
        if await self._related(ids):
            theirs = (await self._session.execute(select(col(Subject.id)).where(asked))).scalars().all()
            wanted = asked | col(Subject.id).in_(await self._related(theirs))
        # Said in the row, `seen` is looked at again once a row that somebody changed meanwhile is locked.
        query = select(Subject, seen).where(wanted).order_by(col(Subject.id))
        locked = query.with_for_update(skip_locked=skip_locked).execution_options(populate_existing=True)
        return (await self._session.execute(locked)).all()

    async def _related(self, ids: Collection[UUID]) -> Sequence[UUID]:
        """The families of those of the subjects that are one with others; most are not."""
        return (await self._session.execute(_RELATED, {"ids": list(ids)})).scalars().all()

    async def lock_to_read(
        self, subject_id: UUID, principal: Principal, known_at: datetime | None
    ) -> Subject | None:
        """A subject locked in share mode, or for writing where the moment asked for must be kept."""
        seen = None if known_at is None else await self.find(subject_id, principal)
        shared = known_at is None or seen is None or not _must_keep(seen, known_at)
        return await self.lock(subject_id, principal, shared=shared)

    def keep_asked(self, subject: Subject, moment: datetime) -> None:
        """Keep up to which moment of knowledge was asked: nothing is recorded at or before it any more."""
        if _must_keep(subject, moment):
            subject.asked_up_to = moment

    async def lock_by_key(self, key: str) -> Subject | None:
        """The subject of a key, locked for writing; its survivor when it was merged into another."""
        held = (
            await self._session.execute(select(col(Subject.id)).where(col(Subject.key) == key))
        ).scalar_one_or_none()
        subject = None if held is None else await self.lock_survivor(held)
        # Its key may have been corrected while its row was awaited.
        return None if subject is not None and subject.id == held and subject.key != key else subject

    async def lock_survivor(self, subject_id: UUID) -> Subject | None:
        """Who a subject is today, locked for writing: itself, or whom it was merged into in the end."""
        while (subject := await self.lock(subject_id, None)) is not None and subject.merged_into is not None:
            subject_id = subject.merged_into
        return subject

    async def survivor_of(self, subject_id: UUID) -> UUID:
        """Whom a subject was merged into in the end; itself when it was not."""
        return (await self.survivors([subject_id])).get(subject_id, subject_id)

    async def survivors(self, subject_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """Whom each of these subjects was merged into in the end; itself when it was not."""
        chain = (
            select(col(Subject.id).label("first"), col(Subject.id), col(Subject.merged_into))
            .where(col(Subject.id).in_(subject_ids))
            .cte("chain", recursive=True)
        )
        chain = chain.union_all(
            select(chain.c.first, col(Subject.id), col(Subject.merged_into)).join(
                chain, col(Subject.id) == chain.c.merged_into
            )
        )
        last = select(chain.c.first, chain.c.id).where(chain.c.merged_into.is_(None))
        return {row[0]: row[1] for row in await self._session.execute(last)}

    async def holder_of(self, subject: Subject) -> Subject:
        """Who a subject is today: itself, or whom it was merged into in the end."""
        if subject.merged_into is None:
            return subject
        return await self.find_any(await self.survivor_of(subject.id)) or subject

    async def family(self, subject_id: UUID) -> list[UUID]:
        """A subject and everyone who was merged into it: whose listings, warnings and duties are its own."""
        query = select(col(Subject.id)).where(of_family(col(Subject.id), subject_id))
        return list((await self._session.execute(query.order_by(col(Subject.id)))).scalars())

    async def taken(self, key: str | None, license_no: str | None, beside: UUID | None = None) -> str | None:
        """Which of a key and a licence another subject than `beside` has already, as a field's name."""
        asked = ((col(Subject.key), key), (col(Subject.license_no), license_no))
        clauses = [column == value for column, value in asked if value is not None]
        if not clauses:
            return None
        query = select(col(Subject.key)).where(or_(*clauses))
        if beside is not None:
            query = query.where(col(Subject.id) != beside)
        found = (await self._session.execute(query.limit(1))).first()
        if found is None:
            return None
        return "key" if key is not None and found.key == key else "license_no"

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
        """The subject of a key, or of a licence where nobody has that key, for the public page."""
        query = (
            select(Subject)
            .where(or_(col(Subject.key) == key, col(Subject.license_no) == key))
            .order_by((col(Subject.key) == key).desc().nulls_last())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    def add(self, row: Subject | SubjectState | SubjectTrace | SubjectMerge | KeyCorrection) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def person_taken(self, id_number: str, keyring: Keyring, beside: UUID | None = None) -> bool:
        """Whether another natural person is registered under this ID number."""
        query = select(col(Subject.id)).where(
            col(Subject.id_number_index).in_(keyring.blind_indexes(id_number, context=id_context)),
            col(Subject.kind) == Kind.NATURAL_PERSON,
            col(Subject.merged_into).is_(None),
        )
        if beside is not None:
            query = query.where(col(Subject.id) != beside)
        return (await self._session.execute(query.limit(1))).first() is not None

    async def state_at(self, subject_id: UUID, known_at: datetime) -> SubjectState | None:
        """What a subject was as known at a moment; None when it is still the same today."""
        query = (
            select(SubjectState)
            .where(col(SubjectState.subject_id) == subject_id, col(SubjectState.until_at) > known_at)
            .order_by(col(SubjectState.until_at))
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def traces_of(self, subject_id: UUID) -> Sequence[SubjectTrace]:
        """The traces that stand for a subject, oldest first."""
        standing = and_(col(SubjectTrace.subject_id) == subject_id, col(SubjectTrace.removed_at).is_(None))
        query = select(SubjectTrace).where(standing).order_by(col(SubjectTrace.id))
        return (await self._session.execute(query)).scalars().all()

    async def key_corrections_of(self, subject_id: UUID) -> Sequence[KeyCorrection]:
        """How the key of a subject was corrected, oldest first."""
        query = select(KeyCorrection).where(col(KeyCorrection.subject_id) == subject_id)
        return (await self._session.execute(query.order_by(col(KeyCorrection.id)))).scalars().all()

    async def proposed_key(self, subject_id: UUID) -> KeyCorrection | None:
        """The correction of a subject's key that waits for a second person."""
        query = select(KeyCorrection).where(
            col(KeyCorrection.subject_id) == subject_id, col(KeyCorrection.state) == KeyState.PROPOSED
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def key_correction(self, subject_id: UUID, correction_id: UUID) -> KeyCorrection | None:
        """A correction of a subject's key, read anew."""
        query = (
            select(KeyCorrection)
            .where(col(KeyCorrection.subject_id) == subject_id, col(KeyCorrection.id) == correction_id)
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def mergers_of(self, subject_ids: Sequence[UUID]) -> Sequence[SubjectMerge]:
        """How these subjects were merged and unmerged, oldest first."""
        named = or_(
            col(SubjectMerge.subject_id).in_(subject_ids), col(SubjectMerge.survivor_id).in_(subject_ids)
        )
        query = select(SubjectMerge).where(named).order_by(col(SubjectMerge.done_at), col(SubjectMerge.id))
        return (await self._session.execute(query)).scalars().all()

    async def present_merger(self, subject_id: UUID) -> SubjectMerge | None:
        """The merger by which a merged subject is another now."""
        query = (
            select(SubjectMerge)
            .where(col(SubjectMerge.subject_id) == subject_id, col(SubjectMerge.act) == MergeAct.MERGE)
            .order_by(col(SubjectMerge.done_at).desc(), col(SubjectMerge.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()


def _must_keep(subject: Subject, moment: datetime) -> bool:
    """Whether a moment of knowledge lies behind everything recorded and asked for until now."""
    return moment > max(filter(None, (subject.last_recorded_at, subject.asked_up_to)))
