"""What every use case of repair works with: locked rows, steps, checks, papers and views."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.problems import Forbidden, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.rules import REPAIRED
from credit.facts.schemas import EvidenceItem, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.listings.clocks import Deadline
from credit.listings.policy import RepairClock
from credit.listings.rules import Removal
from credit.listings.schemas import DeadlineView, SubjectBrief
from credit.listings.service import ListingService
from credit.papers.models import Paper
from credit.papers.service import PaperService
from credit.steps import read_texts, step_columns
from credit.subjects.models import Subject

from .errors import (
    MaterialsMissing,
    RepairBarred,
    RepairEventRefused,
    RepairNotFound,
    TargetNotRepairable,
)
from .models import Repair, RepairEvent
from .outlook import Aim, Outlooks, bar_views
from .repository import RepairRepository, RepairRow
from .rules import (
    ENDED,
    FEASIBLE,
    Bar,
    Commitment,
    Event,
    Findings,
    Materials,
    State,
    Steps,
    deadlines_of,
    earliest,
    events_allowed,
    missing_materials,
    next_state,
)
from .schemas import MaterialsIn, RepairIn, RepairView
from .wording import GROUNDS

__all__ = ["RepairDesk", "findings_of", "given_in", "handed_in", "held"]

ROOM = "repair"


class RepairDesk:
    """The tools of one transaction."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._repairs = RepairRepository(session)
        self._outlooks = Outlooks(session, env, language)
        self._listings = ListingService(session, env, language)
        self._facts = FactService(session, env)
        self._papers = PaperService(session, env)

    async def _open(self, repair_id: UUID, actor: Principal) -> tuple[Repair, Aim]:
        """An application in the caller's regions with its target; the subject's row is locked before its own.

        Raises RepairNotFound, RepairEventRefused (it has ended), TargetNotRepairable (its target has ended).
        """
        row = await self._repairs.find(repair_id, actor)
        if row is None:
            raise RepairNotFound
        if State(row[0].state) in ENDED:
            raise RepairEventRefused(state=row[0].state, allowed=[])
        aim = await self._outlooks.aim(None, row[0].listing_id, row[0].fact_id, lock=True)
        repair = await self._repairs.lock(repair_id)
        if repair is None:
            raise RepairNotFound
        return repair, aim

    async def _aim_again(self, repair: Repair) -> Aim | None:
        """The target of an application, while it stands."""
        if State(repair.state) in ENDED:
            return None
        try:
            return await self._outlooks.aim(None, repair.listing_id, repair.fact_id)
        except TargetNotRepairable:
            return None

    def _advance(self, repair: Repair, event: Event) -> None:
        after = next_state(State(repair.state), event)
        if after is None:
            raise RepairEventRefused(state=repair.state, allowed=[str(one) for one in self._allowed(repair)])
        repair.state = after

    def _allowed(self, repair: Repair) -> list[Event]:
        """The events that fit now: nothing is accepted or granted that lacks a material or failed."""
        given, rule = given_in(repair), Commitment(repair.commitment_rule)
        lacking = {
            event for event, late in FEASIBLE.items() if missing_materials(given, rule, at_decision=late)
        }
        if not repair.passed:
            lacking.add(Event.GRANT)
        return [event for event in events_allowed(State(repair.state)) if event not in lacking]

    async def _bars(self, repair: Repair, aim: Aim, findings: Findings) -> list[Bar]:
        return await self._outlooks.bars(aim, findings, beside=repair.id)

    def _check_bars(self, bars: list[Bar]) -> None:
        if bars:
            first = earliest(bars, self._today)
            raise RepairBarred(
                bars=[view.model_dump(mode="json") for view in bar_views(bars)],
                earliest_on=first.isoformat() if first else None,
            )

    def _check_materials(self, repair: Repair, *, at_decision: bool) -> None:
        missing = missing_materials(
            given_in(repair), Commitment(repair.commitment_rule), at_decision=at_decision
        )
        if missing:
            raise MaterialsMissing(missing=missing)

    def _check_apart(self, repair: Repair, actor: Principal) -> None:
        """Who ruled on the conflict as the regulator takes no other step."""
        if actor.sub == repair.resolved_by:
            raise SecondPersonNeeded

    def _check_applicant(self, actor: Principal) -> None:
        if actor.subject_id is None and not actor.may("credit:write"):
            raise Forbidden(Text("只能由主体本人或者经办人提交", "Only the subject or an officer may apply"))

    async def _end(
        self,
        repair: Repair,
        aim: Aim,
        event: Event,
        decision: str,
        codes: Sequence[str],
        reasons: str,
        by: str,
    ) -> None:
        """Refuse, with every ground that holds: those that can be computed and those that were found."""
        bars = await self._bars(repair, aim, findings_of(codes))
        repair.codes = sorted({bar.code for bar in bars})
        repair.ended_on = self._today
        again = earliest(bars, self._today)
        data = {
            "applied_on": repair.applied_on,
            "application": repair.number,
            "decision": decision,
            "target": aim.label,
            "grounds": [f"{code}　{GROUNDS[code]}" for code in repair.codes],
            "again": again if bars else None,
            "reasons": reasons,
        }
        paper = await self._issue("repair_refusal", repair, aim.subject, data, by)
        await self._record(
            repair,
            event,
            by,
            texts={"reasons": reasons},
            details={"codes": repair.codes, "earliest_on": again.isoformat() if again else None},
            papers=[paper],
        )

    async def _take_effect(self, repair: Repair, aim: Aim, by: str, reasons: str) -> None:
        """A listing is removed, a penalty gets a fact that it is repaired; the subject is scored anew."""
        if aim.listing is not None:
            details = {"ground": "REPAIR", "repair": repair.number}
            await self._listings.remove_for(aim.listing.id, Removal.REPAIRED, reasons, by, details)
        elif aim.fact is not None:
            issuers = self._env.rulebook.paper_issuers.choose(
                "paper-issuers", on=self._today, region=repair.authority_region
            )
            await self._facts.record_for(
                aim.subject,
                FactIn(
                    subject_id=aim.subject.id,
                    code=REPAIRED,
                    occurred_on=self._today,
                    source=Source(
                        kind=SourceKind.REPAIR,
                        authority=issuers.name(repair.authority_region),
                        reference=repair.number,
                    ),
                    payload={
                        "fact_id": str(aim.fact.id),
                        "number": repair.number,
                        "condition": aim.fact.code,
                    },
                ),
                by=by,
            )

    async def _issue(
        self, kind: str, repair: Repair, subject: Subject, data: Mapping[str, Any], by: str
    ) -> Paper:
        return await self._papers.issue(
            kind, subject, (ROOM, repair.id), data, by, region=repair.authority_region
        )

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def _record(
        self,
        repair: Repair,
        event: Event,
        by: str,
        *,
        texts: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        papers: Sequence[Paper] = (),
    ) -> None:
        columns = step_columns(
            ROOM,
            repair,
            event,
            by,
            self._env.clock.now(),
            self._env.keyring,
            first=event is Event.APPLY,
            texts=texts,
            details=details,
            papers=papers,
        )
        self._repairs.add(RepairEvent(repair_id=repair.id, **columns))
        await self._session.flush()

    def _read(self, row: RepairEvent) -> dict[str, Any]:
        return read_texts(ROOM, row.repair_id, row.version, row.texts_cipher, self._env.keyring)

    def _deadlines(self, repair: Repair, aim: Aim | None) -> list[Deadline]:
        steps = Steps(
            repair.applied_on,
            repair.accepted_on,
            repair.verified_on,
            repair.decided_on,
            repair.lifted_on,
            repair.ended_on if repair.accepted_on is None else None,
            repair.ended_on if repair.state == State.CLOSED else None,
        )
        return deadlines_of(self._steps_pack(repair, aim), steps, self._today)

    def _due(self, row: RepairRow, before: date) -> bool:
        """Whether a deadline still waits, passed or not, whose last day lies before a day."""
        found = self._deadlines(row[0], None)
        return any(one.status in ("open", "overdue") and one.due_on < before for one in found)

    def _steps_pack(self, repair: Repair, aim: Aim | None) -> RepairClock:
        """The rule set whose step deadlines apply: Order 7's, also where Order 36 decides the rest."""
        if aim is not None:
            return self._outlooks.steps_pack(aim)
        return self._env.rulebook.repair_clocks.choose(
            "repair-order7", on=repair.applied_on, region=repair.authority_region
        )

    async def _view(
        self, row: RepairRow | tuple[Repair, Subject], actor: Principal, aim: Aim | None
    ) -> RepairView:
        """The application as it crosses the API; who did what is for authorities only."""
        repair, subject = row
        official = actor.subject_id is None
        state, rule = State(repair.state), Commitment(repair.commitment_rule)
        outlook = None if aim is None else await self._outlooks.view(aim)
        allowed = self._allowed(repair)
        if outlook is not None and outlook.bars:
            allowed = [event for event in allowed if event not in FEASIBLE]
        return RepairView(
            **repair.model_dump(
                include={
                    "id",
                    "number",
                    "listing_id",
                    "fact_id",
                    "has_commitment",
                    "has_training",
                    "applied_on",
                    "accepted_on",
                    "verified_on",
                    "verified_how",
                    "passed",
                    "decided_on",
                    "lifted_on",
                    "ended_on",
                    "codes",
                    "version",
                    "created_at",
                }
            ),
            subject=SubjectBrief(
                id=subject.id, key=subject.key, name=subject.name, kind=subject.kind, region=subject.region
            ),
            state=state,
            commitment_rule=rule,
            missing=[] if state in ENDED else missing_materials(given_in(repair), rule, at_decision=True),
            evidence=[EvidenceItem(**item) for item in repair.evidence],
            allowed_events=allowed if official else [],
            accepted_by=repair.accepted_by if official else None,
            decided_by=repair.decided_by if official else None,
            deadlines=[DeadlineView.of(found) for found in self._deadlines(repair, aim)],
            outlook=outlook,
        )


def given_in(repair: Repair) -> Materials:
    return Materials(len(repair.evidence), repair.has_commitment, repair.has_training)


def held(repair: Repair) -> list[str]:
    held = {
        "evidence": bool(repair.evidence),
        "commitment": repair.has_commitment,
        "training_record": repair.has_training,
    }
    return [name for name, there in held.items() if there]


def handed_in(wanted: RepairIn | MaterialsIn, request: dict[str, Any] | None) -> dict[str, Any]:
    """What a step keeps of the papers that came with it; `request` as it was found on record."""
    record = wanted.training_record
    papers = {"training_record": record and record.model_dump(mode="json"), "request": request}
    return {name: one for name, one in papers.items() if one is not None}


def findings_of(codes: Sequence[str]) -> Findings:
    return Findings("REP-X-4" in codes, "REP-X-5" in codes, "REP-X-6" in codes)
