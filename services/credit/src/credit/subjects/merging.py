"""Use cases of merging: a subject was found to be another, and what follows; and its undoing.

Nothing that was known is touched. The facts of the merged subject stay its own for ever; each is recorded
again for the survivor, version by version, as known from the merger on, under the source
`merge / <merger>:<fact>`. So every result asked for an earlier moment keeps its bytes, and whoever reads the
archive of the survivor needs to know nothing of mergers (docs/adr/0011-merging-subjects.md).
"""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.events import publish_many
from common.problems import InvalidPayload, PreconditionFailed, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.consequences import after_facts
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import REPAIRED, Action, content_hash
from credit.facts.schemas import SourceKind
from credit.facts.showings import Showings
from credit.listings.returning import ListingReturns
from credit.publishing import SERVICE, announce, subject_data
from credit.relations.service import RelationService
from credit.scoring.grading import next_moment
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService
from credit.supervision.repository import SupervisionRepository

from .errors import MergeRefused, SubjectMerged, SubjectNotFound
from .models import Subject, SubjectMerge
from .personal import id_number_of
from .repository import SubjectRepository
from .rules import DUPLICATED, MERGES_INTO, Kind, MergeAct, Status
from .schemas import EvidenceRef, MergeIn, MergerView, UnmergeIn

__all__ = ["MergeService"]


class MergeService:
    """Mergers of subjects."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)
        self._relations = RelationService(session, env)
        self._scoring = ScoringService(session, env)
        self._showings = Showings(session, env)

    async def merge(
        self, actor: Principal, subject_id: UUID, expected: int | None, wanted: MergeIn
    ) -> Subject:
        """Say that a provisional or twice registered subject is another one, both in the caller's regions.

        Its facts and relations count for the survivor from now on; the merged subject is closed and names the
        survivor. Merging into the same survivor again changes nothing, whatever version is named.

        Raises:
            SubjectNotFound: one of the two does not exist or is not the caller's.
            InvalidPayload: the subject itself is named.
            SubjectMerged: the subject was merged into another one, or the survivor was.
            MergeRefused: two records of these kinds, or with different identifiers, cannot be one subject.
            PreconditionFailed: the subject has changed meanwhile.
        """
        subject, survivor = await self._pair(actor, subject_id, wanted.into)
        if subject.merged_into == survivor.id:
            return subject
        for one in (subject, survivor):
            if one.merged_into is not None:
                raise SubjectMerged(survivor=str(one.merged_into))
        if subject.version != expected:
            raise PreconditionFailed
        self._check_one(subject, survivor)
        now = self._env.clock.now()
        merger = SubjectMerge(
            id=new_id(),
            subject_id=subject.id,
            survivor_id=survivor.id,
            act=MergeAct.MERGE,
            status=subject.status,
            reason=wanted.reason,
            evidence=[item.model_dump(mode="json") for item in wanted.evidence],
            done_at=now,
            done_by=actor.sub,
        )
        self._subjects.add(merger)
        subject.merged_into, subject.status = survivor.id, Status.CLOSED
        subject.next_change_on = subject.scored_on = None
        subject.score = subject.grade = subject.tier = None
        await self._session.flush()
        await SupervisionRepository(self._session).mark_moved([subject.id], china_date(now))
        copies = await self._copy_facts(subject, survivor, merger, now)
        await self._showings.look_again(subject.id)
        await self._relations.move(subject, survivor, merger.id, actor.sub, wanted.reason, now)
        await ListingReturns(self._session, self._env).keep_on(survivor, actor.sub)
        await self._say(subject, now)
        await self._scoring.rescore(survivor, Cause.SUBJECT, None, now)
        await self._say(survivor, now)
        for copy in copies:
            await after_facts(self._session, self._env, [(survivor, copy)])
        return subject

    async def unmerge(self, actor: Principal, subject_id: UUID, expected: int, wanted: UnmergeIn) -> Subject:
        """Correct a merger: what it gave the survivor is revoked, and the subject stands on its own again.

        Facts that were recorded for the survivor itself after the merger stay with it, but for those of the
        subject's listings, which go back with them.

        Raises:
            SubjectNotFound: the subject or its survivor is not the caller's.
            MergeRefused: the subject is not merged, or the survivor was merged further since.
            PreconditionFailed: the subject has changed meanwhile.
        """
        seen = await self._subjects.find(subject_id, actor)
        if seen is None or actor.subject_id is not None:
            raise SubjectNotFound
        if seen.merged_into is None:
            raise MergeRefused(Text("该主体未被合并", "The subject is not merged"))
        subject, survivor = await self._pair(actor, subject_id, seen.merged_into)
        if subject.version != expected:
            raise PreconditionFailed
        if survivor.merged_into is not None:
            raise MergeRefused(
                Text("请先撤销存续主体的合并", "Undo the merger of the survivor first"),
                survivor=str(survivor.id),
            )
        merger = await self._subjects.present_merger(subject.id)
        if merger is None or subject.merged_into != survivor.id:
            raise MergeRefused(Text("该主体未被合并", "The subject is not merged"))
        now = self._env.clock.now()
        self._subjects.add(
            SubjectMerge(
                id=new_id(),
                subject_id=subject.id,
                survivor_id=survivor.id,
                act=MergeAct.UNMERGE,
                undoes=merger.id,
                status=subject.status,
                reason=wanted.reason,
                evidence=[item.model_dump(mode="json") for item in wanted.evidence],
                done_at=now,
                done_by=actor.sub,
            )
        )
        subject.merged_into, subject.status = None, merger.status
        await self._session.flush()
        revoked = await self._revoke_copies(survivor, merger, actor, wanted.reason, now)
        await self._showings.look_again(subject.id)
        await self._relations.move_back(subject, survivor, merger.id, actor.sub, wanted.reason, now)
        await ListingReturns(self._session, self._env).give_back(subject, survivor, merger.id, actor.sub)
        for one in (subject, survivor):
            await self._say(one, now)
            await self._scoring.rescore(one, Cause.SUBJECT, None, now)
        for fact in revoked:
            await after_facts(self._session, self._env, [(survivor, fact)])
        return subject

    async def mergers(self, actor: Principal, subject_id: UUID) -> list[MergerView]:
        """How a subject was merged and unmerged, oldest first. Raises SubjectNotFound."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        return [_view(row) for row in await self._subjects.mergers_of([subject_id])]

    async def _pair(self, actor: Principal, subject_id: UUID, survivor_id: UUID) -> tuple[Subject, Subject]:
        if subject_id == survivor_id:
            raise InvalidPayload.at("/into", Text("不得并入自身", "A subject is not merged into itself"))
        if actor.subject_id is not None:
            raise SubjectNotFound
        # Merged elsewhere meanwhile, it is refused; another merger may hold whom it was merged into.
        held = await self._subjects.lock_all([subject_id, survivor_id], None, as_seen=True)
        if len(held) < 2 or not all(actor.covers(one.region) for one in held.values()):
            raise SubjectNotFound
        return held[subject_id], held[survivor_id]

    def _check_one(self, subject: Subject, survivor: Subject) -> None:
        """Whether the two records can be one subject at all."""
        if Kind(survivor.kind) not in MERGES_INTO.get(Kind(subject.kind), frozenset()):
            raise MergeRefused(
                Text(
                    "只有待查明主体可并入其他主体，自然人可并入自然人或导游，重复登记的同类主体可合并",
                    "Only a provisional subject merges into others, a person into a person or a guide, and"
                    " what was registered twice into another of its kind",
                )
            )
        if subject.kind in DUPLICATED and (subject.key or subject.license_no):
            raise MergeRefused(
                Text(
                    "有代码或许可证号的记录应作为存续主体",
                    "The record with a key or licence is the one that survives",
                )
            )
        numbers = {id_number_of(one, self._env.keyring) for one in (subject, survivor)} - {None}
        codes = {one.key for one in (subject, survivor) if one.key and one.kind != Kind.TOUR_GUIDE}
        if len(numbers) > 1 or len(codes) > 1:
            raise MergeRefused(
                Text("两者的证件号码或信用代码不同", "Their ID numbers or credit codes differ")
            )

    async def _copy_facts(
        self, subject: Subject, survivor: Subject, merger: SubjectMerge, now: datetime
    ) -> list[Fact]:
        """Record every version of the merged subject's facts again for the survivor; gives the last ones.

        A repair names the fact it repairs: its copy names that fact's copy.
        """
        rows = await self._facts.rows_of(subject.id)
        ids = {fact_id: new_id() for fact_id in dict.fromkeys(row.id for row in rows)}
        copied = {str(old): str(new) for old, new in ids.items()}
        last: dict[UUID, Fact] = {}
        book = await self._scoring.cards()
        for row in rows:
            moment = next_moment(survivor, book, now)
            copy = Fact(
                **row.model_dump(
                    exclude={"id", "subject_id", "recorded_at", "source_kind", "source_reference"}
                ),
                id=ids[row.id],
                subject_id=survivor.id,
                recorded_at=moment,
                source_kind=SourceKind.MERGE,
                source_reference=f"{merger.id}:{row.id}",
            )
            copy.recorded_by = merger.done_by
            if row.code == REPAIRED:
                named = row.payload.get("fact_id")
                copy.payload = {**row.payload, "fact_id": copied.get(str(named), named)}
            copy.content_hash = content_hash(survivor.id, row.occurred_on, copy.payload, row.evidence)
            survivor.last_recorded_at = moment
            self._facts.add(copy)
            last[copy.id] = copy
        await self._session.flush()
        for copy in sorted(last.values(), key=lambda one: one.recorded_at):
            await self._recorded(survivor, copy, now, first=True)
        return list(last.values())

    async def _revoke_copies(
        self, survivor: Subject, merger: SubjectMerge, actor: Principal, reason: str, now: datetime
    ) -> list[Fact]:
        """Revoke, by new versions, what a merger had recorded for the survivor."""
        last: dict[UUID, Fact] = {}
        for row in await self._facts.rows_of(survivor.id):
            if row.source_kind == SourceKind.MERGE and row.source_reference.startswith(f"{merger.id}:"):
                last[row.id] = row
        done: list[Fact] = []
        book = await self._scoring.cards()
        for row in last.values():
            if row.action == Action.REVOKE:
                continue
            moment = next_moment(survivor, book, now)
            revoked = Fact(
                **row.model_dump(exclude={"version", "action", "recorded_at", "recorded_by", "correction"}),
                version=row.version + 1,
                action=Action.REVOKE,
                recorded_at=moment,
                recorded_by=actor.sub,
                correction={
                    "reason": reason,
                    "authority": actor.department or actor.client_id,
                    "reference": str(merger.id),
                },
            )
            survivor.last_recorded_at = moment
            self._facts.add(revoked)
            await self._session.flush()
            await self._recorded(survivor, revoked, now)
            done.append(revoked)
        return done

    async def _recorded(self, subject: Subject, fact: Fact, now: datetime, *, first: bool = False) -> None:
        events = await self._showings.recorded(subject, fact, now, first=first)
        await publish_many(self._session, service=SERVICE, events=events)
        await self._session.flush()

    async def _say(self, subject: Subject, now: datetime) -> None:
        subject.version += 1
        subject.updated_at = now
        await self._session.flush()
        await announce(
            self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
        )


def _view(row: SubjectMerge) -> MergerView:
    return MergerView(
        id=row.id,
        subject_id=row.subject_id,
        survivor_id=row.survivor_id,
        act=MergeAct(row.act),
        undoes=row.undoes,
        reason=row.reason,
        evidence=[EvidenceRef(**item) for item in row.evidence],
        done_at=row.done_at,
        done_by=row.done_by,
    )
