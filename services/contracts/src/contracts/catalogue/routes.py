"""Rules, templates, price references, policies, and the schema of a submission."""

from datetime import date
from typing import Annotated, Any

from common.auth import Principal
from common.clock import china_date
from common.web import ClockDep, LanguageDep, Requires, ServiceRouter
from fastapi import Depends, Query, Response
from starlette.responses import JSONResponse

from contracts.catalogue import service
from contracts.catalogue.dependencies import LibraryDep
from contracts.catalogue.schemas import PolicyList, ReferenceList, RuleList, TemplateList
from contracts.documents.schemas import submission_json_schema

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/contracts", tags=["rules"])

Reader = Annotated[
    Principal,
    Depends(Requires("contracts:read", "contracts:submit", "contracts:supervise", "contracts:policy")),
]
OnDay = Annotated[date | None, Query(description="day in China; today if left out")]
Region = Annotated[str | None, Query(pattern="^[0-9]{6}$", description="GB/T 2260 code")]


@router.get("/rules", summary="Every rule with its severity, basis and sentences")
async def get_rules(
    reader: Reader,
    library: LibraryDep,
    clock: ClockDep,
    language: LanguageDep,
    on: OnDay = None,
    region: Region = None,
) -> RuleList:
    return service.list_rules(library, on=on or china_date(clock.now()), region=region, language=language)


@router.get("/templates", summary="Editions of the model contracts")
async def get_templates(reader: Reader, library: LibraryDep) -> TemplateList:
    return service.list_templates(library)


@router.get("/price-references", summary="Guide prices the price watch compares with")
async def get_price_references(reader: Reader, library: LibraryDep) -> ReferenceList:
    return service.list_references(library)


@router.get("/policies", summary="All policy data, as written")
async def get_policies(reader: Reader, library: LibraryDep, on: OnDay = None) -> PolicyList:
    return service.list_policies(library, on=on)


@router.get("/schema", summary="JSON Schema of a submission", response_model=dict[str, Any])
async def get_schema(reader: Reader) -> Response:
    return JSONResponse(submission_json_schema(), media_type="application/schema+json")
