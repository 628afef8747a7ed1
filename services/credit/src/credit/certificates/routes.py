"""Routes of certificates."""

from urllib.parse import quote
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, Problem, declare
from common.web import CursorParam, LimitParam, ServiceRouter, problem_response
from fastapi import Request, Response

from credit.papers.errors import PaperNotTypeset
from credit.subjects.errors import SubjectNotFound

from .dependencies import Applicant, CertificateServiceDep, Reader
from .errors import CertificateNotFound, MadeForAnother, NotCertifiable
from .schemas import (
    CertificateIn,
    CertificateMade,
    CertificateView,
    UseIn,
    UseView,
    Verification,
    VerifyIn,
)

__all__ = ["PUBLIC", "public_router", "router"]

PREFIX = "/api/v1/credit"
PUBLIC = frozenset({f"POST {PREFIX}/public/certificates/verify"})
router = ServiceRouter(prefix=f"{PREFIX}/certificates", tags=["certificates"])
public_router = ServiceRouter(prefix=f"{PREFIX}/public/certificates", tags=["public"], idempotent=False)


@router.post(
    "",
    status_code=201,
    response_model=CertificateMade,
    responses=declare(SubjectNotFound, Forbidden, NotCertifiable),
    summary="Issue a certificate for one purpose and one relying party",
)
async def issue_certificate(
    body: CertificateIn, actor: Applicant, certificates: CertificateServiceDep
) -> Response:
    made = await certificates.issue(actor, body)
    headers = {"Location": f"{PREFIX}/certificates/{made.id}"}
    return Response(made.model_dump_json(), 201, headers, "application/json")


@router.get("", summary="Certificates, the newest first")
async def list_certificates(
    actor: Reader,
    certificates: CertificateServiceDep,
    subject_id: UUID | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[CertificateView]:
    return await certificates.search(actor, subject_id, cursor, limit)


@router.get(
    "/{certificate_id}.pdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **declare(CertificateNotFound, PaperNotTypeset),
    },
    summary="A certificate as PDF; who read it is audited",
)
async def read_certificate(
    certificate_id: UUID, actor: Reader, certificates: CertificateServiceDep
) -> Response:
    number, raw = await certificates.pdf(actor, certificate_id)
    name = f"inline; filename=\"{certificate_id}.pdf\"; filename*=UTF-8''{quote(number)}.pdf"
    return Response(
        raw,
        media_type="application/pdf",
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


@router.get(
    "/{certificate_id}", responses=declare(CertificateNotFound), summary="A certificate with its document"
)
async def get_certificate(
    certificate_id: UUID, actor: Reader, certificates: CertificateServiceDep
) -> CertificateView:
    return await certificates.get(actor, certificate_id)


@router.get(
    "/{certificate_id}/receipt",
    response_class=Response,
    responses={
        200: {"description": "The receipt, its RFC 8785 bytes", "content": {"application/json": {}}},
        202: {"description": "Not included yet; ask again after Retry-After"},
        **declare(CertificateNotFound),
    },
    summary="The log's proof that this very document was issued",
)
async def get_certificate_receipt(
    certificate_id: UUID, actor: Reader, certificates: CertificateServiceDep
) -> Response:
    receipt = await certificates.receipt(actor, certificate_id)
    if receipt is None:
        return Response(status_code=202, headers={"Retry-After": "1"})
    return Response(receipt.encode(), media_type="application/json")


@router.post(
    "/{certificate_id}/uses",
    status_code=201,
    response_model=UseView,
    responses=declare(CertificateNotFound, MadeForAnother),
    summary="Note that the caller relies on a certificate it holds the code of",
)
async def use_certificate(
    certificate_id: UUID, body: UseIn, actor: Reader, request: Request, certificates: CertificateServiceDep
) -> UseView | Response:
    used = await certificates.use(actor, certificate_id, body)
    return problem_response(used, request) if isinstance(used, Problem) else used


@router.get(
    "/{certificate_id}/uses",
    responses=declare(CertificateNotFound),
    summary="Who relied on a certificate, for its subject and the officers of its region",
)
async def list_certificate_uses(
    certificate_id: UUID,
    actor: Reader,
    certificates: CertificateServiceDep,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[UseView]:
    return await certificates.uses(actor, certificate_id, cursor, limit)


@public_router.post(
    "/verify",
    response_model=Verification,
    responses=declare(CertificateNotFound, MadeForAnother),
    summary="Whether a certificate holds, for whom and what it was made; the asking is noted",
)
async def verify_certificate(
    body: VerifyIn, request: Request, certificates: CertificateServiceDep
) -> Verification | Response:
    told = await certificates.verify(body)
    return problem_response(told, request) if isinstance(told, Problem) else told
