"""Routes of papers."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query, Response

from .dependencies import PaperServiceDep, Reader
from .errors import PaperNotFound, PaperNotTypeset
from .repository import PaperFilters
from .schemas import PaperView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/papers", tags=["papers"])


@router.get("", summary="Issued papers, the newest first")
async def list_papers(
    actor: Reader,
    papers: PaperServiceDep,
    subject_id: UUID | None = None,
    about_id: UUID | None = None,
    kind: Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{2,31}$")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PaperView]:
    return await papers.search(actor, PaperFilters(subject_id, about_id, kind), cursor, limit)


@router.get(
    "/{paper_id}.pdf",
    summary="One paper as PDF; who read it is audited",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **declare(PaperNotFound, PaperNotTypeset),
    },
)
async def read_paper(paper_id: UUID, actor: Reader, papers: PaperServiceDep) -> Response:
    paper, pdf = await papers.pdf(actor, paper_id)
    name = quote(f"{paper.number}.pdf")
    return Response(
        pdf,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename=\"{paper.id}.pdf\"; filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
        },
    )


@router.get("/{paper_id}", responses=declare(PaperNotFound), summary="One paper without its content")
async def get_paper(paper_id: UUID, actor: Reader, papers: PaperServiceDep) -> PaperView:
    return await papers.get(actor, paper_id)
