"""Use cases of the nightly sweeps: what each rule finds, a day's sweep chunk by chunk, and a dry run."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.deposits.repository import DepositRepository
from credit.environment import Environment
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.models import WarningSweep
from credit.warnings.rules import SWEPT_TRIGGERS, Hit, Rise, RuleSet, WarningRule, latest_cluster, unusual
from credit.warnings.service import Evidence, WarningService, facts_of

from .repository import SweepRepository

__all__ = ["SweepService"]

CHUNK = 200
_DAY = timedelta(days=1)
_EVER = date(1900, 1, 1)


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

    async def sweep(self) -> int:
        """Go on with today's sweeps for one transaction's worth of work; gives `CHUNK` while more may come.

        Each rule sweeps once a Chinese day, one that tests for a rise once a month or quarter, on its first
        night. A sweep that was interrupted goes on behind its last chunk; what it found twice is one piece of
        evidence. Several processes share the rules: a transaction holds the
        subjects of one chunk, locked in order of id, so that two sweeps never wait for each other.
        """
        today = china_date(self._env.clock.now())
        rules = await self._warnings.rules()
        entered = {(one.rule_id, one.region, one.version): one for one in await self._sweeps.days(today)}
        swept = {
            key: rule
            for rule in rules.holding(today)
            if rule.trigger in SWEPT_TRIGGERS
            and (
                (key := (rule.id, rule.region, rule.version)) in entered
                or not await self._looked(rule, today)
            )
        }
        if swept.keys() - entered.keys():
            await self._sweeps.open_day(today, sorted(swept.keys() - entered.keys()))
        elif all(one.done_at is not None for one in entered.values()):
            return 0
        for _ in range(CHUNK):
            row = await self._sweeps.next_open(today)
            if row is None:
                return 0
            rule = swept.get((row.rule_id, row.region, row.version))
            found = 0 if rule is None else await self._chunk(row, rule, rules, today)
            if rule is None:
                row.done_at = self._env.clock.now()
            await self._session.flush()
            if found:
                break
        return CHUNK

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
        """How many subjects of the caller's regions a rule would warn about today.

        None for rules that only events trigger.
        """
        if rule.trigger not in SWEPT_TRIGGERS:
            return None
        today = china_date(self._env.clock.now())
        subjects: set[UUID] = set()
        cursor: str | None = None
        while True:
            found = await self.find(rule, today, cursor)
            for subject_id, evidence in found.items:
                subject = await self._subjects.lock(subject_id, actor, shared=True)
                if subject is not None and self._warnings.holds(subject, rule, evidence):
                    subjects.add(subject_id)
            if found.cursor is None:
                return len(subjects)
            cursor = found.cursor

    async def find(self, rule: WarningRule, on: date, cursor: str | None) -> Found:
        """One chunk of what a rule finds in the whole population on a day."""
        if rule.trigger == "facts_in_window":
            return await self._find_facts(rule, on, cursor)
        if rule.trigger == "warnings_in_window":
            return await self._find_warnings(rule, on, cursor)
        if rule.trigger == "complaint_rise" and rule.rise is not None:
            return await self._find_rise(rule, rule.rise, on, cursor)
        return await self._find_due(rule, on, cursor)

    async def _chunk(self, row: WarningSweep, rule: WarningRule, rules: RuleSet, today: date) -> int:
        found = await self.find(rule, today, row.cursor)
        for subject_id, evidence in sorted(found.items, key=lambda item: item[0]):
            subject = await self._subjects.lock(subject_id, None)
            if subject is None or rules.find(rule.id, on=today, region=subject.region) is not rule:
                continue
            row.found += 1
            row.raised += await self._warnings.raise_by(subject, rule, evidence)
        row.cursor = found.cursor
        if found.cursor is None:
            row.done_at = self._env.clock.now()
        return len(found.items)

    async def _find_facts(self, rule: WarningRule, on: date, cursor: str | None) -> Found:
        after = None if cursor is None else UUID(cursor)
        since = _window_start(on, 2 * (rule.months or 1))
        ids = await self._sweeps.with_facts(rule.codes, since, on, rule.at_least or 1, after, CHUNK)
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

    async def _find_warnings(self, rule: WarningRule, on: date, cursor: str | None) -> Found:
        after = None if cursor is None else UUID(cursor)
        since = _window_start(on, 2 * (rule.months or 1))
        ids = await self._sweeps.warned(rule.codes, since, on, rule.at_least or 1, after, CHUNK)
        hits = await self._sweeps.evidence(ids, rule.codes, since, on)
        return Found(_clusters(rule, hits, on), _following(ids))

    async def _find_rise(self, rule: WarningRule, rise: Rise, on: date, cursor: str | None) -> Found:
        recent_from = _window_start(on, rise.recent_months) + _DAY
        past_from = _window_start(on, rise.recent_months + rise.past_months) + _DAY
        group = await self._sweeps.next_group(rule.codes, past_from, on, cursor)
        if group is None:
            return Found([], None)
        kind, city = group
        key = f"{kind}:{city}"
        if rule.kinds and kind not in rule.kinds:
            return Found([], key)
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
                "p": f"{float(p):.3g}",
            } | facts_of(hit.id for hit in hits[subject_id])
            known = {"recent": own.recent, "past": own.past}
            items.append((subject_id, Evidence(f"rise:{newest.id}", on, known, details)))
        return Found(items, key)

    async def _find_due(self, rule: WarningRule, on: date, cursor: str | None) -> Found:
        after = None if cursor is None else _place(cursor)
        within = rule.within_days or 0
        rows = await self._deposits.due_dates(_EVER, on + timedelta(days=within), after, CHUNK)
        items = [
            (
                subject_id,
                Evidence(
                    f"due:{what}:{subject_id}:{day.isoformat()}:{reference[:36]}",
                    on,
                    {"what": what, "days_left": (day - on).days},
                    {"what": what, "due_on": day.isoformat(), "reference": reference},
                ),
            )
            for subject_id, what, day, reference in rows
            if what in rule.what
        ]
        items = await self._unseen(rule, items)
        if len(rows) < CHUNK:
            return Found(items, None)
        subject_id, what, day, reference = rows[-1]
        return Found(items, json.dumps([day.isoformat(), what, str(subject_id), reference]))

    async def _unseen(
        self, rule: WarningRule, items: list[tuple[UUID, Evidence]]
    ) -> list[tuple[UUID, Evidence]]:
        """Leave out what the rule has warned of, and what was over before its subject left business."""
        over = {subject_id for subject_id, one in items if one.known["days_left"] < 0}
        gone = over - await self._sweeps.in_business(over)
        seen = await self._sweeps.seen(rule.id, [one.source for _, one in items])
        return [
            (subject_id, one)
            for subject_id, one in items
            if one.source not in seen and not (one.known["days_left"] < 0 and subject_id in gone)
        ]


def _place(cursor: str) -> tuple[date, str, UUID, str]:
    day, what, subject_id, reference = json.loads(cursor)
    return date.fromisoformat(day), what, UUID(subject_id), reference


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
