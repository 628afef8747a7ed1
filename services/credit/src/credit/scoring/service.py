"""Use cases of scoring: score at any pair of times, rescore what a fact touches, history."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from common.auth import Principal
from common.canonical import canonical
from common.clock import china_date
from common.ledger import get_receipt
from common.ledger.receipt import Receipt
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.internal import check_internal, sees_all_of
from credit.scorecards.shelf import card_book
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import GradeNotFound, NoScorecard
from .grading import Grading, known_until
from .models import PublishedGrade
from .publication import log_id
from .repository import ScoringRepository
from .rules import Score, Scorecard, ScoredSubject, score
from .rules.cards import CardBook, Schedule
from .rules.causes import Cause
from .rules.documents import unrated_document
from .schemas import GradeView

__all__ = ["ScoringService", "moment_of"]


def moment_of(
    subject: Subject, known_at: datetime | None, now: datetime, cards_at: datetime | None = None
) -> datetime:
    """The moment of knowledge asked for: by default the last one at which anything was recorded.

    `cards_at` is when a card was last published, for what depends on cards too. A moment may be taken only
    when nothing can be recorded at or before it any more: what is recorded is stamped by `next_moment`, so a
    later moment than the last must be kept in `asked_up_to`, and a card is published after all of these.
    Raises InvalidPayload for the future.
    """
    last = max(filter(None, (subject.last_recorded_at, cards_at)))
    if known_at is None:
        return last
    if not 1900 <= known_at.year <= 9000:
        raise InvalidPayload.at("query/known_at", Text("时刻超出范围", "The instant is out of range"))
    if known_at > last and known_at >= now:
        raise InvalidPayload.at("query/known_at", Text("不得晚于当前时刻", "Must not lie in the future"))
    return known_at


class ScoringService:
    """Scores and grades."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._grades = ScoringRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._grading = Grading(session, env)

    async def score(
        self,
        actor: Principal,
        subject_id: UUID,
        card_id: str | None,
        valid_at: date | None,
        known_at: datetime | None,
    ) -> bytes:
        """The canonical answer of a score: by default today's, with everything known.

        The subject's row is locked in share mode, so no fact can enter behind the moment of knowledge. One
        that is asked for explicitly and lies behind everything recorded is kept, which locks for writing.

        Raises:
            SubjectNotFound: not the caller's to see.
            SubjectMerged: it was another subject already at that moment; the survivor has the score.
            NoScorecard: no card of the id named grades this kind there and then.
            InvalidPayload: `known_at` lies in the future.
            Forbidden: the caller does not see what is internal, such as the facts behind a score.
        """
        check_internal(self._env.rulebook, actor, china_date(self._env.clock.now()))
        subject = await self._subjects.lock_to_read(subject_id, actor, known_at)
        if subject is None:
            raise SubjectNotFound
        now, book = self._env.clock.now(), await self.cards()
        moment = moment_of(subject, known_at, now, book.changed_at(subject.kind, card_id))
        await self._check_own(subject, known_at and moment)
        if known_at is not None:
            self._subjects.keep_asked(subject, moment)
        day = valid_at or china_date(now)
        try:
            result = await self.evaluate(subject, day, known_at=moment, card_id=card_id)
        except NoScorecard:
            if card_id is not None:
                raise
            return await self._unrated(subject, day, moment)
        published = await self._grades.of_result(subject.id, result.hash)
        receipt = published and await self.receipt_of(published)
        # RFC 8785 orders members by name, and each value here has its canonical bytes already.
        proof = b'"receipt":' + receipt.encode() + b"," if receipt else b""
        return b'{%b"result":%b,"result_hash":"%b"}' % (proof, result.canonical, result.hash.encode())

    async def _check_own(self, subject: Subject, known_at: datetime | None) -> None:
        """Refuse to score a merged subject by itself, unless for a moment before its merger was known."""
        if subject.merged_into is None:
            return
        merger = await self._subjects.present_merger(subject.id)
        if known_at is None or merger is None or known_at >= merger.done_at:
            raise SubjectMerged(survivor=str(subject.merged_into))

    async def _unrated(self, subject: Subject, valid_at: date, known_at: datetime) -> bytes:
        """The canonical answer for a subject that no card grades: not rated, and why."""
        scored = await self._grading.as_known(subject, known_at)
        versions = await self._facts.versions_of(subject.id)
        body = canonical(unrated_document(scored, versions, valid_at, known_at))
        return b'{"result":%b,"result_hash":"%b"}' % (body, sha256(body).hexdigest().encode())

    async def cards(self) -> CardBook:
        """The cards of the files and those published since; until this transaction ends, none is added."""
        return await card_book(self._session, self._env)

    async def schedule_of(
        self, subject: ScoredSubject, valid_at: date, known_at: datetime, card_id: str | None = None
    ) -> Schedule:
        """The card for a subject on a day, as known at a moment, and those that follow it.

        Raises NoScorecard when none (or none of that id) grades its kind there and then.
        """
        view = (await self.cards()).at(known_at)
        schedule = view.schedule(subject.kind, subject.region, valid_at, card_id)
        if schedule is None:
            raise NoScorecard
        return schedule

    async def present(self, subject: Subject, valid_at: date, card_id: str | None = None) -> Score:
        """The engine's result for a day with all that is known: every fact, every card that was published.

        Raises NoScorecard as `evaluate`.
        """
        moment = known_until(subject, await self.cards(), card_id)
        return await self.evaluate(subject, valid_at, known_at=moment, card_id=card_id)

    async def evaluate(
        self, subject: Subject, valid_at: date, *, known_at: datetime, card_id: str | None = None
    ) -> Score:
        """The engine's result for a subject as it was known at a moment; `present` is for what is known now.

        Raises NoScorecard when no card grades its kind.
        """
        scored = await self._grading.as_known(subject, known_at)
        schedule = await self.schedule_of(scored, valid_at, known_at, card_id)
        versions = await self._facts.versions_of(subject.id)
        return score(scored, versions, valid_at, known_at, schedule.card, schedule.later)

    def evaluate_all(
        self, card: Scorecard, region: str, valid_at: date, known_at: datetime | None = None
    ) -> AsyncIterator[tuple[UUID, Score]]:
        """The engine's result of every subject of the card's kinds in a region, for periodic cards.

        Read while the iteration lasts, so keep it within a transaction. `known_at` None: all that is known.
        """
        return self._grading.evaluate_all(card, region, valid_at, known_at)

    async def rescore(
        self, subject: Subject, cause: Cause, fact_id: UUID | None, now: datetime
    ) -> Score | None:
        """Bring a locked subject's stored score up to today, as `Grading.rescore`."""
        facts = {} if fact_id is None else {subject.id: [fact_id]}
        return (await self._grading.rescore([subject], cause, facts, now))[0]

    async def rescore_all(
        self, subjects: Sequence[Subject], facts: Mapping[UUID, Sequence[UUID]], now: datetime
    ) -> None:
        """Bring locked subjects up to today after facts, by subject in the order of their recording."""
        await self._grading.rescore(subjects, Cause.FACT, facts, now)

    async def rescore_many(
        self, subject_ids: Sequence[UUID], cause: Cause, now: datetime
    ) -> list[tuple[Subject, str | None]]:
        """Lock these subjects in order of id and rescore them at once; each with the grade it had before."""
        subjects = await self._grades.lock_many(subject_ids)
        before = [subject.grade for subject in subjects]
        await self._grading.rescore(subjects, cause, {}, now)
        return list(zip(subjects, before, strict=True))

    async def due(self, after: tuple[date, UUID] | None, limit: int) -> list[tuple[date, UUID]]:
        """Subjects whose day of change has come, behind `after`: (day, subject)."""
        return await self._grades.due(china_date(self._env.clock.now()), after, limit)

    async def rescore_due(self, ids: Collection[UUID]) -> int:
        """Rescore those of the subjects that are due and that nobody else holds; gives how many."""
        now = self._env.clock.now()
        subjects = await self._grades.take_due(china_date(now), ids)
        await self._grading.rescore(subjects, Cause.TIME, {}, now)
        return len(subjects)

    async def history(
        self, actor: Principal, subject_id: UUID, cursor: str | None, limit: int
    ) -> Page[GradeView]:
        """Published grades of a subject, the newest first. Raises SubjectNotFound, InvalidPayload.

        Who does not see what is internal is told neither its points nor which fact brought it.
        """
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        below = None if cursor is None else decode_cursor(cursor, int)[0]
        if below is not None and not 0 < below < 2**31:
            raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid"))
        rows = await self._grades.page(subject_id, below, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(row.version))
        every = sees_all_of(self._env.rulebook, actor, china_date(self._env.clock.now()))
        return Page(items=[_view(row, whole=every) for row in items], next_cursor=following)

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


def _view(grade: PublishedGrade, *, whole: bool) -> GradeView:
    return GradeView(
        **grade.model_dump(exclude={"subject_id", "score", "fact_id"}),
        score=float(grade.score) if whole else None,
        fact_id=grade.fact_id if whole else None,
    )
