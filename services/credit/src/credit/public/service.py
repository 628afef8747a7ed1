"""Use cases of the public pages. Everything shown is chosen here, field by field."""

from datetime import date
from uuid import UUID

from common import regions
from common.clock import china_date
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.draws.models import Draw
from credit.draws.repository import DrawRepository
from credit.draws.rules.states import DrawState
from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.rulebook.rules import Measure
from credit.scoring.errors import NoScorecard
from credit.scoring.service import ScoringService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .rules import visible_until
from .schemas import PublicDraw, PublicFact, PublicGrade, PublicSubject, PublicSubjectPage

__all__ = ["PublicService"]

_GRADE_IS_PUBLIC = "T-PUBLISH-GRADE"


class PublicService:
    """What anyone may see: no points, complaints or warnings, and of natural persons a masked name only."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._env, self._language = env, language
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)
        self._scoring = ScoringService(session, env)
        self._draws = DrawRepository(session)

    async def search(self, query: str, cursor: str | None, limit: int) -> Page[PublicSubject]:
        """Entities whose name, licence or USCC fits; persons are found by their page's exact key only."""
        rows = await self._subjects.public_page(query, _cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        today = china_date(self._env.clock.now())
        return Page(items=[self._brief(row, today) for row in items], next_cursor=following)

    async def page(self, key: str) -> PublicSubjectPage:
        """The public page of a subject by USCC, licence or guide card. Raises SubjectNotFound."""
        subject = await self._subjects.find_by_key(key.strip().upper())
        if subject is None:
            raise SubjectNotFound
        today = china_date(self._env.clock.now())
        brief = self._brief(subject, today)
        return PublicSubjectPage(
            **brief.model_dump(exclude={"grade"}),
            business_scope=subject.business_scope,
            level=subject.level,
            grade=await self._grade(subject, today),
            records=await self._records(subject, today),
            as_of=today,
        )

    async def draws(self, cursor: str | None, limit: int) -> Page[PublicDraw]:
        """All draws with their numbers, void ones included, so that a missing one is seen."""
        rows = await self._draws.page(None, _cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_draw(row) for row in items], next_cursor=following)

    def _brief(self, subject: Subject, today: date) -> PublicSubject:
        shown = self._shows_grade(subject.region, subject.tier, today)
        return PublicSubject(
            key=subject.key,
            name=subject.name,
            kind=subject.kind,
            license_no=subject.license_no,
            region=subject.region,
            region_name=regions.name_of(subject.region),
            status=subject.status,
            grade=subject.grade if shown else None,
        )

    def _shows_grade(self, region: str, tier: str | None, today: date) -> bool:
        policy = self._env.rulebook.supervision.choose("tiered-supervision", on=today, region=region)
        measures: list[Measure] = policy.of(tier).measures if tier else []
        return any(measure.code == _GRADE_IS_PUBLIC for measure in measures)

    async def _grade(self, subject: Subject, today: date) -> PublicGrade | None:
        try:
            result = await self._scoring.evaluate(subject, today, subject.last_recorded_at)
        except NoScorecard:
            return None
        if result.grade is None or not self._shows_grade(subject.region, result.tier, today):
            return None
        published = await self._scoring.latest_grade(subject.id)
        return PublicGrade(
            grade=result.grade,
            since=published.valid_at if published else today,
            scorecard=result.card.name.render(self._language),
            scorecard_status=result.card.status,
        )

    async def _records(self, subject: Subject, today: date) -> list[PublicFact]:
        records = []
        for fact in await self._facts.standing(subject.id, today, subject.last_recorded_at):
            kind = self._env.rulebook.catalogue(today).by_code.get(fact.code)
            until = visible_until(kind, fact.occurred_on) if kind else None
            if kind is not None and until is not None and today <= until:
                records.append(
                    PublicFact(
                        code=fact.code,
                        name=kind.name.render(self._language),
                        nature=kind.nature,
                        occurred_on=fact.occurred_on,
                        authority=fact.source_authority,
                        reference=fact.source_reference,
                        shown_until=until,
                    )
                )
        return records


def _draw(row: Draw) -> PublicDraw:
    return PublicDraw(
        draw_id=row.id,
        number=row.number,
        region=row.region,
        state=row.state,
        kinds=row.kinds,
        objects=row.objects,
        drawn=row.drawn if row.state == DrawState.DRAWN else 0,
        created_on=china_date(row.created_at),
        bundle_sha256=row.bundle_sha256,
    )


def _cursor_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
