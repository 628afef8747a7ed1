"""Use cases of repair: apply, accept or refuse, verify, decide; a granted repair takes effect at once."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from common import regions
from common.auth import Principal
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.evidence.service import EvidenceService
from credit.evidence.written import WrittenRequests
from credit.internal import check_internal
from credit.paging import cursor_id, due_rows

from .desk import RepairDesk, findings_of, given_in, handed_in, held
from .errors import (
    RegulatorNeeded,
    RepairEventRefused,
    RepairNotFound,
    RepairRunning,
)
from .models import Repair
from .outlook import Aim
from .repository import RepairFilters, RepairRow
from .rules import (
    Commitment,
    Event,
    Findings,
    State,
    missing_materials,
)
from .schemas import (
    MaterialsIn,
    OutlookView,
    RefusalIn,
    RepairDecisionIn,
    RepairEventView,
    RepairIn,
    RepairView,
    ResolutionIn,
    VerificationIn,
)
from .wording import EFFECTS, HOW, MATERIALS

__all__ = ["RepairService"]


class RepairService(RepairDesk):
    """Applications for repair. Deadlines that pass are shown; a person decides."""

    async def outlook(
        self, actor: Principal, listing_id: UUID | None = None, fact_id: UUID | None = None
    ) -> OutlookView:
        """When a listing or published fact can be repaired, by both clocks, and what it needs.

        Raises:
            Forbidden: the caller does not see what is internal, such as a repair of before.
            ListingNotFound, FactNotFound: not the caller's to see.
            TargetNotRepairable: it does not stand, or is not published information.
        """
        check_internal(self._env.rulebook, actor, self._today)
        return await self._outlooks.view(await self._outlooks.aim(actor, listing_id, fact_id))

    async def apply(self, actor: Principal, wanted: RepairIn) -> RepairView:
        """Apply for a repair: the subject's own user, or an officer on its written request.

        An application that comes too early is taken all the same; the officer refuses it with reasons. Where
        the Guide of 2022 and Order 36 differ over the commitment letter, it goes to the regulator first.

        Raises:
            ListingNotFound, FactNotFound, TargetNotRepairable: as `outlook`.
            Forbidden: neither the subject itself nor an officer with `credit:write`.
            InvalidPayload: not exactly one target, a commitment from a subject that gives none, a hash of
                which no file was uploaded, or an officer who names no written request of the subject.
            RepairRunning: an application for it is running.
        """
        if (wanted.listing_id is None) == (wanted.fact_id is None):
            raise InvalidPayload.at(
                "/listing_id",
                Text("listing_id 与 fact_id 须且只能给出一个", "Name either a listing or a fact"),
            )
        aim = await self._outlooks.aim(actor, wanted.listing_id, wanted.fact_id, lock=True)
        self._check_applicant(actor)
        rule, articles = await self._outlooks.commitment(aim)
        if rule is Commitment.NONE and wanted.commitment is not None:
            raise InvalidPayload.at("/commitment", Text(articles[0].article, "This subject gives none"))
        if await self._repairs.running(wanted.listing_id, wanted.fact_id) is not None:
            raise RepairRunning
        repair_id = new_id()
        paper = await self._check_uploaded(actor, aim, wanted, repair_id)
        repair = Repair(
            id=repair_id,
            number=await self._papers.record_number("XF", aim.region),
            subject_id=aim.subject.id,
            listing_id=wanted.listing_id,
            fact_id=wanted.fact_id,
            authority_region=aim.region,
            state=State.CONFLICT if rule is Commitment.CONFLICT else State.APPLIED,
            commitment_rule=rule,
            evidence=[item.model_dump(mode="json") for item in wanted.evidence],
            has_commitment=wanted.commitment is not None,
            has_training=wanted.training_record is not None,
            applied_by=actor.sub,
            applied_on=self._today,
            codes=[],
            created_at=self._env.clock.now(),
        )
        self._repairs.add(repair)
        await self._session.flush()
        texts = {"statement": wanted.statement, "commitment": wanted.commitment}
        details = {"articles": [article.article for article in articles]} | handed_in(wanted, paper)
        await self._record(repair, Event.APPLY, actor.sub, texts=texts, details=details)
        return await self._view((repair, aim.subject), actor, aim)

    async def resolve(self, actor: Principal, repair_id: UUID, wanted: ResolutionIn) -> RepairView:
        """Settle the conflict over the commitment letter, as the regulator whom the reading names.

        Whoever settles it takes no other step in the application, and took none before.

        Raises:
            RepairNotFound: not in the caller's regions.
            RepairEventRefused: there is no conflict.
            RegulatorNeeded: the caller is not of the level, or has not the scope, that the reading names.
            SecondPersonNeeded: the caller handled the application.
        """
        repair, aim = await self._open(repair_id, actor)
        regulator = self._outlooks.regulator(aim)
        covering = [own for own in actor.regions if regions.covers(own, repair.authority_region)]
        if not actor.may(regulator.scope) or not {regions.level(own) for own in covering} & {
            *regulator.levels
        }:
            raise RegulatorNeeded(levels=regulator.levels, scope=regulator.scope, article=regulator.article)
        handled = {event.done_by for event in await self._repairs.events_of(repair.id)}
        self._advance(repair, Event.RESOLVE)
        if actor.sub in handled:
            raise SecondPersonNeeded
        repair.commitment_rule, repair.resolved_by = wanted.commitment, actor.sub
        await self._record(
            repair,
            Event.RESOLVE,
            actor.sub,
            texts={"reasons": wanted.reasons},
            details={
                "commitment": wanted.commitment,
                "rule": regulator.rule,
                "article": regulator.article,
            },
        )
        return await self._view((repair, aim.subject), actor, aim)

    async def hand_in(self, actor: Principal, repair_id: UUID, wanted: MaterialsIn) -> RepairView:
        """Hand in materials later; the training record may come until the decision.

        Raises:
            RepairNotFound, Forbidden: as `apply`.
            RepairEventRefused: the application has ended.
            InvalidPayload: a commitment from a subject that gives none, a file that was not uploaded, or an
                officer who names no written request of the subject.
        """
        repair, aim = await self._open(repair_id, actor)
        self._check_applicant(actor)
        self._advance(repair, Event.MATERIALS)
        if repair.commitment_rule == Commitment.NONE and wanted.commitment is not None:
            raise InvalidPayload.at("/commitment", Text("该主体不作信用承诺", "This subject gives none"))
        paper = await self._check_uploaded(actor, aim, wanted, repair.id)
        repair.evidence = [*repair.evidence, *(item.model_dump(mode="json") for item in wanted.evidence)]
        repair.has_commitment = repair.has_commitment or wanted.commitment is not None
        repair.has_training = repair.has_training or wanted.training_record is not None
        await self._record(
            repair,
            Event.MATERIALS,
            actor.sub,
            texts={"commitment": wanted.commitment},
            details={"evidence": len(wanted.evidence)} | handed_in(wanted, paper),
        )
        return await self._view((repair, aim.subject), actor, aim)

    async def _check_uploaded(
        self, actor: Principal, aim: Aim, wanted: RepairIn | MaterialsIn, repair_id: UUID
    ) -> dict[str, Any] | None:
        """Take only files that were uploaded for the subject, and from an officer only on its paper.

        Or for whom it was merged into. The paper is newer than the listing or the fact, and for this only.
        """
        named = {f"/evidence/{place}/sha256": one.sha256 for place, one in enumerate(wanted.evidence)}
        if wanted.training_record is not None:
            named["/training_record/sha256"] = wanted.training_record.sha256
        family = await self._outlooks.family(aim)
        await EvidenceService(self._session, self._env).check_uploaded(family, named)
        return await WrittenRequests(self._session, self._env).check(
            actor,
            family,
            wanted.request,
            about=repair_id,
            since=await self._outlooks.there_since(aim),
        )

    async def accept(self, actor: Principal, repair_id: UUID) -> RepairView:
        """Accept an application: nothing bars it and the materials are there.

        Raises:
            RepairNotFound, RepairEventRefused: as `resolve`.
            SecondPersonNeeded: the caller ruled on its conflict.
            RepairBarred: a ground of refusal holds; refuse it with reasons instead.
            MaterialsMissing: something that cannot come late is missing.
        """
        repair, aim = await self._open(repair_id, actor)
        self._check_apart(repair, actor)
        self._advance(repair, Event.ACCEPT)
        self._check_bars(await self._bars(repair, aim, Findings()))
        self._check_materials(repair, at_decision=False)
        repair.accepted_on, repair.accepted_by = self._today, actor.sub
        late = missing_materials(given_in(repair), Commitment(repair.commitment_rule), at_decision=True)
        data = {
            "applied_on": repair.applied_on,
            "application": repair.number,
            "target": aim.label,
            "materials": [MATERIALS[name] for name in ("application", *held(repair))],
            "outstanding": [MATERIALS[name] for name in late],
            "verify_by": self._deadlines(repair, aim)[-1].due_on,
        }
        paper = await self._issue("repair_acceptance", repair, aim.subject, data, actor.sub)
        await self._record(repair, Event.ACCEPT, actor.sub, papers=[paper])
        return await self._view((repair, aim.subject), actor, aim)

    async def refuse(self, actor: Principal, repair_id: UUID, wanted: RefusalIn) -> RepairView:
        """Refuse to accept an application, with reasons.

        Raises:
            RepairNotFound, RepairEventRefused, SecondPersonNeeded: as `accept`.
        """
        repair, aim = await self._open(repair_id, actor)
        self._check_apart(repair, actor)
        self._advance(repair, Event.REFUSE)
        if repair.commitment_rule == Commitment.CONFLICT:
            repair.commitment_rule = Commitment.NONE
        await self._end(repair, aim, Event.REFUSE, "不予受理", wanted.codes, wanted.reasons, actor.sub)
        return await self._view((repair, aim.subject), actor, aim)

    async def verify(self, actor: Principal, repair_id: UUID, wanted: VerificationIn) -> RepairView:
        """Record the verification. Raises RepairNotFound, RepairEventRefused, SecondPersonNeeded."""
        repair, aim = await self._open(repair_id, actor)
        self._check_apart(repair, actor)
        self._advance(repair, Event.VERIFY)
        repair.verified_on, repair.verified_by = self._today, actor.sub
        repair.verified_how, repair.passed = wanted.how, wanted.passed
        await self._record(
            repair,
            Event.VERIFY,
            actor.sub,
            texts={"findings": wanted.findings},
            details={"how": wanted.how, "talk": wanted.talk, "passed": wanted.passed},
        )
        return await self._view((repair, aim.subject), actor, aim)

    async def decide(self, actor: Principal, repair_id: UUID, wanted: RepairDecisionIn) -> RepairView:
        """Grant or refuse, by another person than the officers before.

        A granted repair stops publication, sharing and use, lifts the measures and scores the subject anew,
        in this transaction (Order 36 Article 3).

        Raises:
            RepairNotFound, RepairEventRefused: as `resolve`; also when verification failed and it is granted.
            SecondPersonNeeded: the caller took the application, accepted or verified it, or ruled on its
                conflict.
            RepairBarred, MaterialsMissing: granted although a ground holds or something is missing.
        """
        repair, aim = await self._open(repair_id, actor)
        if actor.sub in {repair.accepted_by, repair.applied_by, repair.verified_by, repair.resolved_by}:
            raise SecondPersonNeeded
        self._advance(repair, Event.GRANT if wanted.grant else Event.REJECT)
        repair.decided_on, repair.decided_by = self._today, actor.sub
        repair.lifted_on = self._today if wanted.grant else None
        if not wanted.grant:
            await self._end(repair, aim, Event.REJECT, "不予修复", wanted.codes, wanted.reasons, actor.sub)
            return await self._view((repair, aim.subject), actor, aim)
        if not repair.passed:
            raise RepairEventRefused(
                Text("核查未通过，不得准予修复", "The verification failed; it cannot be granted"),
                state=State.VERIFIED,
                allowed=[str(Event.REJECT)],
            )
        self._check_bars(await self._bars(repair, aim, findings_of(wanted.codes)))
        self._check_materials(repair, at_decision=True)
        data = {
            "applied_on": repair.applied_on,
            "application": repair.number,
            "target": aim.label,
            "verified_how": HOW[repair.verified_how or "written"],
            "repaired_on": self._today,
            "effects": EFFECTS,
            "reasons": wanted.reasons,
        }
        paper = await self._issue("repair_decision", repair, aim.subject, data, actor.sub)
        texts = {"reasons": wanted.reasons}
        await self._record(repair, Event.GRANT, actor.sub, texts=texts, papers=[paper])
        await self._take_effect(repair, aim, actor.sub, wanted.reasons)
        return await self._view((repair, aim.subject), actor, None)

    async def get(self, actor: Principal, repair_id: UUID) -> RepairView:
        """An application the caller may see. Raises RepairNotFound."""
        row = await self._repairs.find(repair_id, actor)
        if row is None:
            raise RepairNotFound
        return await self._view(row, actor, await self._aim_again(row[0]))

    async def search(
        self, actor: Principal, filters: RepairFilters, cursor: str | None, limit: int
    ) -> Page[RepairView]:
        """Applications the caller may see, the newest first, without outlooks. Raises InvalidPayload."""
        before = cursor_id(cursor)

        async def read(behind: UUID | None, size: int) -> Sequence[RepairRow]:
            return await self._repairs.page(actor, filters, behind, size)

        is_due = None if filters.due_before is None else partial(self._due, before=filters.due_before)
        rows = await due_rows(read, is_due, lambda row: row[0].id, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=[await self._view(row, actor, None) for row in items], next_cursor=following)

    async def timeline(self, actor: Principal, repair_id: UUID) -> list[RepairEventView]:
        """The steps of an application with what was written. Raises RepairNotFound."""
        row = await self._repairs.find(repair_id, actor)
        if row is None:
            raise RepairNotFound
        official = actor.subject_id is None
        return [
            RepairEventView(
                version=one.version,
                event=Event(one.event),
                state=State(one.state),
                on_day=one.on_day,
                done_by=one.done_by if official else None,
                done_at=one.done_at,
                details=one.details,
                texts=self._read(one),
                papers=one.papers,
            )
            for one in await self._repairs.events_of(repair_id)
        ]
