"""Use cases of relations: record, list, end, and who answers for whom."""

from datetime import date, datetime
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind
from credit.subjects.schemas import EvidenceRef

from .bars import BARRED_FROM, refuse_barred
from .errors import RelationNotFound, RelationRefused
from .models import Relation
from .repository import RelationRepository
from .rules import (
    ACYCLIC,
    ONE_AT_A_TIME,
    POSTS,
    RelationKind,
    fits,
    holds_on,
    overlap,
    refusal,
    void_end,
)
from .schemas import EndIn, EndView, PartyView, Post, RelationIn, RelationView

__all__ = ["RelationService"]


class RelationService:
    """Relations between subjects."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._relations = RelationRepository(session)
        self._subjects = SubjectRepository(session)

    async def record(self, actor: Principal, subject_id: UUID, wanted: RelationIn) -> RelationView:
        """Record a relation between two subjects of the caller's regions.

        Raises:
            SubjectNotFound: one of the two does not exist, or is not in the caller's regions.
            SubjectMerged: one of the two was merged into another subject.
            InvalidPayload: not exactly one other end, kinds that do not fit, or an end before the start.
            Barred: a restriction in force keeps the person from such a post at an agency.
            RelationRefused: it stands already, an end can have only one such relation at a time, or it would
                close a circle.
        """
        if (wanted.to is None) == (wanted.from_ is None):
            raise InvalidPayload.at(
                "/to", Text("须在 to 与 from 中恰好给出一个", "Exactly one of to and from is needed")
            )
        if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
            raise InvalidPayload.at("/ends_on", Text("不得早于开始日期", "Must not lie before the start"))
        if actor.subject_id is not None or await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        first_id, second_id = (
            (subject_id, wanted.to) if wanted.to is not None else (wanted.from_ or subject_id, subject_id)
        )
        if first_id == second_id:
            raise InvalidPayload.at("/to", Text("不得指向自身", "Must not be the subject itself"))
        other_id = second_id if first_id == subject_id else first_id
        other = await self._subjects.find(other_id, actor)
        held = {} if other is None else await self._subjects.lock_all([first_id, second_id], None)
        if len(held) < 2:
            raise SubjectNotFound(Text("未找到关系另一方", "The other end does not exist"))
        first, second = held[first_id], held[second_id]
        for one in (first, second):
            if one.merged_into is not None:
                raise SubjectMerged(survivor=str(one.merged_into))
        if not fits(wanted.kind, Kind(first.kind), Kind(second.kind)):
            raise InvalidPayload.at("/kind", refusal(wanted.kind))
        period = (wanted.starts_on, wanted.ends_on)
        await self._check_bars(wanted.kind, first, second, period)
        await self._check_free(wanted.kind, first, second, period)
        relation = Relation(
            id=new_id(),
            kind=wanted.kind,
            from_id=first.id,
            to_id=second.id,
            starts_on=wanted.starts_on,
            ends_on=wanted.ends_on,
            note=wanted.note,
            evidence=[item.model_dump(mode="json") for item in wanted.evidence],
            recorded_at=self._env.clock.now(),
            recorded_by=actor.sub,
        )
        self._relations.add(relation)
        await self._session.flush()
        return _view(relation, first, second, None)

    async def list_of(
        self,
        actor: Principal,
        subject_id: UUID,
        kind: RelationKind | None,
        on: date | None,
        known_at: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> Page[RelationView]:
        """Relations of a subject the caller may see, as known at a moment, newest first.

        Raises:
            SubjectNotFound: not the caller's to see.
            InvalidPayload: the cursor is not one of ours, or `known_at` lies in the future.
        """
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        now = self._env.clock.now()
        if known_at is not None and known_at > now:
            raise InvalidPayload.at("query/known_at", Text("不得晚于当前时刻", "Must not lie in the future"))
        moment = known_at or now
        before = cursor_id(cursor)
        rows = await self._relations.page(subject_id, kind, on, moment, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=[_view(*row, moment) for row in items], next_cursor=following)

    async def end(self, actor: Principal, relation_id: UUID, wanted: EndIn) -> RelationView:
        """End a relation of which the caller may see one side. The end is known from now on.

        Raises:
            RelationNotFound: no such relation, or neither side is the caller's.
            RelationRefused: it has been ended before.
            InvalidPayload: the end lies before the start.
        """
        row: Row[Relation, Subject, Subject] | None = None
        if actor.subject_id is None:
            row = await self._relations.find(relation_id, actor)
        if row is None:
            raise RelationNotFound
        _, first, second = row
        relation = await self._relations.lock(relation_id)
        if relation.ended_at is not None:
            raise RelationRefused(
                Text("该关系已结束", "The relation has been ended"), relation_id=str(relation_id)
            )
        if wanted.on < relation.starts_on:
            raise InvalidPayload.at("/on", Text("不得早于开始日期", "Must not lie before the start"))
        self._close(relation, wanted.on, wanted.reason, actor.sub, self._env.clock.now())
        await self._session.flush()
        return _view(relation, first, second, None)

    async def people_of(self, subject_id: UUID, on: date, known_at: datetime | None = None) -> list[Post]:
        """Who answers for a business on a day or has a share in it: whoever holds one of `POSTS`."""
        rows = await self._relations.standing(subject_id, POSTS, on, known_at)
        return [_post(row) for row in rows if row.to_id == subject_id]

    async def branches_of(self, agency_id: UUID, on: date) -> list[tuple[UUID, str, frozenset[str]]]:
        """The branches an agency has on a day: id, name and business scope."""
        return [
            (branch_id, name, frozenset(scope))
            for branch_id, name, scope in await self._relations.branches(agency_id, on)
        ]

    async def move(
        self, merged: Subject, survivor: Subject, merge_id: UUID, by: str, reason: str, now: datetime
    ) -> None:
        """Record the relations of a merged subject for its survivor; both rows are locked.

        The old ones are said never to have held, from now on; one that the survivor cannot have stays.
        """
        others = {merged.id: merged, survivor.id: survivor}
        for relation in await self._relations.of_subject(merged.id):
            if not overlap(relation.period, (relation.starts_on, None)):
                continue
            ends = [survivor.id if one == merged.id else one for one in (relation.from_id, relation.to_id)]
            kinds = []
            for one in ends:
                if one not in others:
                    others[one] = await self._known(one)
                kinds.append(Kind(others[one].kind))
            if ends[0] == ends[1] or not fits(RelationKind(relation.kind), *kinds):
                continue
            period = relation.period
            self._close(relation, void_end(relation.starts_on), reason, by, now)
            await self._session.flush()
            if await self._free(RelationKind(relation.kind), others[ends[0]], others[ends[1]], period):
                self._relations.add(
                    Relation(
                        id=new_id(),
                        kind=relation.kind,
                        from_id=ends[0],
                        to_id=ends[1],
                        starts_on=period[0],
                        ends_on=period[1],
                        note=relation.note,
                        evidence=relation.evidence,
                        recorded_at=now,
                        recorded_by=by,
                        merge_id=merge_id,
                    )
                )
                await self._session.flush()

    async def move_back(
        self, merged: Subject, survivor: Subject, merge_id: UUID, by: str, reason: str, now: datetime
    ) -> None:
        """Undo `move`: what a merger gave the survivor is the other's again."""
        for relation in await self._relations.of_subject(survivor.id):
            if relation.merge_id != merge_id or not overlap(relation.period, (relation.starts_on, None)):
                continue
            period = relation.period
            self._close(relation, void_end(relation.starts_on), reason, by, now)
            await self._session.flush()
            ends = [merged.id if one == survivor.id else one for one in (relation.from_id, relation.to_id)]
            first, second = (await self._known(ends[0]), await self._known(ends[1]))
            if await self._free(RelationKind(relation.kind), first, second, period):
                self._relations.add(
                    Relation(
                        id=new_id(),
                        kind=relation.kind,
                        from_id=first.id,
                        to_id=second.id,
                        starts_on=period[0],
                        ends_on=period[1],
                        note=relation.note,
                        evidence=relation.evidence,
                        recorded_at=now,
                        recorded_by=by,
                    )
                )
                await self._session.flush()

    def _close(self, relation: Relation, on: date, reason: str, by: str, now: datetime) -> None:
        relation.ended_on, relation.end_reason = on, reason
        relation.ended_by, relation.ended_at = by, now

    async def _known(self, subject_id: UUID) -> Subject:
        subject = await self._subjects.find_any(subject_id)
        if subject is None:
            raise SubjectNotFound
        return subject

    async def _check_bars(
        self, kind: RelationKind, first: Subject, second: Subject, period: tuple[date, date | None]
    ) -> None:
        person, business = (second, first) if kind is RelationKind.EMPLOYS else (first, second)
        if kind in BARRED_FROM and business.kind in (Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH):
            today = china_date(self._env.clock.now())
            day = today if holds_on(period, today) else period[0]
            await refuse_barred(self._session, self._env, person, BARRED_FROM[kind], day)

    async def _check_free(
        self, kind: RelationKind, first: Subject, second: Subject, period: tuple[date, date | None]
    ) -> None:
        clash = await self._clash(kind, first, second, period)
        if clash is not None:
            raise RelationRefused(
                Text("同期已有此类关系，请先结束原关系", "Such a relation stands in that time; end it first"),
                relation_id=str(clash.id),
            )
        if kind in ACYCLIC and await self._relations.leads_to(kind, second.id, first.id):
            raise RelationRefused(Text("关系不得成环", "Relations must not run in a circle"))

    async def _free(
        self, kind: RelationKind, first: Subject, second: Subject, period: tuple[date, date | None]
    ) -> bool:
        if await self._clash(kind, first, second, period) is not None:
            return False
        return kind not in ACYCLIC or not await self._relations.leads_to(kind, second.id, first.id)

    async def _clash(
        self, kind: RelationKind, first: Subject, second: Subject, period: tuple[date, date | None]
    ) -> Relation | None:
        """The relation that this one cannot stand beside: the same one, or the only one its end can have."""
        end = ONE_AT_A_TIME.get(kind, "from")
        rows = await self._relations.of_end(end, first.id if end == "from" else second.id, kind)
        alone = kind in ONE_AT_A_TIME
        for row in rows:
            same = (row.from_id, row.to_id) == (first.id, second.id)
            if (same or alone) and overlap(row.period, period):
                return row
        return None


def _view(relation: Relation, first: Subject, second: Subject, known_at: datetime | None) -> RelationView:
    ended = relation.ended_at is not None and (known_at is None or relation.ended_at <= known_at)
    return RelationView.model_validate(
        {
            "id": relation.id,
            "kind": RelationKind(relation.kind),
            "from": _party(first),
            "to": _party(second),
            "starts_on": relation.starts_on,
            "ends_on": relation.ended_on if ended else relation.ends_on,
            "note": relation.note,
            "evidence": [EvidenceRef(**item) for item in relation.evidence],
            "recorded_at": relation.recorded_at,
            "ended": EndView(
                on=relation.ended_on or relation.starts_on,
                reason=relation.end_reason or "",
                recorded_at=relation.ended_at or relation.recorded_at,
            )
            if ended
            else None,
        }
    )


def _party(subject: Subject) -> PartyView:
    return PartyView(
        id=subject.id, kind=subject.kind, name=subject.name, key=subject.key, region=subject.region
    )


def _post(relation: Relation) -> Post:
    starts_on, ends_on = relation.period
    return Post(
        relation.id, RelationKind(relation.kind), relation.from_id, relation.to_id, starts_on, ends_on
    )
