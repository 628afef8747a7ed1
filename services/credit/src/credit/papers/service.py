"""Use cases of papers: issue one with the act that causes it, list them, read one as PDF."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import rfc8785
import typst
from common import audit
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.typesetting import Typesetter, template_hash
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.subjects.models import Subject
from credit.subjects.personal import revealed

from .errors import PaperNotFound, PaperNotTypeset
from .models import Paper
from .policy import PaperForm
from .repository import PaperFilters, PaperRepository
from .rules import MARKS, chinese_date, cleaned
from .schemas import PaperView, TemplateView

__all__ = ["TEMPLATES", "PaperService"]

TEMPLATES = Path(__file__).parent / "templates"


class PaperService:
    """Papers, in the transaction of the act that causes them."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._papers = PaperRepository(session)

    async def issue(
        self,
        kind: str,
        subject: Subject,
        about: tuple[str, UUID],
        data: Mapping[str, Any],
        by: str,
        *,
        region: str | None = None,
    ) -> Paper:
        """Issue a numbered paper of `kind` to a subject; `about` names the room and record it belongs to.

        Numbers have no gaps and no doubles within kind, year and authority: an act that is rolled back gives
        its number back. The authority is that of `region`, by default the subject's. What the paper says is
        fixed here; texts and days in `data` are made ready for the template, which gets them as `d.data`.

        Raises:
            PolicyNotInForce: no form of this kind is in force today.
        """
        now = self._env.clock.now()
        today = china_date(now)
        place = region or subject.region
        form = self._env.rulebook.papers.choose(f"paper-{kind}", on=today, region=place)
        issuers = self._env.rulebook.paper_issuers.choose("paper-issuers", on=today, region=place)
        serial = await self._papers.next_serial(kind, today.year, place)
        number = issuers.number(form.word, today.year, place, serial)
        person = revealed(subject, self._env.keyring)
        said = {
            "title": form.title.zh,
            "number": number,
            "authority": issuers.name(place),
            "date": chinese_date(today),
            "mark": MARKS[form.status],
            "basis": form.legal_basis,
            "notes": form.notes,
            "subject": {
                "name": cleaned(person.name if person else subject.name),
                "key": subject.key,
                "license_no": subject.license_no,
            },
            "data": cleaned(data),
        }
        identity = new_id()
        paper = Paper(
            id=identity,
            kind=kind,
            year=today.year,
            region=place,
            serial=serial,
            number=number,
            subject_id=subject.id,
            about_room=about[0],
            about_id=about[1],
            subject_reads=form.subject_reads,
            form_version=form.version,
            form_region=form.region,
            template_sha256=template_hash(TEMPLATES, kind),
            data_cipher=self._env.keyring.encrypt(
                json.dumps(said, ensure_ascii=False), context=_context(identity)
            ),
            data_sha256=sha256(rfc8785.dumps(said)).hexdigest(),
            issued_on=today,
            issued_at=now,
            issued_by=by,
        )
        self._papers.add(paper)
        await self._session.flush()
        return paper

    async def last_number(self, kind: str, about_id: UUID) -> str | None:
        """The number of the last paper of a kind about a record, for papers that refer to it."""
        return await self._papers.last_number(kind, about_id)

    async def record_number(self, prefix: str, region: str) -> str:
        """The next number of a room's own records (`LST-2026-140100-0001`), without gaps or doubles."""
        year = china_date(self._env.clock.now()).year
        serial = await self._papers.next_serial(f"record-{prefix}", year, region)
        return f"{prefix}-{year}-{region}-{serial:04d}"

    async def get(self, actor: Principal, paper_id: UUID) -> PaperView:
        """A paper the caller may see, without its content. Raises PaperNotFound."""
        return self.view(await self._find(actor, paper_id))

    async def search(
        self, actor: Principal, filters: PaperFilters, cursor: str | None, limit: int
    ) -> Page[PaperView]:
        """Papers the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        before = cursor_id(cursor)
        rows = await self._papers.page(actor, filters, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[self.view(row) for row in items], next_cursor=following)

    async def pdf(self, actor: Principal, paper_id: UUID) -> tuple[Paper, bytes]:
        """A paper typeset now; the same paper gives the same bytes while its template stays.

        It may name persons, so who read it is recorded in the same transaction.

        Raises:
            PaperNotFound: no such paper, or not the caller's to see.
            PaperNotTypeset: the template of today does not take the data.
        """
        paper = await self._find(actor, paper_id)
        await audit.record(
            self._session,
            actor=actor,
            action="paper.read",
            target=f"paper:{paper.id}",
            details={"kind": paper.kind, "number": paper.number},
            now=self._env.clock.now(),
        )
        said = json.loads(self._env.keyring.decrypt(paper.data_cipher, context=_context(paper.id)))
        try:
            return paper, await asyncio.to_thread(_typeset, paper.kind, said, paper.issued_at)
        except typst.TypstError as error:
            raise PaperNotTypeset from error

    def view(self, paper: Paper) -> PaperView:
        """The paper as it crosses the API."""
        form: PaperForm = self._env.rulebook.papers.get(
            f"paper-{paper.kind}", paper.form_version, paper.form_region
        )
        issuers = self._env.rulebook.paper_issuers.choose(
            "paper-issuers", on=paper.issued_on, region=paper.region
        )
        return PaperView(
            **paper.model_dump(
                include={
                    "id",
                    "number",
                    "kind",
                    "subject_id",
                    "about_room",
                    "about_id",
                    "region",
                    "data_sha256",
                    "issued_on",
                    "issued_at",
                    "issued_by",
                }
            ),
            title=form.title.render(self._language),
            authority=issuers.name(paper.region),
            legal_basis=form.legal_basis,
            template=TemplateView(version=form.version, status=form.status, sha256=paper.template_sha256),
            path=f"/api/v1/credit/papers/{paper.id}.pdf",
        )

    async def _find(self, actor: Principal, paper_id: UUID) -> Paper:
        paper = await self._papers.find(paper_id, actor)
        if paper is None:
            raise PaperNotFound
        return paper


@cache
def _typesetter() -> Typesetter:
    return Typesetter(TEMPLATES)


def _typeset(kind: str, said: dict[str, Any], issued_at: datetime) -> bytes:
    """The PDF; runs in a thread, where the first call reads the fonts."""
    return _typesetter().pdf(kind, said, issued_at.astimezone(UTC))


def _context(paper_id: UUID) -> str:
    """What the stored data of a paper are bound to."""
    return f"credit.paper.data:{paper_id}"
