"""Use cases of scoring: score at any pair of times, rescore what a fact touches, history, paths."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import rfc8785
from common.auth import Principal
from common.clock import china_date
from common.ledger import append, get_receipt
from common.ledger.receipt import Receipt
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.publishing import announce, subject_data
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import WarningService

from .errors import GradeNotFound, NoScorecard
from .models import PublishedGrade
from .publication import LOG_EVENT, grade_changed_data, log_id, published_grade
from .repository import ScoringRepository
from .rules import Score, Scorecard, ScoredSubject, find_paths, score
from .rules.causes import Cause
from .schemas import GradeView, PathView, StepView

__all__ = ["ScoringService", "moment_of"]


def moment_of(subject: Subject, known_at: datetime | None, now: datetime) -> datetime:
    """The moment of knowledge asked for: by default the last one at which anything was recorded.

    A moment may be taken only when nothing can be recorded at or before it any more: facts are stamped
    strictly after `last_recorded_at` and not before the present. Raises InvalidPayload for the future.
    """
    if known_at is None:
        return subject.last_recorded_at
    if not 1900 <= known_at.year <= 9000:
        raise InvalidPayload.at("query/known_at", Text("时刻超出范围", "The instant is out of range"))
    if known_at > subject.last_recorded_at and known_at >= now:
        raise InvalidPayload.at("query/known_at", Text("不得晚于当前时刻", "Must not lie in the future"))
    return known_at


class ScoringService:
    """Scores and grades."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._grades = ScoringRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._warnings = WarningService(session, env)

    async def score(
        self,
        actor: Principal,
        subject_id: UUID,
        card_id: str | None,
        valid_at: date | None,
        known_at: datetime | None,
    ) -> bytes:
        """The canonical answer of a score: by default today's, with everything known.

        The subject's row is locked in share mode, so no fact can enter behind the moment of knowledge.

        Raises:
            SubjectNotFound: not the caller's to see.
            NoScorecard: no card (or none of that id) grades this kind there and then.
            InvalidPayload: `known_at` lies in the future.
        """
        subject = await self._subjects.lock(subject_id, actor, shared=True)
        if subject is None:
            raise SubjectNotFound
        now = self._env.clock.now()
        moment = moment_of(subject, known_at, now)
        result = await self.evaluate(subject, valid_at or china_date(now), moment, card_id)
        answer: dict[str, Any] = {"result": result.document, "result_hash": result.hash}
        published = await self._grades.of_result(subject.id, result.hash)
        receipt = published and await self.receipt_of(published)
        if receipt:
            answer["receipt"] = receipt.document()
        return rfc8785.dumps(answer)

    async def evaluate(
        self, subject: Subject, valid_at: date, known_at: datetime, card_id: str | None = None
    ) -> Score:
        """The engine's result for a subject. Raises NoScorecard when no card grades its kind."""
        scored = await self._as_known(subject, known_at)
        card = self._card(scored, valid_at, card_id)
        later = self._env.rulebook.later_versions(card, valid_at)
        versions = await self._facts.versions_of(subject.id)
        return score(scored, versions, valid_at, known_at, card, later)

    async def rescore(
        self, subject: Subject, cause: Cause, fact_id: UUID | None, now: datetime
    ) -> Score | None:
        """Bring a locked subject's stored score up to today; publish its grade when that has changed.

        A published grade is a row of history, an entry in the log, and two events; a drop may warn. None for
        a subject that no card in force grades: it is not rated, whatever it was before.
        """
        today = china_date(now)
        try:
            result = await self.evaluate(subject, today, subject.last_recorded_at)
        except NoScorecard:
            await self._unrate(subject, now)
            return None
        before, subject.grade = subject.grade, result.grade
        before_tier, subject.tier = subject.tier, result.tier
        subject.score = result.value
        subject.scored_on = today
        subject.next_change_on = result.next_change.on if result.next_change else None
        if before != result.grade:
            subject.grade_version += 1
            await self._publish(subject, result, before, before_tier, (cause, fact_id), now)
        await self._session.flush()
        return result

    async def rescore_due(self, limit: int) -> int:
        """Rescore subjects whose day of change has come; gives how many. One transaction per call."""
        now = self._env.clock.now()
        subjects = await self._grades.due(china_date(now), limit)
        for subject in subjects:
            await self.rescore(subject, Cause.TIME, None, now)
        return len(subjects)

    async def history(
        self, actor: Principal, subject_id: UUID, cursor: str | None, limit: int
    ) -> Page[GradeView]:
        """Published grades of a subject, the newest first. Raises SubjectNotFound, InvalidPayload."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        below = None if cursor is None else decode_cursor(cursor, int)[0]
        if below is not None and not 0 < below < 2**31:
            raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid"))
        rows = await self._grades.page(subject_id, below, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(row.version))
        return Page(items=[_view(row) for row in items], next_cursor=following)

    async def receipt(self, actor: Principal, subject_id: UUID, version: int) -> Receipt | None:
        """The log's receipt of a published grade; None until it is included.

        Raises:
            SubjectNotFound, GradeNotFound: no such subject or grade, or not the caller's.
        """
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        grade = await self._grades.get(subject_id, version)
        if grade is None:
            raise GradeNotFound
        return await self.receipt_of(grade)

    async def receipt_of(self, grade: PublishedGrade) -> Receipt | None:
        """The log's receipt of a published grade; None until it is included."""
        return await get_receipt(
            self._session, log=self._env.log, id=log_id(grade.subject_id), version=grade.version
        )

    async def latest_grade(self, subject_id: UUID) -> PublishedGrade | None:
        """The grade published last."""
        found = await self._grades.page(subject_id, None, 1)
        return found[0] if found else None

    async def paths(self, actor: Principal, subject_id: UUID) -> list[PathView]:
        """The cheapest lawful ways to the next better grade, from today; none when it is the best already.

        Raises:
            SubjectNotFound: not the caller's to see.
            NoScorecard: no card grades this kind.
        """
        subject = await self._subjects.lock(subject_id, actor, shared=True)
        if subject is None:
            raise SubjectNotFound
        today = china_date(self._env.clock.now())
        scored = await self._as_known(subject, subject.last_recorded_at)
        card = self._card(scored, today, None)
        found = find_paths(
            scored,
            await self._facts.versions_of(subject.id),
            today,
            subject.last_recorded_at,
            card,
            self._env.rulebook.later_versions(card, today),
        )
        return [
            PathView(
                grade=path.grade,
                on=path.on,
                cost=path.cost,
                steps=[
                    StepView(
                        action=step.action,
                        fact_id=step.fact_id,
                        code=step.code,
                        rule=step.rule,
                        earliest=step.earliest,
                    )
                    for step in path.steps
                ],
            )
            for path in found
        ]

    async def _unrate(self, subject: Subject, now: datetime) -> None:
        subject.next_change_on = None
        if subject.grade is not None:
            subject.score = subject.grade = subject.tier = subject.scored_on = None
            subject.version += 1
            await self._session.flush()
            await announce(
                self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
            )
        await self._session.flush()

    async def _as_known(self, subject: Subject, known_at: datetime) -> ScoredSubject:
        """The subject as it was known to be: where it stood and what it did may have changed since."""
        state = None
        if known_at < subject.last_recorded_at:
            state = await self._subjects.state_at(subject.id, known_at)
        seen = state or subject
        return ScoredSubject(
            subject.id,
            subject.kind,
            seen.region,
            licensed_on=seen.licensed_on,
            level=seen.level,
            scope=tuple(sorted(seen.business_scope)),
            headcount=seen.headcount,
        )

    def _card(self, subject: ScoredSubject, on: date, card_id: str | None) -> Scorecard:
        card = self._env.rulebook.card_for(subject.kind, on, subject.region, card_id)
        if card is None or subject.kind not in card.kinds:
            raise NoScorecard
        return card

    async def _publish(
        self,
        subject: Subject,
        result: Score,
        before: str | None,
        before_tier: str | None,
        why: tuple[Cause, UUID | None],
        now: datetime,
    ) -> None:
        cause, fact_id = why
        cause = cause if before else Cause.FIRST
        grade = published_grade(subject.id, subject.grade_version, result, cause, fact_id, now)
        self._grades.add(grade)
        await self._session.flush()
        await append(
            self._session,
            log=self._env.log,
            id=log_id(subject.id),
            version=grade.version,
            event=LOG_EVENT,
            document_hash=bytes.fromhex(result.hash),
            now=now,
        )
        subject.version += 2
        await self._session.flush()
        await announce(
            self._session,
            "grade_changed",
            subject.id,
            subject.version - 1,
            grade_changed_data(subject, grade, before, before_tier),
            now,
        )
        await announce(
            self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
        )
        if before is not None:
            steps = result.card.rank(grade.grade) - result.card.rank(before)
            await self._warnings.on_grade_change(subject, steps, grade.version, result.valid_at)


def _view(grade: PublishedGrade) -> GradeView:
    return GradeView(
        **grade.model_dump(exclude={"subject_id", "score"}),
        score=float(grade.score),
    )
