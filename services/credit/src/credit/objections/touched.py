"""What a wrong fact entered beside the grades: draws, public pages, facts of others on the same paper."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common import regions
from common.clock import china_date
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.draws.models import Draw
from credit.draws.repository import DrawRepository
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.views import as_version, fact_periods
from credit.public.rules import shows_grade
from credit.relations.service import RelationService
from credit.scoring.ripple import Along, GradeRipple, Otherwise, Turn, Where, told
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.supervision.rules import supervision_tier
from credit.supervision.service import SupervisionService

from .repository import ObjectionRepository

__all__ = ["Touched"]


class Touched:
    """Looks for what a fact entered. Each question gives what is found and, where there is more, a mark."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._objections = ObjectionRepository(session)
        self._facts = FactRepository(session)
        self._grades = GradeRipple(session, env)
        self._relations = RelationService(session, env)
        self._draws = DrawRepository(session)
        self._supervision = SupervisionService(session, env)
        self._scoring = ScoringService(session, env)

    async def told(self, subject: Subject, turn: Turn, outcome: Otherwise) -> list[Affected]:
        """A turn that differs: the grade, and the tier by which the subject was supervised."""
        found = []
        for one in told(turn, outcome):
            if one.kind == "tier":
                was = await self._supervised(subject, outcome.tier, turn.where)
                would = await self._supervised(subject, outcome.would_tier, turn.where)
                if was == would:
                    continue
                one = replace(one, was=was, would_be=would)
            found.append(one)
        return found

    async def draws(
        self,
        subject: Subject,
        fact_id: UUID,
        since: datetime,
        after: UUID | None,
        limit: int,
        along: Along,
    ) -> tuple[list[tuple[Affected, bool]], UUID | None]:
        """Draws in which the subject stood with another weight than it would have had without the fact.

        The weight is that of the tier of supervision, which a risk matrix may move. Each with whether the
        fact made the difference by what rested on it. A draw is never repeated: what was drawn stands, and
        whoever was drawn by a wrong weight is named. So is a draw of some tiers that a wrong tier kept the
        subject out of.
        """
        rows = await self._objections.draws_with(subject.id, since, after, limit)
        instead = await self._grades.amended(subject.id, fact_id)
        found = []
        for row in () if after is not None else await self._left_out(subject, since):
            where = (china_date(row.created_at), row.created_at)
            outcome = await self._grades.at(subject, fact_id, where, instead, along)
            was = await self._supervised(subject, outcome.tier, where)
            would = await self._supervised(subject, outcome.would_tier, where)
            if was not in row.tiers and would in row.tiers:
                found.append((_kept_out(row, was, would), outcome.through))
        for row in rows:
            held = _held(row, subject.id)
            if held is None:
                continue
            where = (china_date(row.created_at), row.created_at)
            outcome = await self._grades.at(subject, fact_id, where, instead, along)
            was = await self._supervised(subject, outcome.tier, where)
            would = await self._supervised(subject, outcome.would_tier, where)
            if would not in (was, held.tier):
                tiers = await self._supervision.tiers(row.region, row.created_at)
                weight = tiers.sampling_bp(subject.kind, subject.region, would)
                found.append((self._draw(row, held, would, weight), outcome.through))
        return found, rows[-1].id if len(rows) == limit else None

    async def _left_out(self, subject: Subject, since: datetime) -> Sequence[Draw]:
        """Draws of some tiers in whose region and kinds the subject lies, and which did not take it."""
        code = subject.region
        places = {code, f"{code[:4]}00", f"{code[:2]}0000", regions.COUNTRY}
        return await self._draws.narrowed(subject.id, subject.kind, places, since)

    async def pages(self, subject: Subject, fact_id: UUID) -> list[Affected]:
        """The time in which the public saw the fact on the subject's page."""
        versions = await self._facts.versions(fact_id)
        if not versions:
            return []
        first = versions[0]
        kind = self._env.rulebook.catalogue(china_date(first.recorded_at)).by_code.get(first.code)
        if kind is None:
            return []
        periods = fact_periods(
            self._env.rulebook, subject.region, as_version(first), (), kind, china_date(first.recorded_at)
        )
        start = china_date(first.recorded_at)
        if not periods.visible_on(start) or periods.visible_until is None:
            return []
        ended = [china_date(row.recorded_at) for row in versions if row.action == Action.REVOKE]
        until = min([periods.visible_until, *ended])
        return [
            Affected(
                kind="page",
                id=fact_id,
                number=first.source_reference,
                at=first.recorded_at,
                what=Text(
                    f"{start.isoformat()} 至 {until.isoformat()} 在公示页面展示该信息",
                    f"the public page showed the fact from {start.isoformat()} to {until.isoformat()}",
                ),
            )
        ]

    async def page_grades(
        self, subject: Subject, differing: Sequence[tuple[Turn, Otherwise]]
    ) -> list[Affected]:
        """The published grades among these that the public page showed."""
        cards = {(one.card.id, one.card.version): one.card for one in await self._scoring.cards()}
        return [
            Affected(
                kind="page",
                id=None,
                number=str(turn.published.version),
                at=turn.at,
                what=Text("公示页面展示了该等级", "the public page showed this grade"),
                was=outcome.grade,
                would_be=outcome.would_grade,
            )
            for turn, outcome in differing
            if turn.published is not None
            and shows_grade(
                self._env.rulebook,
                subject.region,
                outcome.tier,
                turn.where[0],
                cards.get((turn.published.policy_id, turn.published.policy_version)),
                outcome.grade,
            )
        ]

    async def grade_warnings(
        self, subject: Subject, differing: Sequence[tuple[Turn, Otherwise]]
    ) -> list[Affected]:
        """The warnings that a published grade among these gave rise to."""
        references = [
            f"grade:{subject.id}:{turn.published.version}" for turn, _ in differing if turn.published
        ]
        return [
            Affected(
                kind="warning",
                id=row.id,
                number=None,
                at=row.raised_at,
                what=Text(
                    f"该等级引发的预警 {row.rule_id}",
                    f"the warning {row.rule_id} that this grade gave rise to",
                ),
            )
            for row in (await self._objections.warnings_from(references) if references else ())
        ]

    async def others(self, subject: Subject, fact_id: UUID, since: datetime) -> list[Affected]:
        """Facts of other subjects that rest on the same document, with how they are related to this one."""
        on = china_date(since)
        related = {post.person_id: post for post in await self._relations.people_of(subject.id, on)}
        branches = {row[0] for row in await self._relations.branches_of(subject.id, on)}
        rows = await self._objections.from_the_same_source(fact_id)
        return [_other(row, row.subject_id in related, row.subject_id in branches) for row in rows]

    async def _supervised(self, subject: Subject, credit_tier: str | None, where: Where) -> str | None:
        """The tier of supervision that a credit tier gave there: as the risk class known then moves it."""
        day, known_at = where
        matrix = self._env.rulebook.risk_matrices.find("risk-matrix", on=day, region=subject.region)
        if matrix is None:
            return credit_tier
        return supervision_tier(
            credit_tier, await self._objections.risk_class(subject.id, day, known_at), matrix
        )

    def _draw(self, row: Draw, held: "_Held", would: str | None, weight: int) -> Affected:
        if row.bundle is None:
            word = Text("尚未抽取", "which is not closed yet")
        elif held.drawn:
            word = Text("并被抽中", "and was drawn")
        else:
            word = Text("未被抽中", "and was not drawn")
        return Affected(
            kind="draw",
            id=row.id,
            number=row.number,
            at=row.created_at,
            what=Text(
                f"按分级 {held.tier} 的权重参加抽取（应为 {would}），{word.zh}",
                f"entered the draw with the weight of tier {held.tier} instead of {would} {word.en}",
            ),
            was=str(held.weight),
            would_be=str(weight),
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """How a subject stood in a draw."""

    tier: str | None
    weight: int
    drawn: bool


def _kept_out(row: Draw, was: str | None, would: str | None) -> Affected:
    return Affected(
        kind="draw",
        id=row.id,
        number=row.number,
        at=row.created_at,
        what=Text(
            f"因分级为 {was}（应为 {would}）未列入限于 {'、'.join(row.tiers)} 的抽取",
            f"was kept out of a draw of {', '.join(row.tiers)} by tier {was} instead of {would}",
        ),
        was=was,
        would_be=would,
    )


def _held(row: Draw, subject_id: UUID) -> _Held | None:
    """How the subject stood in a draw; None when it is only named as excluded."""
    wanted = str(subject_id)
    item = next((one for one in json.loads(row.frozen)["objects"] if one["id"] == wanted), None)
    if item is None:
        return None
    result = (json.loads(row.bundle)["result"] or []) if row.bundle else []
    return _Held(item["tier"], item["weight"], any(one["object"] == wanted for one in result))


def _other(fact: Fact, person: bool, branch: bool) -> Affected:
    tie = Text("", "")
    if person:
        tie = Text("（该主体的责任人员）", ", a person who answers for it")
    elif branch:
        tie = Text("（该主体的分社）", ", one of its branches")
    return Affected(
        kind="fact",
        id=fact.id,
        number=fact.source_reference,
        at=fact.recorded_at,
        what=Text(
            f"另一主体{tie.zh}的信息依据同一文书，应一并核查",
            f"a fact of another subject{tie.en} rests on the same document and must be looked at too",
        ),
        subject_id=fact.subject_id,
    )
