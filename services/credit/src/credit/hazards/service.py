"""Use cases of hazards: find, order, extend, check again, close, hand over; notice what is late."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Resting
from credit.environment import Environment
from credit.evidence.service import EvidenceService
from credit.facts.repository import FactRepository
from credit.facts.schemas import EvidenceItem, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.inspectors.service import InspectorService
from credit.paging import cursor_id
from credit.papers.rules import chinese_date
from credit.papers.service import PaperService
from credit.plans.repository import NumberRepository
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import Evidence, WarningService

from .errors import HazardConflict, HazardNotFound
from .models import Hazard
from .repository import HazardRepository
from .rules import HazardAction, HazardLevel, HazardState, acts_allowed, is_late, next_state
from .schemas import (
    ExtendIn,
    HandOverIn,
    HazardActView,
    HazardBrief,
    HazardIn,
    HazardView,
    OrderIn,
    RecheckIn,
)

__all__ = ["OVERDUE_RULE", "HazardService"]

OVERDUE_RULE = "W-HAZARD-OVERDUE"
_LEVELS = {HazardLevel.GENERAL: "一般隐患", HazardLevel.MAJOR: "重大隐患"}
_FIRST_DAY = date(2000, 1, 1)


class HazardService:
    """Hazards and their rectification orders. Finding one and closing one are facts."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._hazards = HazardRepository(session)
        self._numbers = NumberRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._fact_rows = FactRepository(session)
        self._papers = PaperService(session, env)
        self._evidence = EvidenceService(session, env)
        self._inspectors = InspectorService(session, env)
        self._warnings = WarningService(session, env)

    async def find_hazard(self, actor: Principal, wanted: HazardIn) -> HazardView:
        """Record a hazard; it becomes the fact HAZARD_FOUND.

        Raises:
            SubjectNotFound: not in the caller's regions.
            InvalidPayload: an inspection of another subject, or a day that is not past or today.
        """
        subject = await self._subjects.lock(wanted.subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        now = self._env.clock.now()
        today = china_date(now)
        found_on = wanted.found_on or today
        if not _FIRST_DAY <= found_on <= today:
            why = Text("须在2000年至今日之间", "Must lie between the year 2000 and today")
            raise InvalidPayload.at("/found_on", why)
        if wanted.inspection_id is not None and not await self._hazards.inspection_of(
            wanted.inspection_id, subject.id
        ):
            raise InvalidPayload.at(
                "/inspection_id", Text("该检查不是此对象的检查", "Not an inspection of this subject")
            )
        serial = await self._numbers.next("hazard", today.year)
        hazard = Hazard(
            id=new_id(),
            number=f"HAZ-{today.year}-{serial:06d}",
            subject_id=subject.id,
            region=subject.region,
            inspection_id=wanted.inspection_id,
            item=wanted.item,
            level=wanted.level,
            description=wanted.description,
            department=wanted.department,
            found_on=found_on,
            state=HazardState.FOUND,
            created_by=actor.sub,
            created_at=now,
        )
        self._hazards.add(hazard)
        await self._session.flush()
        self._hazards.note(hazard, "found", None, {"level": str(wanted.level)}, actor.sub, now)
        await self._fact(subject, hazard, "HAZARD_FOUND", found_on, actor.sub)
        return await self._view(hazard)

    async def order(self, actor: Principal, hazard_id: UUID, wanted: OrderIn) -> HazardView:
        """Order the hazard to be put right by a day; a numbered paper is made.

        Raises:
            HazardNotFound, HazardConflict: not the caller's, or ordered already.
            InvalidPayload: the day is past, or farther than the policy allows.
        """
        hazard, subject = await self._locked(actor, hazard_id)
        after = self._step(hazard, HazardAction.ORDER)
        self._check_due(hazard, wanted.due_on)
        paper = await self._papers.issue(
            "rectification_order",
            subject,
            ("hazard", hazard.id),
            {
                "hazard": hazard.number,
                "found_on": chinese_date(hazard.found_on),
                "level": _LEVELS[HazardLevel(hazard.level)],
                "description": hazard.description,
                "requirement": wanted.requirement,
                "due_on": chinese_date(wanted.due_on),
                "department": hazard.department,
            },
            by=actor.sub,
        )
        hazard.state, hazard.due_on = after, wanted.due_on
        hazard.order_paper, hazard.order_number = paper.id, paper.number
        self._note(hazard, "ordered", wanted.requirement, {"due_on": wanted.due_on.isoformat()}, actor.sub)
        return await self._view(hazard)

    async def extend(self, actor: Principal, hazard_id: UUID, wanted: ExtendIn) -> HazardView:
        """Give more time, with the reason. After the day has passed the hazard stays late, and is warned of.

        Raises as `order`.
        """
        hazard, subject = await self._locked(actor, hazard_id)
        hazard.state = self._step(hazard, HazardAction.EXTEND)
        self._check_due(hazard, wanted.due_on)
        before = hazard.due_on
        if before is not None and wanted.due_on <= before:
            raise InvalidPayload.at("/due_on", Text("须晚于原期限", "Must lie after the present day"))
        await self._notice(hazard, subject)
        hazard.due_on, hazard.overdue_on = wanted.due_on, None
        data = {"from": str(before), "to": wanted.due_on.isoformat()}
        self._note(hazard, "extended", wanted.reason, data, actor.sub)
        return await self._view(hazard)

    async def recheck(self, actor: Principal, hazard_id: UUID, wanted: RecheckIn) -> HazardView:
        """Record a re-check: passed, the hazard is closed and the fact HAZARD_CLOSED recorded.

        A hazard that was handed over is closed the same way, when its new department reports it put right,
        under the reference of that report. A new day that comes after the one before leaves it late.

        Raises:
            HazardNotFound, HazardConflict: not the caller's, or neither ordered nor handed over.
            InvalidPayload: somebody of the team stands twice, is not on duty in the library, or keeps away;
                passed without evidence uploaded since the order or handing over; or a new day where it was
                passed or another sets the days; a reference of what was not handed over, or none of its end.
            SecondPersonNeeded: passed, told by who found, ordered or gave it away and was not at our check.
        """
        hazard, subject = await self._locked(actor, hazard_id)
        after = self._step(hazard, HazardAction.RECHECK, passed=wanted.passed)
        _check_reference(HazardState(hazard.state), wanted)
        await self._check_recheck(actor, hazard, subject, wanted)
        if wanted.new_due_on is not None:
            if wanted.passed:
                raise InvalidPayload.at("/new_due_on", Text("复查合格不设新期限", "Passed: no new day"))
            if after is HazardState.HANDED_OVER:
                why = Text("已移交，期限由接收机关确定", "It was handed over: its receiver sets the days")
                raise InvalidPayload.at("/new_due_on", why)
            self._check_due(hazard, wanted.new_due_on, "/new_due_on")
            await self._notice(hazard, subject)
            hazard.due_on, hazard.overdue_on = wanted.new_due_on, None
        today = china_date(self._env.clock.now())
        _miss(hazard, today)
        hazard.state = after
        data = {"passed": wanted.passed, "inspectors": wanted.inspectors, "due_on": str(hazard.due_on)}
        if wanted.reference is not None:
            data["reference"] = wanted.reference
        if wanted.evidence:
            data["evidence"] = [one.model_dump(mode="json") for one in wanted.evidence]
        self._note(hazard, "rechecked", wanted.note, data, actor.sub)
        if after is HazardState.CLOSED:
            hazard.closed_on = today
            await self._fact(subject, hazard, "HAZARD_CLOSED", today, actor.sub, wanted.evidence)
        return await self._view(hazard)

    async def hand_over(self, actor: Principal, hazard_id: UUID, wanted: HandOverIn) -> HazardView:
        """Hand the hazard over for enforcement, under the receiver's reference. Raises as `order`."""
        hazard, _ = await self._locked(actor, hazard_id)
        after = self._step(hazard, HazardAction.HAND_OVER)
        _miss(hazard, china_date(self._env.clock.now()))
        hazard.state = after
        hazard.handed_over_to = {"authority": wanted.authority, "reference": wanted.reference}
        self._note(hazard, "handed_over", wanted.reason, hazard.handed_over_to, actor.sub)
        return await self._view(hazard)

    async def late(self, after: tuple[UUID, UUID] | None, limit: int) -> list[tuple[UUID, UUID]]:
        """Hazards that were not put right in time and not marked, behind `after`: (hazard, subject)."""
        return await self._hazards.late(china_date(self._env.clock.now()), after, limit)

    async def notice_late(self, hazard_id: UUID, subject_id: UUID) -> bool:
        """Mark, once, a hazard that was not put right in time, and warn.

        Locks the subject before its hazard, as officers do. False when it was noticed or put right, or
        somebody else holds the subject.
        """
        today = china_date(self._env.clock.now())
        subject = await self._subjects.lock_free(subject_id)
        hazard = None if subject is None else await self._hazards.lock_late(hazard_id, today)
        if subject is None or hazard is None:
            return False
        await self._notice(hazard, subject)
        return True

    async def get(self, actor: Principal, hazard_id: UUID) -> HazardView:
        """A hazard the caller may see. Raises HazardNotFound."""
        hazard = await self._hazards.find(hazard_id, actor)
        if hazard is None:
            raise HazardNotFound
        return await self._view(hazard)

    async def search(
        self,
        actor: Principal,
        state: HazardState | None,
        subject_id: UUID | None,
        overdue: bool,
        cursor: str | None,
        limit: int,
    ) -> Page[HazardBrief]:
        """Hazards the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        today = china_date(self._env.clock.now()) if overdue else None
        rows = await self._hazards.page(actor, state, subject_id, today, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=[self._brief(hazard, name) for hazard, name in items], next_cursor=following)

    async def facts_resting_on(self, subject_id: UUID, fact_id: UUID) -> list[Resting]:
        """The facts of hazards found in the inspection whose fact this is."""
        found = []
        for row in await self._hazards.found_with(fact_id):
            through = Text(f"隐患 {row.number}", f"hazard {row.number}")
            ids = await self._fact_rows.recorded_under(subject_id, SourceKind.HAZARD, row.number)
            found += [Resting(one, through) for one in ids]
        return found

    async def _check_recheck(
        self, actor: Principal, hazard: Hazard, subject: Subject, wanted: RecheckIn
    ) -> None:
        """Our own re-check takes two who may be sent there; passing any rests on new files. See `recheck`."""
        acts, handed_over = await self._hazards.acts_of(hazard.id), hazard.state == HazardState.HANDED_OVER
        since = [one for one in acts if one.act == ("handed_over" if handed_over else "ordered")]
        named = {f"/evidence/{place}/sha256": one.sha256 for place, one in enumerate(wanted.evidence)}
        family = await self._subjects.family(await self._subjects.survivor_of(subject.id))
        await self._evidence.check_uploaded(family, named, since=since[-1].done_at if since else None)
        if not handed_over:
            await self._inspectors.check_team(wanted.inspectors, subject.id, hazard.region, "/inspectors")
        if wanted.passed and not wanted.evidence:
            why = Text("复查合格须附整改证据", "Passed: name the evidence of what was put right")
            raise InvalidPayload.at("/evidence", why)
        before = {hazard.created_by} | {one.done_by for one in acts if one.act in ("ordered", "handed_over")}
        # Of what was handed over nobody here was at the re-check, whomever the report names.
        if wanted.passed and actor.sub in before and (handed_over or actor.sub not in wanted.inspectors):
            raise SecondPersonNeeded

    async def _locked(self, actor: Principal, hazard_id: UUID) -> tuple[Hazard, Subject]:
        """The hazard and its subject, both locked, the subject first."""
        seen = await self._hazards.find(hazard_id, actor)
        subject = None if seen is None else await self._subjects.lock(seen.subject_id, None)
        hazard = None if subject is None else await self._hazards.find(hazard_id, actor, lock=True)
        if hazard is None or subject is None or actor.subject_id is not None:
            raise HazardNotFound
        return hazard, subject

    async def _notice(self, hazard: Hazard, subject: Subject) -> None:
        """Mark a hazard whose day has passed, unless it is marked, and warn of it."""
        today = china_date(self._env.clock.now())
        if hazard.overdue_on is not None or not _miss(hazard, today):
            return
        hazard.overdue_on = today
        self._note(hazard, "overdue", None, {"due_on": str(hazard.due_on)}, "system")
        await self._session.flush()
        source = f"hazard:{hazard.number}:{hazard.due_on}"
        details = {"hazard": hazard.number, "due_on": str(hazard.due_on), "level": hazard.level}
        await self._warnings.report(subject, OVERDUE_RULE, Evidence(source, today, {}, details))

    def _step(self, hazard: Hazard, act: HazardAction, *, passed: bool = False) -> HazardState:
        state = HazardState(hazard.state)
        after = next_state(state, act, passed=passed)
        if after is None:
            raise HazardConflict(state=state, allowed=acts_allowed(state))
        return after

    def _check_due(self, hazard: Hazard, due_on: date, pointer: str = "/due_on") -> None:
        today = china_date(self._env.clock.now())
        policy = self._env.rulebook.inspections.choose("inspections", on=today, region=hazard.region)
        if not 0 <= (due_on - today).days <= policy.hazard_due_within_days:
            most = policy.hazard_due_within_days
            raise InvalidPayload.at(
                pointer, Text(f"须在今日起 {most} 日内", f"Must lie within {most} days from today")
            )

    def _note(self, hazard: Hazard, act: str, note: str | None, data: dict[str, Any], by: str) -> None:
        hazard.version += 1
        self._hazards.note(hazard, act, note, data, by, self._env.clock.now())

    async def _fact(
        self,
        subject: Subject,
        hazard: Hazard,
        code: str,
        on: date,
        by: str,
        evidence: Sequence[EvidenceItem] = (),
    ) -> None:
        payload = {"hazard": hazard.number}
        if code == "HAZARD_FOUND":
            payload["level"] = hazard.level
        await self._facts.record_for(
            subject,
            FactIn(
                subject_id=subject.id,
                code=code,
                occurred_on=on,
                source=Source(kind=SourceKind.HAZARD, authority=hazard.department, reference=hazard.number),
                payload=payload,
                evidence=list(evidence),
            ),
            by=by,
        )

    async def _view(self, hazard: Hazard) -> HazardView:
        await self._session.flush()
        name = await self._hazards.name_of(hazard.subject_id)
        return HazardView(
            **self._brief(hazard, name).model_dump(),
            acts=[
                HazardActView(act=a.act, note=a.note, data=a.data, done_by=a.done_by, done_at=a.done_at)
                for a in await self._hazards.acts_of(hazard.id)
            ],
            allowed=acts_allowed(HazardState(hazard.state)),
        )

    def _brief(self, hazard: Hazard, name: str) -> HazardBrief:
        today = china_date(self._env.clock.now())
        late = is_late(hazard.state, hazard.due_on, today)
        return HazardBrief(
            id=hazard.id,
            number=hazard.number,
            subject_id=hazard.subject_id,
            subject_name=name,
            region=hazard.region,
            inspection_id=hazard.inspection_id,
            item=hazard.item,
            level=HazardLevel(hazard.level),
            description=hazard.description,
            department=hazard.department,
            found_on=hazard.found_on,
            state=HazardState(hazard.state),
            due_on=hazard.due_on,
            overdue=late,
            overdue_on=hazard.overdue_on,
            missed_on=hazard.missed_on or (hazard.due_on if late else None),
            order_paper=hazard.order_paper,
            order_number=hazard.order_number,
            closed_on=hazard.closed_on,
            handed_over_to=hazard.handed_over_to,
            version=hazard.version,
        )


def _miss(hazard: Hazard, today: date) -> bool:
    """Keep for good that a day has passed, the first such day; says whether one has."""
    if not is_late(hazard.state, hazard.due_on, today):
        return False
    hazard.missed_on = hazard.missed_on or hazard.due_on
    return True


def _check_reference(state: HazardState, wanted: RecheckIn) -> None:
    handed_over = state is HazardState.HANDED_OVER
    if handed_over and wanted.passed and wanted.reference is None:
        why = Text("已移交，须注明接收机关函告文号", "It was handed over: name the reference of the report")
        raise InvalidPayload.at("/reference", why)
    if not handed_over and wanted.reference is not None:
        raise InvalidPayload.at("/reference", Text("未移交，不用文号", "Only for what was handed over"))
