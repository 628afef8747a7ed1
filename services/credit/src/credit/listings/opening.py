"""How a listing is opened: by an officer, or from an accepted proposal of the warnings."""

from collections.abc import Sequence
from uuid import UUID

from common.auth import Principal, region_prefix
from common.db import new_id
from common.problems import FieldError, InvalidPayload, Text

from credit.facts.rules import Action
from credit.relations.rules import POSTS
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.rules import Kind

from .desk import ListingDesk
from .errors import ListingExists
from .models import Listing
from .policy import ListingCondition
from .rules import Event, Role, State
from .schemas import ListingIn, ListingView

__all__ = ["ListingOpenings"]


class ListingOpenings(ListingDesk):
    """Drafts of listings."""

    async def open(self, actor: Principal, wanted: ListingIn) -> list[ListingView]:
        """Open the draft of a listing, and one for each person in charge to be listed along with it.

        Raises:
            SubjectNotFound: subject or person are not the caller's to see.
            InvalidPayload: unknown or unfitting condition, a natural person where the condition names none, a
                role in which nobody is listed along, a missing legal basis or penalty, a fact that is not the
                subject's or a named person's, or does not stand.
            ListingExists: a listing for this condition, which it names, runs or stands already.
        """
        named = [wanted.subject_id, *(person.subject_id for person in wanted.persons)]
        await self._subjects.lock_all(named, actor)  # in order of id, so that two drafts never wait crosswise
        subject = await self._theirs(actor, wanted.subject_id)
        region = _authority(actor, subject.region)
        condition = self._fitting(subject, wanted)
        persons = [await self._theirs(actor, person.subject_id) for person in wanted.persons]
        await self._check_facts([subject, *persons], wanted.fact_ids)
        first = await self._draft(subject, condition, region, wanted, Role.SELF, None, actor.sub)
        opened = [(first, subject)]
        for place, (person, who) in enumerate(zip(wanted.persons, persons, strict=True)):
            if who.kind != Kind.NATURAL_PERSON:
                raise InvalidPayload.at(
                    f"/persons/{place}/subject_id",
                    Text("须为自然人主体", "Must be a natural person's subject"),
                )
            role = Role(person.role)
            if role.value not in condition.in_charge:
                raise InvalidPayload.at(
                    f"/persons/{place}/role",
                    Text(
                        "该情形不一并列入此类责任人员",
                        "For this condition nobody is listed along in this role",
                    ),
                )
            await self._check_post(subject, who, wanted, place)
            opened.append((await self._draft(who, condition, region, wanted, role, first.id, actor.sub), who))
        return [self._view(row, actor) for row in opened]

    async def _check_post(self, subject: Subject, who: Subject, wanted: ListingIn, place: int) -> None:
        """List along who has a post on record, or files that show one. Raises InvalidPayload."""
        evidence = wanted.persons[place].evidence
        named = {f"/persons/{place}/evidence/{n}/sha256": one.sha256 for n, one in enumerate(evidence)}
        await self._evidence.check_uploaded({subject.id, who.id}, named)
        if evidence:
            return
        days = {self._today, wanted.penalty_on or self._today}
        posts = [row for day in days for row in await self._relations.standing(who.id, POSTS, day)]
        if not any(row.from_id == who.id and row.to_id == subject.id for row in posts):
            raise InvalidPayload.at(
                f"/persons/{place}/evidence",
                Text(
                    "未登记该人员在该主体任职，须附证明其为责任人员的材料",
                    "No post of this person there is on record: name the files that show it was in charge",
                ),
            )

    async def open_from_proposal(
        self,
        subject: Subject,
        condition: str,
        reasons: str,
        fact_ids: Sequence[UUID],
        *,
        by: str,
        proposal_id: UUID,
    ) -> Listing:
        """Open a draft from an accepted proposal of the warnings (MIN-5, ESC-1); the subject is locked.

        Raises:
            InvalidPayload, ListingExists: as `open`.
        """
        wanted = ListingIn(
            subject_id=subject.id, condition=condition, reasons=reasons, fact_ids=list(fact_ids)
        )
        found = self._fitting(subject, wanted)
        await self._check_facts([subject], wanted.fact_ids)
        return await self._draft(subject, found, subject.region, wanted, Role.SELF, None, by, proposal_id)

    async def _theirs(self, actor: Principal, subject_id: UUID) -> Subject:
        """A subject of the caller's regions, locked. Raises SubjectNotFound."""
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None or subject.merged_into is not None:
            raise SubjectNotFound
        return subject

    async def _check_facts(self, subjects: Sequence[Subject], fact_ids: Sequence[UUID]) -> None:
        """Rest a listing on standing facts of those listed alone, whom the caller may see.

        A stranger's fact is answered as one that does not exist. Raises InvalidPayload at /fact_ids/N.
        """
        owners = {subject.id for subject in subjects}
        latest = await self._fact_rows.latest_of(fact_ids)
        errors = [
            FieldError(
                f"/fact_ids/{place}",
                Text(
                    "须为被列入主体（或者一并列入人员）现行有效的信息",
                    "Must be a standing fact of the listed subject or of a person listed along with it",
                ),
            )
            for place, fact_id in enumerate(fact_ids)
            if (fact := latest.get(fact_id)) is None
            or fact.subject_id not in owners
            or fact.action == Action.REVOKE
        ]
        if errors:
            raise InvalidPayload(errors)

    def _fitting(self, subject: Subject, wanted: ListingIn) -> ListingCondition:
        """The condition, if it can be met by this subject and says all that it must."""
        condition = self._env.rulebook.listing_conditions.find(
            wanted.condition, on=self._today, region=subject.region
        )
        if condition is None:
            raise InvalidPayload.at("/condition", Text("没有此列入情形", "There is no such condition"))
        if not condition.fits(subject.kind):
            raise InvalidPayload.at(
                "/condition",
                Text("该情形不适用于此类主体", "The condition does not fit this kind of subject"),
            )
        if condition.finer:
            raise InvalidPayload.at(
                "/condition",
                Text(
                    f"该情形包含多种行为，须指明其一：{'、'.join(condition.finer)}",
                    f"The condition covers several acts; name one of {', '.join(condition.finer)}",
                ),
            )
        errors = []
        if condition.open_clause and wanted.legal_basis is None:
            errors.append(
                FieldError(
                    "/legal_basis",
                    Text("兜底情形须写明法律依据", "An open clause needs its legal basis written out"),
                )
            )
        if condition.penalty:
            errors += [
                FieldError(f"/{name}", Text("该情形须有行政处罚决定", "The condition rests on a penalty"))
                for name in ("penalty_on", "penalty_number")
                if getattr(wanted, name) is None
            ]
        if wanted.penalty_on is not None and wanted.penalty_on > self._today:
            errors.append(FieldError("/penalty_on", Text("不得晚于今日", "Must not lie in the future")))
        if errors:
            raise InvalidPayload(errors)
        return condition

    async def _draft(
        self,
        subject: Subject,
        condition: ListingCondition,
        region: str,
        wanted: ListingIn,
        role: Role,
        along_with: UUID | None,
        by: str,
        proposal_id: UUID | None = None,
    ) -> Listing:
        running = await self._listings.running(subject.id, condition.id, role)
        if running is not None:
            raise ListingExists(listing_id=str(running.id), number=running.number)
        listing = Listing(
            id=new_id(),
            number=await self._papers.record_number("MD", region),
            subject_id=subject.id,
            authority_region=region,
            on_list=condition.on_list,
            condition=condition.id,
            condition_version=condition.version,
            condition_region=condition.region,
            role=role,
            along_with=along_with,
            state=State.DRAFT,
            based_on=wanted.fact_ids,
            penalty_on=wanted.penalty_on,
            penalty_number=wanted.penalty_number,
            proposal_id=proposal_id,
            opened_by=by,
            opened_on=self._today,
            created_at=self._env.clock.now(),
        )
        self._listings.add(listing)
        await self._session.flush()
        texts = {"reasons": wanted.reasons, "legal_basis": wanted.legal_basis}
        await self._record(listing, Event.OPEN, by, texts=texts)
        return listing


def _authority(actor: Principal, region: str) -> str:
    """The caller's region that lists a subject: the narrowest of its own that covers the subject's."""
    covering = [own for own in actor.regions if region.startswith(region_prefix(own))]
    return max(covering, key=lambda own: len(region_prefix(own)), default=region)
