"""Bringing stored grades up to date: one subject that a fact touched, or many at once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.clock import china_date
from common.events import NewEvent, publish_many
from common.ledger import append_many
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import FactVersion
from credit.publishing import SERVICE, subject_data
from credit.scorecards.shelf import card_book
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.supervision.repository import SupervisionRepository
from credit.warnings.service import WarningService

from .models import PublishedGrade
from .publication import entry_of, grade_changed_data, published_grade
from .repository import ScoringRepository
from .rules import Score, Scorecard, ScoredSubject, score
from .rules.cards import CardBook, Schedule
from .rules.causes import Cause

__all__ = ["Grading", "as_stored", "keep_result", "known_until", "next_moment"]

_PAGE = 500
_TICK = timedelta(microseconds=1)


def known_until(subject: Subject, book: CardBook, card_id: str | None = None) -> datetime:
    """The moment at which all that is known about a subject's score was known: its archive and its cards."""
    return max(filter(None, (subject.last_recorded_at, book.changed_at(subject.kind, card_id))))


def next_moment(subject: Subject, book: CardBook, now: datetime, after: datetime | None = None) -> datetime:
    """The instant of what is recorded next about a locked subject: now, but behind all that was answered.

    That is behind everything recorded of it (and `after`), behind every moment of knowledge that was asked
    for and behind every publication of a card, by whichever process: their clocks need not agree.
    """
    behind = (subject.last_recorded_at, subject.asked_up_to, book.last_change, after)
    return max(now, max(filter(None, behind)) + _TICK)


def as_stored(subject: Subject) -> ScoredSubject:
    """The subject as it is known to be now."""
    return ScoredSubject(
        subject.id,
        subject.kind,
        subject.region,
        licensed_on=subject.licensed_on,
        level=subject.level,
        scope=tuple(sorted(subject.business_scope)),
        headcount=subject.headcount,
    )


def keep_result(subject: Subject, result: Score | None, schedule: Schedule | None, today: date) -> None:
    """Store a result in the subject's row; None for a subject that no card grades."""
    change = result.next_change.on if result and result.next_change else None
    subject.score = result.value if result else None
    subject.grade = result.grade if result else None
    subject.tier = result.tier if result else None
    subject.scored_on = today if result and result.rated else None
    subject.next_change_on = subject.look_again_on = change
    subject.scored_by = schedule.fingerprint if schedule else None


def _decisive(
    facts: Sequence[UUID],
    subject: Subject,
    versions: Sequence[FactVersion],
    today: date,
    schedule: Schedule | None,
) -> UUID | None:
    """Of facts recorded together the last that moved the grade; the very last where none did by itself."""
    if len(facts) < 2 or schedule is None:
        return facts[-1] if facts else None
    recorded = {row.id: row.recorded_at for row in versions if row.version == 1}
    scored, card, later = as_stored(subject), schedule.card, schedule.later

    def grade_at(moment: datetime) -> str | None:
        return score(scored, versions, today, moment, card, later).grade

    found, before = facts[-1], grade_at(recorded[facts[0]] - _TICK)
    for fact_id in facts:
        grade = grade_at(recorded[fact_id])
        if grade != before:
            found, before = fact_id, grade
    return found


def _warns(card: Scorecard, grade: str) -> dict[str, Any] | None:
    """What the band says where it calls for a warning, with the card that is its basis."""
    said = card.measures_of[grade]
    if not said.warn:
        return None
    return {"notes": list(said.notes), "card": {"id": card.id, "version": card.version, "hash": card.hash}}


@dataclass
class _Said:
    """What a transaction has to publish."""

    grades: list[PublishedGrade] = field(default_factory=list)
    tiers: list[UUID] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    moves: list[tuple[Subject, int, dict[str, Any] | None, PublishedGrade]] = field(default_factory=list)


class Grading:
    """Stored grades. The subjects given are locked by the caller."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._grades = ScoringRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._supervision = SupervisionRepository(session)
        self._warnings = WarningService(session, env)

    async def rescore(
        self, subjects: Sequence[Subject], cause: Cause, facts: Mapping[UUID, Sequence[UUID]], now: datetime
    ) -> list[Score | None]:
        """Bring the stored scores of locked subjects up to today; publish the grades that have changed.

        `facts` are by subject the facts that are the cause, where any are, in the order in which they were
        recorded: of several, the one that brought the grade is named.

        A published grade is a row of history, an entry in the log, and two events; a drop may warn. None for
        a subject that no card in force grades, or that was merged into another: it is not rated, whatever it
        was before. A grade that other cards have changed is published with the cause *card*.
        """
        if self._session.new:
            await self._session.flush()
        with self._session.no_autoflush:  # the subjects' rows are written once, with their new scores
            book, today, said = await card_book(self._session, self._env), china_date(now), _Said()
            versions = await self._facts.versions_of_many([subject.id for subject in subjects])
        results = [
            self._rescore_one(
                subject,
                versions.get(subject.id, []),
                book,
                (cause, facts.get(subject.id, ())),
                said,
                today,
                now,
            )
            for subject in subjects
        ]
        for grade in said.grades:
            self._grades.add(grade)
        await self._session.flush()
        if said.tiers:
            await self._supervision.mark_moved(said.tiers, today)
        await self._publish(said, now)
        return results

    async def evaluate_all(
        self,
        card: Scorecard,
        region: str,
        valid_at: date,
        known_at: datetime | None = None,
        later: Sequence[Scorecard] = (),
    ) -> AsyncIterator[tuple[UUID, Score]]:
        """The engine's result of every subject of the card's kinds in a region, in order of id.

        `known_at` None: with all that is known of each subject. Merged subjects are left out.
        """
        after: UUID | None = None
        while subjects := await self._grades.population(card.kinds, region, after, _PAGE):
            versions = await self._facts.versions_of_many([subject.id for subject in subjects])
            for subject in subjects:
                moment = known_at or subject.last_recorded_at
                scored = await self.as_known(subject, moment)
                facts = versions.get(subject.id, [])
                yield subject.id, score(scored, facts, valid_at, moment, card, later)
            after = subjects[-1].id

    async def as_known(self, subject: Subject, known_at: datetime) -> ScoredSubject:
        """The subject as it was known to be: where it stood and what it did may have changed since."""
        now = as_stored(subject)
        if known_at >= subject.last_recorded_at:
            return now
        state = await self._subjects.state_at(subject.id, known_at)
        if state is None:
            return now
        return ScoredSubject(
            subject.id,
            subject.kind,
            state.region,
            licensed_on=state.licensed_on,
            level=state.level,
            scope=tuple(sorted(state.business_scope)),
            headcount=state.headcount,
        )

    def _rescore_one(
        self,
        subject: Subject,
        versions: list[FactVersion],
        book: CardBook,
        why: tuple[Cause, Sequence[UUID]],
        said: _Said,
        today: date,
        now: datetime,
    ) -> Score | None:
        moment = known_until(subject, book)
        schedule = result = None
        if subject.merged_into is None:
            schedule = book.at(moment).schedule(subject.kind, subject.region, today)
        if schedule is not None:
            result = score(as_stored(subject), versions, today, moment, schedule.card, schedule.later)
        before, before_tier = subject.grade, subject.tier
        other_cards = subject.scored_by not in (None, schedule.fingerprint if schedule else None)
        keep_result(subject, result, schedule, today)
        if subject.tier != before_tier:
            said.tiers.append(subject.id)
        if subject.grade == before:
            return result
        if result is None or result.grade is None:
            subject.version += 1
        else:
            cause, facts = why
            fact_id = _decisive(facts, subject, versions, today, schedule)
            if before is None:
                cause = Cause.FIRST
            elif other_cards and cause is Cause.TIME:
                cause = Cause.CARD
            subject.grade_version += 1
            grade = published_grade(subject.id, subject.grade_version, result, cause, fact_id, now)
            said.grades.append(grade)
            subject.version += 2
            data = grade_changed_data(subject, grade, before, before_tier)
            said.events.append(NewEvent("grade_changed", subject.id, subject.version - 1, data, now))
            known = before in result.card.grades
            steps = result.card.rank(grade.grade) - result.card.rank(before) if before and known else 0
            warns = _warns(result.card, grade.grade) if steps >= 0 else None
            if steps or warns:
                said.moves.append((subject, steps, warns, grade))
        said.events.append(
            NewEvent("subject_updated", subject.id, subject.version, subject_data(subject), now)
        )
        return result

    async def _publish(self, said: _Said, now: datetime) -> None:
        if not said.events:
            return
        await append_many(
            self._session, log=self._env.log, entries=[entry_of(grade) for grade in said.grades], now=now
        )
        await publish_many(self._session, service=SERVICE, events=said.events)
        for subject, steps, warns, grade in said.moves:
            await self._warnings.on_grade_change(subject, steps, warns, grade.version, grade.valid_at)
