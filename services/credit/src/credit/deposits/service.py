"""Use cases of the deposit: reckon, record, demand a top-up, lower it on a certificate."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import harmed_tourists, known
from credit.relations.service import RelationService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind

from .checks import check_day, check_entry, demand_of, entry_of
from .duties import DutyFacts
from .errors import DemandNotFound, DepositRefused, NoDeposit
from .models import DepositCertificate, DepositDemand, DepositEntry
from .policy import DepositOverlay, DepositPolicy
from .repository import DepositRepository
from .rules import (
    Certificate,
    Penalty,
    Required,
    clean_clock,
    deferral_for,
    first_due,
    halving_on,
    met_on,
    required,
    secured,
    standing_entries,
    top_up_due,
)
from .schemas import CertificateIn, DemandIn, DepositView, EntryIn, WithdrawalIn
from .views import deposit_view

__all__ = ["DepositService"]

_DAY = timedelta(days=1)


class DepositService:
    """The quality deposits of travel agencies (旅行社条例 Arts 13 to 19)."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._deposits = DepositRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)
        self._relations = RelationService(session, env)
        self._duties = DutyFacts(session, env)

    async def get(self, actor: Principal, subject_id: UUID, on: date | None, language: str) -> DepositView:
        """An agency's deposit on a day, by default today: required, secured, missing, and every step.

        Raises:
            SubjectNotFound: not the caller's to see.
            NoDeposit: the subject is no travel agency.
            PolicyNotInForce: no figures hold on that day.
        """
        subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        _check_kind(subject)
        today = china_date(self._env.clock.now())
        day = on or today
        policy, overlays = self._policy(subject, day)
        rows = await self._deposits.entries(subject.id)
        entries = [entry_of(row) for row in rows]
        demands = [row for row in await self._deposits.demands(subject.id) if row.withdrawn_at is None]
        penalties = await self._penalties(subject, policy)
        broken = [one.occurred_on for one in penalties if one.counts]
        halved = halving_on(await self._certificates(subject.id), broken, day)
        deferred = [
            (entry.amount_fen, overlay)
            for entry in standing_entries(entries, day)
            if entry.deferral is not None
            and (overlay := self._overlay(subject, entry.deferral, entry.occurred_on)) is not None
            and overlay.until is not None
            and overlay.until >= day
        ]
        first = None
        if subject.licensed_on is not None and subject.licensed_on >= policy.effective_from:
            first = first_due(policy, self._overlays(subject, subject.licensed_on), subject.licensed_on)
        return deposit_view(
            subject_id=subject.id,
            on=day,
            today=today,
            policy=policy,
            wanted=await self.required(subject, day),
            held=secured(entries, day, lambda when: self._pilot(subject, when)),
            deferred=deferred,
            first=first,
            demands=[row for row in demands if row.notified_on <= day],
            halved_by=halved.id if halved else None,
            clock=clean_clock(
                policy.halving.clean_months, entries, [demand_of(row) for row in demands], broken, day
            ),
            penalties=[one for one in penalties if one.occurred_on <= day],
            pilot=any(overlay.kind == "insurance_pilot" for overlay in overlays),
            language=language,
        )

    async def required(self, subject: Subject, on: date) -> Required:
        """What an agency has to deposit on a day, step by step.

        Its scope and its branches' are those registered now; branches count by the days of their relation.
        """
        policy, _ = self._policy(subject, on)
        branches = [(name, scope) for _, name, scope in await self._relations.branches_of(subject.id, on)]
        broken = await self._broken(subject, policy)
        halved = halving_on(await self._certificates(subject.id), broken, on)
        return required(policy, subject.business_scope, branches, halved=halved is not None)

    async def entries(self, actor: Principal, subject_id: UUID) -> Sequence[DepositEntry]:
        """The whole history of a deposit, oldest first. Raises SubjectNotFound."""
        await self._seen(actor, subject_id)
        return await self._deposits.entries(subject_id)

    async def demands(self, actor: Principal, subject_id: UUID) -> Sequence[DepositDemand]:
        """The demands to an agency, oldest first. Raises SubjectNotFound."""
        await self._seen(actor, subject_id)
        return await self._deposits.demands(subject_id)

    async def certificates(
        self, actor: Principal, subject_id: UUID
    ) -> tuple[Sequence[DepositCertificate], UUID | None]:
        """The certificates of an agency, oldest first, and the one in force. Raises SubjectNotFound."""
        subject = await self._seen(actor, subject_id)
        today = china_date(self._env.clock.now())
        policy, _ = self._policy(subject, today)
        halved = halving_on(await self._certificates(subject_id), await self._broken(subject, policy), today)
        return await self._deposits.certificates(subject_id), halved.id if halved else None

    async def record(self, actor: Principal, subject_id: UUID, wanted: EntryIn) -> DepositEntry:
        """Add a line to a deposit's history; a demand that it meets is met from that day.

        Raises:
            SubjectNotFound, NoDeposit: not the caller's to see, or no travel agency.
            InvalidPayload: a field is missing, does not belong to this kind of entry, or names nothing; more
                is paid at once than `most_paid` times the sum required today, before any halving.
            DepositRefused: insurance where no pilot allows it, more taken than there is, a demand that is
                not open, an entry that was taken back before; to take back what something was taken from.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        today = china_date(now)
        check_day("/occurred_on", wanted.occurred_on, today)
        policy, _ = self._policy(subject, today)
        due = await self.required(subject, today)
        rows = await self._deposits.entries(subject.id)
        demands = await self._deposits.demands(subject.id)
        check_entry(
            wanted,
            [entry_of(row) for row in rows],
            demands,
            pilot=self._pilot(subject, wanted.occurred_on),
            deferrable=wanted.deferral is None
            or self._overlay(subject, wanted.deferral, wanted.occurred_on) is not None,
            most_fen=due.full_fen * policy.most_paid.times,
        )
        row = DepositEntry(
            **wanted.model_dump(),
            id=new_id(),
            subject_id=subject.id,
            recorded_at=now,
            recorded_by=actor.sub,
        )
        self._deposits.add(row)
        await self._session.flush()
        await self._settle(subject, demands, [*rows, row], actor.sub)
        return row

    async def demand(self, actor: Principal, subject_id: UUID, wanted: DemandIn) -> DepositDemand:
        """Record that a top-up was demanded; its last day follows from the notice and the rules of that day.

        The same document with the same content is one demand.

        Raises:
            SubjectNotFound, NoDeposit: not the caller's to see, or no travel agency.
            DepositRefused: the document's number stands with another content.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        check_day("/notified_on", wanted.notified_on, china_date(now))
        for row in await self._deposits.demands(subject.id):
            if row.document_no == wanted.document_no:
                if all(getattr(row, name) == value for name, value in wanted.model_dump().items()):
                    return row
                raise DepositRefused(
                    Text("该文号的通知内容不同", "The notice of this number says something else")
                )
        policy, overlays = self._policy(subject, wanted.notified_on)
        due = top_up_due(policy, overlays, wanted.cause, wanted.notified_on)
        demand = DepositDemand(
            **wanted.model_dump(),
            id=new_id(),
            subject_id=subject.id,
            due_on=due.due_on,
            provisional=due.provisional,
            due_steps=[step.document() for step in due.steps],
            policy_version=policy.version,
            recorded_at=now,
            recorded_by=actor.sub,
        )
        self._deposits.add(demand)
        await self._session.flush()
        return demand

    async def withdraw(
        self, actor: Principal, subject_id: UUID, demand_id: UUID, wanted: WithdrawalIn
    ) -> DepositDemand:
        """Take back a demand that was wrong; the facts that followed from it are revoked.

        Raises:
            SubjectNotFound, DemandNotFound: no such subject or demand, or not the caller's.
            DepositRefused: it was withdrawn before.
        """
        subject = await self._locked(actor, subject_id)
        demand = await self._deposits.demand(demand_id)
        if demand is None or demand.subject_id != subject.id:
            raise DemandNotFound
        if demand.withdrawn_at is not None:
            raise DepositRefused(Text("该通知已撤回", "The notice has been withdrawn"))
        demand.withdrawn_at, demand.withdrawn_by = self._env.clock.now(), actor.sub
        demand.withdrawal_reason = wanted.reason
        await self._session.flush()
        for code in ("DEPOSIT_NOT_TOPPED_UP", "DEPOSIT_TOPPED_UP"):
            await self._tell(subject, demand, code, None, wanted.reason, actor.sub)
        return demand

    async def certify(self, actor: Principal, subject_id: UUID, wanted: CertificateIn) -> DepositCertificate:
        """Record the authority's certificate that lowers a deposit (Art. 17). The same document is one.

        Raises:
            SubjectNotFound, NoDeposit: not the caller's to see, or no travel agency.
            DepositRefused: the clean years were not over on that day; `eligible_on` says when they are.
        """
        subject = await self._locked(actor, subject_id)
        now = self._env.clock.now()
        check_day("/effective_on", wanted.effective_on, china_date(now))
        for row in await self._deposits.certificates(subject.id):
            if row.document_no == wanted.document_no:
                if (row.authority, row.effective_on) == (wanted.authority, wanted.effective_on):
                    return row
                raise DepositRefused(
                    Text("该文号的凭证内容不同", "The certificate of this number says something else")
                )
        policy, _ = self._policy(subject, wanted.effective_on)
        clock = clean_clock(
            policy.halving.clean_months,
            [entry_of(row) for row in await self._deposits.entries(subject.id)],
            [demand_of(row) for row in await self._deposits.demands(subject.id) if row.withdrawn_at is None],
            await self._broken(subject, policy),
            wanted.effective_on,
        )
        if clock.eligible_on is None or clock.eligible_on > wanted.effective_on:
            raise DepositRefused(
                Text("三年期未满或应补足未补足", "The three clean years are not over, or a top-up is open"),
                eligible_on=clock.eligible_on.isoformat() if clock.eligible_on else None,
            )
        certificate = DepositCertificate(
            **wanted.model_dump(), id=new_id(), subject_id=subject.id, recorded_at=now, recorded_by=actor.sub
        )
        self._deposits.add(certificate)
        await self._session.flush()
        return certificate

    async def missed(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Who has missed the last day of a demand of which no fact tells yet, behind `after` in order."""
        return await self._deposits.missed(china_date(self._env.clock.now()), after, limit)

    async def tell_missed(self, subject_id: UUID) -> bool:
        """Record DEPOSIT_NOT_TOPPED_UP for demands whose last day a subject has missed, once each.

        False, and nothing recorded, when there is none or somebody else holds the subject.
        """
        now = self._env.clock.now()
        subject = await self._subjects.lock_free(subject_id)
        if subject is None:
            return False
        demands = await self._deposits.missed_by(china_date(now), subject.id)
        for demand in demands:
            demand.missed_at = now
            await self._session.flush()
            day = demand.due_on + _DAY
            await self._tell(subject, demand, "DEPOSIT_NOT_TOPPED_UP", day, "逾期未补足", "rounds")
        return bool(demands)

    async def _settle(
        self,
        subject: Subject,
        demands: Sequence[DepositDemand],
        rows: Sequence[DepositEntry],
        by: str,
    ) -> None:
        """Bring demands and their facts in line with what was paid."""
        today = china_date(self._env.clock.now())
        entries = [entry_of(row) for row in rows]
        open_before = [row for row in demands if row.withdrawn_at is None]
        changed = []
        for demand in open_before:
            paid_on = met_on(demand.id, demand.amount_fen, entries, today)
            if paid_on != demand.met_on:
                demand.met_on = paid_on
                changed.append(demand)
        await self._session.flush()
        for demand in changed:
            paid, due = demand.met_on, demand.due_on
            missed = due + _DAY if due < today and (paid is None or paid > due) else None
            if missed is not None:
                demand.missed_at = demand.missed_at or self._env.clock.now()
            for code, day in (("DEPOSIT_NOT_TOPPED_UP", missed), ("DEPOSIT_TOPPED_UP", paid)):
                await self._tell(subject, demand, code, day, "按补足情况更新", by)

    async def _tell(
        self, subject: Subject, demand: DepositDemand, code: str, day: date | None, reason: str, by: str
    ) -> None:
        await self._duties.tell(
            subject,
            code,
            str(demand.id),
            day,
            authority=demand.authority,
            reason=reason,
            by=by,
            payload={"amount_fen": demand.amount_fen, "demand": demand.document_no},
        )

    def _policy(self, subject: Subject, on: date) -> tuple[DepositPolicy, list[DepositOverlay]]:
        policy = self._env.rulebook.deposits.choose("deposits", on=on, region=subject.region)
        return policy, self._overlays(subject, on)

    def _overlays(self, subject: Subject, on: date) -> list[DepositOverlay]:
        return self._env.rulebook.deposit_overlays.in_force(on=on, region=subject.region)

    def _overlay(self, subject: Subject, overlay_id: str, on: date) -> DepositOverlay | None:
        return deferral_for(self._overlays(subject, on), overlay_id)

    def _pilot(self, subject: Subject, on: date) -> bool:
        return any(one.kind == "insurance_pilot" for one in self._overlays(subject, on))

    async def _penalties(self, subject: Subject, policy: DepositPolicy) -> list[Penalty]:
        """The fines or worse that stand against an agency, the oldest first."""
        versions = await self._facts.versions_of(subject.id)
        standing = known(versions, subject.last_recorded_at)
        found = [
            Penalty(fact.id, fact.code, fact.occurred_on, harmed_tourists(fact.payload))
            for fact in standing
            if fact.code in policy.halving.broken_by
        ]
        return sorted(found, key=lambda one: (one.occurred_on, one.fact_id))

    async def _broken(self, subject: Subject, policy: DepositPolicy) -> list[date]:
        """The days of the fines or worse that end the clean years."""
        return [one.occurred_on for one in await self._penalties(subject, policy) if one.counts]

    async def _certificates(self, subject_id: UUID) -> list[Certificate]:
        rows = await self._deposits.certificates(subject_id)
        return [Certificate(row.id, row.effective_on) for row in rows]

    async def _seen(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        return subject

    async def _locked(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        _check_kind(subject)
        return subject


def _check_kind(subject: Subject) -> None:
    if subject.kind != Kind.TRAVEL_AGENCY:
        raise NoDeposit
