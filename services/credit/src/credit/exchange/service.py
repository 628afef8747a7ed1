"""Use cases of the exchange that touch only our side: take decisions in and apply them, compare, look."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Problem, Text
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from credit.deposits.risk import RiskClassService
from credit.deposits.schemas import RiskClassIn
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.origin import origin
from credit.facts.repository import FactRepository
from credit.facts.retention import repaired
from credit.facts.rules import known
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.facts.views import as_version
from credit.listings.models import Listing
from credit.listings.rules import ENTRIES, Removal
from credit.listings.service import ListingService
from credit.paging import cursor_id
from credit.repairs.closing import RepairClosings
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .adapters import Adapter, Decision, Decisions, TheirRecord
from .collecting import EVERYWHERE
from .errors import RepairIsOurs
from .models import ExchangeDecision
from .repository import ExchangeRepository
from .rules import (
    DecisionKind,
    DecisionState,
    RecordState,
    System,
    compared,
    content_hash,
)
from .schemas import DecisionsOfDay, DecisionView, Reconciliation, RecordView, SystemView
from .sending import record_view

__all__ = ["ExchangeService"]

_CODES = {
    DecisionKind.REPAIR_GRANTED: "REPAIRED",
    DecisionKind.ABNORMAL_LISTED: "ABNORMAL_LISTED",
    DecisionKind.ABNORMAL_REMOVED: "ABNORMAL_REMOVED",
}
_FACT = "F-"


class ExchangeService:
    """Our side of the exchange."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._exchange = ExchangeRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)

    async def take(self, system: System, page: Decisions, after: str | None) -> None:
        """Keep decisions, each version once, with the place up to which they were read."""
        now = self._env.clock.now()
        cursor = await self._exchange.cursor(f"in:{system}")
        if cursor.place != after:
            return
        await self._exchange.put_decisions(
            [
                {
                    "id": new_id(),
                    "system": system,
                    "their_number": one.their_number,
                    "version": one.version,
                    "kind": one.kind,
                    "subject_key": one.subject_key.strip().upper(),
                    "decided_on": one.decided_on,
                    "authority": one.authority,
                    "content": one.content,
                    "sha256": content_hash(one.content),
                    "state": DecisionState.RECEIVED,
                    "received_at": now,
                    "looked_at": now,
                }
                for one in page.items
            ]
        )
        cursor.place = page.next_after or after
        await self._session.flush()

    async def read_up_to(self, system: System) -> str | None:
        """Up to where a system's decisions were read."""
        return await self._exchange.place(f"in:{system}")

    async def apply_next(self) -> bool:
        """Apply one decision through the room it concerns; says whether there was one. One transaction."""
        row = await self._exchange.next_decision()
        if row is None:
            return False
        row.looked_at = now = self._env.clock.now()
        subject = await self._subjects.lock_by_key(row.subject_key)
        if subject is None:
            row.state = DecisionState.WAITING
            await self._session.flush()
            return True
        row.subject_id = subject.id
        try:
            async with self._session.begin_nested():
                await self._apply(row, subject)
            row.state, row.reason = DecisionState.APPLIED, None
        except Problem as problem:
            row.state, row.reason = DecisionState.CONFLICT, str(problem)
        except ValidationError as error:
            row.state, row.reason = DecisionState.CONFLICT, f"内容不符合要求（{error.error_count()} 处）"
        row.settled_at = now
        await self._session.flush()
        return True

    async def systems(self, actor: Principal, adapters: Mapping[System, Adapter]) -> list[SystemView]:
        """Every system with the records and decisions of the caller's regions."""
        policy = self._env.rulebook.exchange.choose("exchange", on=china_date(self._env.clock.now()))
        records = await self._exchange.counts(actor)
        decisions = await self._exchange.decision_counts(actor)
        return [
            SystemView(
                system=one.system,
                name=one.name.render(self._language),
                connected=adapters[System(one.system)].connected,
                sends=list(one.sends),
                records={state: n for (system, state), n in records.items() if system == one.system},
                decisions={state: n for (system, state), n in decisions.items() if system == one.system},
            )
            for one in policy.systems
        ]

    async def records(
        self,
        actor: Principal,
        system: System | None,
        state: RecordState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[RecordView]:
        """Records of the caller's regions, the newest first. Raises InvalidPayload."""
        rows = await self._exchange.records(actor, system, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[record_view(row) for row in items], next_cursor=following)

    async def decisions(
        self,
        actor: Principal,
        system: System | None,
        state: DecisionState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[DecisionView]:
        """Decisions about the caller's subjects, the newest first. Raises InvalidPayload."""
        rows = await self._exchange.decisions(actor, system, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_decision(row) for row in items], next_cursor=following)

    async def reconcile(
        self,
        actor: Principal,
        system: System,
        day: date,
        theirs: Sequence[TheirRecord],
        decided: Sequence[Decision],
    ) -> Reconciliation:
        """Our side of a day against theirs, records and decisions, as far as the caller's regions go."""
        ours = await self._exchange.accepted_on(actor, system, day)
        result = compared(
            {(row.our_number, row.version): row.sha256 for row in ours},
            {(one.our_number, one.version): one.sha256 for one in theirs if actor.covers(one.region)},
        )
        decisions = await self._decisions_of(actor, system, day, decided)
        apart = decisions.missing_here or decisions.missing_there or decisions.different
        return Reconciliation(
            system=system,
            day=day,
            ours=result.ours,
            theirs=result.theirs,
            missing_there=result.missing_there,
            missing_here=result.missing_here,
            different=result.different,
            decisions=decisions,
            agrees=result.agrees and not apart,
        )

    async def _decisions_of(
        self, actor: Principal, system: System, day: date, decided: Sequence[Decision]
    ) -> DecisionsOfDay:
        """Their decisions of a day against what we hold; one about nobody known here by its code's region."""
        held = await self._exchange.decided_on(system, day)
        mine = {
            (row.their_number, row.version): row
            for row, region in held
            if actor.covers(region or row.subject_key[2:8])
        }
        others = {(row.their_number, row.version) for row, _ in held} - mine.keys()
        told = {(one.their_number, one.version): one for one in decided}
        result = compared(
            {key: row.sha256 for key, row in mine.items()},
            {
                key: content_hash(one.content)
                for key, one in told.items()
                if key in mine or (key not in others and actor.covers(one.subject_key.strip().upper()[2:8]))
            },
        )
        return DecisionsOfDay(
            ours=result.ours,
            theirs=result.theirs,
            missing_here=result.missing_here,
            missing_there=result.missing_there,
            different=result.different,
            open=sorted(
                f"{row.their_number}/{row.version}"
                for row in mine.values()
                if row.state != DecisionState.APPLIED
            ),
        )

    async def _apply(self, row: ExchangeDecision, subject: Subject) -> None:
        kind = DecisionKind(row.kind)
        if kind is DecisionKind.RISK_CLASS:
            assessed = RiskClassIn.model_validate(
                {
                    "risk_class": row.content.get("risk_class"),
                    "assessed_on": row.decided_on,
                    "authority": row.authority,
                    "reference": row.their_number[:60],
                }
            )
            await RiskClassService(self._session, self._env).record(EVERYWHERE, subject.id, assessed)
            return None
        payload = {"number": row.their_number}
        by = f"exchange:{row.system}:{row.their_number}"[:200]
        if kind is DecisionKind.REPAIR_GRANTED:
            listing = await self._exchange.listing_of(str(row.content.get("our_number", "")))
            if listing is not None:
                return await self._repair_listing(row, subject, listing, by)
            fact = await self._repaired(row, subject)
            if fact.code in ENTRIES:
                return await self._repair_entry(row, subject, fact, by)
            archive = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
            if repaired(as_version(fact), archive, date.max):
                return None
            payload["fact_id"] = str(fact.id)
        source = Source(
            kind=SourceKind.OTHER, authority=row.authority, reference=f"{row.system}:{row.their_number}"[:120]
        )
        wanted = FactIn(
            subject_id=subject.id,
            code=_CODES[kind],
            occurred_on=row.decided_on,
            source=source,
            payload=payload,
        )
        await FactService(self._session, self._env).record_for(subject, wanted, by=by)
        return None

    async def _repair_listing(
        self, row: ExchangeDecision, subject: Subject, listing: Listing, by: str
    ) -> None:
        """Remove our listing that was repaired elsewhere, where the policy lets it follow that system.

        Raises:
            InvalidPayload: the system was never sent it, or it is somebody else's.
            RepairIsOurs: the policy keeps the decision with the authority that listed.
        """
        system = System(row.system)
        sent = await self._exchange.sent_as(system, str(row.content["our_number"]))
        if sent is None or await self._subjects.survivor_of(listing.subject_id) != subject.id:
            raise _never_sent()
        policy = self._env.rulebook.exchange.choose("exchange", on=china_date(self._env.clock.now()))
        if not policy.follows_repairs(system):
            raise RepairIsOurs
        note = (
            f"{row.authority}于{row.decided_on.isoformat()}准予信用修复（{row.system}:{row.their_number}）。"
        )
        details = {"ground": "REPAIR", "system": row.system, "decision": row.their_number}
        listings = ListingService(self._session, self._env)
        await listings.remove_for(listing.id, Removal.REPAIRED, note, by, details)
        closings = RepairClosings(self._session, self._env)
        await closings.of_listing(listing.id, listing.number, subject, note, by)

    async def _repair_entry(self, row: ExchangeDecision, subject: Subject, fact: Fact, by: str) -> None:
        """An entry in a list is repaired by its listing only, under whichever number they name it.

        One that a merger repeats is the entry of the listing that the repeated fact names.
        """
        root = await origin(self._facts, fact)
        if root is None:
            raise _never_sent()
        listing = await self._exchange.listing_of(root.source_reference.partition("#")[0])
        if listing is None:
            raise _never_sent()
        await self._repair_listing(row, subject, listing, by)

    async def _repaired(self, row: ExchangeDecision, subject: Subject) -> Fact:
        """The fact whose repair was granted elsewhere, by the number under which we sent it.

        One sent of a subject that was merged since is the survivor's fact that counts in its place.
        """
        number = str(row.content.get("our_number", ""))
        sent = await self._exchange.sent_as(row.system, number)
        if sent is None or not number.startswith(_FACT):
            raise _never_sent()
        fact = await self._facts.latest(await self._facts.counting(UUID(number.removeprefix(_FACT))))
        if fact is None or fact.subject_id != subject.id:
            raise _never_sent()
        return fact


def _never_sent() -> InvalidPayload:
    return InvalidPayload.at("/content/our_number", Text("未报送过该信息", "That record was never sent"))


def _decision(row: ExchangeDecision) -> DecisionView:
    return DecisionView(**row.model_dump(exclude={"sha256", "looked_at"}))
