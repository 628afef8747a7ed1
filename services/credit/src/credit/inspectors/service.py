"""Use cases of the library of inspectors: enter, change, recuse, and give it to draws and assignments."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.draws.rules.states import RecusalReason
from credit.environment import Environment
from credit.paging import check_version, cursor_id
from credit.subjects.errors import SubjectNotFound
from credit.subjects.repository import SubjectRepository

from .errors import InspectorExists, InspectorNotFound, OwnRecusal, RecusalConflict, RecusalNotFound
from .models import Inspector, InspectorRecusal
from .repository import InspectorRepository
from .schemas import InspectorIn, InspectorPatch, InspectorView, RecusalEnd, RecusalIn, RecusalView

__all__ = ["InspectorService"]


class InspectorService:
    """执法检查人员名录库 with recusals (Administrative Penalty Law, Article 43)."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._inspectors = InspectorRepository(session)
        self._subjects = SubjectRepository(session)

    async def add(self, actor: Principal, wanted: InspectorIn) -> InspectorView:
        """Enter an inspector.

        Raises:
            InspectorNotFound: the region is not the caller's.
            InspectorExists: staff id or card number stand in the library already.
            InvalidPayload: the last day of duty lies before the first.
        """
        self._check_region(actor, wanted.region)
        _check_period(wanted.active_from, wanted.active_to, "/active_to")
        now = self._env.clock.now()
        fields = wanted.model_dump() | {"expertise": sorted(set(wanted.expertise))}
        inspector = Inspector(
            id=new_id(), **fields, version=1, created_by=actor.sub, created_at=now, updated_at=now
        )
        if not await self._inspectors.add_once(inspector):
            raise InspectorExists
        return self._view(inspector, [])

    async def change(
        self, actor: Principal, inspector_id: UUID, wanted: InspectorPatch, expected: int
    ) -> InspectorView:
        """Change an inspector's entry. Raises as `add`, PreconditionFailed for another version."""
        inspector = await self._locked(actor, inspector_id)
        check_version(inspector.version, expected)
        changes = wanted.model_dump(exclude_unset=True)
        for name, value in changes.items():
            if value is None and name != "active_to":
                raise InvalidPayload.at(f"/{name}", Text("不得为空", "Must not be null"))
        if "region" in changes:
            self._check_region(actor, changes["region"])
        if "card_no" in changes and await self._inspectors.card_taken(changes["card_no"], inspector.id):
            raise InspectorExists
        _check_period(inspector.active_from, changes.get("active_to", inspector.active_to), "/active_to")
        if "expertise" in changes:
            changes["expertise"] = sorted(set(changes["expertise"]))
        for name, value in changes.items():
            setattr(inspector, name, value)
        inspector.version += 1
        inspector.updated_at = self._env.clock.now()
        await self._session.flush()
        return await self._whole(inspector)

    async def get(self, actor: Principal, inspector_id: UUID) -> InspectorView:
        """An inspector of the caller's regions. Raises InspectorNotFound."""
        inspector = await self._inspectors.find(inspector_id, actor)
        if inspector is None:
            raise InspectorNotFound
        return await self._whole(inspector)

    async def search(
        self,
        actor: Principal,
        department: str | None,
        expertise: str | None,
        on_duty: bool,
        cursor: str | None,
        limit: int,
    ) -> Page[InspectorView]:
        """Inspectors of the caller's regions. Raises InvalidPayload for a foreign cursor."""
        day = china_date(self._env.clock.now()) if on_duty else None
        rows = await self._inspectors.page(actor, department, expertise, day, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        recusals = await self._inspectors.recusals_of([row.id for row in items])
        return Page(
            items=[self._view(row, [one for one in recusals if one.inspector_id == row.id]) for row in items],
            next_cursor=following,
        )

    async def recuse(self, actor: Principal, inspector_id: UUID, wanted: RecusalIn) -> InspectorView:
        """Note that an inspector keeps away from a subject; each inspector may do so himself.

        For others one person notes as many as `recusals_by_one` of the draw limits says, so that nobody alone
        keeps an office from a subject, or stops its draws. Each counts once, for however many periods.

        Raises:
            InspectorNotFound, SubjectNotFound: not in the caller's regions.
            RecusalConflict: he keeps away from it already.
            InvalidPayload: it would end before it begins.
            SecondPersonNeeded: the caller keeps so many others from the subject already.
        """
        inspector = await self._locked(actor, inspector_id)
        # Held, two requests of one person count each other, also under another record of the subject.
        if await self._subjects.lock(wanted.subject_id, actor) is None:
            raise SubjectNotFound
        today = china_date(self._env.clock.now())
        first = wanted.from_on or today
        _check_period(first, wanted.to_on, "/to_on")
        for one in await self._inspectors.recusals_of([inspector.id]):
            if one.subject_id == wanted.subject_id and (one.to_on is None or one.to_on >= first):
                raise RecusalConflict(recusal_id=str(one.id))
        if actor.sub != inspector.staff_id:
            limits = self._env.rulebook.draw_limits.choose("draw-limits", on=today, region=inspector.region)
            family = await self._subjects.family(await self._subjects.survivor_of(wanted.subject_id))
            noted = await self._inspectors.noted_for_others(actor.sub, family, today, beside=inspector.id)
            if noted >= limits.recusals_by_one:
                raise SecondPersonNeeded
        self._inspectors.add(
            InspectorRecusal(
                id=new_id(),
                inspector_id=inspector.id,
                subject_id=wanted.subject_id,
                reason=wanted.reason,
                from_on=first,
                to_on=wanted.to_on,
                noted_by=actor.sub,
                noted_at=self._env.clock.now(),
            )
        )
        inspector.version += 1
        await self._session.flush()
        return await self._whole(inspector)

    async def end_recusal(
        self, actor: Principal, inspector_id: UUID, recusal_id: UUID, wanted: RecusalEnd
    ) -> InspectorView:
        """Set the last day of a recusal, today at the earliest; never by the inspector himself.

        A longer one is noted anew, and counts for who notes it.

        Raises:
            InspectorNotFound, RecusalNotFound: not in the caller's regions.
            OwnRecusal: the caller is the inspector.
            RecusalConflict: it has ended.
            InvalidPayload: the day lies before today or before the first day, or behind the last one.
        """
        inspector = await self._locked(actor, inspector_id)
        recusal = await self._inspectors.recusal(inspector.id, recusal_id)
        if recusal is None:
            raise RecusalNotFound
        if actor.sub == inspector.staff_id:
            raise OwnRecusal
        today = china_date(self._env.clock.now())
        if recusal.to_on is not None and recusal.to_on < today:
            raise RecusalConflict
        _check_period(max(today, recusal.from_on), wanted.to_on, "/to_on")
        if recusal.to_on is not None and wanted.to_on > recusal.to_on:
            raise InvalidPayload.at(
                "/to_on",
                Text("不得延长，请另行登记回避", "Not for longer: note another recusal from the day after"),
            )
        recusal.to_on, recusal.ended_by = wanted.to_on, actor.sub
        inspector.version += 1
        await self._session.flush()
        return await self._whole(inspector)

    async def library(self, region: str, on: date, departments: Collection[str]) -> Sequence[Inspector]:
        """Who can be drawn: the inspectors on duty in a region, of these departments if any are named."""
        return await self._inspectors.library(region, on, departments)

    async def on_duty(self, staff: Collection[str], region: str, on: date) -> Sequence[Inspector]:
        """Who of these may be sent to a region: on duty in an area that holds it."""
        return await self._inspectors.on_duty(staff, region, on)

    async def check_team(
        self, team: Sequence[str], subject_id: UUID, region: str, pointer: str, *, on: date | None = None
    ) -> None:
        """Refuse a team that cannot be sent to a subject on a day (today): real people, and none recused.

        Raises:
            InvalidPayload: somebody stands twice, is not on duty in the library there, or must keep away
                (Administrative Penalty Law, Articles 42 and 43).
        """
        day = on or china_date(self._env.clock.now())
        if len({one.casefold() for one in team}) != len(team):
            raise InvalidPayload.at(pointer, Text("人员重复", "A person stands twice"))
        there = {one.staff_id for one in await self.on_duty(team, region, day)}
        if strangers := sorted(set(team) - there):
            who = strangers[0]
            raise InvalidPayload.at(
                pointer, Text(f"{who} 不在名录库的在岗人员中", f"{who} is not on duty in the library")
            )
        if recused := await self.recused(team, subject_id, day):
            who = ", ".join(sorted(recused))
            raise InvalidPayload.at(
                pointer, Text(f"{who} 应当回避该对象", f"{who} must keep away from this subject")
            )

    async def known(self, staff: Collection[str]) -> dict[str, Inspector]:
        """The inspectors of the library among these staff ids."""
        return await self._inspectors.by_staff(staff)

    async def recusals(self, staff: Collection[str], on: date) -> list[tuple[str, UUID, RecusalReason, str]]:
        """The recusals of these inspectors that stand on a day, with who noted each.

        Whom one is about who was merged since counts as its survivor.
        """
        rows = await self._inspectors.standing(staff, on)
        now = await self._subjects.survivors({row.subject_id for row in rows})
        return [(row.staff_id, now[row.subject_id], RecusalReason(row.reason), row.noted_by) for row in rows]

    async def recused(self, staff: Collection[str], subject_id: UUID, on: date) -> set[str]:
        """Which of these inspectors must keep away from a subject, under whichever of its records."""
        family = await self._subjects.family(await self._subjects.survivor_of(subject_id))
        return {row.staff_id for row in await self._inspectors.standing(staff, on, family)}

    async def _locked(self, actor: Principal, inspector_id: UUID) -> Inspector:
        inspector = await self._inspectors.find(inspector_id, actor, lock=True)
        if inspector is None:
            raise InspectorNotFound
        return inspector

    async def _whole(self, inspector: Inspector) -> InspectorView:
        return self._view(inspector, await self._inspectors.recusals_of([inspector.id]))

    def _view(self, row: Inspector, recusals: Sequence[InspectorRecusal]) -> InspectorView:
        today = china_date(self._env.clock.now())
        return InspectorView(
            id=row.id,
            staff_id=row.staff_id,
            name=row.name,
            department=row.department,
            region=row.region,
            card_no=row.card_no,
            expertise=row.expertise,
            active_from=row.active_from,
            active_to=row.active_to,
            on_duty=row.active_from <= today and (row.active_to is None or today <= row.active_to),
            recusals=[
                RecusalView(
                    id=one.id,
                    subject_id=one.subject_id,
                    reason=RecusalReason(one.reason),
                    from_on=one.from_on,
                    to_on=one.to_on,
                    noted_by=one.noted_by,
                    noted_at=one.noted_at,
                    ended_by=one.ended_by,
                )
                for one in recusals
            ],
            version=row.version,
        )

    def _check_region(self, actor: Principal, region: str) -> None:
        if actor.subject_id is not None or not regions.exists(region) or not actor.covers(region):
            raise InspectorNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))


def _check_period(first: date, last: date | None, pointer: str) -> None:
    if last is not None and last < first:
        raise InvalidPayload.at(pointer, Text("截止日早于起始日", "It would end before it begins"))
