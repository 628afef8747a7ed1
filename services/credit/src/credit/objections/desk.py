"""What every step of an objection needs: the rows, the days, the flag, the record of the step."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from common.auth import Principal
from common.calendar import DayCount
from common.clock import china_date
from common.crypto import mask_text
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.schemas import CorrectionIn
from credit.facts.service import FactService
from credit.internal import sees_all_of
from credit.listings.models import Listing
from credit.listings.rules import ListName
from credit.listings.service import ListingService
from credit.papers.service import PaperService
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import ObjectionNotFound, StepRefused
from .models import Objection, ObjectionAct
from .policy import ObjectionPolicy
from .repository import ObjectionRepository
from .ripple import Ripple
from .rules import (
    OPEN,
    Event,
    RippleState,
    Standing,
    State,
    Target,
    Term,
    appraisal_pauses,
    decide_due,
    events_allowed,
    next_state,
    overdue,
    terms_of,
)
from .schemas import ActView, FollowUp, ObjectionView, TermView

__all__ = ["ROOM", "STATEMENT", "ObjectionDesk"]

ROOM = "objections"
STATEMENT = "credit.objection.statement"


class ObjectionDesk:
    """The common part of all use cases of objections."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._objections = ObjectionRepository(session)
        self._subjects = SubjectRepository(session)
        self._fact_rows = FactRepository(session)
        self._facts = FactService(session, env)
        self._listings = ListingService(session, env)
        self._papers = PaperService(session, env)
        self._ripple = Ripple(session, env)

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    def _policy(self, objection: Objection) -> ObjectionPolicy:
        """The rules under which it was filed, whatever holds today."""
        return self._env.rulebook.objections.get(
            objection.policy_id, objection.policy_version, objection.policy_region
        )

    def _sees(self, actor: Principal) -> bool:
        return sees_all_of(self._env.rulebook, actor, self._today)

    async def _seen(self, actor: Principal, objection_id: UUID) -> Objection:
        found = await self._objections.find(objection_id, actor, all_of=self._sees(actor))
        if found is None:
            raise ObjectionNotFound
        return found

    async def _open(self, actor: Principal, objection_id: UUID) -> tuple[Objection, Subject]:
        """An objection that the caller may see, with its subject; both rows locked, the subject's first."""
        seen = await self._seen(actor, objection_id)
        subject = await self._subjects.lock(seen.subject_id, None)
        if subject is None:
            raise ObjectionNotFound
        return await self._objections.lock(objection_id), subject

    def _standing(self, objection: Objection) -> Standing:
        in_appraisal = bool(objection.appraisals) and objection.appraisals[-1][1] is None
        return Standing(State(objection.state), objection.extended, in_appraisal)

    def _advance(self, objection: Objection, event: Event) -> None:
        """Put an objection into the state after `event`.

        Raises:
            StepRefused: the event does not fit; `allowed` names those that do.
        """
        after = next_state(self._standing(objection), event)
        if after is not None and event is Event.CLOSE and objection.ripple == RippleState.RUNNING:
            raise StepRefused(
                Text("影响清单尚未列完", "What it touched is not listed to the end yet"),
                state=objection.state,
                allowed=[],
            )
        if after is None:
            raise StepRefused(state=objection.state, allowed=self._allowed(objection))
        objection.state = after

    def _allowed(self, objection: Objection) -> list[str]:
        events = events_allowed(self._standing(objection))
        running = objection.ripple == RippleState.RUNNING
        return [str(one) for one in events if not (running and one is Event.CLOSE)]

    def _decide_by(self, objection: Objection) -> DayCount:
        policy = self._policy(objection)
        pauses: list[tuple[date, date]] = []
        if policy.decide.appraisal_excluded:
            spans = [
                (date.fromisoformat(first), date.fromisoformat(last) if last else None)
                for first, last in objection.appraisals
                if first
            ]
            pauses = appraisal_pauses(spans, self._today)
        return decide_due(
            policy,
            objection.filed_on,
            forwarded=objection.forwarded_to is not None,
            extended=objection.extended,
            pauses=pauses,
        )

    async def _flag(self, objection: Objection, subject: Subject, by: str) -> None:
        """Flag what the objection is against, unless it is flagged already."""
        if objection.listing_id is not None:
            await self._listings.flag_objection(objection.listing_id, True, by)
        if objection.target != Target.FACT or objection.fact_id is None:
            return
        latest = await self._fact_rows.latest(objection.fact_id)
        if latest is not None and latest.action not in (Action.DISPUTE, Action.REVOKE):
            wanted = self._correction("dispute", "异议已受理，核查中", objection)
            await self._facts.correct_for(subject, objection.fact_id, wanted, by=by)
            objection.flagged = True

    async def _unflag(self, objection: Objection, subject: Subject, by: str, reason: str) -> None:
        """Take away the flag that this objection set, where the fact stands as it did."""
        if objection.listing_id is not None:
            await self._listings.flag_objection(objection.listing_id, False, by)
        if not objection.flagged or objection.fact_id is None:
            return
        latest = await self._fact_rows.latest(objection.fact_id)
        if latest is not None and latest.action == Action.DISPUTE:
            wanted = self._correction("settle", reason, objection)
            await self._facts.correct_for(subject, objection.fact_id, wanted, by=by)
        objection.flagged = False

    def _correction(
        self,
        action: Literal["amend", "revoke", "dispute", "settle"],
        reason: str,
        objection: Objection,
        **content: Any,
    ) -> CorrectionIn:
        issuers = self._env.rulebook.paper_issuers.choose(
            "paper-issuers", on=self._today, region=objection.region
        )
        return CorrectionIn(
            action=action,
            reason=reason[:500],
            authority=issuers.name(objection.region),
            reference=objection.number,
            **content,
        )

    async def _had_part(
        self, objection: Objection, subject: Subject, named: Collection[UUID] = ()
    ) -> set[str | None]:
        """Who handled an objection, or made what it is against or the facts that are `named` with it."""
        makers = await self._makers(
            subject, objection.fact_id, objection.grade_version, objection.listing_id, named
        )
        return {objection.first_officer, objection.verified_by, objection.filed_by, *makers}

    async def _makers(
        self,
        subject: Subject,
        fact_id: UUID | None,
        grade_version: int | None,
        listing_id: UUID | None,
        named: Collection[UUID] = (),
    ) -> set[str]:
        """Who recorded, inspected or listed what may be objected to, and the facts that count in it."""
        facts = set(named)
        if fact_id is not None:
            facts.add(fact_id)
        if grade_version is not None:
            facts |= await self._counted(subject, grade_version)
        listings = set(await self._objections.listings_behind(list(facts)))
        if listing_id is not None:
            listings.add(listing_id)
        makers = await self._objections.recorders(list(facts))
        makers |= await self._objections.inspected_by(list(facts))
        return makers | await self._objections.listed_by(list(listings))

    async def _counted(self, subject: Subject, version: int) -> set[UUID]:
        """The facts that counted in a published grade, as it was reckoned."""
        grade = await self._objections.grade(subject.id, version)
        if grade is None:
            return set()
        result = await ScoringService(self._session, self._env).evaluate(
            subject, grade.valid_at, known_at=grade.known_at, card_id=grade.policy_id
        )
        parts = (*result.document["vetoes"], *result.document["contributions"])
        named = [fact for one in parts for fact in (one.get("facts") or [one.get("fact_id")])]
        return {UUID(fact) for fact in named if fact}

    async def _done(
        self,
        objection: Objection,
        event: Event,
        by: str,
        note: str | None,
        details: Mapping[str, Any] | None = None,
    ) -> ObjectionView:
        """Record a step that was taken, and show the objection after it."""
        due = self._decide_by(objection)
        if State(objection.state) in OPEN:
            objection.decide_due, objection.provisional = due.due_on, due.provisional
        objection.version += 1
        self._objections.add(
            ObjectionAct(
                objection_id=objection.id,
                version=objection.version,
                event=event,
                note=None if note is None else mask_text(note),
                details=dict(details or {}),
                done_by=by,
                done_at=self._env.clock.now(),
            )
        )
        await self._session.flush()
        acts = await self._objections.acts_of([objection.id])
        return (await self._shown([objection], acts))[0]

    async def _shown(
        self, rows: Sequence[Objection], acts: Mapping[UUID, Sequence[ObjectionAct]]
    ) -> list[ObjectionView]:
        """Objections with the listings that still stand on facts they put right."""
        wrong = {row.id: {UUID(one) for one in (row.remedy or {}).get("facts", ())} for row in rows}
        named = {one for facts in wrong.values() for one in facts}
        listings = await self._listings.in_force_on({row.subject_id for row in rows}, named) if named else []
        return [
            self._view(
                row,
                acts.get(row.id, ()),
                [
                    self._follow_up(listing)
                    for listing in listings
                    if listing.subject_id == row.subject_id and wrong[row.id] & set(listing.based_on)
                ],
            )
            for row in rows
        ]

    def _terms(self, objection: Objection, acts: Sequence[ObjectionAct]) -> list[Term]:
        """The time of each step, and when it was taken."""
        taken = {
            Event.ACCEPT: "flag",
            Event.REFUSE: "flag",
            Event.FORWARD: "forward",
            Event.SUSTAIN: "decide",
            Event.DISMISS: "decide",
            Event.CLOSE: "remedy",
        }
        done = {taken[Event(act.event)]: china_date(act.done_at) for act in acts if Event(act.event) in taken}
        state = State(objection.state)
        return terms_of(
            self._policy(objection),
            objection.filed_on,
            self._decide_by(objection),
            objection.remedy_due,
            done,
            {"flag", "decide"} if state is State.FILED else {"decide"} if state in OPEN else {"remedy"},
            self._today,
        )

    def _due(self, objection: Objection, before: date) -> bool:
        """Whether a step is still to be taken, late or not, whose last day lies before a day."""
        state = State(objection.state)
        if state is State.SUSTAINED:
            return objection.remedy_due is not None and objection.remedy_due < before
        flag = state is State.FILED and objection.flag_due < before
        return flag or self._decide_by(objection).due_on < before

    def _follow_up(self, listing: Listing) -> FollowUp:
        what = Text(
            "该名单记录以已撤销或者更正的信息为依据，由认定机关核查，依据已撤销的依职权修复",
            "The listing rests on a fact that was put right: its authority reviews it and repairs ex officio"
            " where the decision underneath was revoked",
        )
        return FollowUp(
            listing_id=listing.id,
            number=listing.number,
            list="serious" if listing.on_list == ListName.SERIOUS else "slight",
            what=what.render(self._language),
        )

    def _view(
        self, objection: Objection, acts: Sequence[ObjectionAct], follow_ups: list[FollowUp]
    ) -> ObjectionView:
        statement = self._env.keyring.decrypt(objection.statement_cipher, context=STATEMENT)
        standing, policy = self._standing(objection), self._policy(objection)
        terms = {str(term.event): term for term in self._terms(objection, acts)}
        # What is stored stands still during an appraisal that lasts, whose days are not counted.
        due_on, provisional = objection.decide_due, objection.provisional
        if standing.state in OPEN:
            counted = self._decide_by(objection)
            due_on, provisional = counted.due_on, counted.provisional
        return ObjectionView(
            id=objection.id,
            number=objection.number,
            subject_id=objection.subject_id,
            region=objection.region,
            target=Target(objection.target),
            fact_id=objection.fact_id,
            grade_version=objection.grade_version,
            listing_id=objection.listing_id,
            statement=mask_text(statement),
            state=standing.state,
            allowed=[Event(one) for one in self._allowed(objection)],
            filed_by=objection.filed_by,
            filed_on=objection.filed_on,
            flag_due=objection.flag_due,
            decide_due=due_on,
            forward_due=terms["forward"].due_on or objection.filed_on,
            remedy_due=objection.remedy_due,
            terms=[
                TermView(**{name: getattr(term, name) for name in Term.__slots__}) for term in terms.values()
            ],
            provisional=provisional,
            overdue=overdue(terms.values()),
            extended=objection.extended,
            in_appraisal=standing.in_appraisal,
            forwarded_to=objection.forwarded_to,
            decided_on=objection.decided_on,
            remedy=objection.remedy,
            ripple=None if objection.ripple is None else _ripple(objection.ripple),
            effects=objection.effects,
            follow_ups=follow_ups,
            paper_id=objection.paper_id,
            policy={
                "id": policy.id,
                "version": policy.version,
                "region": policy.region,
                "status": policy.status,
                "legal_basis": policy.legal_basis,
            },
            acts=[
                ActView(
                    event=Event(act.event),
                    note=act.note,
                    details=act.details,
                    done_by=act.done_by,
                    done_at=act.done_at,
                )
                for act in acts
            ],
            version=objection.version,
        )


def _ripple(state: str) -> Literal["running", "done"]:
    return "running" if state == RippleState.RUNNING else "done"
