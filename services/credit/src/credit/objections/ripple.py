"""Listing what depended on a wrong fact: step by step, in chunks, each in a transaction of its own.

The steps run in the order of `_STEPS` for each fact that was put right. Where the search stands is kept with
the objection, so it goes on after any interruption, and what is listed once is never listed again.

What rested on a wrong fact goes with it: a listing recorded facts of its own, which lowered grades, draws and
boards in turn; a figure placed its subject among its peers, whose ranks are put right with it. All that is
listed too, and says through what it came.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.clock import china_date
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected, Resting
from credit.boards.reranking import BoardReranking, Plan
from credit.boards.service import BoardService
from credit.certificates.service import CertificateService
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.views import as_version
from credit.hazards.service import HazardService
from credit.honours.service import HonourService
from credit.listings.service import ListingService
from credit.scoring.ripple import Along, GradeRipple
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import WarningService

from .models import Objection, ObjectionEffect
from .onward import Onward
from .repository import ObjectionRepository
from .rules import RippleState
from .touched import Touched

__all__ = ["Ripple"]

CHUNK = 50
_RANKS = 20
"""How many ranks are put right in one transaction: each brings a grade of its own."""
_STEPS = ("ranks", "grades", "draws", "pages", "others", "rooms", "visits", "reliances", "sent")
Part = tuple[list[Affected], Any]
"""What was found, and the mark to go on from (None: this step is done)."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One fact that was put right, and what goes along with it."""

    objection: Objection
    subject: Subject
    fact_id: UUID
    since: datetime
    mark: Any
    ways: Mapping[UUID, Text]
    """The facts that rested on it and are gone with it, each with what by."""
    along: Along

    @property
    def by(self) -> Text:
        """Through what it reached further."""
        ways = list(dict.fromkeys(self.ways.values()))
        return Text("、".join(way.zh for way in ways), ", ".join(way.en for way in ways))

    @property
    def after(self) -> UUID | None:
        """The record behind which to go on."""
        return UUID(self.mark) if self.mark else None


class Ripple:
    """The search for what a sustained objection touched."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._objections = ObjectionRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)
        self._grades = GradeRipple(session, env)
        self._touched = Touched(session, env)
        self._onward = Onward(session, env)
        self._ranks = BoardReranking(session, env)
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
        self._steps: Mapping[str, Callable[[_Search], Awaitable[Part]]] = {
            "ranks": self._find_ranks,
            "grades": self._find_grades,
            "draws": self._find_draws,
            "pages": self._find_pages,
            "others": self._find_others,
            "rooms": self._find_in_rooms,
            "visits": self._find_visits,
            "reliances": self._find_reliances,
            "sent": self._find_sent,
        }

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

    async def advance(self, objection: Objection, chunks: int, *, inside: bool = False) -> bool:
        """Do at most so many chunks of a locked objection; says whether the search is over.

        `inside` another transaction, which holds the subject's row: what needs the rows of others is left to
        the rounds, so that two decisions never wait for each other.
        """
        subject = await self._subjects.find_any(objection.subject_id)
        while objection.ripple == RippleState.RUNNING and chunks > 0 and subject is not None:
            if inside and await self._needs_others(objection, subject):
                break
            await self._chunk(objection, subject)
            chunks -= 1
        await self._session.flush()
        return objection.ripple != RippleState.RUNNING

    async def under_way(self, after: UUID | None, limit: int) -> list[UUID]:
        """Objections behind `after` whose search is under way, in order."""
        return await self._objections.running(after, limit)

    async def go_on(self, objection_id: UUID) -> bool:
        """One chunk of a search under way, unless somebody else is at it; says whether it was done."""
        objection = await self._objections.lock_running(objection_id)
        if objection is None:
            return False
        await self.advance(objection, 1)
        return True

    async def _needs_others(self, objection: Objection, subject: Subject) -> bool:
        at = objection.ripple_at or {}
        return _STEPS[at["step"]] == "ranks" and bool(await self._plans(objection, subject))

    async def _chunk(self, objection: Objection, subject: Subject) -> None:
        at = dict(objection.ripple_at or {})
        search = await self._search(objection, subject, UUID(at["facts"][at["fact"]]), at["mark"])
        found, mark = await self._steps[_STEPS[at["step"]]](search)
        await self.enter(objection, found)
        at["mark"] = mark
        if mark is None:
            at["step"] += 1
        if at["step"] == len(_STEPS):
            at["step"], at["fact"] = 0, at["fact"] + 1
        objection.ripple_at = at
        if at["fact"] == len(at["facts"]):
            objection.ripple = RippleState.DONE

    async def _search(self, objection: Objection, subject: Subject, fact_id: UUID, mark: Any) -> _Search:
        at = objection.ripple_at or {}
        gone = str(fact_id) in at.get("entries", ()) or await self._objections.is_revoked(fact_id)
        ways = await self._resting(subject.id, fact_id) if gone else {}
        along: dict[UUID, Any] = dict.fromkeys(ways)
        ranks = await self._objections.targets(objection.id, "rank", subject.id)
        latest = await self._facts.latest_of([row[0] for row in ranks])
        for ranked, number in ranks:
            row = latest[ranked]
            along[ranked] = None if row.action == Action.REVOKE else as_version(row)
            ways[ranked] = Text(f"红黑榜排名 {number}", f"a rank in board {number}")
        since = await self._objections.recorded_at(fact_id)
        return _Search(objection, subject, fact_id, since, mark, ways, along)

    async def _plans(self, objection: Objection, subject: Subject) -> list[Plan]:
        """Ranks to put right, for all facts of an objection at once."""
        at = objection.ripple_at or {}
        if at["fact"] > 0 or objection.since is None:
            return []
        return await self._ranks.plans(subject, [UUID(one) for one in at["facts"]], objection.since)

    async def _find_ranks(self, search: _Search) -> Part:
        mark = search.mark
        if mark is None:
            plans = await self._plans(search.objection, search.subject)
            mark = {"ahead": [[str(board), metric, total] for board, metric, total in plans], "after": None}
        if not mark["ahead"]:
            return [], None
        (board, metric, total), *later = mark["ahead"]
        found, following = await self._ranks.put_right(
            search.subject,
            (UUID(board), metric, total),
            UUID(mark["after"]) if mark["after"] else None,
            _RANKS,
            self._correction(search.objection),
        )
        if following is not None:
            return found, {"ahead": mark["ahead"], "after": str(following)}
        return found, {"ahead": later, "after": None} if later else None

    def _correction(self, objection: Objection) -> dict[str, str]:
        issuers = self._env.rulebook.paper_issuers.choose(
            "paper-issuers", on=china_date(self._env.clock.now()), region=objection.region
        )
        return {
            "reason": f"异议 {objection.number} 成立，排名依据的信息已更正",
            "authority": issuers.name(objection.region),
            "reference": objection.number,
        }

    async def _find_grades(self, search: _Search) -> Part:
        mark, subject = search.mark, search.subject
        after = (date.fromisoformat(mark[0]), datetime.fromisoformat(mark[1])) if mark else None
        differing, on = await self._grades.walk(
            subject, search.fact_id, search.since, after, CHUNK, search.along
        )
        found = []
        for turn, outcome in differing:
            part = await self._touched.told(subject, turn, outcome)
            part += await self._touched.page_grades(subject, [(turn, outcome)])
            part += await self._touched.grade_warnings(subject, [(turn, outcome)])
            found += [_through(one, search.by) for one in part] if outcome.through else part
        return found, None if on is None else [on[0].isoformat(), on[1].isoformat()]

    async def _find_draws(self, search: _Search) -> Part:
        drawn, following = await self._touched.draws(
            search.subject, search.fact_id, search.since, search.after, CHUNK, search.along
        )
        found = [_through(one, search.by) if through else one for one, through in drawn]
        return found, None if following is None else str(following)

    async def _find_pages(self, search: _Search) -> Part:
        pages = await self._touched.pages(search.subject, search.fact_id)
        for one, way in search.ways.items():
            pages += [_through(page, way) for page in await self._touched.pages(search.subject, one)]
        return pages, None

    async def _find_others(self, search: _Search) -> Part:
        return await self._touched.others(search.subject, search.fact_id, search.since), None

    async def _find_in_rooms(self, search: _Search) -> Part:
        subject, since = search.subject.id, search.since
        rooms = [one for room in self._rooms for one in await room(subject, search.fact_id, since)]
        for named, way in search.ways.items():
            for room in self._rooms:
                rooms += [_through(one, way) for one in await room(subject, named, since)]
        return _once(rooms), None

    async def _find_visits(self, search: _Search) -> Part:
        facts = await self._wrong(search)
        return _marked(await self._onward.visits(search.objection, facts, search.after, CHUNK))

    async def _find_reliances(self, search: _Search) -> Part:
        facts = await self._wrong(search)
        return _marked(
            await self._onward.reliances(search.objection, facts, search.since, search.after, CHUNK)
        )

    async def _find_sent(self, search: _Search) -> Part:
        facts = await self._wrong(search)
        return _marked(await self._onward.sent(search.objection, facts, search.after, CHUNK))

    async def _wrong(self, search: _Search) -> dict[UUID, Fact]:
        """The wrong fact and all that rested on it, as they stand now."""
        return await self._facts.latest_of([search.fact_id, *search.ways])

    async def enter(self, objection: Objection, found: Sequence[Affected]) -> None:
        """Put what was found on the list; a record that is on it already stays as it was found first."""
        named = {one.id for one in found if one.id is not None}
        listed = await self._objections.listed(objection.id, named) if named else set()
        for one in found:
            about = one.subject_id or objection.subject_id
            if one.id is not None:
                if (one.kind, one.id, about) in listed:
                    continue
                listed.add((one.kind, one.id, about))
            objection.effects += 1
            self._objections.add(
                ObjectionEffect(
                    objection_id=objection.id,
                    position=objection.effects,
                    kind=one.kind,
                    subject_id=about,
                    target_id=one.id,
                    number=one.number,
                    at=one.at,
                    what={"zh": one.what.zh, "en": one.what.en},
                    was=one.was,
                    would_be=one.would_be,
                )
            )
        await self._session.flush()

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


def _marked(part: tuple[list[Affected], UUID | None]) -> Part:
    found, following = part
    return found, None if following is None else str(following)


def _through(one: Affected, way: Text) -> Affected:
    what = Text(f"{one.what.zh}（经由{way.zh}）", f"{one.what.en} (through {way.en})")
    return replace(one, what=what)


def _once(found: list[Affected]) -> list[Affected]:
    """Each record as it was found first: by the fact itself before what rested on it."""
    seen: dict[tuple[str, UUID | None, str | None], Affected] = {}
    for one in found:
        seen.setdefault((one.kind, one.id, one.number), one)
    return list(seen.values())
