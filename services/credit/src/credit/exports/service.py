"""Use cases of exports: a table as a file, and the feed of changes."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.clock import china_date
from common.pagination import decode_cursor, encode_cursor
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import REPAIRED, Hidden
from credit.facts.views import as_version, shown_on
from credit.honours.rules import State as HonourState
from credit.imports.rules import COLUMNS, EXTRA_COLUMNS
from credit.internal import internal_codes, is_authority, sees_all_of, sees_internal
from credit.listings.showing import never_shown
from credit.sheets import Column, SheetFormat, TableFile, write_table
from credit.subjects.models import Subject
from credit.subjects.personal import masked
from credit.subjects.repository import SubjectRepository

from .errors import ExportForbidden
from .repository import ExportFilters, ExportRepository, Position
from .rules import BOARDS, FACTS, FACTS_TOLD, FEED, GRADES, HONOURS, INSPECTIONS, LISTINGS, WARNINGS, Name
from .schemas import Changes, ChangeView

__all__ = ["ExportService"]

_SCANNED = 2_000
_ASKED_AT_ONCE = 200
_FIRST = Position(0, 0, 0)
_HEADINGS: dict[Name, tuple[Column, ...]] = {
    Name.SUBJECTS: (*COLUMNS, *EXTRA_COLUMNS),
    Name.GRADES: GRADES,
    Name.FACTS: FACTS,
    Name.WARNINGS: WARNINGS,
    Name.LISTINGS: LISTINGS,
    Name.BOARDS: BOARDS,
    Name.INSPECTIONS: INSPECTIONS,
    Name.HONOURS: HONOURS,
}


class ExportService:
    """What leaves the archive in bulk. Natural persons are masked throughout."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._exports = ExportRepository(session)
        self._archive = FactRepository(session)
        self._registered = SubjectRepository(session)

    async def export(
        self, actor: Principal, name: Name, format: SheetFormat, filters: ExportFilters
    ) -> TableFile:
        """A table as a file on disk, with an audit record of who took what, how many rows, which bytes.

        Raises:
            ExportForbidden: internal clues are for officers, and a subject's own user exports only itself.
            InvalidPayload: no such region.
            PayloadTooLarge: too many rows for xlsx.
        """
        if filters.region is not None and not regions.exists(filters.region):
            raise InvalidPayload.at("query/region", Text("没有此行政区划代码", "No such division code"))
        if name is Name.WARNINGS and (actor.kind != "officer" or actor.subject_id is not None):
            raise ExportForbidden
        table = await write_table(format, _HEADINGS[name], self._rows(actor, name, filters), self._language)
        await audit.record(
            self._session,
            actor=actor,
            action="export",
            target=f"export:{name}",
            details={
                "format": format,
                "region": filters.region,
                "kind": filters.kind,
                "regions": sorted(actor.regions),
                "rows": table.rows,
                "sha256": table.sha256,
            },
            now=self._env.clock.now(),
        )
        return table

    async def changes(self, actor: Principal, after: str | None, limit: int) -> Changes:
        """What has changed since a place in the feed, in an order in which nothing appears behind it later.

        A fact is passed on when it is shown, as the result of an inspection on the day of its publication.
        Who sees it revoked (`action`) or withdrawn (`fact_withdrawn`, with `because`) takes it away, and so
        does who sees a repair: `repairs` names the fact that is not shared any more. A repair that is revoked
        itself brings the fact back. What the public is not shown, such as the slight list, and how a subject
        is supervised, is for those whom policy lets see it.

        Raises:
            InvalidPayload: `after` is not one of ours.
        """
        place = _place(after)
        today = china_date(self._env.clock.now())
        internal = sees_internal(self._env.rulebook, actor, today)
        codes = {kind.code for kind in self._env.rulebook.catalogue(today).facts if kind.publicity.show}
        if not internal and actor.subject_id is None:
            codes -= internal_codes(self._env.rulebook, today)
        rows = await self._exports.changes(
            actor, list(FEED), FACTS_TOLD, sorted({*codes, REPAIRED}), place, _SCANNED, internal=internal
        )
        items: list[ChangeView] = []
        at = place or _FIRST
        taken = 0
        for row in rows:
            if len(items) == limit:
                break
            taken += 1
            at = row.at
            if row.data is not None:
                items.append(
                    ChangeView(
                        id=row.id,
                        type=FEED[row.type],
                        about=row.aggregate_id,
                        version=row.aggregate_version,
                        at=row.created_at,
                        data=_shared(row.data, internal=internal or actor.subject_id is not None),
                    )
                )
        return Changes(
            items=items,
            next_after=encode_cursor(at.epoch, str(at.xid), at.seq),
            more=taken < len(rows) or len(rows) == _SCANNED,
        )

    def _rows(self, actor: Principal, name: Name, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        return {
            Name.SUBJECTS: self._subjects,
            Name.GRADES: self._grades,
            Name.FACTS: self._facts,
            Name.WARNINGS: self._warnings,
            Name.LISTINGS: self._listings,
            Name.BOARDS: self._boards,
            Name.INSPECTIONS: self._inspections,
            Name.HONOURS: self._honours,
        }[name](actor, filters)

    def _sees_all_of(self, actor: Principal) -> bool:
        return sees_all_of(self._env.rulebook, actor, china_date(self._env.clock.now()))

    async def _subjects(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        scored = self._sees_all_of(actor)
        async for subject in self._exports.subjects(actor, filters):
            person = masked(subject, self._env.keyring)
            yield (
                subject.id,
                subject.kind,
                subject.key,
                subject.name,
                subject.region,
                subject.license_no,
                subject.business_scope,
                subject.level,
                subject.status,
                subject.licensed_on,
                subject.license_expires_on,
                subject.headcount,
                person.id_number if person else None,
                person.phone if person else None,
                regions.name_of(subject.region),
                subject.score if scored else None,
                subject.grade,
                subject.tier,
                subject.scored_on,
                subject.version,
            )

    async def _grades(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        scored = self._sees_all_of(actor)
        async for subject, grade in self._exports.grades(actor, filters):
            yield (
                *_head(subject),
                grade.version,
                grade.grade,
                grade.tier,
                grade.score if scored else None,
                grade.policy_id,
                grade.policy_version,
                grade.valid_at,
                grade.published_at,
                grade.result_hash,
            )

    async def _facts(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        """Facts as the public pages show them today; disputed ones say so."""
        today: date = china_date(self._env.clock.now())
        groups: list[tuple[Subject, list[Fact]]] = []
        async for subject, fact in self._exports.facts(actor, filters):
            if not groups or groups[-1][0].id != subject.id:
                if len(groups) == _ASKED_AT_ONCE:
                    async for row in self._shown(groups, today):
                        yield row
                    groups = []
                groups.append((subject, []))
            groups[-1][1].append(fact)
        async for row in self._shown(groups, today):
            yield row

    async def _shown(
        self, groups: Sequence[tuple[Subject, Sequence[Fact]]], today: date
    ) -> AsyncIterator[Sequence[Any]]:
        kept_back = await self._archive.kept_back([subject.id for subject, _ in groups], today)
        for subject, facts in groups:
            for row in self._shown_of(subject, facts, kept_back, today):
                yield row

    def _shown_of(
        self, subject: Subject, facts: Sequence[Fact], kept_back: Mapping[UUID, Hidden], today: date
    ) -> Iterator[Sequence[Any]]:
        versions = [as_version(fact) for fact in facts]
        for fact, version in zip(facts, versions, strict=True):
            shown = shown_on(self._env.rulebook, subject, version, versions, today, kept_back)
            if shown is None:
                continue
            kind, periods = shown
            yield (
                *_head(subject),
                fact.id,
                fact.version,
                fact.code,
                kind.name.render(self._language),
                kind.nature,
                fact.occurred_on,
                fact.source_authority,
                fact.source_reference,
                periods.visible_until,
                "disputed" if version.disputed_on(today) else "standing",
            )

    async def _warnings(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        async for subject, warning in self._exports.warnings(actor, filters):
            yield (
                *_head(subject),
                warning.id,
                warning.rule_id,
                warning.severity,
                warning.state,
                warning.occurred_on,
                warning.acknowledge_by,
                warning.outcome,
            )

    async def _listings(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        today, every = china_date(self._env.clock.now()), self._sees_all_of(actor)
        internal = sees_internal(self._env.rulebook, actor, today)
        async for subject, listing in self._exports.listings(actor, filters, today, internal=internal):
            if not every and never_shown(await self._registered.holder_of(subject), self._env, today):
                continue
            yield (
                *_head(subject),
                listing.id,
                listing.number,
                listing.on_list,
                listing.condition,
                listing.role,
                listing.state,
                listing.listed_on,
                listing.management_until,
                listing.publication_until,
                listing.removal,
                listing.removed_on,
                listing.objected,
            )

    async def _boards(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        scored = self._sees_all_of(actor)
        async for subject, board, entry, disputed in self._exports.boards(actor, filters):
            yield (
                *_head(subject),
                board.id,
                board.number,
                board.period,
                entry.decided,
                entry.score if scored else None,
                entry.grade,
                board.published_at,
                disputed,
            )

    async def _inspections(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        async for subject, visit, disputed in self._exports.inspections(actor, filters):
            yield (
                *_head(subject),
                visit.id,
                visit.number,
                visit.kind,
                visit.department,
                visit.items,
                visit.result,
                visit.finished_on,
                visit.published_at,
                disputed,
            )

    async def _honours(self, actor: Principal, filters: ExportFilters) -> AsyncIterator[Sequence[Any]]:
        every = actor.subject_id is not None or is_authority(actor)
        async for subject, honour in self._exports.honours(actor, filters, all_of=every):
            yield (
                *_head(subject),
                honour.id,
                honour.number,
                honour.policy_id,
                honour.state if every else HonourState.GRANTED,
                honour.granted_on,
                honour.expires_on,
                honour.ended_on,
            )


def _head(subject: Subject) -> tuple[Any, ...]:
    return subject.id, subject.key, subject.name, subject.kind, subject.region


def _shared(data: dict[str, Any], *, internal: bool) -> dict[str, Any]:
    """What an event says; which fact changed a grade only to those who see what is internal."""
    kept_back = {"issued_by"} if internal or "to_grade" not in data else {"issued_by", "fact_id"}
    return {name: value for name, value in data.items() if name not in kept_back}


def _place(after: str | None) -> Position | None:
    if after is None:
        return None
    epoch, xid, seq = decode_cursor(after, int, str, int, pointer="query/after")
    if not (xid.isdecimal() and len(xid) < 20 and 0 <= epoch < 2**31 and 0 <= seq < 2**63):
        raise InvalidPayload.at("query/after", Text("游标无效", "The cursor is not valid"))
    return Position(epoch, int(xid), seq)
