"""Use cases of the nightly sweeps: what each rule finds, a day's sweep chunk by chunk, and a dry run."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from credit.background import is_outage, report
from credit.deposits.repository import DepositRepository, DuePlace
from credit.environment import Environment
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.models import WarningSweep
from credit.warnings.rules import (
    SWEPT_TRIGGERS,
    TEST,
    Hit,
    Rise,
    RuleSet,
    WarningRule,
    latest_cluster,
    unusual,
)
from credit.warnings.service import Evidence, WarningService, facts_of

from .repository import SweepKey, SweepRepository, among

__all__ = ["SweepService"]

CHUNK = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: evidence about subjects, and where to go on; None when that was all."""

    items: list[tuple[UUID, Evidence]]
    cursor: str | None


class SweepService:
    """Searches the population for what rules warn of, set-based and in chunks."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._sweeps = SweepRepository(session)
        self._subjects = SubjectRepository(session)
        self._warnings = WarningService(session, env)
        self._deposits = DepositRepository(session)

    async def unfinished(self, after: SweepKey | None, limit: int) -> Sequence[SweepKey]:
        """Today's sweeps that have work left, behind `after` in order.

        Each rule sweeps once a Chinese day, one that tests for a rise once a month or quarter, on its first
        night.
        """
        today = china_date(self._env.clock.now())
        rules = await self._warnings.rules()
        entered = {(one.rule_id, one.region, one.version): one for one in await self._sweeps.days(today)}
        new = {
            key
            for rule in rules.holding(today)
            if rule.trigger in SWEPT_TRIGGERS
            and (key := (rule.id, rule.region, rule.version)) not in entered
            and not await self._looked(rule, today)
        }
        if new:
            await self._sweeps.open_day(today, sorted(new))
        left = new | {key for key, one in entered.items() if one.done_at is None}
        return sorted(key for key in left if after is None or key > after)[:limit]

    async def sweep(self, key: SweepKey) -> bool:
        """Go on with one of today's sweeps by one chunk; False when it is finished or somebody else is at it.

        A sweep that was interrupted goes on behind its last chunk; what it found twice is one piece of
        evidence. A transaction holds the subjects of one chunk, locked in order of id, so that two sweeps
        never wait for each other. A subject that fails is told, passed over, and found again the next night.
        """
        today = china_date(self._env.clock.now())
        row = await self._sweeps.take(today, key)
        if row is None:
            return False
        rules = await self._warnings.rules()
        holding = {(one.id, one.region, one.version): one for one in rules.holding(today)}
        if (rule := holding.get(key)) is None:
            row.done_at = self._env.clock.now()
        else:
            await self._chunk(row, rule, rules, today)
        await self._session.flush()
        return True

    async def rules(self) -> RuleSet:
        """Every rule version that counts."""
        return await self._warnings.rules()

    async def on_fact(
        self, subject: Subject, code: str, fact_id: UUID, occurred_on: date, rules: RuleSet
    ) -> int:
        """Ask the rules about a fact that was just recorded about a locked subject; gives what was raised."""
        today = china_date(self._env.clock.now())
        evidence = Evidence(
            f"fact:{fact_id}", occurred_on, {"code": code}, facts_of([fact_id]) | {"code": code}
        )
        raised = await self._warnings.raise_by_rules(subject, "fact_recorded", evidence, rules)
        for rule in rules.in_force(on=today, region=subject.region):
            if rule.trigger == "facts_in_window" and code in rule.codes and rule.months is not None:
                since = _window_start(today, 2 * rule.months)
                hits = await self._hits([subject.id], rule, since, today)
                for _, found in _clusters(rule, hits, today):
                    raised += await self._warnings.raise_by(subject, rule, found)
        return raised

    async def on_warning(self, subject: Subject) -> int:
        """Ask the rules that count warnings about a locked subject that was just warned about."""
        today = china_date(self._env.clock.now())
        raised = 0
        for rule in (await self._warnings.rules()).in_force(on=today, region=subject.region):
            if rule.trigger == "warnings_in_window" and rule.months is not None:
                since = _window_start(today, 2 * rule.months)
                hits = await self._sweeps.evidence([subject.id], rule.codes, since, today)
                for _, found in _clusters(rule, hits, today):
                    raised += await self._warnings.raise_by(subject, rule, found)
        return raised

    async def dry_run(self, actor: Principal, rule: WarningRule) -> int | None:
        """How many subjects of the caller's regions and the rule's a rule would warn about today.

        Reads chunk by chunk and locks nobody. None for rules that only events trigger.
        """
        if rule.trigger not in SWEPT_TRIGGERS:
            return None
        today, who = china_date(self._env.clock.now()), among(rule, actor)
        subjects: set[UUID] = set()
        cursor: str | None = None
        while True:
            found = await self.find(rule, today, cursor, who)
            known = await self._sweeps.subjects({subject_id for subject_id, _ in found.items}, who)
            subjects |= {
                subject_id
                for subject_id, evidence in found.items
                if subject_id in known and self._warnings.holds(known[subject_id], rule, evidence)
            }
            if found.cursor is None:
                return len(subjects)
            cursor = found.cursor

    async def find(self, rule: WarningRule, on: date, cursor: str | None, who: ColumnElement[bool]) -> Found:
        """One chunk of what a rule finds among `who` on a day."""
        if rule.trigger == "facts_in_window":
            return await self._find_facts(rule, on, cursor, who)
        if rule.trigger == "warnings_in_window":
            return await self._find_warnings(rule, on, cursor, who)
        if rule.trigger == "complaint_rise" and rule.rise is not None:
            return await self._find_rise(rule, rule.rise, on, cursor, who)
        return await self._find_due(rule, on, cursor, who)

    async def _chunk(self, row: WarningSweep, rule: WarningRule, rules: RuleSet, today: date) -> None:
        found = await self.find(rule, today, row.cursor, among(rule))
        await self._subjects.lock_all({subject_id for subject_id, _ in found.items}, None)
        for subject_id, evidence in sorted(found.items, key=lambda item: item[0]):
            try:
                async with self._session.begin_nested():
                    subject = await self._subjects.lock(subject_id, None)
                    if subject is None or rules.find(rule.id, on=today, region=subject.region) is not rule:
                        continue
                    raised = await self._warnings.raise_by(subject, rule, evidence)
            except Exception as error:
                # Whatever it is: one subject must not keep the others of the night from being warned about.
                if is_outage(error):
                    raise
                report(f"sweep {rule.id}: {subject_id}", error)
                continue
            row.found += 1
            row.raised += raised
        row.cursor = found.cursor
        if found.cursor is None:
            row.done_at = self._env.clock.now()

    async def _find_facts(
        self, rule: WarningRule, on: date, cursor: str | None, who: ColumnElement[bool]
    ) -> Found:
        after = None if cursor is None else UUID(cursor)
        since = _window_start(on, 2 * (rule.months or 1))
        ids = await self._sweeps.with_facts(rule.codes, since, on, rule.at_least or 1, who, after, CHUNK)
        hits = await self._hits(ids, rule, since, on)
        return Found(_clusters(rule, hits, on), _following(ids))

    async def _hits(
        self, subjects: Sequence[UUID], rule: WarningRule, since: date, on: date
    ) -> dict[UUID, list[Hit]]:
        hits = await self._sweeps.hits(subjects, rule.codes, since, on, rule.authorities)
        return await self._sweeps.listings(hits) if rule.counts == "listings" else hits

    async def _looked(self, rule: WarningRule, today: date) -> bool:
        if rule.rise is None:
            return False
        done = await self._sweeps.done_between(rule.rise.period_begins(today), today)
        return (rule.id, rule.region, rule.version) in done

    async def _find_warnings(
        self, rule: WarningRule, on: date, cursor: str | None, who: ColumnElement[bool]
    ) -> Found:
        after = None if cursor is None else UUID(cursor)
        since = _window_start(on, 2 * (rule.months or 1))
        ids = await self._sweeps.warned(rule.codes, since, on, rule.at_least or 1, who, after, CHUNK)
        hits = await self._sweeps.evidence(ids, rule.codes, since, on)
        return Found(_clusters(rule, hits, on), _following(ids))

    async def _find_rise(
        self, rule: WarningRule, rise: Rise, on: date, cursor: str | None, who: ColumnElement[bool]
    ) -> Found:
        """One group of peers; the cursor keeps those that follow, so they are looked up once."""
        recent_from = _window_start(on, rise.recent_months) + _DAY
        past_from = _window_start(on, rise.recent_months + rise.past_months) + _DAY
        if cursor is None:
            groups = await self._sweeps.groups(rule.codes, past_from, on, who)
        else:
            groups = [(kind, city) for kind, city in json.loads(cursor)]
        if not groups:
            return Found([], None)
        (kind, city), *left = groups
        following = json.dumps(left, separators=(",", ":")) if left else None
        counts = await self._sweeps.counts(kind, city, rule.codes, past_from, recent_from, on)
        found = await asyncio.to_thread(
            unusual,
            counts,
            recent_days=(on - recent_from).days + 1,
            past_days=(recent_from - past_from).days,
            q=rise.q_of_look,
            at_least=rule.at_least or 1,
        )
        hits = await self._sweeps.hits(list(found), rule.codes, recent_from, on)
        items = []
        for subject_id, p in found.items():
            newest = max(hits[subject_id], key=lambda hit: (hit.on, hit.id))
            own = counts[subject_id]
            details = {
                "recent": own.recent,
                "past": own.past,
                "recent_from": recent_from.isoformat(),
                "past_from": past_from.isoformat(),
                "peers": len(counts) - 1,
                "test": TEST,
                "p": _short(p.p),
                "p_own": _short(p.own),
                "p_peers": None if p.peers is None else _short(p.peers),
                "q": f"{rise.q}",
                "q_of_look": _short(rise.q_of_look),
                "look": rise.look,
            } | facts_of(hit.id for hit in hits[subject_id])
            known = {"recent": own.recent, "past": own.past}
            items.append((subject_id, Evidence(f"rise:{newest.id}", on, known, details)))
        return Found(items, following)

    async def _find_due(
        self, rule: WarningRule, on: date, cursor: str | None, who: ColumnElement[bool]
    ) -> Found:
        """One chunk of one `what`, and the next `what` behind the last of them."""
        kinds = sorted(set(rule.what))
        what, after = (kinds[0], None) if cursor is None else _place(cursor)
        last = on + timedelta(days=rule.within_days or 0)
        rows, place = await self._deposits.due(what, on, last, rule.id, who, after, CHUNK)
        items = [
            (
                row.subject_id,
                Evidence(
                    row.source,
                    on,
                    {"what": what, "days_left": (row.due_on - on).days},
                    {"what": what, "due_on": row.due_on.isoformat(), "reference": row.reference},
                ),
            )
            for row in rows
        ]
        if place is not None:
            day, subject_id, reference = place
            return Found(items, json.dumps([what, day.isoformat(), str(subject_id), reference]))
        return Found(items, next((json.dumps([one]) for one in kinds if one > what), None))


def _short(chance: Fraction) -> str:
    return f"{float(chance):.3g}"


def _place(cursor: str) -> tuple[str, DuePlace | None]:
    what, *place = json.loads(cursor)
    if not place:
        return what, None
    day, subject_id, reference = place
    return what, (date.fromisoformat(day), UUID(subject_id), reference)


def _window_start(on: date, months: int) -> date:
    """The earliest day that can lie within so many months before `on`, or a little earlier."""
    years, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return date(years, month + 1, min(on.day, 28))


def _following(ids: Sequence[UUID]) -> str | None:
    return str(ids[-1]) if len(ids) == CHUNK else None


def _clusters(rule: WarningRule, hits: dict[UUID, list[Hit]], on: date) -> list[tuple[UUID, Evidence]]:
    """The evidence of those who have enough in a window; its source is the newest fact in it."""
    found = []
    for subject_id, one in sorted(hits.items()):
        cluster = latest_cluster(one, rule.months or 1, rule.at_least or 1, on)
        if cluster is not None:
            details = {"count": len(cluster), "first_on": cluster[0].on.isoformat()}
            evidence = Evidence(
                f"{rule.id}:{subject_id}:{cluster[-1].id}",
                cluster[-1].on,
                {"count": len(cluster)},
                details | facts_of(hit.id for hit in cluster),
            )
            found.append((subject_id, evidence))
    return found
