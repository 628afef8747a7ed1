"""Deciding an objection: by another person, with the remedy and the list of what was touched."""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.calendar import add_working_days
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.facts.showings import Showings
from credit.papers.rules import chinese_date
from credit.scoring.rules.causes import Cause
from credit.subjects.models import Subject

from .desk import ROOM, ObjectionDesk
from .models import Objection
from .rules import Event, Target
from .schemas import DecisionIn, ObjectionView, RemedyIn, SustainIn

__all__ = ["ObjectionDecisions"]

INLINE_CHUNKS = 12
"""How much of the list is made at once, before the answer; the rounds do the rest."""

_REVIEWER = Text(
    "复核人不得是信息录入人、名单认定的经办或者决定人员、公示审核人，或者异议经办人",
    "The reviewer must not have recorded, decided or published what is objected to, nor handled it",
)


class ObjectionDecisions(ObjectionDesk):
    """How an objection is decided."""

    async def sustain(self, actor: Principal, objection_id: UUID, wanted: SustainIn) -> ObjectionView:
        """Uphold an objection: put the record right at once, and list all that depended on it.

        The fact is revoked or amended in this very transaction and the grade published anew, cause
        `objection`, where it changes. Nothing that was published before is altered. A listing is annulled:
        the facts it recorded are revoked, so it never was; an entry of the public page is withheld.

        Raises:
            ObjectionNotFound: not in the caller's regions.
            StepRefused: it is not verified.
            SecondPersonNeeded: the caller handled the objection, or made what it is against: recorded or
                amended a fact of it or one that counted in the grade, took a step in the listing, or reviewed
                what was shown.
            InvalidPayload: no remedy for a fact, one where there is none, or a fact of another subject.
            CorrectionRefused: what stands does not allow the remedy.
        """
        objection, subject = await self._open(actor, objection_id)
        facts = await self._wrong_facts(objection, subject, wanted)
        await self._check_second_person(actor, objection, subject, facts)
        self._advance(objection, Event.SUSTAIN)
        objection.decided_by, objection.decided_on = actor.sub, self._today
        days = self._policy(objection).remedy.working_days
        objection.remedy_due = add_working_days(self._today, days).due_on
        reason = f"异议成立：{wanted.reason}"
        for fact_id in facts:
            await self._put_right(objection, subject, fact_id, wanted.remedy, reason, actor.sub)
        entries: list[UUID] = []
        if objection.listing_id is not None:
            entries = await self._listings.entries_of(objection.listing_id)
            await self._listings.flag_objection(objection.listing_id, False, actor.sub)
            await self._listings.annul(
                objection.listing_id, reason, actor.sub, {"objection": objection.number}
            )
        objection.flagged = False
        objection.remedy = {
            "facts": [str(one) for one in facts],
            "action": wanted.remedy.action if wanted.remedy else ("revoke" if facts else "none"),
        }
        await self._session.flush()
        if objection.target == Target.PAGE and objection.fact_id is not None:
            showings = Showings(self._session, self._env)
            await showings.look_again(subject.id, [objection.fact_id])
        wrong = await self._roots(objection, entries, facts)
        self._ripple.begin(objection, wrong, await self._since(objection, wrong), entries)
        if objection.listing_id is not None:
            await self._ripple.enter(objection, await self._listings.brought_by(objection.listing_id))
        await self._ripple.advance(objection, INLINE_CHUNKS, inside=True)
        await self._issue(objection, subject, True, wanted.reason, actor.sub)
        return await self._done(objection, Event.SUSTAIN, actor.sub, wanted.reason, objection.remedy)

    async def dismiss(self, actor: Principal, objection_id: UUID, wanted: DecisionIn) -> ObjectionView:
        """Dismiss an objection with reasons; the flag goes, the record stands. Raises as `sustain`."""
        objection, subject = await self._open(actor, objection_id)
        await self._check_second_person(actor, objection, subject, [])
        self._advance(objection, Event.DISMISS)
        objection.decided_by, objection.decided_on = actor.sub, self._today
        await self._unflag(objection, subject, actor.sub, "异议不成立")
        await self._issue(objection, subject, False, wanted.reason, actor.sub)
        return await self._done(objection, Event.DISMISS, actor.sub, wanted.reason)

    async def _wrong_facts(self, objection: Objection, subject: Subject, wanted: SustainIn) -> list[UUID]:
        """The facts to put right: the one objected to, or those named behind a grade or a listing."""
        if objection.target == Target.FACT and objection.fact_id is not None:
            if wanted.remedy is None or wanted.fact_ids:
                raise InvalidPayload.at(
                    "/remedy" if wanted.remedy is None else "/fact_ids",
                    Text("对信息的异议须给出更正方式，且只针对该信息", "It needs a remedy, for it only"),
                )
            return [objection.fact_id]
        if wanted.remedy is not None:
            raise InvalidPayload.at(
                "/remedy", Text("此类异议没有更正方式", "This kind of objection has no remedy of a fact")
            )
        if objection.target == Target.PAGE and wanted.fact_ids:
            raise InvalidPayload.at(
                "/fact_ids", Text("公示异议只撤下展示", "An entry is only taken off the page")
            )
        for fact_id in wanted.fact_ids:
            latest = await self._fact_rows.latest(fact_id)
            if latest is None or latest.subject_id != subject.id:
                raise InvalidPayload.at("/fact_ids", Text("该主体没有此信息", "No such fact of the subject"))
        return list(dict.fromkeys(wanted.fact_ids))

    async def _check_second_person(
        self, actor: Principal, objection: Objection, subject: Subject, named: list[UUID]
    ) -> None:
        """Nobody decides on their own work: not on the objection's, nor on what it is against."""
        if actor.sub in await self._had_part(objection, subject, named):
            raise SecondPersonNeeded(_REVIEWER)

    async def _roots(self, objection: Objection, entries: list[UUID], facts: list[UUID]) -> list[UUID]:
        """Where the search begins: what a listing recorded goes with a ground of it that is revoked."""
        listing = objection.listing_id and await self._objections.listing(objection.listing_id)
        if listing and set(listing.based_on) & set(facts):
            return facts
        return [*entries, *(one for one in facts if one not in entries)]

    async def _put_right(
        self,
        objection: Objection,
        subject: Subject,
        fact_id: UUID,
        remedy: RemedyIn | None,
        reason: str,
        by: str,
    ) -> None:
        content = {} if remedy is None else remedy.model_dump(exclude={"action"}, exclude_none=True)
        wanted = self._correction(remedy.action if remedy else "revoke", reason, objection, **content)
        await self._facts.correct_for(subject, fact_id, wanted, by=by, cause=Cause.OBJECTION)

    async def _since(self, objection: Objection, facts: list[UUID]) -> datetime:
        moments = [await self._objections.recorded_at(fact_id) for fact_id in facts]
        return min(moments, default=objection.filed_at)

    async def _issue(
        self, objection: Objection, subject: Subject, sustained: bool, reason: str, by: str
    ) -> None:
        """The written decision, under the number of the authority."""
        data = {
            "objection_number": objection.number,
            "filed_on": objection.filed_on,
            "against": await self._against(objection),
            "outcome": "异议成立" if sustained else "异议不成立",
            "reasons": reason,
            "remedy": self._remedy_words(objection, sustained),
        }
        paper = await self._papers.issue(
            "objection_decision", subject, (ROOM, objection.id), data, by, region=objection.region
        )
        objection.paper_id = paper.id

    async def _issue_refusal(self, objection: Objection, subject: Subject, reason: str, by: str) -> None:
        """The written refusal to take an objection up."""
        data = {
            "objection_number": objection.number,
            "filed_on": objection.filed_on,
            "against": await self._against(objection),
            "reasons": reason,
        }
        paper = await self._papers.issue(
            "objection_refusal", subject, (ROOM, objection.id), data, by, region=objection.region
        )
        objection.paper_id = paper.id

    async def _against(self, objection: Objection) -> str:
        if objection.fact_id is not None:
            fact = await self._fact_rows.latest(objection.fact_id)
            if fact is not None:
                kind = self._env.rulebook.catalogue(self._today).by_code.get(fact.code)
                name = kind.name.zh if kind else fact.code
                return f"{name}（{fact.source_authority}，{fact.source_reference}）"
        if objection.grade_version is not None:
            return f"第 {objection.grade_version} 次发布的信用等级"
        listing = (
            None if objection.listing_id is None else await self._objections.listing(objection.listing_id)
        )
        return f"失信主体名单记录 {listing.number}" if listing else "失信主体名单记录"

    def _remedy_words(self, objection: Objection, sustained: bool) -> str:
        if not sustained:
            return "维持原记录，解除异议标注。"
        action = (objection.remedy or {}).get("action")
        done = {"revoke": "撤销原记录，即时生效", "amend": "更正原记录，即时生效"}.get(str(action))
        if objection.target == Target.PAGE:
            done = "停止公示该条记录"
        elif objection.target == Target.LISTING:
            done = "撤销名单认定及其记录，自始无效" + (f"，并{done}" if done else "")
        due = objection.remedy_due
        until = f"其他系统中的记录于{chinese_date(due)}前一并更正。" if due else ""
        return f"{done or '重新评定信用等级'}。{until}"
