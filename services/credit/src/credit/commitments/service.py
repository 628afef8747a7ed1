"""Use cases of commitments: give, verify, hear, confirm; those whose time is over fall due by rounds."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import Forbidden, InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.evidence.schemas import StatementOnRecord
from credit.facts.repository import FactRepository
from credit.facts.schemas import EvidenceItem, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.listings.errors import HearingSkipped
from credit.listings.repository import ListingRepository
from credit.listings.rules import ListName
from credit.listings.schemas import DeadlineView, SubjectBrief
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.supervision.service import SupervisionService

from .errors import (
    CommitmentEventRefused,
    CommitmentNotFound,
    CommitmentNotOpen,
)
from .hearing import Hearings
from .models import Commitment, CommitmentEvent
from .repository import CommitmentFilters, CommitmentRepository, CommitmentRow
from .rules import Event, Kind, Result, State, events_allowed, next_state, state_on
from .schemas import (
    CommitmentDecisionIn,
    CommitmentIn,
    CommitmentStatementIn,
    CommitmentStep,
    CommitmentView,
    VerificationIn,
)
from .texts import context, read_items

__all__ = ["CommitmentService"]

SYSTEM = "system:rounds"
FACTS = {Result.KEPT: "COMMITMENT_KEPT", Result.BROKEN: "COMMITMENT_BROKEN"}

_ACT = "commitment"
"""What a restriction that takes no commitment bars."""


class CommitmentService:
    """Commitments. A result is found by one person and confirmed by another; then it is a fact.

    A breach is told to the subject first, which may state its case (Administrative Penalty Law Articles 44,
    45 and 62 by analogy).
    """

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._commitments = CommitmentRepository(session)
        self._subjects = SubjectRepository(session)
        self._listings = ListingRepository(session)
        self._archive = FactRepository(session)
        self._facts = FactService(session, env)
        self._papers = PaperService(session, env)
        self._hearings = Hearings(session, env)

    async def give(self, actor: Principal, wanted: CommitmentIn) -> CommitmentView:
        """Put a commitment on record: by the subject's own user, or by an officer who received it.

        Raises:
            SubjectNotFound: not the caller's to see.
            Forbidden: neither the subject itself nor an officer with `credit:write`.
            CommitmentNotOpen: on the serious list, or once broken a commitment (Guide of 2022).
            InvalidPayload: the period ends before it starts.
        """
        subject = await self._subjects.lock(wanted.subject_id, actor)
        if subject is None or subject.merged_into is not None:
            raise SubjectNotFound
        if actor.subject_id != subject.id and not actor.may("credit:write"):
            raise Forbidden(Text("只能由主体本人或者经办人提交", "Only the subject or an officer may give"))
        if wanted.end_on < wanted.start_on:
            raise InvalidPayload.at("/end_on", Text("不得早于开始日期", "Must not lie before the start"))
        await self._check_open(subject)
        identity = new_id()
        commitment = Commitment(
            id=identity,
            number=await self._papers.record_number("CN", subject.region),
            subject_id=subject.id,
            kind=wanted.kind,
            template_version=wanted.template_version,
            items_cipher=self._env.keyring.encrypt(
                json.dumps(wanted.items, ensure_ascii=False), context=context(identity, "items")
            ),
            start_on=wanted.start_on,
            end_on=wanted.end_on,
            publicly_shown=wanted.publicly_shown,
            state=state_on(wanted.end_on, self._today),
            result=Result.PENDING,
            given_by=actor.sub,
            evidence=[],
            created_at=self._env.clock.now(),
        )
        self._commitments.add(commitment)
        await self._session.flush()
        await self._record(commitment, Event.GIVE, actor.sub)
        return await self._view((commitment, subject), actor)

    async def verify(self, actor: Principal, commitment_id: UUID, wanted: VerificationIn) -> CommitmentView:
        """Record what was found; a breach may be found before the end, keeping only after it.

        A breach is told to the subject by a numbered notice, and the period for its statement begins.

        Raises:
            CommitmentNotFound: not in the caller's regions.
            CommitmentEventRefused: a finding waits for confirmation, or it is decided.
            InvalidPayload: found kept before its last day is over.
        """
        commitment, subject = await self._open(actor, commitment_id)
        event = Event.VERIFY if wanted.result is Result.KEPT else Event.NOTIFY
        self._advance(commitment, event)
        if wanted.result is Result.KEPT and self._today <= commitment.end_on:
            raise InvalidPayload.at(
                "/result",
                Text("承诺期限尚未届满，不能认定已履行", "It cannot have been kept before it is over"),
            )
        commitment.proposed, commitment.verified_by = wanted.result, actor.sub
        commitment.evidence = [item.model_dump(mode="json") for item in wanted.evidence]
        paper = None
        if event is Event.NOTIFY:
            commitment.notified_on, commitment.stated_on = self._today, None
            paper = await self._hearings.notice(commitment, subject, wanted.note, actor.sub)
        await self._record(commitment, event, actor.sub, wanted.note, paper)
        return await self._view((commitment, subject), actor)

    async def state(
        self, actor: Principal, commitment_id: UUID, wanted: CommitmentStatementIn
    ) -> CommitmentView:
        """Take the subject's statement on a breach: from its own user, or by an officer from paper.

        Raises:
            CommitmentNotFound: not the caller's to see.
            Forbidden: neither the subject itself nor an officer with `credit:write`.
            InvalidPayload: an officer names no written statement whose file was uploaded.
            SecondPersonNeeded: the officer found the breach.
            CommitmentEventRefused: no breach was told, or the subject spoke or waived the rest already.
            StatementTooLate: the period is over; silence counts as a waiver.
        """
        commitment, subject = await self._open(actor, commitment_id)
        if actor.subject_id != subject.id and not actor.may("credit:write"):
            raise Forbidden(Text("只能由主体本人或者经办人提交", "Only the subject or an officer may state"))
        self._advance(commitment, Event.STATEMENT)
        steps = (await self._commitments.events_of([commitment.id]))[commitment.id]
        told_at = max(step.done_at for step in steps if step.event == Event.NOTIFY)
        request = await self._hearings.hear(actor, commitment, wanted.request, told_at)
        await self._record(commitment, Event.STATEMENT, actor.sub, wanted.text, request=request)
        return await self._view((commitment, subject), actor)

    async def decide(
        self, actor: Principal, commitment_id: UUID, wanted: CommitmentDecisionIn
    ) -> CommitmentView:
        """Confirm a finding, which makes it a fact of the archive, or send it back.

        What was told to the subject as a breach is answered in writing either way.

        Raises:
            CommitmentNotFound, CommitmentEventRefused: as `verify`.
            SecondPersonNeeded: the caller verified it, or entered the statement on it.
            HearingSkipped: a breach, and the period for a statement still runs: nothing was stated, or only
                by an officer from a paper that does not waive the rest.
        """
        commitment, subject = await self._open(actor, commitment_id)
        handled: set[str | None] = {commitment.verified_by}
        if commitment.stated_on is not None:
            handled |= await self._commitments.stated_by(commitment.id)
        if actor.sub in handled:
            raise SecondPersonNeeded
        hearing = self._hearings.period(commitment)
        if not wanted.confirm:
            self._advance(commitment, Event.RETURN)
            commitment.state = state_on(commitment.end_on, self._today)
            commitment.proposed = commitment.verified_by = None
            paper = await self._hearings.decision(commitment, subject, False, wanted.note, actor.sub)
            commitment.notified_on = commitment.stated_on = None
            commitment.heard_out = False
            await self._record(commitment, Event.RETURN, actor.sub, wanted.note, paper)
            return await self._view((commitment, subject), actor)
        result = Result(commitment.proposed or Result.PENDING)
        if hearing is not None and hearing.status == "open":
            rule = self._hearings.policy(commitment).heard_first
            raise HearingSkipped(due_on=hearing.due_on.isoformat(), rule=rule.rule, article=rule.article)
        self._advance(commitment, Event.CONFIRM)
        commitment.result, commitment.decided_by = result, actor.sub
        commitment.result_on = self._today
        paper = await self._hearings.decision(commitment, subject, True, wanted.note, actor.sub)
        await self._record(commitment, Event.CONFIRM, actor.sub, wanted.note, paper)
        issuers = self._env.rulebook.paper_issuers.choose(
            "paper-issuers", on=self._today, region=subject.region
        )
        await self._facts.record_for(
            subject,
            FactIn(
                subject_id=subject.id,
                code=FACTS[result],
                occurred_on=self._today,
                source=Source(
                    kind=SourceKind.COMMITMENT,
                    authority=issuers.name(subject.region),
                    reference=commitment.number,
                ),
                payload={"commitment_code": commitment.kind},
                evidence=[EvidenceItem(**item) for item in commitment.evidence],
            ),
            by=actor.sub,
        )
        return await self._view((commitment, subject), actor)

    async def over(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Open commitments whose last day has passed, behind `after` in order."""
        return await self._commitments.over(self._today, after, limit)

    async def fall_due(self, ids: Collection[UUID]) -> int:
        """Ask for verification of those of the commitments whose last day has passed; gives how many."""
        over = await self._commitments.take_over(self._today, ids)
        for commitment in over:
            self._advance(commitment, Event.EXPIRE)
            await self._record(commitment, Event.EXPIRE, SYSTEM)
        return len(over)

    async def get(self, actor: Principal, commitment_id: UUID) -> CommitmentView:
        """A commitment the caller may see. Raises CommitmentNotFound."""
        row = await self._commitments.find(commitment_id, actor)
        if row is None:
            raise CommitmentNotFound
        return await self._view(row, actor)

    async def search(
        self, actor: Principal, filters: CommitmentFilters, cursor: str | None, limit: int
    ) -> Page[CommitmentView]:
        """Commitments the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        rows = await self._commitments.page(actor, filters, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        steps = await self._commitments.events_of([row[0].id for row in items])
        views = [self._shown(row, actor, steps.get(row[0].id, [])) for row in items]
        return Page(items=views, next_cursor=following)

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def _check_open(self, subject: Subject) -> None:
        running = await self._listings.in_force(subject.id, self._today)
        if any(row.on_list == ListName.SERIOUS for row in running):
            barring = await SupervisionService(self._session, self._env).in_force(subject, self._today)
            cited = [one.citation.document() for one in barring if _ACT in one.restriction.bars]
            raise CommitmentNotOpen(reason="serious", citations=cited)
        broken = [FACTS[Result.BROKEN]]
        if await self._archive.standing(subject.id, broken, self._today, subject.last_recorded_at):
            pack = self._env.rulebook.repair_clocks.choose(
                "repair-order7", on=self._today, region=subject.region
            )
            said = pack.commitment_article
            raise CommitmentNotOpen(reason="broken_before", rule=said.rule, article=said.article)

    def _allowed(self, commitment: Commitment) -> list[Event]:
        hearing = self._hearings.period(commitment)
        running = hearing is not None and hearing.status == "open"
        return events_allowed(State(commitment.state), running=running)

    async def _open(self, actor: Principal, commitment_id: UUID) -> tuple[Commitment, Subject]:
        row = await self._commitments.find(commitment_id, actor)
        subject = None if row is None else await self._subjects.lock(row[0].subject_id, actor)
        commitment = None if subject is None else await self._commitments.lock(commitment_id)
        if commitment is None or subject is None:
            raise CommitmentNotFound
        return commitment, subject

    def _advance(self, commitment: Commitment, event: Event) -> None:
        after = next_state(State(commitment.state), event)
        if after is None or (event is Event.STATEMENT and commitment.heard_out):
            allowed = [str(one) for one in self._allowed(commitment)]
            raise CommitmentEventRefused(state=commitment.state, allowed=allowed)
        commitment.state = after

    async def _record(
        self,
        commitment: Commitment,
        event: Event,
        by: str,
        note: str | None = None,
        paper_id: UUID | None = None,
        *,
        request: dict[str, Any] | None = None,
    ) -> None:
        if event is not Event.GIVE:
            commitment.version += 1
        cipher = None
        if note is not None:
            place = context(commitment.id, str(commitment.version))
            cipher = self._env.keyring.encrypt(note, context=place)
        self._commitments.add(
            CommitmentEvent(
                commitment_id=commitment.id,
                version=commitment.version,
                event=event,
                state=commitment.state,
                proposed=commitment.proposed,
                note_cipher=cipher,
                paper_id=paper_id,
                request=request,
                done_by=by,
                done_at=self._env.clock.now(),
            )
        )
        await self._session.flush()

    async def _view(
        self, row: CommitmentRow | tuple[Commitment, Subject], actor: Principal
    ) -> CommitmentView:
        steps = await self._commitments.events_of([row[0].id])
        return self._shown(row, actor, steps.get(row[0].id, []))

    def _shown(
        self,
        row: CommitmentRow | tuple[Commitment, Subject],
        actor: Principal,
        steps: Sequence[CommitmentEvent],
    ) -> CommitmentView:
        """The commitment as it crosses the API; who did what is for authorities only."""
        commitment, subject = row
        official = actor.subject_id is None
        state = State(commitment.state)
        keyring, hearing = self._env.keyring, self._hearings.period(commitment)
        same = commitment.model_dump(
            include={
                "id",
                "number",
                "template_version",
                "start_on",
                "end_on",
                "publicly_shown",
                "result_on",
                "notified_on",
                "stated_on",
                "version",
                "created_at",
            }
        )
        return CommitmentView(
            **same,
            subject=SubjectBrief(
                id=subject.id, key=subject.key, name=subject.name, kind=subject.kind, region=subject.region
            ),
            kind=Kind(commitment.kind),
            items=read_items(commitment, keyring),
            state=state,
            result=Result(commitment.result),
            proposed=Result(commitment.proposed) if commitment.proposed else None,
            evidence=[EvidenceItem(**item) for item in commitment.evidence],
            allowed_events=self._allowed(commitment)
            if official
            else [one for one in self._allowed(commitment) if one is Event.STATEMENT],
            hearing=None if hearing is None else DeadlineView.of(hearing),
            verified_by=commitment.verified_by if official else None,
            decided_by=commitment.decided_by if official else None,
            steps=[
                CommitmentStep(
                    version=step.version,
                    event=Event(step.event),
                    state=State(step.state),
                    proposed=Result(step.proposed) if step.proposed else None,
                    note=keyring.decrypt(step.note_cipher, context=context(commitment.id, str(step.version)))
                    if step.note_cipher
                    else None,
                    paper_id=step.paper_id,
                    request=StatementOnRecord.model_validate(step.request) if step.request else None,
                    done_by=step.done_by if official else None,
                    done_at=step.done_at,
                )
                for step in steps
            ],
        )
