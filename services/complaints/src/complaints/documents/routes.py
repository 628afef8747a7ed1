"""Papers of a case over HTTP."""

from urllib.parse import quote

from common.pagination import Page
from common.problems import declare
from common.web import ClockDep, LanguageDep, ServiceRouter
from fastapi import Response
from starlette.responses import JSONResponse

from complaints.documents.dependencies import (
    DocumentCaseId,
    DocumentDeskDep,
    DocumentId,
    DocumentReader,
    Supervisor,
)
from complaints.documents.errors import DocumentFailed, DocumentNotFailed, DocumentNotFound
from complaints.documents.schemas import DocumentView, DocumentWaiting

__all__ = ["router"]

RETRY_SECONDS = "1"

router = ServiceRouter(prefix="/api/v1/complaints/cases/{case_id}", tags=["documents"])


@router.get(
    "/documents",
    summary="The numbered papers of a case, oldest first",
    responses=declare(DocumentNotFound),
)
async def list_documents(
    case_id: DocumentCaseId, reader: DocumentReader, desk: DocumentDeskDep, language: LanguageDep
) -> Page[DocumentView]:
    return Page(items=await desk.of_case(case_id, reader, language))


@router.get(
    "/documents/{document_id}.pdf",
    summary="One paper as PDF; 202 until it is made",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        202: {"model": DocumentWaiting, "description": "Not made yet; `Retry-After` says when to ask again"},
        **declare(DocumentNotFound, DocumentFailed),
    },
)
async def read_document(
    case_id: DocumentCaseId,
    document_id: DocumentId,
    reader: DocumentReader,
    desk: DocumentDeskDep,
    clock: ClockDep,
) -> Response:
    paper = await desk.read(case_id, document_id, reader, clock.now())
    if paper.pdf is None:
        waiting = DocumentWaiting(id=document_id, number=paper.document.number, state="ordered")
        headers = {"Retry-After": RETRY_SECONDS, "Cache-Control": "no-store"}
        return JSONResponse(waiting.model_dump(mode="json"), 202, headers=headers)
    name = quote(f"{paper.document.number}.pdf")
    return Response(
        paper.pdf,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f"inline; filename=\"{document_id}.pdf\"; filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
            "ETag": f'"{paper.document.content_sha256}"',
        },
    )


@router.post(
    "/documents/{document_id}/renderings",
    status_code=202,
    summary="Make a failed paper again",
    responses=declare(DocumentNotFound, DocumentNotFailed),
)
async def make_again(
    case_id: DocumentCaseId,
    document_id: DocumentId,
    actor: Supervisor,
    desk: DocumentDeskDep,
    language: LanguageDep,
    clock: ClockDep,
) -> DocumentView:
    return await desk.order_again(case_id, document_id, actor, language, clock.now())
