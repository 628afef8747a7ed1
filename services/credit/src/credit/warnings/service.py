"""Use cases of warnings: raise by rule, once per evidence; acknowledge, talk, resolve; escalate when late."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from common.auth import Principal
from common.calendar import add_working_days
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.policies import PolicyError
from common.problems import InvalidPayload, Text
from common.telemetry import ALERTS
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.publishing import announce
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import ActRefused, WarningNotFound
from .models import Warning, WarningAct, WarningSource
from .repository import WarningRepository
from .rules import Act, Outcome, RuleSet, State, WarningRule, acts_allowed, next_state, parent_region
from .schemas import InterviewIn, WarningView
from .views import view

if TYPE_CHECKING:
    from credit.intake.rules import PriceAlertRaised

__all__ = ["NOTHING", "Evidence", "WarningService"]

log = structlog.get_logger(__name__)

WarningRow = Row[Warning, str, str]
NOTHING: Mapping[str, Any] = {
    "rule_ids": [],
    "ratio": None,
    "steps_down": 0,
    "warns": False,
    "count": 0,
    "days_left": 0,
    "what": None,
    "code": None,
    "recent": 0,
    "past": 0,
}
"""What a condition is given where its trigger says nothing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rule is asked about: its source, its day, what the condition is given, and what is kept."""

    source: str
    on: date
    known: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


class WarningService:
    """Warnings: clues for officers and proposals to them, never points."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._warnings = WarningRepository(session)

    async def rules(self) -> RuleSet:
        """Every rule version that counts: those of files, then those written and activated."""
        generation = await self._warnings.rules_generation()
        rules = self._env.warning_rules.find(generation)
        if rules is None:
            written = [
                WarningRule.parse(row.content, file="warning-rules")
                for row in await self._warnings.written_rules()
            ]
            if generation[0] != len(written):
                # Activated between the two readings: right for this request, but of another generation.
                return RuleSet(self._env.rulebook.warning_rules, written)
            rules = RuleSet(self._env.rulebook.warning_rules, written)
            self._env.warning_rules.keep(generation, rules)
        return rules

    async def on_price_alert(self, subject: Subject, alert: "PriceAlertRaised") -> int:
        """Raise what the rules make of a price alert; once per alert however often it comes."""
        evidence = Evidence(
            f"alert:{alert.alert_id}",
            alert.occurred_on,
            {"rule_ids": list(alert.rule_ids), "ratio": alert.ratio},
            {
                "alert_id": str(alert.alert_id),
                "contract_no": alert.contract_no,
                "platform_key": alert.platform_key,
                "rule_ids": list(alert.rule_ids),
                "ratio": alert.ratio,
                "document_hash": alert.document_hash,
            },
        )
        return await self.raise_by_rules(subject, "price_alert_raised", evidence)

    async def on_grade_change(
        self, subject: Subject, steps_down: int, warns: dict[str, Any] | None, grade_version: int, on: date
    ) -> int:
        """Raise what the rules make of a changed grade; once per published grade.

        `warns` is what the band of the grade says where its card calls for a warning, with the card.
        """
        known = {"steps_down": steps_down, "warns": warns is not None}
        details = {"grade": subject.grade, "grade_version": grade_version, "steps_down": steps_down}
        evidence = Evidence(f"grade:{subject.id}:{grade_version}", on, known, details | (warns or {}))
        return await self.raise_by_rules(subject, "grade_changed", evidence)

    async def report(self, subject: Subject, rule_id: str, evidence: Evidence) -> int:
        """Raise under the rule of that id what another room found, if the rule holds there and then.

        Gives 1 when a new warning or a new piece of evidence for an open one came of it.
        """
        rule = (await self.rules()).find(rule_id, on=evidence.on, region=subject.region)
        if rule is None or rule.trigger != "reported":
            return 0
        return await self.raise_by(subject, rule, evidence)

    async def raise_by_rules(
        self, subject: Subject, trigger: str, evidence: Evidence, rules: RuleSet | None = None
    ) -> int:
        """Ask every rule of a trigger about a locked subject; gives how many found something new.

        `rules`: those of `rules()`, where the caller has just read them.
        """
        rules = rules or await self.rules()
        raised = 0
        for rule in rules.in_force(on=evidence.on, region=subject.region):
            if rule.trigger == trigger and not (rule.codes and evidence.known.get("code") not in rule.codes):
                raised += await self.raise_by(subject, rule, evidence)
        return raised

    async def raise_by(self, subject: Subject, rule: WarningRule, evidence: Evidence) -> int:
        """Raise or add to a warning of one rule if its condition holds and the evidence is new to it."""
        if not self.holds(subject, rule, evidence):
            return 0
        if await self._warnings.seen(rule.id, evidence.source):
            return 0
        now = self._env.clock.now()
        window = evidence.source if rule.dedupe == "source" else ""
        warning = await self._warnings.open_of(rule.id, subject.id, window)
        if warning is None:
            warning = self._new(subject, rule, window, evidence, now)
            if not await self._warnings.add_once(warning):
                return 0
            await self._tell(subject, warning, now)
        self._warnings.add(
            WarningSource(
                rule_id=rule.id,
                source_reference=evidence.source,
                warning_id=warning.id,
                occurred_on=evidence.on,
                details=dict(evidence.details),
                seen_at=now,
            )
        )
        await self._session.flush()
        return 1

    def holds(self, subject: Subject, rule: WarningRule, evidence: Evidence) -> bool:
        """Whether a rule concerns the subject and its condition holds of the evidence."""
        if rule.kinds and subject.kind not in rule.kinds:
            return False
        about = {"region": subject.region, "tier": subject.tier, "kind": subject.kind}
        try:
            return rule.when.evaluate({**NOTHING, **about, **evidence.known})
        except PolicyError as error:
            # A rule that cannot be decided must not keep a fact out of the archive.
            ALERTS.labels("credit", "warning-rule-undecided").inc()
            log.warning("warning_rule_undecided", rule=rule.id, version=rule.version, reason=error.reason.en)
            return False

    async def search(
        self, actor: Principal, filters: dict[str, Any], cursor: str | None, limit: int
    ) -> Page[WarningView]:
        """Warnings in the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = cursor_id(cursor)
        rows = await self._warnings.page(actor, filters, self._today(), before, limit)
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
        """Take a step with a warning: acknowledge, talk as often as needed, then resolve.

        Raises:
            WarningNotFound: not in the caller's regions.
            ActRefused: the step does not fit; `allowed` names those that do.
        """
        row = await self._locked(actor, warning_id)
        await self._step(row, act, note, actor.sub, outcome=outcome)
        return (await self._views([row]))[0]

    async def interview(self, actor: Principal, warning_id: UUID, wanted: InterviewIn) -> WarningView:
        """Invite to a regulatory talk (约谈), or record one that was held (today if no day is given).

        Raises:
            WarningNotFound, ActRefused: as in `act`.
            InvalidPayload: an invitation for a day that is over, or a talk held in the future.
        """
        row = await self._locked(actor, warning_id)
        warning, today = row[0], self._today()
        if wanted.invite_for is not None:
            if wanted.invite_for <= today:
                raise InvalidPayload.at("/invite_for", Text("须为今天之后", "Must lie after today"))
            warning.interview_on = wanted.invite_for
            paper = await self._invitation(actor, warning, wanted.invite_for, wanted.note)
            await self._step(row, Act.INVITE, wanted.note, actor.sub, day=wanted.invite_for, paper=paper)
        else:
            held = wanted.held_on or today
            if not china_date(warning.raised_at) <= held <= today:
                raise InvalidPayload.at(
                    "/held_on",
                    Text("须在预警发出之日至今天之间", "Must lie between the warning and today"),
                )
            await self._step(row, Act.INTERVIEW, wanted.note, actor.sub, day=held)
        return (await self._views([row]))[0]

    async def locked(self, actor: Principal, warning_id: UUID) -> Warning:
        """A warning in the caller's regions with its row locked. Raises WarningNotFound."""
        return (await self._locked(actor, warning_id))[0]

    async def escalate_overdue(self, limit: int) -> int:
        """Hand warnings that nobody dealt with in time to the next higher level, once; gives how many."""
        rows = await self._warnings.overdue(self._today(), limit)
        for warning, region in rows:
            warning.escalated_to = parent_region(region)
            warning.version += 1
            note = f"逾期（{warning.due_on.isoformat()}）未处置，提请上一级"
            self._warnings.add(self._act(warning, Act.ESCALATE, note, "credit:rounds"))
        await self._session.flush()
        return len(rows)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """Warnings that a fact entered since then."""
        return [
            Affected(
                kind="warning",
                id=warning.id,
                number=None,
                at=warning.raised_at,
                what=Text(
                    f"该信息是预警 {warning.rule_id} 的依据", f"evidence of the warning {warning.rule_id}"
                ),
            )
            for warning in await self._warnings.touched_by(subject_id, fact_id, since)
        ]

    async def _invitation(self, actor: Principal, warning: Warning, day: date, note: str) -> UUID:
        subject = await SubjectRepository(self._session).lock(warning.subject_id, actor, shared=True)
        if subject is None:
            raise WarningNotFound
        rules = await self.rules()
        rule = rules.get(warning.rule_id, warning.rule_version, str(warning.details["rule_region"]))
        data = {"matter": rule.name.zh, "day": day, "note": note}
        papers = PaperService(self._session, self._env)
        return (
            await papers.issue("warning_invitation", subject, ("warnings", warning.id), data, actor.sub)
        ).id

    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def _locked(self, actor: Principal, warning_id: UUID) -> WarningRow:
        row = await self._warnings.find(warning_id, actor, lock=True)
        if row is None:
            raise WarningNotFound
        return row

    async def _step(
        self,
        row: WarningRow,
        act: Act,
        note: str,
        by: str,
        *,
        outcome: Outcome | None = None,
        day: date | None = None,
        paper: UUID | None = None,
    ) -> None:
        warning: Warning = row[0]
        state = State(warning.state)
        after = next_state(state, act)
        if after is None:
            raise ActRefused(state=state, allowed=[str(one) for one in acts_allowed(state)])
        warning.state, warning.outcome = after, outcome
        warning.version += 1
        if after is State.INVITED and warning.interview_on is not None:
            warning.due_on = min(warning.interview_on, warning.resolve_by)
        else:
            warning.due_on = warning.resolve_by
        self._warnings.add(self._act(warning, act, note, by, outcome=outcome, day=day, paper=paper))
        await self._session.flush()

    def _act(
        self,
        warning: Warning,
        act: Act,
        note: str,
        by: str,
        *,
        outcome: Outcome | None = None,
        day: date | None = None,
        paper: UUID | None = None,
    ) -> WarningAct:
        return WarningAct(
            warning_id=warning.id,
            version=warning.version,
            act=act,
            note=note,
            outcome=outcome,
            day=day,
            paper_id=paper,
            done_by=by,
            done_at=self._env.clock.now(),
        )

    def _new(
        self, subject: Subject, rule: WarningRule, window: str, evidence: Evidence, now: datetime
    ) -> Warning:
        acknowledge = add_working_days(china_date(now), rule.acknowledge_within_working_days)
        resolve = add_working_days(china_date(now), rule.resolve_within_working_days)
        return Warning(
            id=new_id(),
            subject_id=subject.id,
            rule_id=rule.id,
            rule_version=rule.version,
            kind=rule.kind,
            source_reference=evidence.source,
            window_key=window,
            severity=rule.severity,
            state=State.RAISED,
            occurred_on=evidence.on,
            acknowledge_by=acknowledge.due_on,
            resolve_by=resolve.due_on,
            due_on=acknowledge.due_on,
            details=dict(evidence.details)
            | {"rule_region": rule.region, "provisional": acknowledge.provisional or resolve.provisional},
            raised_at=now,
        )

    async def _tell(self, subject: Subject, warning: Warning, now: datetime) -> None:
        data = {
            "warning_id": str(warning.id),
            "subject_id": str(subject.id),
            "subject_key": subject.key,
            "rule_id": warning.rule_id,
            "severity": warning.severity,
            "occurred_on": warning.occurred_on.isoformat(),
            "region": subject.region,
        }
        await announce(self._session, "warning_raised", warning.id, warning.version, data, now)

    async def _views(self, rows: Sequence[WarningRow]) -> list[WarningView]:
        ids = [row[0].id for row in rows]
        acts, sources = await self._warnings.acts_of(ids), await self._warnings.sources_of(ids)
        rules = await self.rules()
        return [
            view(
                warning,
                name,
                region,
                acts.get(warning.id, []),
                sources.get(warning.id, []),
                rules,
                self._today(),
                self._language,
            )
            for warning, name, region in rows
        ]


def facts_of(evidence: Iterable[UUID]) -> dict[str, Any]:
    """How details name the facts that led to a warning, so that a correction finds it again."""
    return {"facts": [str(one) for one in evidence]}
