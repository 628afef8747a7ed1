"""Use cases of warnings: raise by rule, once per source; acknowledge, interview, resolve."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from common.auth import Principal
from common.calendar import add_working_days
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.publishing import announce
from credit.subjects.models import Subject

from .errors import ActRefused, WarningNotFound
from .models import Warning, WarningAct
from .repository import WarningRepository
from .rules import Act, Outcome, State, WarningRule, acts_allowed, next_state
from .schemas import ActView, WarningView

if TYPE_CHECKING:
    from credit.intake.rules import PriceAlertRaised

__all__ = ["WarningService"]

WarningRow = Row[Warning, str, str]


class WarningService:
    """Warnings: clues for officers, never points."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._warnings = WarningRepository(session)

    async def on_price_alert(self, subject: Subject, alert: "PriceAlertRaised") -> int:
        """Raise what the rules make of a price alert; once per alert however often it comes."""
        known = {"rule_ids": list(alert.rule_ids), "ratio": alert.ratio, "region": subject.region}
        details = {
            "alert_id": str(alert.alert_id),
            "contract_no": alert.contract_no,
            "platform_key": alert.platform_key,
            "rule_ids": list(alert.rule_ids),
            "ratio": alert.ratio,
            "document_hash": alert.document_hash,
        }
        return await self._raise(
            subject, "price_alert_raised", f"alert:{alert.alert_id}", alert.occurred_on, known, details
        )

    async def on_grade_change(self, subject: Subject, steps_down: int, grade_version: int, on: date) -> int:
        """Raise what the rules make of a changed grade; once per published grade."""
        known = {"steps_down": steps_down, "tier": subject.tier, "region": subject.region}
        details = {"grade": subject.grade, "grade_version": grade_version, "steps_down": steps_down}
        return await self._raise(
            subject, "grade_changed", f"grade:{subject.id}:{grade_version}", on, known, details
        )

    async def search(
        self, actor: Principal, filters: dict[str, Any], cursor: str | None, limit: int
    ) -> Page[WarningView]:
        """Warnings in the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = None
        if cursor is not None:
            try:
                before = UUID(decode_cursor(cursor, str)[0])
            except ValueError:
                raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
        rows = await self._warnings.page(actor, filters, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=await self._views(items), next_cursor=following)

    async def get(self, actor: Principal, warning_id: UUID) -> WarningView:
        """A warning in the caller's regions. Raises WarningNotFound."""
        row = await self._warnings.find(warning_id, actor)
        if row is None:
            raise WarningNotFound
        return (await self._views([row]))[0]

    async def act(
        self, actor: Principal, warning_id: UUID, act: Act, note: str, outcome: Outcome | None = None
    ) -> WarningView:
        """Take a step with a warning: acknowledge, then interview as often as needed, then resolve.

        Raises:
            WarningNotFound: not in the caller's regions.
            ActRefused: the step does not fit; `allowed` names those that do.
        """
        row = await self._warnings.find(warning_id, actor, lock=True)
        if row is None:
            raise WarningNotFound
        warning: Warning = row[0]
        state = State(warning.state)
        after = next_state(state, act)
        if after is None:
            raise ActRefused(state=state, allowed=[str(one) for one in acts_allowed(state)])
        warning.state = after
        warning.outcome = outcome
        warning.version += 1
        self._warnings.add_act(
            WarningAct(
                warning_id=warning.id,
                version=warning.version,
                act=act,
                note=note,
                outcome=outcome,
                done_by=actor.sub,
                done_at=self._env.clock.now(),
            )
        )
        await self._session.flush()
        return (await self._views([row]))[0]

    async def _raise(
        self,
        subject: Subject,
        trigger: str,
        source: str,
        on: date,
        known: dict[str, Any],
        details: dict[str, Any],
    ) -> int:
        raised = 0
        facts = {"rule_ids": [], "ratio": None, "steps_down": 0, "tier": None} | known
        for rule in self._env.rulebook.warning_rules.in_force(on=on, region=subject.region):
            if rule.trigger == trigger and rule.when.evaluate(facts):
                raised += await self._store(subject, rule, source, on, details)
        return raised

    async def _store(
        self, subject: Subject, rule: WarningRule, source: str, on: date, details: dict[str, Any]
    ) -> bool:
        now = self._env.clock.now()
        due = add_working_days(china_date(now), rule.acknowledge_within_working_days)
        warning = Warning(
            id=new_id(),
            subject_id=subject.id,
            rule_id=rule.id,
            rule_version=rule.version,
            source_reference=source,
            severity=rule.severity,
            state=State.RAISED,
            occurred_on=on,
            acknowledge_by=due.due_on,
            details=details | {"rule_region": rule.region},
            raised_at=now,
        )
        if not await self._warnings.add_once(warning):
            return False
        data = {
            "warning_id": str(warning.id),
            "subject_id": str(subject.id),
            "subject_key": subject.key,
            "rule_id": rule.id,
            "severity": rule.severity,
            "occurred_on": on.isoformat(),
            "region": subject.region,
        }
        await announce(self._session, "warning_raised", warning.id, warning.version, data, now)
        return True

    async def _views(self, rows: Sequence[WarningRow]) -> list[WarningView]:
        acts = await self._warnings.acts_of([row[0].id for row in rows])
        return [self._view(warning, name, region, acts.get(warning.id, [])) for warning, name, region in rows]

    def _view(self, warning: Warning, name: str, region: str, acts: list[WarningAct]) -> WarningView:
        details = dict(warning.details)
        rule = self._env.rulebook.warning_rules.get(
            warning.rule_id, warning.rule_version, details.pop("rule_region")
        )
        return WarningView(
            id=warning.id,
            subject_id=warning.subject_id,
            subject_name=name,
            region=region,
            rule=warning.rule_id,
            rule_version=warning.rule_version,
            name=rule.name.render(self._language),
            advice=rule.advice.render(self._language),
            legal_basis=rule.legal_basis,
            severity=warning.severity,
            state=State(warning.state),
            occurred_on=warning.occurred_on,
            acknowledge_by=warning.acknowledge_by,
            source_reference=warning.source_reference,
            details=details,
            outcome=warning.outcome,
            acts=[
                ActView(act=a.act, note=a.note, outcome=a.outcome, done_by=a.done_by, done_at=a.done_at)
                for a in acts
            ],
            raised_at=warning.raised_at,
        )
