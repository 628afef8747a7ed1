"""Filing an objection: what it is against, and the days it has."""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.calendar import add_working_days
from common.db import new_id
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.evidence.written import WrittenRequests
from credit.facts.origin import first_known
from credit.facts.rules import Action
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject

from .desk import STATEMENT, ObjectionDesk
from .errors import ListingNotTold, NotYours, ObjectionOpen
from .models import Objection
from .rules import Event, State, Target, decide_due
from .schemas import ObjectionIn, ObjectionView

__all__ = ["ObjectionFilings"]

_NEEDED = {
    Target.FACT: {"fact_id"},
    Target.PAGE: {"fact_id"},
    Target.GRADE: {"subject_id", "grade_version"},
    Target.LISTING: {"listing_id"},
}


class ObjectionFilings(ObjectionDesk):
    """How an objection begins."""

    async def file(self, actor: Principal, wanted: ObjectionIn) -> ObjectionView:
        """File an objection: the subject's own user, or an officer for it.

        Raises:
            SubjectNotFound: what it is against is not there, or not the caller's.
            NotYours: neither the subject's own user nor an officer who may write.
            InvalidPayload: an officer names no written request of the subject whose file was uploaded since
                what it is against was there and served nowhere else, or the subject names one; not exactly
                what names the target, or the fact does not stand any more.
            SecondPersonNeeded: the officer made what it is against, so that it waits for another's hand.
            ListingNotTold: the subject was not told of the listing yet.
            ObjectionOpen: one against the same thing is not decided yet.
        """
        if actor.subject_id is None and "credit:write" not in actor.scopes:
            raise NotYours
        _check_target(wanted)
        subject, key = await self._target(actor, wanted)
        makers: set[str] = set()
        if wanted.request is not None:
            makers = await self._makers(subject, wanted.fact_id, wanted.grade_version, wanted.listing_id)
        objection_id = new_id()
        paper = await WrittenRequests(self._session, self._env).check(
            actor,
            await self._subjects.family(await self._subjects.survivor_of(subject.id)),
            wanted.request,
            about=objection_id,
            since=await self._there_since(subject, wanted),
            took_part=makers,
            refusal=SecondPersonNeeded,
        )
        if await self._objections.open_against(subject.id, key) is not None:
            raise ObjectionOpen
        now, today = self._env.clock.now(), self._today
        policy = self._env.rulebook.objections.choose("objections", on=today, region=subject.region)
        due = decide_due(policy, today, forwarded=False, extended=False)
        flag = add_working_days(today, policy.flag.working_days)
        objection = Objection(
            id=objection_id,
            number=await self._papers.record_number("OBJ", subject.region),
            subject_id=subject.id,
            region=subject.region,
            target=wanted.target,
            target_key=key,
            fact_id=wanted.fact_id,
            grade_version=wanted.grade_version,
            listing_id=wanted.listing_id,
            statement_cipher=self._env.keyring.encrypt(wanted.statement, context=STATEMENT),
            state=State.FILED,
            filed_by=actor.sub,
            filed_on=today,
            filed_at=now,
            policy_id=policy.id,
            policy_version=policy.version,
            policy_region=policy.region,
            flag_due=flag.due_on,
            decide_due=due.due_on,
            provisional=due.provisional or flag.provisional,
            version=0,
        )
        self._objections.add(objection)
        await self._session.flush()
        details = {} if paper is None else {"request": paper}
        return await self._done(objection, Event.FILE, actor.sub, None, details)

    async def _target(self, actor: Principal, wanted: ObjectionIn) -> tuple[Subject, str]:
        """The locked subject of what is objected to, and the name of that inside the subject."""
        subject_id: UUID | None
        if wanted.target in (Target.FACT, Target.PAGE) and wanted.fact_id is not None:
            fact = await self._fact_rows.latest(wanted.fact_id)
            subject_id = None if fact is None else fact.subject_id
            key = f"{wanted.target}:{wanted.fact_id}"
        elif wanted.target is Target.LISTING and wanted.listing_id is not None:
            return await self._listed(actor, wanted.listing_id), f"listing:{wanted.listing_id}"
        else:
            subject_id, key = wanted.subject_id, f"grade:{wanted.grade_version}"
        subject = None if subject_id is None else await self._subjects.lock(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        await self._check_there(subject, wanted)
        return subject, key

    async def _listed(self, actor: Principal, listing_id: UUID) -> Subject:
        """The locked subject of a listing: the caller's own, or merged into it, or of its regions."""
        listing = await self._objections.listing(listing_id)
        held = None if listing is None else await self._subjects.survivor_of(listing.subject_id)
        own = actor.subject_id is not None and actor.subject_id == held
        subject = None
        if listing is not None:
            subject = await self._subjects.lock(listing.subject_id, None if own else actor)
        if listing is None or subject is None:
            raise SubjectNotFound
        if listing.notified_on is None:
            raise ListingNotTold(state=listing.state)
        return subject

    async def _there_since(self, subject: Subject, wanted: ObjectionIn) -> datetime:
        """When what is objected to was first here: nobody answers it before."""
        if wanted.fact_id is not None and (fact := await self._fact_rows.latest(wanted.fact_id)) is not None:
            return await first_known(self._fact_rows, fact)
        if wanted.listing_id is not None:
            listing = await self._objections.listing(wanted.listing_id)
            return subject.created_at if listing is None else listing.created_at
        grade = await self._objections.grade(subject.id, wanted.grade_version or 0)
        return subject.created_at if grade is None else grade.published_at

    async def _check_there(self, subject: Subject, wanted: ObjectionIn) -> None:
        if wanted.fact_id is not None:
            fact = await self._fact_rows.latest(wanted.fact_id)
            if fact is None or fact.action == Action.REVOKE:
                raise InvalidPayload.at(
                    "/fact_id", Text("该信息已被撤销", "The fact has been revoked already")
                )
        if wanted.grade_version is not None:
            grade = await self._objections.grade(subject.id, wanted.grade_version)
            if grade is None:
                raise InvalidPayload.at("/grade_version", Text("没有该次等级", "There is no such grade"))


def _check_target(wanted: ObjectionIn) -> None:
    """Exactly the fields that name the target. Raises InvalidPayload naming the first that is amiss."""
    names = ("subject_id", "fact_id", "grade_version", "listing_id")
    given = {name for name in names if getattr(wanted, name) is not None}
    needed = _NEEDED[wanted.target]
    for name in names:
        if name in needed and name not in given:
            raise InvalidPayload.at(f"/{name}", Text("此类异议须给出此项", "This kind of objection needs it"))
        if name in given and name not in needed:
            raise InvalidPayload.at(
                f"/{name}", Text("此类异议不用此项", "This kind of objection does not take it")
            )
