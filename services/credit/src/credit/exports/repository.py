"""Every select of exports, streamed by a cursor of the server, and the read of the feed of changes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from common.events.models import EPOCH, OUTBOX
from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.boards.models import Board, BoardEntry
from credit.boards.rules import Side
from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.honours.models import Honour
from credit.honours.rules import SHOWN
from credit.inspections.models import Inspection
from credit.listings.models import Listing, told_to_programs
from credit.listings.rules import State as ListingState
from credit.objections.models import Objection
from credit.objections.rules import Target
from credit.scoring.models import PublishedGrade
from credit.subjects.models import Subject
from credit.warnings.models import Warning

__all__ = ["ChangeRow", "ExportFilters", "ExportRepository", "Position"]

_BUFFER = 1_000
_AUTHORITIES = frozenset({"officer", "service"})


@dataclass(frozen=True, slots=True)
class ExportFilters:
    """What an export is narrowed by."""

    region: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the outbox: epoch, transaction, number."""

    epoch: int
    xid: int
    seq: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A row of the outbox that was looked at; `data` is null when it is not for this caller."""

    at: Position
    id: UUID
    type: str
    aggregate_id: str
    aggregate_version: int
    created_at: datetime
    data: dict[str, Any] | None


class ExportRepository:
    """Reads for other departments."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def subjects(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """Subjects in order of id."""
        query = select(Subject).where(*_visible(actor, filters), col(Subject.merged_into).is_(None))
        async for row in self._stream(query.order_by(col(Subject.id))):
            yield row[0]

    async def grades(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """(subject, published grade), each grade a subject has had."""
        query = (
            select(Subject, PublishedGrade)
            .join(PublishedGrade, col(PublishedGrade.subject_id) == col(Subject.id))
            .where(*_visible(actor, filters))
            .order_by(col(PublishedGrade.subject_id), col(PublishedGrade.version))
        )
        async for row in self._stream(query):
            yield row

    async def facts(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """(subject, newest version of a fact) by subject; not revoked.

        What was recorded of a merged subject stands at its survivor.
        """
        later = aliased(Fact)
        query = (
            select(Subject, Fact)
            .join(Fact, col(Fact.subject_id) == col(Subject.id))
            .where(
                *_visible(actor, filters),
                col(Subject.merged_into).is_(None),
                col(Fact.action) != Action.REVOKE,
                ~select(col(later.id))
                .where(col(later.id) == col(Fact.id), col(later.version) > col(Fact.version))
                .exists(),
            )
            .order_by(col(Fact.subject_id), col(Fact.id))
        )
        async for row in self._stream(query):
            yield row

    async def warnings(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """(subject, warning) in order of the warnings."""
        query = (
            select(Subject, Warning)
            .join(Warning, col(Warning.subject_id) == col(Subject.id))
            .where(*_visible(actor, filters))
            .order_by(col(Warning.id))
        )
        async for row in self._stream(query):
            yield row

    async def listings(
        self, actor: Principal, filters: ExportFilters, today: date, *, internal: bool = False
    ) -> AsyncIterator[Any]:
        """(subject, listing): to an authority all, to subjects what they know, to clients what is shared."""
        clauses = _visible(actor, filters)
        if actor.subject_id is not None:
            clauses += [col(Listing.state) != ListingState.DRAFT, col(Listing.notified_on).is_not(None)]
        elif actor.kind == "client":
            clauses.append(told_to_programs(today, internal=internal))
        elif actor.kind not in _AUTHORITIES:
            clauses.append(false())
        query = (
            select(Subject, Listing)
            .join(Listing, col(Listing.subject_id) == col(Subject.id))
            .where(*clauses)
            .order_by(col(Listing.id))
        )
        async for row in self._stream(query):
            yield row

    async def boards(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """(subject, board, entry, whether a reason is disputed) of published boards, red and black."""
        reason = func.jsonb_build_array(func.jsonb_build_object("fact_id", cast(col(Fact.id), Text)))
        disputed = (
            select(col(Fact.id))
            .where(
                col(Fact.subject_id) == col(BoardEntry.subject_id),
                col(BoardEntry.reasons).contains(reason),
                *_disputed_now(),
            )
            .exists()
        )
        query = (
            select(Subject, Board, BoardEntry, disputed)
            .join(BoardEntry, col(BoardEntry.subject_id) == col(Subject.id))
            .join(Board, col(Board.id) == col(BoardEntry.board_id))
            .where(
                *_visible(actor, filters),
                col(Board.published_at).is_not(None),
                col(BoardEntry.decided) != Side.NONE,
            )
            .order_by(col(Board.id), col(Subject.id))
        )
        async for row in self._stream(query):
            yield row

    async def inspections(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Any]:
        """(subject, inspection, whether its fact is disputed): results.

        To all but authorities published ones, whose facts were neither revoked nor taken off the page.
        """
        clauses = [*_visible(actor, filters), col(Inspection.result).is_not(None)]
        if actor.subject_id is not None or actor.kind not in _AUTHORITIES:
            clauses += [col(Inspection.published_at).is_not(None), ~_revoked(), ~_off_the_page()]
        disputed = (
            select(col(Fact.id)).where(col(Fact.id) == col(Inspection.fact_id), *_disputed_now()).exists()
        )
        query = (
            select(Subject, Inspection, disputed)
            .join(Inspection, col(Inspection.subject_id) == col(Subject.id))
            .where(*clauses)
            .order_by(col(Inspection.id))
        )
        async for row in self._stream(query):
            yield row

    async def honours(self, actor: Principal, filters: ExportFilters, *, all_of: bool) -> AsyncIterator[Any]:
        """(subject, honour), each honour that was granted; not `all_of` them: those that anyone is shown."""
        clauses = [*_visible(actor, filters), col(Honour.granted_on).is_not(None)]
        if not all_of:
            clauses += [col(Honour.state).in_(SHOWN), col(Honour.suspended).is_(False)]
        query = (
            select(Subject, Honour)
            .join(Honour, col(Honour.subject_id) == col(Subject.id))
            .where(*clauses)
            .order_by(col(Honour.id))
        )
        async for row in self._stream(query):
            yield row

    async def changes(
        self,
        actor: Principal,
        types: Sequence[str],
        fact_types: Sequence[str],
        fact_codes: Sequence[str],
        after: Position | None,
        limit: int,
        *,
        internal: bool = True,
    ) -> list[ChangeRow]:
        """The next `limit` rows of the outbox in the order of their transactions, whoever they are for.

        Of facts only what others are told: of these codes and shown. What the public is not shown, such as
        the slight list and listed minors, and how a subject is supervised, is only for those who are
        `internal`, and for the subject; the end of a certificate for authorities, the subject, and the
        program that ordered it.
        A row of the present epoch is read only once its transaction lies below every running one, so none
        can appear later before a place that was already passed. Rows of older epochs are all committed.
        """
        present = func.coalesce(select(EPOCH.c.epoch).scalar_subquery(), 1)
        horizon = func.pg_snapshot_xmin(func.pg_current_snapshot())
        order = (OUTBOX.c.epoch, OUTBOX.c.xid, OUTBOX.c.seq)
        mine = and_(
            OUTBOX.c.type.in_(types),
            _addressed(actor),
            or_(
                OUTBOX.c.type.not_in(fact_types),
                and_(OUTBOX.c.data["code"].astext.in_(fact_codes), _said("shared")),
            ),
        )
        if not internal and actor.subject_id is None:
            mine = and_(
                mine,
                or_(~OUTBOX.c.data.has_key("public"), _said("public")),
                ~OUTBOX.c.data.has_key("supervision"),
            )
        if actor.subject_id is None and actor.kind not in _AUTHORITIES:
            ordered = OUTBOX.c.data["issued_by"].astext == actor.sub
            mine = and_(mine, or_(~OUTBOX.c.data.has_key("issued_by"), ordered))
        query = select(
            OUTBOX.c.epoch,
            cast(OUTBOX.c.xid, Text).label("xid"),
            OUTBOX.c.seq,
            OUTBOX.c.id,
            OUTBOX.c.type,
            OUTBOX.c.aggregate_id,
            OUTBOX.c.aggregate_version,
            OUTBOX.c.created_at,
            case((mine, OUTBOX.c.data)).label("data"),
        ).where(or_(OUTBOX.c.epoch < present, OUTBOX.c.xid < horizon))
        if after is not None:
            place = (
                literal(after.epoch),
                cast(cast(literal(str(after.xid)), Text), OUTBOX.c.xid.type),
                literal(after.seq),
            )
            query = query.where(tuple_(*order) > tuple_(*place))
        rows = await self._session.execute(query.order_by(*order).limit(limit))
        return [
            ChangeRow(
                Position(row.epoch, int(row.xid), row.seq),
                row.id,
                row.type,
                row.aggregate_id,
                row.aggregate_version,
                row.created_at,
                row.data,
            )
            for row in rows
        ]

    async def _stream(self, query: Any) -> AsyncIterator[Any]:
        # The session holds what it has read only weakly, so memory does not grow with the table.
        result = await self._session.stream(query.execution_options(yield_per=_BUFFER))
        async for row in result:
            yield row


def _revoked() -> ColumnElement[bool]:
    """Whether the fact that a result became is revoked: a later version would restore it."""
    later = aliased(Fact)
    newer = select(col(later.id)).where(col(later.id) == col(Fact.id), col(later.version) > col(Fact.version))
    revoked = (col(Fact.id) == col(Inspection.fact_id), col(Fact.action) == Action.REVOKE)
    return select(col(Fact.id)).where(*revoked, ~newer.exists()).exists()


def _off_the_page() -> ColumnElement[bool]:
    """Whether a sustained objection took the fact that a result became off the page."""
    sustained = (
        col(Objection.subject_id) == col(Inspection.subject_id),
        col(Objection.fact_id) == col(Inspection.fact_id),
        col(Objection.target) == Target.PAGE,
        col(Objection.remedy).is_not(None),
    )
    return select(col(Objection.id)).where(*sustained).exists()


def _disputed_now() -> list[ColumnElement[bool]]:
    """That this is a fact's newest version, and that it opened a dispute."""
    later = aliased(Fact)
    newer = select(col(later.id)).where(col(later.id) == col(Fact.id), col(later.version) > col(Fact.version))
    return [col(Fact.action) == Action.DISPUTE, ~newer.exists()]


def _visible(actor: Principal, filters: ExportFilters) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if actor.subject_id is not None:
        clauses.append(col(Subject.id) == actor.subject_id)
    else:
        clauses.append(region_clause(col(Subject.region), actor))
    if filters.region:
        clauses.append(col(Subject.region).like(f"{region_prefix(filters.region)}%"))
    if filters.kind:
        clauses.append(col(Subject.kind) == filters.kind)
    return clauses


def _said(name: str) -> ColumnElement[bool]:
    """Whether an event says so of the fact it is about."""
    said: ColumnElement[bool] = OUTBOX.c.data[name].astext == "true"
    return said


def _addressed(actor: Principal) -> ColumnElement[bool]:
    """Whether an event is about the caller's own subject or its regions; one that names none is nobody's."""
    if actor.subject_id is not None:
        own: ColumnElement[bool] = OUTBOX.c.data["subject_id"].astext == str(actor.subject_id)
        return own
    region: ColumnElement[str] = func.coalesce(OUTBOX.c.data["region"].astext, "-")
    return region_clause(region, actor)
