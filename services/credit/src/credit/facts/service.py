"""Use cases of the archive: record, and correct by new versions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.events import publish_many
from common.problems import FieldError, InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.consequences import after_facts
from credit.environment import Environment
from credit.publishing import SERVICE
from credit.scoring.grading import next_moment
from credit.scoring.rules import Score
from credit.scoring.rules.cards import CardBook
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .catalogue import FactKind
from .errors import CorrectionElsewhere, CorrectionRefused, FactConflict, FactNotFound
from .kinds import SourceKind
from .models import Fact
from .repository import FactRepository, periods_of
from .rules import (
    REPAIRED,
    Action,
    FactVersion,
    action_allowed,
    actions_allowed,
    content_hash,
    disputes_after,
)
from .schemas import CorrectionIn, FactIn
from .showings import Showings
from .sources import check_hand_code, check_hand_kind, check_source, procedure_of

__all__ = ["FactService", "Recorded"]

_FIRST_DAY = date(2000, 1, 1)
_FARTHEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact with its subject, whether it is new, and what stands with it if that was just read."""

    fact: Fact
    subject: Subject
    new: bool
    standing: Sequence[FactVersion] | None


class FactService:
    """The archive of facts. Every change rescores the one subject it touches, in the same transaction."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)
        self._showings = Showings(session, env)

    async def record(self, actor: Principal, wanted: FactIn) -> Recorded:
        """Record a fact of a subject the caller may see.

        The same (source kind, reference, code) with the same content is one fact, however often it comes.

        Raises:
            SubjectNotFound: no such subject, or not the caller's.
            SubjectMerged: the subject is another now, which the problem names.
            InvalidPayload: unknown code or one that belongs to a procedure, payload that the catalogue does
                not allow, impossible day.
            FactConflict: the source said something else under this code before.
        """
        subject = self.checked(actor, wanted, await self._subjects.lock(wanted.subject_id, actor))
        return await self._record(subject, wanted, by=actor.sub)

    def checked(self, actor: Principal, wanted: FactIn, subject: Subject | None) -> Subject:
        """The locked subject of a fact, if somebody may enter that by hand. Raises as `record`."""
        check_hand_kind(wanted.source.kind)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        check_hand_code(self._kind("/code", wanted.code, subject, self._today))
        return subject

    async def record_for(
        self, subject: Subject, wanted: FactIn, *, by: str, cause: Cause | None = Cause.FACT
    ) -> tuple[Fact, bool]:
        """Record a fact of a subject whose row is locked; as `record`, for handlers of events too.

        One about a subject that was merged is its survivor's, unless it was recorded before the merger.
        A code that belongs to a procedure is refused from any other source. `cause` as in `correct_for`.
        """
        recorded = await self._record(subject, wanted, by=by, cause=cause)
        return recorded.fact, recorded.new

    async def _record(
        self, subject: Subject, wanted: FactIn, *, by: str, cause: Cause | None = Cause.FACT
    ) -> Recorded:
        merged, said = subject, wanted
        subject = await self._survivor(subject)
        if subject is not merged:
            wanted = await self._naming_copies(wanted)
        now = self._env.clock.now()
        fact = self.prepared(subject, wanted, await self._scoring.cards(), by=by, now=now)
        if not await self._facts.insert(fact):
            return Recorded(await self.said_before(subject, fact, said), subject, False, None)
        result = await self._follow(subject, fact, now, cause)
        return Recorded(fact, subject, True, None if result is None else result.facts)

    def prepared(
        self,
        subject: Subject,
        wanted: FactIn,
        book: CardBook,
        *,
        by: str,
        now: datetime,
        after: datetime | None = None,
    ) -> Fact:
        """The first version of a fact of a locked subject, checked, not yet stored; known after `after` too.

        Its instant is that of `next_moment`. Raises InvalidPayload as `record`.
        """
        kind = self._kind("/code", wanted.code, subject, china_date(now))
        check_source(kind, wanted.source.kind)
        self._check(kind, wanted.payload, wanted.occurred_on, china_date(now))
        evidence = [item.model_dump(mode="json") for item in wanted.evidence]
        return Fact(
            id=new_id(),
            version=1,
            subject_id=subject.id,
            action=Action.RECORD,
            code=wanted.code,
            occurred_on=wanted.occurred_on,
            recorded_at=next_moment(subject, book, now, after),
            recorded_by=by,
            source_kind=wanted.source.kind,
            source_authority=wanted.source.authority,
            source_reference=wanted.source.reference,
            payload=wanted.payload,
            evidence=evidence,
            content_hash=content_hash(subject.id, wanted.occurred_on, wanted.payload, evidence),
        )

    async def said_before(self, subject: Subject, fact: Fact, said: FactIn) -> Fact:
        """The fact that the source gave before, if it is the same one. Raises FactConflict."""
        before = await self._facts.by_source(fact.source_kind, fact.source_reference, fact.code)
        if before is None:
            raise FactConflict
        hashed = fact.content_hash
        if before.subject_id != subject.id:
            hashed = await self._hash_for_merged(before.subject_id, subject, said, fact.evidence)
        if before.content_hash != hashed:
            raise FactConflict(fact_id=str(before.id) if before.subject_id == subject.id else None)
        return before

    async def _survivor(self, subject: Subject) -> Subject:
        """The subject itself, or locked the one it was merged into."""
        if subject.merged_into is None:
            return subject
        survivor = await self._subjects.lock_survivor(subject.id)
        if survivor is None:
            raise SubjectNotFound
        return survivor

    async def _naming_copies(self, wanted: FactIn) -> FactIn:
        """What is recorded about a merged subject's fact is about the one that counts for the survivor."""
        if wanted.code != REPAIRED:
            return wanted
        named = str(wanted.payload.get("fact_id"))
        while (copy := await self._facts.recorded_again(SourceKind.MERGE, named)) is not None:
            named = str(copy)
        return wanted.model_copy(update={"payload": {**wanted.payload, "fact_id": named}})

    async def _hash_for_merged(
        self, merged_id: UUID, subject: Subject, wanted: FactIn, evidence: list[dict[str, Any]]
    ) -> str:
        """The hash by which a merged subject's fact is known again; empty for a stranger's."""
        if await self._subjects.survivor_of(merged_id) != subject.id:
            return ""
        return content_hash(merged_id, wanted.occurred_on, wanted.payload, evidence)

    async def correct(self, actor: Principal, fact_id: UUID, wanted: CorrectionIn) -> tuple[Fact, Subject]:
        """Add a version that amends, revokes, restores, disputes or settles a fact.

        Nothing that was known before is touched.

        Raises:
            FactNotFound: no such fact, or not the caller's.
            SubjectMerged: the subject is another now; correct what was recorded for that one.
            CorrectionElsewhere: the fact is a room's or a case's; it changes by these, or by an objection.
            CorrectionRefused: it does not fit what stands; `allowed` names what does.
            InvalidPayload: the amended content is not what the catalogue allows, nothing is amended, or the
                day of a dispute does not fit.
        """
        seen = await self._facts.latest(fact_id)
        subject = None if seen is None else await self._subjects.lock(seen.subject_id, actor)
        if seen is None or subject is None or actor.subject_id is not None:
            raise FactNotFound
        if subject.merged_into is None:
            self._check_by_hand(subject, seen, wanted)
        return await self.correct_for(subject, fact_id, wanted, by=actor.sub), subject

    def _check_by_hand(self, subject: Subject, seen: Fact, wanted: CorrectionIn) -> None:
        """Leave to each procedure its facts and its codes. Raises CorrectionElsewhere, InvalidPayload."""
        kinds = self._env.rulebook.catalogue(self._today, subject.region).by_code
        source = SourceKind(seen.source_kind)
        if (procedure := procedure_of(source, kinds.get(seen.code))) is not None:
            detail = Text(
                f"该信息只能通过{procedure.zh}更正",
                f"This fact changes only by its procedure: {procedure.en}",
            )
            raise CorrectionElsewhere(detail, source_kind=source, procedure=procedure)
        if wanted.code is not None:
            check_hand_code(self._kind("/code", wanted.code, subject, self._today))

    async def correct_for(
        self,
        subject: Subject,
        fact_id: UUID,
        wanted: CorrectionIn,
        *,
        by: str,
        cause: Cause | None = Cause.FACT,
        restored: dict[str, Any] | None = None,
    ) -> Fact:
        """As `correct`, for a room that has locked the subject's row and checked who acts.

        `cause` is what a grade is published with that changes by it, None where the room scores the subject
        itself once all is recorded; `restored` is what a fact says now that is brought back, where that has
        changed meanwhile.
        """
        latest = await self._facts.latest(fact_id)
        if latest is None or latest.subject_id != subject.id:
            raise FactNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        action, present = Action(wanted.action), Action(latest.action)
        if not action_allowed(present, action):
            raise CorrectionRefused(present=present, allowed=[str(one) for one in actions_allowed(present)])
        changes = wanted.model_fields_set & {"code", "occurred_on", "payload"}
        if (action is Action.AMEND) != bool(changes):
            raise InvalidPayload.at(
                "/action",
                Text(
                    "amend 须给出更正内容，其他更正不得给出",
                    "Only amend changes content, and it must",
                ),
            )
        now = self._env.clock.now()
        today = china_date(now)
        code = wanted.code or latest.code
        occurred_on = wanted.occurred_on or latest.occurred_on
        payload = latest.payload if wanted.payload is None else wanted.payload
        if action is Action.RESTORE and restored is not None:
            payload = restored
        if action is Action.AMEND:
            kind = self._kind("/code", code, subject, today)
            if code != latest.code:
                check_source(kind, SourceKind(latest.source_kind), "/code")
            self._check(kind, payload, occurred_on, today)
        fact = Fact(
            id=latest.id,
            version=latest.version + 1,
            subject_id=subject.id,
            action=action,
            code=code,
            occurred_on=occurred_on,
            recorded_at=next_moment(subject, await self._scoring.cards(), now),
            recorded_by=by,
            source_kind=latest.source_kind,
            source_authority=latest.source_authority,
            source_reference=latest.source_reference,
            payload=payload,
            evidence=latest.evidence,
            content_hash=content_hash(subject.id, occurred_on, payload, latest.evidence),
            correction={
                "reason": wanted.reason,
                "authority": wanted.authority,
                "reference": wanted.reference,
            },
            disputed=_disputed(latest, action, wanted.on, today),
        )
        await self._facts.insert(fact)
        await self._follow(subject, fact, now, cause)
        return fact

    async def _follow(
        self, subject: Subject, fact: Fact, now: datetime, cause: Cause | None = Cause.FACT
    ) -> Score | None:
        """Everything that a stored version entails. The subject's row is written once, with its new score."""
        with self._session.no_autoflush:
            events = await self._showings.recorded(subject, fact, now)
            await publish_many(self._session, service=SERVICE, events=events)
        result = None if cause is None else await self._scoring.rescore(subject, cause, fact.id, now)
        await after_facts(self._session, self._env, [(subject, fact)])
        return result

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    def _kind(self, pointer: str, code: str, subject: Subject, on: date) -> FactKind:
        kind = self._env.rulebook.catalogue(on, subject.region).by_code.get(code)
        if kind is None:
            raise InvalidPayload.at(
                pointer,
                Text(
                    "目录（基础目录和该地区补充目录）中没有此代码",
                    "Neither the basic catalogue nor the region's supplement has such a code",
                ),
            )
        return kind

    def _forbidden(self, payload: dict[str, Any], on: date) -> Iterator[tuple[str, Text]]:
        catalogue = self._env.rulebook.catalogue(on)
        for name in payload:
            if found := catalogue.forbidden(name):
                yield (
                    name,
                    Text(
                        f"禁止采集{found.name.zh}信息",
                        f"Information on {found.name.en} is never collected",
                    ),
                )

    def _check(self, kind: FactKind, payload: dict[str, Any], occurred_on: date, today: date) -> None:
        errors: list[FieldError] = _payload_errors(self._forbidden(payload, today))
        errors = errors or _payload_errors(kind.faults(payload))
        if not _FIRST_DAY <= occurred_on <= today + _FARTHEST_AHEAD:
            errors.append(
                FieldError(
                    "/occurred_on",
                    Text(
                        "发生日期须在2000年至一年之后之间",
                        "Must lie between the year 2000 and a year from now",
                    ),
                )
            )
        if errors:
            raise InvalidPayload(errors)


def _disputed(latest: Fact, action: Action, on: date | None, today: date) -> list[list[str | None]]:
    """The periods of dispute after a correction, as stored. Raises InvalidPayload for an impossible day."""
    if on is not None:
        before = periods_of(latest.disputed)
        opened = [first for first, last in before if last is None]
        ended = [last for _, last in before if last is not None]
        if action not in (Action.DISPUTE, Action.SETTLE):
            raise InvalidPayload.at(
                "/on", Text("只有异议标注及其解除可指定日期", "Only disputing and settling have a day")
            )
        if on > today or any(on <= last for last in ended) or any(on < first for first in opened):
            raise InvalidPayload.at(
                "/on",
                Text(
                    "不得晚于今日，也不得早于上一次标注",
                    "Must not lie after today or before the dispute before it",
                ),
            )
    periods = disputes_after(periods_of(latest.disputed), action, on or today)
    return [[first.isoformat(), last.isoformat() if last else None] for first, last in periods]


def _payload_errors(faults: Iterable[tuple[str, Text]]) -> list[FieldError]:
    return [
        FieldError("/payload/" + name.replace("~", "~0").replace("/", "~1"), reason)
        for name, reason in faults
    ]
