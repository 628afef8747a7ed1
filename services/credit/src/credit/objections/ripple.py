"""Listing what depended on a wrong fact: step by step, in chunks, each in a transaction of its own.

The steps run in the order of `_STEPS` for each fact that was put right. Where the search stands is kept with
the objection, so it goes on after any interruption, and what is listed once is never listed again.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.boards.service import BoardService
from credit.certificates.service import CertificateService
from credit.environment import Environment
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
        self._rooms: tuple[Callable[[UUID, UUID, datetime], Awaitable[list[Affected]]], ...] = (
            WarningService(session, env).affected_by,
            ListingService(session, env).affected_by,
            BoardService(session, env).affected_by,
            HonourService(session, env).affected_by,
            CertificateService(session, env).affected_by,
        )

    def begin(self, objection: Objection, facts: list[UUID], since: datetime) -> None:
        """Set a sustained objection at the start of the search."""
        objection.since = since
        objection.ripple = RippleState.RUNNING if facts else RippleState.DONE
        objection.ripple_at = {"facts": [str(one) for one in facts], "fact": 0, "step": 0, "mark": None}

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
        found, mark = await self._step(_STEPS[at["step"]], subject, fact_id, since, at["mark"])
        for one in found:
            if one.id is not None and await self._objections.is_listed(objection.id, one.kind, one.id):
                continue
            objection.effects += 1
            self._objections.add(
                ObjectionEffect(
                    objection_id=objection.id,
                    position=objection.effects,
                    kind=one.kind,
                    subject_id=one.subject_id or subject.id,
                    target_id=one.id,
                    number=one.number,
                    at=one.at,
                    what={"zh": one.what.zh, "en": one.what.en},
                    was=one.was,
                    would_be=one.would_be,
                )
            )
        at["mark"] = mark
        if mark is None:
            at["step"] += 1
        if at["step"] == len(_STEPS):
            at["step"], at["fact"] = 0, at["fact"] + 1
        objection.ripple_at = at
        if at["fact"] == len(at["facts"]):
            objection.ripple = RippleState.DONE

    async def _step(self, step: str, subject: Subject, fact_id: UUID, since: datetime, mark: Any) -> Part:
        if step == "grades":
            after = (date.fromisoformat(mark[0]), datetime.fromisoformat(mark[1])) if mark else None
            differing, on = await self._grades.walk(subject, fact_id, since, after, CHUNK)
            found = [one for turn, outcome in differing for one in told(turn, outcome)]
            found += self._touched.page_grades(subject, differing)
            found += await self._touched.grade_warnings(subject, differing)
            return found, None if on is None else [on[0].isoformat(), on[1].isoformat()]
        if step == "draws":
            last = UUID(mark) if mark else None
            drawn, following = await self._touched.draws(subject, fact_id, since, last, CHUNK)
            return drawn, None if following is None else str(following)
        if step == "pages":
            return await self._touched.pages(subject, fact_id), None
        if step == "others":
            return await self._touched.others(subject, fact_id, since), None
        return [one for room in self._rooms for one in await room(subject.id, fact_id, since)], None
