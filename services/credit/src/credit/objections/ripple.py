"""Listing what depended on a wrong fact: step by step, in chunks, each in a transaction of its own.

The steps run in the order of `_STEPS` for each fact that was put right. Where the search stands is kept with
the objection, so it goes on after any interruption, and what is listed once is never listed again.

What rested on a wrong fact goes with it: a listing recorded facts of its own, which lowered grades, draws and
boards in turn. All that is listed too, and says through what it came.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected, Resting
from credit.boards.service import BoardService
from credit.certificates.service import CertificateService
from credit.environment import Environment
from credit.hazards.service import HazardService
from credit.honours.service import HonourService
from credit.listings.service import ListingService
from credit.scoring.ripple import GradeRipple, told
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import WarningService

from .models import Objection, ObjectionEffect
from .repository import ObjectionRepository
from .rules import RippleState
from .touched import Touched

__all__ = ["Ripple"]

CHUNK = 50
_STEPS = ("grades", "draws", "pages", "others", "rooms")
Part = tuple[list[Affected], Any]
"""What was found, and the mark to go on from (None: this step is done)."""


class Ripple:
    """The search for what a sustained objection touched."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session = session
        self._objections = ObjectionRepository(session)
        self._subjects = SubjectRepository(session)
        self._grades = GradeRipple(session, env)
        self._touched = Touched(session, env)
        self._recorders: tuple[Callable[[UUID, UUID], Awaitable[list[Resting]]], ...] = (
            ListingService(session, env).facts_resting_on,
            HazardService(session, env).facts_resting_on,
            BoardService(session, env).facts_resting_on,
        )
        self._rooms: tuple[Callable[[UUID, UUID, datetime], Awaitable[list[Affected]]], ...] = (
            WarningService(session, env).affected_by,
            ListingService(session, env).affected_by,
            BoardService(session, env).affected_by,
            HonourService(session, env).affected_by,
            CertificateService(session, env).affected_by,
        )

    def begin(
        self, objection: Objection, facts: list[UUID], since: datetime, entries: Sequence[UUID] = ()
    ) -> None:
        """Set a sustained objection at the start of the search.

        `entries` are those of the facts that a wrong listing recorded: they are not revoked but ended by its
        removal, and what rested on them goes with them all the same.
        """
        objection.since = since
        objection.ripple = RippleState.RUNNING if facts else RippleState.DONE
        objection.ripple_at = {
            "facts": [str(one) for one in facts],
            "entries": [str(one) for one in entries],
            "fact": 0,
            "step": 0,
            "mark": None,
        }

    async def advance(self, objection: Objection, chunks: int) -> bool:
        """Do at most so many chunks of a locked objection; says whether the search is over."""
        subject = await self._subjects.find_any(objection.subject_id)
        while objection.ripple == RippleState.RUNNING and chunks > 0 and subject is not None:
            await self._chunk(objection, subject)
            chunks -= 1
        await self._session.flush()
        return objection.ripple != RippleState.RUNNING

    async def advance_all(self, limit: int) -> int:
        """One chunk of each of `limit` searches that are under way; gives how many there were."""
        rows = await self._objections.running(limit)
        for row in rows:
            await self.advance(row, 1)
        return len(rows)

    async def _chunk(self, objection: Objection, subject: Subject) -> None:
        at = dict(objection.ripple_at or {})
        fact_id = UUID(at["facts"][at["fact"]])
        since = await self._objections.recorded_at(fact_id)
        gone = str(fact_id) in at.get("entries", ()) or await self._objections.is_revoked(fact_id)
        resting = await self._resting(subject.id, fact_id) if gone else {}
        found, mark = await self._step(_STEPS[at["step"]], subject, fact_id, since, at["mark"], resting)
        await self.enter(objection, found)
        at["mark"] = mark
        if mark is None:
            at["step"] += 1
        if at["step"] == len(_STEPS):
            at["step"], at["fact"] = 0, at["fact"] + 1
        objection.ripple_at = at
        if at["fact"] == len(at["facts"]):
            objection.ripple = RippleState.DONE

    async def enter(self, objection: Objection, found: Sequence[Affected]) -> None:
        """Put what was found on the list; a record that is on it already stays as it was found first."""
        for one in found:
            if one.id is not None and await self._objections.is_listed(objection.id, one.kind, one.id):
                continue
            objection.effects += 1
            self._objections.add(
                ObjectionEffect(
                    objection_id=objection.id,
                    position=objection.effects,
                    kind=one.kind,
                    subject_id=one.subject_id or objection.subject_id,
                    target_id=one.id,
                    number=one.number,
                    at=one.at,
                    what={"zh": one.what.zh, "en": one.what.en},
                    was=one.was,
                    would_be=one.would_be,
                )
            )

    async def _step(
        self,
        step: str,
        subject: Subject,
        fact_id: UUID,
        since: datetime,
        mark: Any,
        resting: dict[UUID, Text],
    ) -> Part:
        along = frozenset(resting)
        ways = list(dict.fromkeys(resting.values()))
        by = Text("、".join(way.zh for way in ways), ", ".join(way.en for way in ways))
        if step == "grades":
            after = (date.fromisoformat(mark[0]), datetime.fromisoformat(mark[1])) if mark else None
            differing, on = await self._grades.walk(subject, fact_id, since, after, CHUNK, along)
            found = []
            for turn, outcome in differing:
                part = told(turn, outcome) + self._touched.page_grades(subject, [(turn, outcome)])
                part += await self._touched.grade_warnings(subject, [(turn, outcome)])
                found += [_through(one, by) for one in part] if outcome.through else part
            return found, None if on is None else [on[0].isoformat(), on[1].isoformat()]
        if step == "draws":
            last = UUID(mark) if mark else None
            drawn, following = await self._touched.draws(subject, fact_id, since, last, CHUNK, along)
            return drawn, None if following is None else str(following)
        if step == "pages":
            pages = await self._touched.pages(subject, fact_id)
            for one, way in resting.items():
                pages += [_through(page, way) for page in await self._touched.pages(subject, one)]
            return pages, None
        if step == "others":
            return await self._touched.others(subject, fact_id, since), None
        rooms = [one for room in self._rooms for one in await room(subject.id, fact_id, since)]
        for named, way in resting.items():
            for room in self._rooms:
                rooms += [_through(one, way) for one in await room(subject.id, named, since)]
        return _once(rooms), None

    async def _resting(self, subject_id: UUID, fact_id: UUID) -> dict[UUID, Text]:
        """The facts that rested on one that is gone, directly or through each other, each with what by.

        What rested on an amended fact may rest on what it says now: people look at it, it is not taken away.
        """
        found: dict[UUID, Text] = {}
        ahead = [fact_id]
        while ahead:
            named = ahead.pop()
            for recorder in self._recorders:
                for one in await recorder(subject_id, named):
                    if one.fact_id != fact_id and one.fact_id not in found:
                        found[one.fact_id] = one.through
                        ahead.append(one.fact_id)
        return found


def _through(one: Affected, way: Text) -> Affected:
    what = Text(f"{one.what.zh}（经由{way.zh}）", f"{one.what.en} (through {way.en})")
    return replace(one, what=what)


def _once(found: list[Affected]) -> list[Affected]:
    """Each record as it was found first: by the fact itself before what rested on it."""
    seen: dict[tuple[str, UUID | None, str | None], Affected] = {}
    for one in found:
        seen.setdefault((one.kind, one.id, one.number), one)
    return list(seen.values())
