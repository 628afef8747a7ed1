"""Routes of imports."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, PayloadTooLarge, Text, UnsupportedMediaType, declare
from common.web import CursorParam, LanguageDep, LimitParam, ServiceRouter
from common.web.route import attempt_of, given_again
from fastapi import Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse

from credit.downloads import file_answer
from credit.sheets import MEDIA_TYPES, SheetFormat, write_table

from .dependencies import ImportServiceDep, SettingsDep, StagerDep, WorkerDep, Writer
from .errors import FileRefused, ImportClosed, ImportNotFound, ReportExpired
from .reading import format_of
from .rules import COLUMNS, Mode
from .schemas import ImportView
from .template import SAMPLES

__all__ = ["router", "upload_router"]

upload_router = ServiceRouter(prefix="/api/v1/credit", tags=["imports"], keeps=True)
router = ServiceRouter(prefix="/api/v1/credit/imports", tags=["imports"])

_BODIES = {
    kind.split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind.split(";")[0]: {} for kind in MEDIA_TYPES.values()}}
}


@upload_router.post(
    "/subjects:import",
    status_code=202,
    response_model=ImportView,
    responses={
        200: {"model": ImportView, "description": "The same file is being applied already"},
        **declare(FileRefused, PayloadTooLarge, UnsupportedMediaType, Forbidden),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": _BODIES
            | {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": {"type": "string", "format": "binary"}},
                    }
                }
            },
        }
    },
    summary="Register and change many subjects from one xlsx, csv or ndjson file",
    description=(
        "The file is read and checked at once: a file that cannot be read is refused as a whole, and nothing "
        "of it is kept. Its rows are then applied in the background; what became of each is in the report. "
        "Bringing the same file again changes nothing that stands already."
    ),
)
async def import_subjects(
    request: Request,
    actor: Writer,
    stager: StagerDep,
    worker: WorkerDep,
    settings: SettingsDep,
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
    mode: Annotated[Mode, Query(description="register, change, or both")] = Mode.UPSERT,
) -> Response:
    if actor.subject_id is not None:
        raise Forbidden(Text("只有管理部门可以导入", "Only an authority imports subjects"))
    request.scope["tourtrust.body_limit"] = settings.max_import_bytes
    kind = request.headers.get("content-type", "")
    name: str | None = None
    if kind.lower().startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=8) as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                raise FileRefused(Text("表单中没有名为 file 的文件", "The form has no file named `file`"))
            kind, name, raw = upload.content_type or "", upload.filename, await upload.read()
    else:
        raw = await request.body()
    format = format_of(kind, name)
    if format is None:
        raise UnsupportedMediaType(Text("文件须为 xlsx、csv 或 ndjson", "Send xlsx, csv or ndjson"))
    attempt = await attempt_of(request, f"{mode}?{dry_run}?".encode() + raw)
    answer, again = await stager.stage(actor, raw, format, mode, dry_run, attempt)
    if again:
        return given_again(answer)
    worker.bell.set()
    return Response(answer.body, answer.status, dict(answer.headers))


@router.get("", summary="The caller's imports, the newest first")
async def list_imports(
    actor: Writer, imports: ImportServiceDep, cursor: CursorParam = None, limit: LimitParam = 20
) -> Page[ImportView]:
    return await imports.search(actor, cursor, limit)


@router.get(
    "/template.{extension}",
    response_class=FileResponse,
    responses=_FILES,
    summary="An empty file with all columns and a few invented rows",
)
async def import_template(extension: SheetFormat, actor: Writer, language: LanguageDep) -> Response:
    async def rows() -> AsyncIterator[list[Any]]:
        for sample in SAMPLES:
            yield [sample.get(column.code) for column in COLUMNS]

    return file_answer(await write_table(extension, COLUMNS, rows(), language), "subjects-template")


@router.get("/{import_id}", responses=declare(ImportNotFound), summary="An import and how far it is")
async def get_import(import_id: UUID, actor: Writer, imports: ImportServiceDep) -> ImportView:
    return await imports.get(actor, import_id)


@router.post(
    "/{import_id}/cancel",
    responses=declare(ImportNotFound, ImportClosed),
    summary="Stop an import; what was applied stays",
)
async def cancel_import(import_id: UUID, actor: Writer, imports: ImportServiceDep) -> ImportView:
    return await imports.cancel(actor, import_id)


@router.get(
    "/{import_id}/report.{extension}",
    response_class=FileResponse,
    responses={**_FILES, **declare(ImportNotFound, ReportExpired)},
    summary="What became of every row, as a file",
)
async def import_report(
    import_id: UUID,
    extension: SheetFormat,
    actor: Writer,
    imports: ImportServiceDep,
    language: LanguageDep,
) -> Response:
    table = await imports.report(actor, import_id, extension, language)
    return file_answer(table, f"import-{import_id}")
