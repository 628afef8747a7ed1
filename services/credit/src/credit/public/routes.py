"""Public routes, without a token; and the replies of subjects, with one."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Path, Query, Response

from credit.facts.errors import FactNotFound
from credit.subjects.errors import SubjectNotFound

from .dependencies import OwnUser, PublicServiceDep, Reader, ReplyServiceDep, Writer
from .errors import ReplyNotFound, ReplyRefused
from .rules import ReplyState
from .schemas import PublicDraw, PublicSubject, PublicSubjectPage, QrView, ReplyIn, ReplyReviewIn, ReplyView

__all__ = ["PUBLIC", "replies_router", "router"]

PREFIX = "/api/v1/credit/public"
PUBLIC = frozenset(
    {
        f"GET {PREFIX}/subjects",
        f"GET {PREFIX}/subjects/{{key}}",
        f"GET {PREFIX}/subjects/{{key}}/qr",
        f"GET {PREFIX}/subjects/{{key}}/qr.svg",
        f"GET {PREFIX}/draws",
    }
)
Key = Annotated[str, Path(min_length=6, max_length=40, description="USCC, licence or guide card")]

router = ServiceRouter(prefix=PREFIX, tags=["public"])
replies_router = ServiceRouter(prefix="/api/v1/credit", tags=["replies"])


@router.get("/subjects", summary="Find entities by name, licence or USCC; persons are never listed")
async def search_public_subjects(
    public: PublicServiceDep,
    q: Annotated[str, Query(min_length=2, max_length=100)],
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicSubject]:
    return await public.search(q, cursor, limit)


@router.get(
    "/subjects/{key}",
    responses=declare(SubjectNotFound),
    summary="What may be shown of one subject, by USCC, licence or guide card",
)
async def get_public_subject(key: Key, public: PublicServiceDep) -> PublicSubjectPage:
    return await public.page(key)


@router.get(
    "/subjects/{key}/qr",
    responses=declare(SubjectNotFound),
    summary="What a QR code of the subject says, signed by the key of the log",
)
async def get_subject_qr(key: Key, public: PublicServiceDep) -> QrView:
    return await public.qr(key)


@router.get(
    "/subjects/{key}/qr.svg",
    response_class=Response,
    responses=declare(SubjectNotFound) | {200: {"description": "The code", "content": {"image/svg+xml": {}}}},
    summary="The QR code as SVG",
)
async def get_subject_qr_image(key: Key, public: PublicServiceDep) -> Response:
    return Response(
        await public.qr_image(key),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )


@router.get("/draws", summary="All draws, void ones included, the newest first")
async def list_public_draws(
    public: PublicServiceDep, cursor: CursorParam = None, limit: LimitParam = 20
) -> Page[PublicDraw]:
    return await public.draws(cursor, limit)


@replies_router.post(
    "/facts/{fact_id}/reply",
    status_code=201,
    responses=declare(FactNotFound),
    summary="The subject's own words beside a record; shown once an officer has looked at them",
)
async def file_reply(fact_id: UUID, body: ReplyIn, actor: OwnUser, replies: ReplyServiceDep) -> ReplyView:
    return await replies.file(actor, fact_id, body)


@replies_router.get("/replies", summary="Replies that the caller may see, the newest first")
async def list_replies(
    actor: Reader,
    replies: ReplyServiceDep,
    state: ReplyState | None = None,
    subject_id: UUID | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ReplyView]:
    return await replies.search(actor, state, subject_id, cursor, limit)


@replies_router.post(
    "/replies/{reply_id}/review",
    responses=declare(ReplyNotFound, ReplyRefused),
    summary="Show a reply, or refuse it with a reason",
)
async def review_reply(
    reply_id: UUID, body: ReplyReviewIn, actor: Writer, replies: ReplyServiceDep
) -> ReplyView:
    return await replies.review(actor, reply_id, body)


@replies_router.post(
    "/replies/{reply_id}/withdraw",
    responses=declare(ReplyNotFound, ReplyRefused),
    summary="Take back one's own reply",
)
async def withdraw_reply(reply_id: UUID, actor: OwnUser, replies: ReplyServiceDep) -> ReplyView:
    return await replies.withdraw(actor, reply_id)
