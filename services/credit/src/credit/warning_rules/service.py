"""Use cases of warning rules: read, write a version, activate it by a second person, show the precision."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.policies import PolicyError
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.sweeps.service import SweepService
from credit.warnings.models import WarningRuleVersion
from credit.warnings.repository import WarningRepository
from credit.warnings.rules import Outcome, WarningRule, wilson
from credit.warnings.service import NOTHING, WarningService

from .errors import AlreadyActive, RuleNotFound
from .schemas import ActivationIn, PrecisionView, RuleIn, RuleView, YearView

__all__ = ["WarningRuleService"]


class WarningRuleService:
    """Rules as data that people write."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._warnings = WarningRepository(session)
        self._sweeps = SweepService(session, env)

    async def list_of(self, actor: Principal, on: date | None) -> list[RuleView]:
        """Every version, or those that hold somewhere on a day, files first.

        One that is not active yet is shown in its own region only.
        """
        files = [_of_file(rule) for rule in self._env.rulebook.warning_rules]
        written = [_of_row(row) for row in await self._warnings.rules_seen_by(actor)]
        views = [*files, *written]
        if on is None:
            return views
        rules = await WarningService(self._session, self._env).rules()
        holding = {(rule.id, rule.version, rule.region) for rule in rules.holding(on)}
        return [view for view in views if (view.id, view.version, view.region) in holding]

    async def write(self, actor: Principal, wanted: RuleIn) -> RuleView:
        """Write a new version of a rule; it counts once somebody else activates it.

        The answer says how many subjects of the caller's regions the version would warn about today.

        Raises:
            RuleNotFound: the rule's region is not the caller's.
            InvalidPayload: the content is no rule, its condition does not compile or cannot be decided where
                nothing is known (`ratio` and `tier` may be null), or it begins before today.
        """
        today = china_date(self._env.clock.now())
        if wanted.effective_from < today:
            raise InvalidPayload.at(
                "/effective_from", Text("不得早于今天", "A new version begins today at the earliest")
            )
        region = _region(actor, wanted.region)
        await self._warnings.lock_rules(wanted.id)
        serial = await self._warnings.next_serial(wanted.id, region)
        content = (
            wanted.body
            | wanted.model_dump(mode="json", exclude={"body"})
            | {"version": f"api-{serial}", "region": region}
        )
        try:
            rule = WarningRule.parse(content, file="body")
            rule.when.evaluate({**NOTHING, "region": region, "tier": None, "kind": "travel_agency"})
        except (PolicyError, RecursionError) as error:
            reason = error.reason if isinstance(error, PolicyError) else _TOO_DEEP
            raise InvalidPayload.at("/body", reason) from error
        known = {fact.code for fact in self._env.rulebook.catalogue(today, region).facts}
        if rule.trigger != "warnings_in_window" and (unknown := sorted(set(rule.codes) - known)):
            names = ", ".join(unknown[:20])
            raise InvalidPayload.at(
                "/body/codes", Text(f"信用信息目录中没有：{names}", f"Not in the catalogue: {names}")
            )
        row = WarningRuleVersion(
            id=new_id(),
            rule_id=rule.id,
            region=rule.region,
            serial=serial,
            version=rule.version,
            content=content,
            hash=rule.hash,
            written_by=actor.sub,
            written_at=self._env.clock.now(),
        )
        would = await self._sweeps.dry_run(actor, rule)
        self._warnings.add(row)
        await self._session.flush()
        return _of_row(row, would)

    async def activate(self, actor: Principal, rule_id: str, wanted: ActivationIn) -> RuleView:
        """Let a written version count from its first day on.

        Raises:
            RuleNotFound: no such written version in the caller's regions.
            SecondPersonNeeded: the caller wrote it.
            AlreadyActive: it counts already.
        """
        region = _region(actor, wanted.region)
        row = await self._warnings.rule_version(rule_id, wanted.version, region, actor)
        if row is None:
            raise RuleNotFound
        if row.activated_at is not None:
            raise AlreadyActive(activated_by=row.activated_by)
        if row.written_by == actor.sub:
            raise SecondPersonNeeded
        would = await self._sweeps.dry_run(actor, WarningRule.parse(row.content))
        row.activated_by, row.activated_at = actor.sub, self._env.clock.now()
        await self._session.flush()
        return _of_row(row, would)

    async def precision(self, actor: Principal, rule_id: str) -> PrecisionView:
        """How often a rule was right, in the caller's regions. Raises RuleNotFound."""
        rules = await WarningService(self._session, self._env).rules()
        if all(rule.id != rule_id for rule in rules.all()):
            raise RuleNotFound
        by_year: dict[int, dict[str | None, int]] = {}
        for row in await self._warnings.outcomes(rule_id, actor):
            by_year.setdefault(int(row.year), {})[row.outcome] = row.n
        every: dict[str | None, int] = {}
        for counts in by_year.values():
            for outcome, n in counts.items():
                every[outcome] = every.get(outcome, 0) + n
        return PrecisionView(
            rule=rule_id,
            total=_year(None, every),
            years=[_year(year, counts) for year, counts in sorted(by_year.items())],
        )


def _region(actor: Principal, wanted: str | None) -> str:
    """The region that a rule is for, which must be the caller's."""
    if wanted is None:
        if len(actor.regions) != 1:
            raise InvalidPayload.at("/region", Text("须指明地区", "Say for which region"))
        return actor.regions[0]
    if not actor.covers(wanted):
        raise RuleNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
    return wanted


_TOO_DEEP = Text("内容嵌套过深", "The content is nested too deeply")


def _year(year: int | None, counts: dict[str | None, int]) -> YearView:
    confirmed = counts.get(Outcome.CONFIRMED, 0)
    judged = confirmed + sum(counts.get(one, 0) for one in (Outcome.FALSE_ALARM, Outcome.NO_ACTION))
    interval = wilson(confirmed, judged)
    return YearView(
        year=year,
        raised=sum(counts.values()),
        resolved=sum(n for outcome, n in counts.items() if outcome is not None),
        confirmed=confirmed,
        false_alarm=counts.get(Outcome.FALSE_ALARM, 0),
        no_action=counts.get(Outcome.NO_ACTION, 0),
        handed_over=counts.get(Outcome.HANDED_OVER, 0),
        precision=round(confirmed / judged, 4) if judged else None,
        low=float(interval[0]) if interval else None,
        high=float(interval[1]) if interval else None,
    )


def _of_file(rule: WarningRule) -> RuleView:
    return RuleView(
        **_head(rule),
        active=True,
        author=None,
        written_at=None,
        activated_by=None,
        activated_at=None,
        content=rule.content,
    )


def _of_row(row: WarningRuleVersion, would_warn: int | None = None) -> RuleView:
    return RuleView(
        **_head(WarningRule.parse(row.content)),
        active=row.activated_at is not None,
        author=row.written_by,
        written_at=row.written_at,
        activated_by=row.activated_by,
        activated_at=row.activated_at,
        would_warn_today=would_warn,
        content=row.content,
    )


def _head(rule: WarningRule) -> dict[str, Any]:
    names: Iterable[str] = ("id", "version", "region", "effective_from", "effective_to", "status", "hash")
    return {name: getattr(rule, name) for name in names}
