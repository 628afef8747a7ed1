"""Use cases of the archive: record, correct, read as known at a moment."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import FieldError, InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.publishing import announce
from credit.rulebook.rules import FactKind
from credit.scoring.rules.causes import Cause
from credit.scoring.service import ScoringService, moment_of
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import CorrectionRefused, FactConflict, FactNotFound
from .models import Fact
from .repository import FactRepository
from .rules import Action, action_allowed, content_hash
from .schemas import CorrectionIn, CorrectionView, EvidenceItem, FactIn, FactView, Source, SourceKind

__all__ = ["FactService"]

_FIRST_DAY = date(2000, 1, 1)
_FARTHEST_AHEAD = timedelta(days=366)
_TICK = timedelta(microseconds=1)
BY_HAND = frozenset({SourceKind.LICENCE_REGISTER, SourceKind.COURT, SourceKind.OTHER})
"""What officers may enter. Everything else comes from events or from the room that made it: a hand-made fact
under a number of theirs would keep the real one out."""


class FactService:
    """The archive of facts. Every change rescores the one subject it touches, in the same transaction."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)

    async def record(self, actor: Principal, wanted: FactIn) -> tuple[Fact, bool]:
        """Record a fact of a subject the caller may see; gives the fact and whether it is new.

        The same (source kind, reference, code) with the same content is one fact, however often it comes.

        Raises:
            SubjectNotFound: no such subject, or not the caller's.
            InvalidPayload: unknown code, payload that the catalogue does not allow, impossible day.
            FactConflict: the source said something else under this code before.
        """
        if wanted.source.kind not in BY_HAND:
            raise InvalidPayload.at(
                "/source/kind",
                Text(
                    "案件、检查、名单等结果由其办理环节自动记入，不得手工录入",
                    "Outcomes of cases, inspections, lists and the like come from where they are handled,"
                    " never by hand",
                ),
            )
        subject = await self._subjects.lock(wanted.subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        return await self.record_for(subject, wanted, by=actor.sub)

    async def record_for(self, subject: Subject, wanted: FactIn, *, by: str) -> tuple[Fact, bool]:
        """Record a fact of a subject whose row is locked; as `record`, for handlers of events too."""
        now = self._env.clock.now()
        kind = self._kind("/code", wanted.code, china_date(now))
        self._check(kind, wanted.payload, wanted.occurred_on, china_date(now))
        evidence = [item.model_dump(mode="json") for item in wanted.evidence]
        hashed = content_hash(subject.id, wanted.occurred_on, wanted.payload, evidence)
        before = await self._facts.by_source(wanted.source.kind, wanted.source.reference, wanted.code)
        if before is not None:
            if before.content_hash != hashed:
                raise FactConflict(fact_id=str(before.id) if before.subject_id == subject.id else None)
            return before, False
        fact = Fact(
            id=new_id(),
            version=1,
            subject_id=subject.id,
            action=Action.RECORD,
            code=wanted.code,
            occurred_on=wanted.occurred_on,
            recorded_at=_stamp(subject, now),
            recorded_by=by,
            source_kind=wanted.source.kind,
            source_authority=wanted.source.authority,
            source_reference=wanted.source.reference,
            payload=wanted.payload,
            evidence=evidence,
            content_hash=hashed,
        )
        await self._append(subject, fact, now)
        return fact, True

    async def correct(self, actor: Principal, fact_id: UUID, wanted: CorrectionIn) -> Fact:
        """Add a version that amends, revokes or restores a fact. Nothing that was known before is touched.

        Raises:
            FactNotFound: no such fact, or not the caller's.
            CorrectionRefused: only a standing fact is amended or revoked, only a revoked one restored.
            InvalidPayload: the amended content is not what the catalogue allows, or nothing is amended.
        """
        seen = await self._facts.latest(fact_id)
        subject = None if seen is None else await self._subjects.lock(seen.subject_id, actor)
        latest = None if subject is None else await self._facts.latest(fact_id)
        if latest is None or subject is None or actor.subject_id is not None:
            raise FactNotFound
        action = Action(wanted.action)
        if not action_allowed(Action(latest.action), action):
            raise CorrectionRefused(present=latest.action)
        changes = wanted.model_fields_set & {"code", "occurred_on", "payload"}
        if (action is Action.AMEND) != bool(changes):
            raise InvalidPayload.at(
                "/action",
                Text(
                    "amend 须给出更正内容，revoke 与 restore 不得给出",
                    "Only amend changes content, and it must",
                ),
            )
        now = self._env.clock.now()
        code = wanted.code or latest.code
        occurred_on = wanted.occurred_on or latest.occurred_on
        payload = latest.payload if wanted.payload is None else wanted.payload
        if action is Action.AMEND:
            self._check(self._kind("/code", code, china_date(now)), payload, occurred_on, china_date(now))
        fact = Fact(
            id=latest.id,
            version=latest.version + 1,
            subject_id=subject.id,
            action=action,
            code=code,
            occurred_on=occurred_on,
            recorded_at=_stamp(subject, now),
            recorded_by=actor.sub,
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
        )
        await self._append(subject, fact, now)
        return fact

    async def list_of(
        self,
        actor: Principal,
        subject_id: UUID,
        valid_at: date | None,
        known_at: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> Page[FactView]:
        """Facts of a subject that had occurred by `valid_at`, each as known at `known_at`, newest first.

        Raises:
            SubjectNotFound: not the caller's to see.
            InvalidPayload: `known_at` lies in the future, or the cursor is not one of ours.
        """
        subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        now = self._env.clock.now()
        moment = moment_of(subject, known_at, now)
        after = None
        if cursor is not None:
            day, identity = decode_cursor(cursor, str, str)
            try:
                after = (date.fromisoformat(day), UUID(identity))
            except ValueError:
                raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
        rows = await self._facts.page(subject.id, valid_at or china_date(now), moment, after, limit)
        items, following = page_of(
            rows, limit, lambda row: encode_cursor(row.occurred_on.isoformat(), str(row.id))
        )
        return Page(items=[self.view(row) for row in items], next_cursor=following)

    def view(self, fact: Fact) -> FactView:
        """The fact as it crosses the API."""
        kind = self._kind("/code", fact.code, china_date(fact.recorded_at))
        return FactView(
            id=fact.id,
            subject_id=fact.subject_id,
            code=fact.code,
            name=kind.name.render(self._language),
            info_class=kind.info_class,
            nature=kind.nature,
            occurred_on=fact.occurred_on,
            source=Source(
                kind=SourceKind(fact.source_kind),
                authority=fact.source_authority,
                reference=fact.source_reference,
            ),
            payload=fact.payload,
            evidence=[EvidenceItem(**item) for item in fact.evidence],
            version=fact.version,
            action=fact.action,
            standing=fact.action != Action.REVOKE,
            correction=CorrectionView(**fact.correction) if fact.correction else None,
            recorded_at=fact.recorded_at,
        )

    async def _append(self, subject: Subject, fact: Fact, now: datetime) -> None:
        self._facts.add(fact)
        subject.last_recorded_at = fact.recorded_at
        subject.version += 1
        await self._session.flush()
        await announce(
            self._session,
            "fact_recorded",
            subject.id,
            subject.version,
            {
                "subject_id": str(subject.id),
                "subject_key": subject.key,
                "fact_id": str(fact.id),
                "version": fact.version,
                "action": fact.action,
                "code": fact.code,
                "occurred_on": fact.occurred_on.isoformat(),
                "source_kind": fact.source_kind,
                "region": subject.region,
            },
            now,
        )
        await self._scoring.rescore(subject, Cause.FACT, fact.id, now)

    def _kind(self, pointer: str, code: str, on: date) -> FactKind:
        kind = self._env.rulebook.catalogue(on).by_code.get(code)
        if kind is None:
            raise InvalidPayload.at(pointer, Text("目录中没有此代码", "The catalogue has no such code"))
        return kind

    def _check(self, kind: FactKind, payload: dict[str, Any], occurred_on: date, today: date) -> None:
        errors: list[FieldError] = _payload_errors(kind.faults(payload))
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


def _payload_errors(faults: Iterable[tuple[str, Text]]) -> list[FieldError]:
    return [
        FieldError("/payload/" + name.replace("~", "~0").replace("/", "~1"), reason)
        for name, reason in faults
    ]


def _stamp(subject: Subject, now: datetime) -> datetime:
    """The instant of a new version: now, but strictly after everything recorded before."""
    return max(now, subject.last_recorded_at + _TICK)
