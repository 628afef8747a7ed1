"""Use cases of the public pages. Everything shown is chosen here, field by field."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.clock import china_date
from common.crypto import mask_text
from common.ledger.store import list_keys
from common.pagination import Page, encode_cursor, page_of
from sqlalchemy.ext.asyncio import AsyncSession

from credit.commitments.showing import PublicCommitments
from credit.draws.models import Draw, DrawWaiver
from credit.draws.repository import DrawRepository
from credit.draws.rules.states import DrawState
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import FactVersion, Hidden, known
from credit.facts.views import as_version, shown_codes, shown_on
from credit.objections.repository import ObjectionRepository
from credit.objections.rules import Target
from credit.paging import cursor_id
from credit.scoring.errors import NoScorecard
from credit.scoring.grading import known_until
from credit.scoring.rules.cards import CardBook
from credit.scoring.service import ScoringService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .models import Reply
from .qr import digest, qr_svg, qr_text
from .qr import page_of as page_address
from .replies import reply_text
from .repository import ReplyRepository
from .rules import publicity, shows_grade
from .schemas import (
    PublicDraw,
    PublicFact,
    PublicGrade,
    PublicReply,
    PublicSubject,
    PublicSubjectPage,
    PublicWaiver,
    QrView,
)

__all__ = ["PublicService"]

_CONTENT = frozenset(
    {
        "amount_fen",
        "article",
        "board",
        "condition",
        "days",
        "honour",
        "item",
        "level",
        "period",
        "title",
        "violation_code",
    }
)
"""The payload fields that may be shown; what others hold may name third persons."""


class PublicService:
    """What anyone may see: no points, complaints or warnings, and of natural persons a masked name only."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._subjects = SubjectRepository(session)
        self._facts = FactRepository(session)
        self._scoring = ScoringService(session, env)
        self._draws = DrawRepository(session)
        self._objections = ObjectionRepository(session)
        self._replies = ReplyRepository(session)
        self._commitments = PublicCommitments(session, env)

    async def search(self, query: str, cursor: str | None, limit: int) -> Page[PublicSubject]:
        """Entities whose name, licence or USCC fits; persons are found by their page's exact key only."""
        rows = await self._subjects.public_page(query, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        today, book = china_date(self._env.clock.now()), await self._scoring.cards()
        return Page(items=[self._brief(row, today, book) for row in items], next_cursor=following)

    async def page(self, key: str) -> PublicSubjectPage:
        """The public page of a subject by USCC, licence or guide card. Raises SubjectNotFound."""
        subject = await self._find(key)
        today = china_date(self._env.clock.now())
        brief = self._brief(subject, today, await self._scoring.cards())
        return PublicSubjectPage(
            **brief.model_dump(exclude={"grade"}),
            business_scope=subject.business_scope,
            level=subject.level,
            grade=await self._grade(subject, today),
            records=await self._records(subject, today),
            commitments=await self._commitments.of(subject.id),
            as_of=today,
        )

    async def qr(self, key: str) -> QrView:
        """What a QR code of a subject says, signed by the key of the log. Raises SubjectNotFound."""
        subject = await self._find(key)
        today = china_date(self._env.clock.now())
        address = subject.key or subject.license_no or key.strip().upper()
        announced = await list_keys(self._session)
        signer = self._env.log.key(announced[-1].key) if announced else self._env.log.newest()
        brief = self._brief(subject, today, await self._scoring.cards())
        text = qr_text(brief, address, self._env.log.origin, today, signer)
        return QrView(text=text, sha256=digest(text), key=str(signer.verifier), page=page_address(address))

    async def qr_image(self, key: str) -> bytes:
        """The same code as SVG. Raises SubjectNotFound."""
        return qr_svg((await self.qr(key)).text)

    async def draws(self, cursor: str | None, limit: int) -> Page[PublicDraw]:
        """All draws with their numbers, void ones included, so that a missing one is seen."""
        rows = await self._draws.page(None, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        waivers = await self._draws.waivers([row.chain for row in items])
        return Page(
            items=[_draw(row, waivers.get(row.chain)) for row in items],
            next_cursor=following,
        )

    async def _find(self, key: str) -> Subject:
        subject = await self._subjects.find_by_key(key.strip().upper())
        if subject is not None and subject.merged_into is not None:
            subject = await self._subjects.find_any(await self._subjects.survivor_of(subject.id))
        if subject is None:
            raise SubjectNotFound
        return subject

    def _brief(self, subject: Subject, today: date, book: CardBook) -> PublicSubject:
        schedule = book.at(known_until(subject, book)).schedule(subject.kind, subject.region, today)
        card, grade = schedule.card if schedule else None, subject.grade
        shown = shows_grade(self._env.rulebook, subject.region, subject.tier, today, card, grade)
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

    async def _grade(self, subject: Subject, today: date) -> PublicGrade | None:
        try:
            result = await self._scoring.present(subject, today)
        except NoScorecard:
            return None
        shown, notice = publicity(
            self._env.rulebook, subject.region, result.tier, today, result.card, result.grade
        )
        if result.grade is None or shown == "none":
            return None
        published = await self._scoring.latest_grade(subject.id)
        flagged = await self._objections.flagged(subject.id)
        return PublicGrade(
            grade=result.grade,
            since=published.valid_at if published else today,
            scorecard=result.card.name.render(self._language),
            scorecard_status=result.card.status,
            warning=notice.render(self._language) if shown == "grade_and_warning" else None,
            objection=any(one.target == Target.GRADE for one in flagged),
        )

    async def _records(self, subject: Subject, today: date) -> list[PublicFact]:
        """What may be shown today: not closed, repaired or withheld, within its publication period."""
        versions = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
        kept_back = await self._facts.kept_back([subject.id], today)
        flagged = {one.fact_id for one in await self._objections.flagged(subject.id)}
        replies = await self._replies.shown(subject.id)
        records = []
        codes = shown_codes(self._env.rulebook, today)
        for fact in await self._facts.standing(subject.id, codes, today, subject.last_recorded_at):
            shown = self._record(subject, fact, versions, kept_back, today)
            if shown is not None:
                shown.objection = shown.objection or fact.id in flagged
                shown.reply = self._reply(replies.get(fact.id))
                records.append(shown)
        return records

    def _record(
        self,
        subject: Subject,
        fact: Fact,
        versions: list[FactVersion],
        kept_back: Mapping[UUID, Hidden],
        today: date,
    ) -> PublicFact | None:
        row = as_version(fact)
        shown = shown_on(self._env.rulebook, subject, row, versions, today, kept_back)
        if shown is None:
            return None
        kind, periods = shown
        if periods.visible_until is None:
            return None
        return PublicFact(
            code=fact.code,
            name=kind.name.render(self._language),
            nature=kind.nature,
            publicity_class=periods.publicity_class,
            occurred_on=fact.occurred_on,
            authority=fact.source_authority,
            reference=fact.source_reference,
            content=_content(fact.payload),
            shown_until=periods.visible_until,
            repairable_from=periods.repairable_from,
            objection=row.disputed_on(today),
            reply=None,
        )

    def _reply(self, reply: Reply | None) -> PublicReply | None:
        if reply is None or reply.reviewed_at is None:
            return None
        return PublicReply(text=reply_text(reply, self._env), shown_since=china_date(reply.reviewed_at))


def _content(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: mask_text(value) if isinstance(value, str) else value
        for name, value in sorted(payload.items())
        if name in _CONTENT
    }


def _draw(row: Draw, waiver: DrawWaiver | None) -> PublicDraw:
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
        waiver=None
        if waiver is None or waiver.draw_id != row.id
        else PublicWaiver(number=waiver.number, ground=waiver.ground, waived_on=china_date(waiver.waived_at)),
    )
