"""Use cases of qualifications: cards and certificates, their end, and training that becomes a fact."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from common.auth import Principal
from common.calendar import add_months
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.schemas import CorrectionIn, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.paging import cursor_id
from credit.relations.bars import refuse_barred
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind
from credit.subjects.schemas import EvidenceRef

from .errors import QualificationNotFound, QualificationRefused, TrainingNotFound
from .models import Qualification, Training
from .policy import QualificationPolicy
from .repository import QualificationRepository
from .rules import QualificationKind, TrainingKind, holders, hours_in, renewal_window
from .schemas import (
    EndIn,
    EndView,
    QualificationIn,
    QualificationView,
    TrainingHours,
    TrainingIn,
    TrainingView,
    WithdrawalIn,
)

__all__ = ["QualificationService"]

_FIRST_DAY = date(1980, 1, 1)


class QualificationService:
    """Qualifications and training of subjects."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._qualifications = QualificationRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._archive = FactRepository(session)

    async def record(self, actor: Principal, subject_id: UUID, wanted: QualificationIn) -> QualificationView:
        """Record a card or certificate of a person; the same one again is one.

        Without a last day it is valid as long as the rules of the day of issue say: a guide card three years,
        the corresponding day inside (导游人员管理条例 Art. 8).

        Raises:
            SubjectNotFound, SubjectMerged: not the caller's to see, or another subject now.
            InvalidPayload: this kind of subject cannot hold it, or its days make no sense.
            Barred: a restriction in force on the day of issue keeps the person from a guide card.
            QualificationRefused: the number stands for somebody else or with another content, or a guide
                card is not the one that is the guide's key.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        if Kind(subject.kind) not in holders(wanted.kind):
            raise InvalidPayload.at(
                "/kind", Text("该类主体不能持有此资格", "This kind of subject cannot hold it")
            )
        if not _FIRST_DAY <= wanted.issued_on <= china_date(now):
            raise InvalidPayload.at("/issued_on", Text("不得在将来", "Must not lie in the future"))
        if wanted.expires_on is not None and wanted.expires_on < wanted.issued_on:
            raise InvalidPayload.at("/expires_on", Text("不得早于签发之日", "Must not lie before the issue"))
        number = wanted.number.upper()
        if wanted.kind is QualificationKind.GUIDE_CARD and number != subject.key:
            raise QualificationRefused(
                Text("与该导游登记的导游证号不一致", "It is not the card under which the guide is registered")
            )
        if wanted.kind is QualificationKind.GUIDE_CARD:
            await refuse_barred(self._session, self._env, subject, {"guide_card"}, wanted.issued_on)
        term = self._policy(subject, wanted.issued_on).term(wanted.kind)
        expires_on = wanted.expires_on
        if expires_on is None and term.valid_months is not None:
            expires_on = add_months(wanted.issued_on, term.valid_months)
        stands = await self._qualifications.held(wanted.kind, number)
        if stands is not None:
            same = (stands.subject_id, stands.issued_on, stands.expires_on, stands.authority)
            if same == (subject.id, wanted.issued_on, expires_on, wanted.authority):
                return self._view(stands, subject)
            renewed = stands.subject_id == subject.id and wanted.issued_on > stands.issued_on
            if not renewed:
                raise QualificationRefused(
                    Text("该编号已登记为不同内容", "The number stands with another content")
                )
            self._close(stands, wanted.issued_on, "换发", actor.sub)
            await self._session.flush()
        row = Qualification(
            id=new_id(),
            subject_id=subject.id,
            kind=wanted.kind,
            number=number,
            level=wanted.level,
            authority=wanted.authority,
            issued_on=wanted.issued_on,
            expires_on=expires_on,
            evidence=[item.model_dump(mode="json") for item in wanted.evidence],
            recorded_at=now,
            recorded_by=actor.sub,
        )
        self._qualifications.add(row)
        await self._session.flush()
        return self._view(row, subject)

    async def end(
        self, actor: Principal, subject_id: UUID, qualification_id: UUID, wanted: EndIn
    ) -> QualificationView:
        """Say that a qualification ended: revoked, given back. What was recorded stays.

        Raises:
            SubjectNotFound, QualificationNotFound: no such subject or qualification, or not the caller's.
            QualificationRefused: it was ended before.
            InvalidPayload: the day lies before its issue.
        """
        subject = await self._locked(actor, subject_id)
        row = await self._qualifications.find(qualification_id)
        if row is None or row.subject_id != subject.id:
            raise QualificationNotFound
        if row.ended_at is not None:
            raise QualificationRefused(Text("该资格已终止", "The qualification has ended"))
        if wanted.on < row.issued_on:
            raise InvalidPayload.at("/on", Text("不得早于签发之日", "Must not lie before the issue"))
        self._close(row, wanted.on, wanted.reason, actor.sub)
        await self._session.flush()
        return self._view(row, subject)

    async def list_of(self, actor: Principal, subject_id: UUID) -> list[QualificationView]:
        """The qualifications of a subject, the newest record first. Raises SubjectNotFound."""
        subject = await self._seen(actor, subject_id)
        return [self._view(row, subject) for row in await self._qualifications.of_subject(subject_id)]

    async def train(self, actor: Principal, subject_id: UUID, wanted: TrainingIn) -> TrainingView:
        """Record a completed training; it enters the archive as TRAINING_COMPLETED. The same one is one.

        Raises:
            SubjectNotFound, SubjectMerged: not the caller's to see, or another subject now.
            InvalidPayload: it was completed in the future or before 2000.
            QualificationRefused: the certificate's number stands for somebody else or with another content.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        if not date(2000, 1, 1) <= wanted.completed_on <= china_date(now):
            raise InvalidPayload.at(
                "/completed_on",
                Text("不得在将来，不得早于2000年", "Must lie between the year 2000 and today"),
            )
        hours = Decimal(str(wanted.hours))
        stands = await self._qualifications.training(wanted.authority, wanted.certificate_no)
        if stands is not None:
            same = (stands.subject_id, stands.kind, stands.course, stands.hours, stands.completed_on)
            if same == (subject.id, wanted.kind, wanted.course, hours, wanted.completed_on):
                return _training_view(stands)
            raise QualificationRefused(
                Text("该证书编号已登记为不同内容", "The certificate's number stands with another content")
            )
        row_id = new_id()
        evidence = [item.model_dump(mode="json") for item in wanted.evidence]
        fact = FactIn.model_validate(
            {
                "subject_id": subject.id,
                "code": "TRAINING_COMPLETED",
                "occurred_on": wanted.completed_on,
                "source": Source(
                    kind=SourceKind.QUALIFICATION, authority=wanted.authority, reference=str(row_id)
                ),
                "payload": {"course": wanted.course, "hours": _number(hours)},
                "evidence": evidence,
            }
        )
        recorded, _ = await self._facts.record_for(subject, fact, by=actor.sub)
        row = Training(
            id=row_id,
            subject_id=subject.id,
            kind=wanted.kind,
            course=wanted.course,
            hours=hours,
            completed_on=wanted.completed_on,
            authority=wanted.authority,
            certificate_no=wanted.certificate_no,
            evidence=evidence,
            fact_id=recorded.id,
            recorded_at=now,
            recorded_by=actor.sub,
        )
        self._qualifications.add(row)
        await self._session.flush()
        return _training_view(row)

    async def withdraw(
        self, actor: Principal, subject_id: UUID, training_id: UUID, wanted: WithdrawalIn
    ) -> TrainingView:
        """Take back a training that was recorded wrongly: its fact is revoked, its hours count no more.

        The certificate's number is free then, so that what is right can be recorded.

        Raises:
            SubjectNotFound, SubjectMerged, TrainingNotFound: no such subject or training, or not the
                caller's.
            QualificationRefused: it was withdrawn before.
        """
        subject = await self._locked(actor, subject_id)
        row = await self._qualifications.find_training(training_id)
        if row is None or row.subject_id != subject.id:
            raise TrainingNotFound
        if row.withdrawn_at is not None:
            raise QualificationRefused(Text("该培训记录已撤回", "The training has been withdrawn"))
        latest = await self._archive.latest(row.fact_id)
        if latest is not None and latest.action != Action.REVOKE:
            change = CorrectionIn(
                action="revoke", reason=wanted.reason, authority=row.authority, reference=str(row.id)
            )
            await self._facts.correct_for(subject, row.fact_id, change, by=actor.sub)
        row.withdrawn_at, row.withdrawn_by = self._env.clock.now(), actor.sub
        row.withdrawal_reason = wanted.reason
        await self._session.flush()
        return _training_view(row)

    async def trainings(
        self, actor: Principal, subject_id: UUID, cursor: str | None, limit: int
    ) -> Page[TrainingView]:
        """The trainings of a subject, the newest record first. Raises SubjectNotFound, InvalidPayload."""
        await self._seen(actor, subject_id)
        rows = await self._qualifications.trainings(subject_id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_training_view(row) for row in items], next_cursor=following)

    async def hours(self, actor: Principal, subject_id: UUID, year: int | None) -> TrainingHours:
        """Hours of training in a calendar year, by default this one, and how many are missing.

        Raises:
            SubjectNotFound: not the caller's to see.
        """
        subject = await self._seen(actor, subject_id)
        today = china_date(self._env.clock.now())
        asked = year or today.year
        rows = await self._qualifications.trainings_in(subject_id, date(asked, 1, 1), date(asked, 12, 31))
        done = hours_in(asked, [(row.completed_on, row.hours) for row in rows])
        yearly = self._policy(subject, today).annual_training
        needed = yearly.hours if Kind(subject.kind) in yearly.kinds else None
        return TrainingHours(
            year=asked,
            hours=float(done),
            required_hours=needed,
            missing_hours=float(max(Decimal(0), Decimal(needed or 0) - done)),
            legal_basis=yearly.legal_basis if needed is not None else [],
            status=yearly.status if needed is not None else None,
        )

    def _view(self, row: Qualification, subject: Subject) -> QualificationView:
        today = china_date(self._env.clock.now())
        term = self._policy(subject, row.issued_on).term(QualificationKind(row.kind))
        opens = None
        if row.expires_on is not None and term.renewal_months is not None and row.ended_at is None:
            opens = renewal_window(row.expires_on, term.renewal_months).opens_on
        last = _last_day(row)
        return QualificationView(
            id=row.id,
            kind=QualificationKind(row.kind),
            number=row.number,
            level=row.level,
            authority=row.authority,
            issued_on=row.issued_on,
            expires_on=row.expires_on,
            evidence=_evidence(row.evidence),
            valid=row.issued_on <= today and (last is None or today <= last),
            renewal_opens_on=opens,
            legal_basis=term.legal_basis,
            status=term.status,
            ended=EndView(on=row.ended_on, reason=row.end_reason or "", recorded_at=row.ended_at)
            if row.ended_on is not None and row.ended_at is not None
            else None,
            recorded_at=row.recorded_at,
        )

    def _close(self, row: Qualification, on: date, reason: str, by: str) -> None:
        row.ended_on, row.end_reason, row.ended_by = on, reason, by
        row.ended_at = self._env.clock.now()

    def _policy(self, subject: Subject, on: date) -> QualificationPolicy:
        """The terms of a day; the first ones for what was issued before they were written down."""
        policies = self._env.rulebook.qualifications
        found = policies.find("qualifications", on=on, region=subject.region)
        return found or min(policies, key=lambda policy: policy.effective_from)

    async def _seen(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        return subject

    async def _locked(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        return subject


def _last_day(row: Qualification) -> date | None:
    days = [day for day in (row.expires_on, row.ended_on) if day is not None]
    return min(days, default=None)


def _number(hours: Decimal) -> int | float:
    """Hours as a fact says them: whole ones as such, halves exactly."""
    return int(hours) if hours == hours.to_integral_value() else float(hours)


def _evidence(stored: Sequence[dict[str, str]]) -> list[EvidenceRef]:
    return [EvidenceRef(**item) for item in stored]


def _training_view(row: Training) -> TrainingView:
    return TrainingView(
        id=row.id,
        kind=TrainingKind(row.kind),
        course=row.course,
        hours=float(row.hours),
        completed_on=row.completed_on,
        authority=row.authority,
        certificate_no=row.certificate_no,
        evidence=_evidence(row.evidence),
        fact_id=row.fact_id,
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
        withdrawal_reason=row.withdrawal_reason,
    )
