"""Use cases of objections: file, flag, verify, decide, put right, and list what was touched."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.evidence.written import WrittenRequests
from credit.internal import is_authority
from credit.paging import cursor_id, due_rows
from credit.sheets import Column, SheetFormat, TableFile, write_table

from .deciding import ObjectionDecisions
from .errors import NotSustained, NotYours
from .filing import ObjectionFilings
from .models import Objection, ObjectionEffect
from .repository import ObjectionFilters
from .rules import Event
from .schemas import EffectView, ForwardIn, NoteIn, ObjectionView, RefusalIn, RippleView, WithdrawalIn

__all__ = ["ObjectionService"]

_COLUMNS = (
    Column("position", Text("序号", "No.")),
    Column("kind", Text("类别", "Kind")),
    Column("subject_id", Text("主体", "Subject")),
    Column("id", Text("记录", "Record")),
    Column("number", Text("编号", "Number")),
    Column("at", Text("时间", "Made at")),
    Column("what", Text("影响", "How the fact entered")),
    Column("was", Text("原结果", "As it was")),
    Column("would_be", Text("应有结果", "As it would have been")),
)


class ObjectionService(ObjectionFilings, ObjectionDecisions):
    """Objections. A passed deadline is shown and never decides anything by itself."""

    async def accept(self, actor: Principal, objection_id: UUID, wanted: NoteIn) -> ObjectionView:
        """Take an objection up and flag what it is against, wherever that is shown.

        The caller becomes its first officer.

        Raises:
            ObjectionNotFound: not in the caller's regions.
            StepRefused: it is not newly filed.
        """
        objection, subject = await self._open(actor, objection_id)
        self._advance(objection, Event.ACCEPT)
        objection.first_officer = actor.sub
        await self._flag(objection, subject, actor.sub)
        return await self._done(objection, Event.ACCEPT, actor.sub, wanted.note)

    async def refuse(self, actor: Principal, objection_id: UUID, wanted: RefusalIn) -> ObjectionView:
        """Refuse to take an objection up, with reasons and in writing. Raises as `accept`."""
        objection, subject = await self._open(actor, objection_id)
        self._advance(objection, Event.REFUSE)
        objection.first_officer = actor.sub
        await self._issue_refusal(objection, subject, wanted.reason, actor.sub)
        return await self._done(objection, Event.REFUSE, actor.sub, wanted.reason)

    async def forward(self, actor: Principal, objection_id: UUID, wanted: ForwardIn) -> ObjectionView:
        """Hand an objection to the source of the information, which verifies. Raises as `accept`."""
        objection, _ = await self._open(actor, objection_id)
        self._advance(objection, Event.FORWARD)
        objection.forwarded_to = wanted.to
        return await self._done(objection, Event.FORWARD, actor.sub, wanted.note, {"to": wanted.to})

    async def extend(self, actor: Principal, objection_id: UUID, wanted: RefusalIn) -> ObjectionView:
        """Extend the decision period once, to the policy's total, with reasons, while it runs.

        Raises:
            ObjectionNotFound, StepRefused: as in `accept`.
            InvalidPayload: the place knows no extension, or the period is over: lateness stays.
        """
        objection, _ = await self._open(actor, objection_id)
        policy = self._policy(objection)
        if policy.decide.total_working_days <= policy.decide.working_days:
            raise InvalidPayload.at(
                "/reason", Text("当地规定不允许延长", "The rules of the place know no extension")
            )
        self._advance(objection, Event.EXTEND)
        if self._today > self._decide_by(objection).due_on:
            raise InvalidPayload.at(
                "/reason",
                Text("办理期限已过，不得延长", "The period is over: what is late cannot be extended"),
            )
        objection.extended = True
        return await self._done(objection, Event.EXTEND, actor.sub, wanted.reason)

    async def appraise(
        self, actor: Principal, objection_id: UUID, wanted: NoteIn, event: Event
    ) -> ObjectionView:
        """Begin or end an expert's appraisal, whose days the rules of the place may leave uncounted.

        The days of beginning and end are both in it. Raises as `accept`.
        """
        objection, _ = await self._open(actor, objection_id)
        self._advance(objection, event)
        today = self._today.isoformat()
        if event is Event.START_APPRAISAL:
            objection.appraisals = [*objection.appraisals, [today, None]]
        else:
            *closed, (first, _) = objection.appraisals
            objection.appraisals = [*closed, [first, today]]
        return await self._done(objection, event, actor.sub, wanted.note)

    async def verify(self, actor: Principal, objection_id: UUID, wanted: RefusalIn) -> ObjectionView:
        """Record what verification found; the reviewer decides on it. Raises as `accept`."""
        objection, _ = await self._open(actor, objection_id)
        self._advance(objection, Event.VERIFY)
        objection.verified_by = actor.sub
        return await self._done(objection, Event.VERIFY, actor.sub, wanted.reason)

    async def withdraw(self, actor: Principal, objection_id: UUID, wanted: WithdrawalIn) -> ObjectionView:
        """Withdraw an undecided objection: by the subject itself, or an officer on its written request.

        Raises:
            ObjectionNotFound, StepRefused: as in `accept`.
            NotYours: neither its own subject nor an officer.
            InvalidPayload: an officer names no written request of the subject whose file was uploaded since
                the objection was filed, or the subject names one.
            SecondPersonNeeded: the officer filed or handled the objection, or made what it is against.
        """
        objection, subject = await self._open(actor, objection_id)
        if actor.subject_id is None and "credit:write" not in actor.scopes:
            raise NotYours
        self._advance(objection, Event.WITHDRAW)
        paper = await WrittenRequests(self._session, self._env).check(
            actor,
            await self._subjects.family(await self._subjects.survivor_of(subject.id)),
            wanted.request,
            about=objection.id,
            since=objection.filed_at,
            took_part=await self._had_part(objection, subject) if wanted.request is not None else (),
            refusal=SecondPersonNeeded,
        )
        await self._unflag(objection, subject, actor.sub, "异议撤回")
        details = {} if paper is None else {"request": paper}
        return await self._done(objection, Event.WITHDRAW, actor.sub, wanted.note, details)

    async def close(self, actor: Principal, objection_id: UUID, wanted: NoteIn) -> ObjectionView:
        """Close a decided objection once its decision is served and all it touched is listed.

        Raises:
            ObjectionNotFound, StepRefused: as in `accept`; the list is not complete yet.
        """
        objection, _ = await self._open(actor, objection_id)
        self._advance(objection, Event.CLOSE)
        return await self._done(objection, Event.CLOSE, actor.sub, wanted.note)

    async def get(self, actor: Principal, objection_id: UUID) -> ObjectionView:
        """An objection the caller may see. Raises ObjectionNotFound."""
        return (await self._views([await self._seen(actor, objection_id)], actor))[0]

    async def search(
        self, actor: Principal, filters: ObjectionFilters, cursor: str | None, limit: int
    ) -> Page[ObjectionView]:
        """Objections the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        every = self._sees(actor)
        before = cursor_id(cursor)

        async def read(behind: UUID | None, size: int) -> Sequence[Objection]:
            return await self._objections.page(actor, filters, behind, size, all_of=every)

        is_due = None if filters.due_before is None else partial(self._due, before=filters.due_before)
        rows = await due_rows(read, is_due, lambda row: row.id, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=await self._views(items, actor), next_cursor=following)

    async def ripple(
        self, actor: Principal, objection_id: UUID, cursor: str | None, limit: int
    ) -> RippleView:
        """What depended on the wrong fact, a page at a time, while it is being listed too.

        Who is no authority is told what became of the subject itself, and nothing unfinished: no warnings,
        draws or campaigns, no visits or boards before they are published, nothing about others.

        Raises:
            ObjectionNotFound: not the caller's to see.
            NotSustained: it was not sustained; `allowed` names the events that fit.
            InvalidPayload: the cursor is not one of ours.
        """
        objection = await self._rippled(actor, objection_id)
        after = 0 if cursor is None else decode_cursor(cursor, int)[0]
        if not 0 <= after < 2**31:
            raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid"))
        told = _told(actor, objection)
        by_kind = await self._objections.effects_by_kind(objection.id, told)
        rows = await self._objections.effects(objection.id, told, after, limit)
        effects = [self._effect(row, place) for place, row in enumerate(rows, after + 1)]
        items, following = page_of(effects, limit, lambda one: encode_cursor(one.position))
        return RippleView(
            objection_id=objection.id,
            since=objection.since or objection.filed_at,
            state="running" if objection.ripple == "running" else "done",
            total=sum(by_kind.values()),
            by_kind=by_kind,
            items=items,
            next_cursor=following,
        )

    async def ripple_file(
        self, actor: Principal, objection_id: UUID, format: SheetFormat
    ) -> tuple[str, TableFile]:
        """The whole list as a file, with its name. Raises as `ripple`."""
        objection = await self._rippled(actor, objection_id)

        async def rows() -> AsyncIterator[Sequence[Any]]:
            place = 0
            async for row in self._objections.all_effects(objection.id, _told(actor, objection)):
                place += 1
                one = self._effect(row, place)
                yield (
                    one.position,
                    one.kind,
                    str(one.subject_id),
                    str(one.id) if one.id else None,
                    one.number,
                    one.at.isoformat(),
                    one.what,
                    one.was,
                    one.would_be,
                )

        return objection.number, await write_table(format, _COLUMNS, rows(), self._language)

    async def ripples(self, after: UUID | None, limit: int) -> list[UUID]:
        """Objections behind `after` of which not all is listed yet, in order, for the rounds."""
        return await self._ripple.under_way(after, limit)

    async def advance_ripple(self, objection_id: UUID) -> bool:
        """List the next chunk of what an objection touched; says whether there was one."""
        return await self._ripple.go_on(objection_id)

    async def _rippled(self, actor: Principal, objection_id: UUID) -> Objection:
        objection = await self._seen(actor, objection_id)
        if objection.ripple is None:
            raise NotSustained(state=objection.state, allowed=self._allowed(objection))
        return objection

    def _effect(self, row: ObjectionEffect, place: int) -> EffectView:
        """An effect as the `place`th that the caller is told of, so that nothing left out leaves a gap."""
        return EffectView(
            position=place,
            kind=row.kind,  # type: ignore[arg-type]  # written from an Affected
            subject_id=row.subject_id,
            id=row.target_id,
            number=row.number,
            at=row.at,
            what=row.what[self._language if self._language in row.what else "zh"],
            was=row.was,
            would_be=row.would_be,
        )

    async def _views(self, rows: Sequence[Objection], actor: Principal) -> list[ObjectionView]:
        acts = await self._objections.acts_of([row.id for row in rows])
        views = await self._shown(rows, acts)
        if is_authority(actor):
            return views
        counts = [await self._objections.effects_by_kind(row.id, _told(actor, row)) for row in rows]
        return [
            view.model_copy(update={"effects": sum(count.values())})
            for view, count in zip(views, counts, strict=True)
        ]


def _told(actor: Principal, objection: Objection) -> set[UUID] | None:
    """Whose effects a caller is told of, and of these nothing unfinished; None: an authority, of all.

    A subject's own user of its own and of those it took over, a program of another department of the subject.
    """
    if actor.subject_id is not None:
        return {actor.subject_id, objection.subject_id}
    return None if is_authority(actor) else {objection.subject_id}
