"""Routes of evidence."""

from urllib.parse import quote
from uuid import UUID

from common.problems import PayloadTooLarge, declare
from common.web import ServiceRouter
from fastapi import Response

from credit.facts.errors import FactNotFound
from credit.subjects.errors import SubjectNotFound

from .dependencies import EvidenceServiceDep, FileIn, Insider, Party, Reader, Writer
from .errors import EvidenceNotFound, EvidenceRefused
from .rules import MAX_BYTES
from .schemas import EvidenceView

__all__ = ["UPLOAD_LIMIT", "router"]

UPLOAD_LIMIT = MAX_BYTES + 65_536
"""A file of the largest size with the wrapping of its form."""

router = ServiceRouter(prefix="/api/v1/credit", tags=["evidence"])


@router.post(
    "/facts/{fact_id}/evidence",
    status_code=201,
    response_model=EvidenceView,
    responses=declare(FactNotFound, EvidenceRefused, PayloadTooLarge)
    | {200: {"model": EvidenceView, "description": "The same bytes were there before"}},
    max_body_size=UPLOAD_LIMIT,
    summary="Keep a file of evidence about a fact, by the hash of its bytes",
)
async def attach_evidence(
    fact_id: UUID, file: FileIn, actor: Writer, evidence: EvidenceServiceDep
) -> Response:
    view, new = await evidence.attach_to_fact(actor, fact_id, file.filename, await file.read())
    return Response(view.model_dump_json(), 201 if new else 200, media_type="application/json")


@router.post(
    "/subjects/{subject_id}/evidence",
    status_code=201,
    response_model=EvidenceView,
    responses=declare(SubjectNotFound, EvidenceRefused, PayloadTooLarge)
    | {200: {"model": EvidenceView, "description": "The same bytes were there before"}},
    max_body_size=UPLOAD_LIMIT,
    summary="Keep a file of a subject that an application to come names by its hash",
)
async def attach_subject_evidence(
    subject_id: UUID, file: FileIn, actor: Party, evidence: EvidenceServiceDep
) -> Response:
    view, new = await evidence.attach_to_subject(actor, subject_id, file.filename, await file.read())
    return Response(view.model_dump_json(), 201 if new else 200, media_type="application/json")


@router.get(
    "/facts/{fact_id}/evidence", responses=declare(FactNotFound), summary="The files of evidence about a fact"
)
async def list_evidence(fact_id: UUID, actor: Insider, evidence: EvidenceServiceDep) -> list[EvidenceView]:
    return await evidence.of_fact(actor, fact_id)


@router.get(
    "/evidence/{evidence_id}",
    response_class=Response,
    responses=declare(EvidenceNotFound)
    | {200: {"description": "The file, to be saved and never shown in place"}},
    summary="A file of evidence in the clear; who reads it is recorded",
)
async def read_evidence(evidence_id: UUID, actor: Reader, evidence: EvidenceServiceDep) -> Response:
    view, data = await evidence.read(actor, evidence_id)
    return Response(
        data,
        media_type=view.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(view.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
            "X-Content-SHA256": view.sha256,
        },
    )
