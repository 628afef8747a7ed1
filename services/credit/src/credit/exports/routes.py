"""Routes of exports and of the feed of changes."""

from typing import Annotated, Any

from common.problems import PayloadTooLarge, declare
from common.web import LimitParam, ServiceRouter
from fastapi import Query, Response
from starlette.responses import FileResponse

from credit.downloads import file_answer
from credit.sheets import MEDIA_TYPES, SheetFormat
from credit.subjects.rules import Kind

from .dependencies import ExportServiceDep, Reader
from .errors import ExportForbidden
from .repository import ExportFilters
from .rules import Name
from .schemas import Changes

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit", tags=["exports"])
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind.split(";")[0]: {} for kind in MEDIA_TYPES.values()}}
}


@router.get(
    "/exports/{name}.{extension}",
    response_class=FileResponse,
    responses={**_FILES, **declare(ExportForbidden, PayloadTooLarge)},
    summary="A table of the caller's regions as a file; persons are masked, the taking is audited",
)
async def export_table(
    name: Name,
    extension: SheetFormat,
    actor: Reader,
    exports: ExportServiceDep,
    region: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
    kind: Kind | None = None,
) -> Response:
    return file_answer(await exports.export(actor, name, extension, ExportFilters(region, kind)), name)


@router.get(
    "/changes",
    summary="What has changed in the caller's regions since a place in the feed, nothing ever left out",
)
async def list_changes(
    actor: Reader,
    exports: ExportServiceDep,
    after: Annotated[
        str | None, Query(max_length=200, description="`next_after` of the answer before")
    ] = None,
    limit: LimitParam = 100,
) -> Changes:
    return await exports.changes(actor, after, limit)
