"""Routes of reports."""

from typing import Any

from common.problems import declare
from common.web import LanguageDep, ServiceRouter
from fastapi import Response
from starlette.responses import FileResponse

from credit.downloads import file_answer
from credit.sheets import MEDIA_TYPES, SheetFormat

from .dependencies import KnownAt, Reader, RegionParam, ReportServiceDep, YearParam
from .errors import ReportNotFound
from .schemas import Scorecard, YearlyReport

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/reports", tags=["reports"])
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind.split(";")[0]: {} for kind in MEDIA_TYPES.values()}}
}


@router.get(
    "/yearly", responses=declare(ReportNotFound), summary="A region's year in numbers, and the year before"
)
async def get_yearly_report(
    year: YearParam, region: RegionParam, actor: Reader, reports: ReportServiceDep, known_at: KnownAt = None
) -> YearlyReport:
    return await reports.yearly(actor, region, year, known_at)


@router.get(
    "/yearly.{extension}",
    response_class=FileResponse,
    responses={**_FILES, **declare(ReportNotFound)},
    summary="The same as a file",
)
async def get_yearly_report_file(
    extension: SheetFormat,
    year: YearParam,
    region: RegionParam,
    actor: Reader,
    reports: ReportServiceDep,
    language: LanguageDep,
    known_at: KnownAt = None,
) -> Response:
    report = await reports.yearly(actor, region, year, known_at)
    return file_answer(await reports.yearly_file(report, extension, language), f"yearly-{region}-{year}")


@router.get(
    "/departments",
    responses=declare(ReportNotFound),
    summary="How the departments below a region kept their deadlines within a year",
)
async def get_department_scorecard(
    year: YearParam, region: RegionParam, actor: Reader, reports: ReportServiceDep, known_at: KnownAt = None
) -> Scorecard:
    return await reports.scorecard(actor, region, year, known_at)


@router.get(
    "/departments.{extension}",
    response_class=FileResponse,
    responses={**_FILES, **declare(ReportNotFound)},
    summary="The same as a file",
)
async def get_department_scorecard_file(
    extension: SheetFormat,
    year: YearParam,
    region: RegionParam,
    actor: Reader,
    reports: ReportServiceDep,
    language: LanguageDep,
    known_at: KnownAt = None,
) -> Response:
    card = await reports.scorecard(actor, region, year, known_at)
    return file_answer(
        await reports.scorecard_file(card, extension, language), f"departments-{region}-{year}"
    )
