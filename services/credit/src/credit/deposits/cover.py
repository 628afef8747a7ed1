"""Use cases of liability insurance: policies, and the facts about days without cover."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from common.auth import Principal
from common.calendar import add_working_days
from common.clock import china_date
from common.db import new_id
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind

from .checks import check_day
from .duties import DutyFacts
from .errors import DepositRefused, FindingNotFound, NoDeposit, PolicyRecordNotFound
from .models import LiabilityFinding, LiabilityPolicy
from .repository import DepositRepository
from .rules import cover_gaps, next_cover_change
from .schemas import FindingIn, LiabilityPolicyIn, PolicyEndIn, WithdrawalIn

__all__ = ["CoverService"]

_REGISTER = "旅行社责任保险登记"


class CoverService:
    """Liability insurance of agencies (旅行社条例 Art. 38, 旅游法 Art. 56): when there is none is a fact."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._deposits = DepositRepository(session)
        self._subjects = SubjectRepository(session)
        self._duties = DutyFacts(session, env)

    async def record(self, actor: Principal, subject_id: UUID, wanted: LiabilityPolicyIn) -> LiabilityPolicy:
        """Record a policy; days without cover that it fills are none any more. The same policy is one.

        Raises:
            SubjectNotFound, NoDeposit: not the caller's to see, or no travel agency.
            InvalidPayload: it ends before it begins, or begins before 2000.
            DepositRefused: the insurer's number stands with another content.
        """
        subject = await self._locked(actor, subject_id)
        if wanted.valid_to < wanted.valid_from:
            raise InvalidPayload.at("/valid_to", Text("不得早于起始日", "Must not lie before the first day"))
        if wanted.valid_from.year < 2000 or wanted.valid_to.year > 2200:
            raise InvalidPayload.at("/valid_from", Text("日期超出范围", "The days are out of range"))
        stands = await self._deposits.policy_by_number(wanted.insurer, wanted.policy_no)
        if stands is not None:
            same = all(getattr(stands, name) == value for name, value in wanted.model_dump().items())
            if stands.subject_id == subject.id and same:
                return stands
            raise DepositRefused(
                Text("该保险单号已登记为不同内容", "The policy's number stands with another content")
            )
        policy = LiabilityPolicy(
            **wanted.model_dump(),
            id=new_id(),
            subject_id=subject.id,
            recorded_at=self._env.clock.now(),
            recorded_by=actor.sub,
        )
        self._deposits.add(policy)
        await self._session.flush()
        await self._tell(subject, actor.sub)
        return policy

    async def end(
        self, actor: Principal, subject_id: UUID, policy_id: UUID, wanted: PolicyEndIn
    ) -> LiabilityPolicy:
        """Say that a policy ended early, or, with a day before its first, that it never was.

        What was recorded wrongly, its end too, is put right by the latter: the number can be recorded again.

        Raises:
            SubjectNotFound, PolicyRecordNotFound: no such subject or policy, or not the caller's.
            DepositRefused: it was ended before, or the day lies behind its last one.
        """
        subject = await self._locked(actor, subject_id)
        policy = await self._deposits.policy(policy_id)
        if policy is None or policy.subject_id != subject.id:
            raise PolicyRecordNotFound
        first, last = policy.cover
        never_was = wanted.on < policy.valid_from and first <= last
        if (policy.ended_at is not None or wanted.on > policy.valid_to) and not never_was:
            raise DepositRefused(Text("该保险单已终止或届满", "The policy has ended"))
        said = [one for one in (policy.end_reason, wanted.reason) if one]
        policy.ended_on, policy.end_reason = wanted.on, "；".join(said)
        policy.ended_at, policy.ended_by = self._env.clock.now(), actor.sub
        await self._session.flush()
        await self._tell(subject, actor.sub)
        return policy

    async def list_of(self, actor: Principal, subject_id: UUID) -> Sequence[LiabilityPolicy]:
        """The policies of an agency, oldest first. Raises SubjectNotFound."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        return await self._deposits.policies(subject_id)

    async def find_none(self, actor: Principal, subject_id: UUID, wanted: FindingIn) -> LiabilityFinding:
        """Record that an agency showed no liability policy; it has so many working days to show one.

        The days count from the notice, which is given when the finding is recorded, whenever it was found.

        Where it does not, cover counts as missing from the day after. So an agency that never had a policy
        counts too, and one whose policy is only not recorded yet has time. The same notice is one finding.

        Raises:
            SubjectNotFound, NoDeposit: not the caller's to see, or no travel agency.
            InvalidPayload: the day lies in the future or before 2000.
            DepositRefused: the notice's number stands with another content.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        check_day("/found_on", wanted.found_on, china_date(now))
        for row in await self._deposits.findings(subject.id):
            if row.document_no == wanted.document_no:
                if all(getattr(row, name) == value for name, value in wanted.model_dump().items()):
                    return row
                raise DepositRefused(
                    Text("该文号的记录内容不同", "The notice of this number says something else")
                )
        today = china_date(now)
        policy = self._env.rulebook.deposits.choose("deposits", on=today, region=subject.region)
        due = add_working_days(today, policy.insurance_shown.working_days)
        finding = LiabilityFinding(
            **wanted.model_dump(),
            id=new_id(),
            subject_id=subject.id,
            due_on=due.due_on,
            provisional=due.provisional,
            policy_version=policy.version,
            recorded_at=now,
            recorded_by=actor.sub,
        )
        self._deposits.add(finding)
        await self._session.flush()
        await self._tell(subject, actor.sub)
        return finding

    async def withdraw(
        self, actor: Principal, subject_id: UUID, finding_id: UUID, wanted: WithdrawalIn
    ) -> LiabilityFinding:
        """Take back a finding that was wrong; the facts that followed from it are revoked.

        Raises:
            SubjectNotFound, FindingNotFound: no such subject or finding, or not the caller's.
            DepositRefused: it was withdrawn before.
        """
        subject = await self._locked(actor, subject_id)
        rows = await self._deposits.findings(subject.id)
        finding = next((row for row in rows if row.id == finding_id), None)
        if finding is None:
            raise FindingNotFound
        if finding.withdrawn_at is not None:
            raise DepositRefused(Text("该记录已撤回", "The finding has been withdrawn"))
        finding.withdrawn_at, finding.withdrawn_by = self._env.clock.now(), actor.sub
        finding.withdrawal_reason = wanted.reason
        await self._session.flush()
        await self._tell(subject, actor.sub)
        return finding

    async def findings(self, actor: Principal, subject_id: UUID) -> Sequence[LiabilityFinding]:
        """The findings about an agency, oldest first. Raises SubjectNotFound."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        return await self._deposits.findings(subject_id)

    async def changed(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Agencies whose cover began or ended by today and whose facts do not tell yet, behind `after`."""
        return await self._deposits.cover_changed(china_date(self._env.clock.now()), after, limit)

    async def tell_due(self, subject_id: UUID) -> bool:
        """Tell of cover of an agency that began or ended by today, each change once.

        False when there is nothing to tell or somebody else holds the agency.
        """
        subject = await self._subjects.lock_free(subject_id)
        today = china_date(self._env.clock.now())
        if subject is None or not await self._deposits.has_cover_changed(today, subject.id):
            return False
        await self._tell(subject, "rounds")
        return True

    async def _tell(self, subject: Subject, by: str) -> None:
        """Bring the facts about missing cover in line with the policies, and note the next change."""
        today = china_date(self._env.clock.now())
        covers = [row.cover for row in await self._deposits.policies(subject.id)]
        findings = await self._deposits.findings(subject.id)
        none_by = [row.due_on for row in findings if row.withdrawn_at is None]
        gaps = {_reference(subject, gap.first): gap for gap in cover_gaps(covers, today, none_by)}
        told = await self._duties.references(subject, "LIABILITY_INSURANCE_MISSING")
        for reference in sorted({*gaps, *told}):
            gap = gaps.get(reference)
            again = None if gap is None or gap.last is None else date.fromordinal(gap.last.toordinal() + 1)
            for code, day in (
                ("LIABILITY_INSURANCE_MISSING", gap.first if gap else None),
                ("LIABILITY_INSURANCE_IN_PLACE", again),
            ):
                await self._duties.tell(
                    subject, code, reference, day, authority=_REGISTER, reason="按保险单登记更新", by=by
                )
        covered_to = max((last for first, last in covers if first <= last), default=None)
        await self._deposits.watch(subject.id, covered_to, next_cover_change(covers, today, none_by))

    async def _locked(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.kind != Kind.TRAVEL_AGENCY:
            raise NoDeposit
        return subject


def _reference(subject: Subject, first: date) -> str:
    return f"{subject.id}:{first.isoformat()}"
