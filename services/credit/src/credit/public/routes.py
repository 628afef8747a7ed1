"""Public routes: no token."""

from typing import Annotated

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Path, Query

from credit.subjects.errors import SubjectNotFound

from .dependencies import PublicServiceDep
from .schemas import PublicDraw, PublicSubject, PublicSubjectPage

__all__ = ["PUBLIC", "router"]

PREFIX = "/api/v1/credit/public"
PUBLIC = frozenset({f"GET {PREFIX}/subjects", f"GET {PREFIX}/subjects/{{key}}", f"GET {PREFIX}/draws"})

router = ServiceRouter(prefix=PREFIX, tags=["public"])


@router.get("/subjects", summary="Find entities by name, licence or USCC")
async def search_public_subjects(
    public: PublicServiceDep,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicSubject]:
    return await public.search(q, cursor, limit)


@router.get(
    "/subjects/{key}",
    responses=declare(SubjectNotFound),
    summary="What may be shown of one subject, by USCC, licence or guide card",
)
async def get_public_subject(
    key: Annotated[str, Path(min_length=6, max_length=40)], public: PublicServiceDep
) -> PublicSubjectPage:
    return await public.page(key)


@router.get("/draws", summary="All draws, void ones included, the newest first")
async def list_public_draws(
    public: PublicServiceDep, cursor: CursorParam = None, limit: LimitParam = 20
) -> Page[PublicDraw]:
    return await public.draws(cursor, limit)
