"""Registering contracts and reading them."""

from typing import Annotated

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LanguageDep, LimitParam, ServiceRouter, problem_response
from fastapi import Query, Request, Response
from starlette.responses import JSONResponse

from contracts.registrations.dependencies import (
    ContractNo,
    FilingDep,
    Internal,
    ReaderDep,
    RegistrarDep,
    SettingsDep,
    Submitter,
    VersionNo,
    Viewer,
)
from contracts.registrations.errors import (
    ContractNotFound,
    ContractRefused,
    NotThisContractsState,
    OrderAlreadyFiled,
    PlatformMismatch,
)
from contracts.registrations.presenting import registered
from contracts.registrations.schemas import (
    ContractSummary,
    ContractView,
    InternalContract,
    Milestone,
    Pending,
    PublicView,
    Registered,
    VersionView,
)
from contracts.registrations.service import Refusal

__all__ = ["PUBLIC", "router"]

router = ServiceRouter(prefix="/api/v1/contracts", tags=["contracts"])
PUBLIC = frozenset({"GET /api/v1/contracts/public/verify/{contract_no}"})


@router.post(
    "/contracts",
    status_code=201,
    response_model=Registered,
    summary="Register a contract, or refuse it with findings",
    responses=declare(ContractRefused, OrderAlreadyFiled, PlatformMismatch),
)
async def post_contract(
    request: Request,
    submitter: Submitter,
    filing: FilingDep,
    registrar: RegistrarDep,
    settings: SettingsDep,
    language: LanguageDep,
) -> Response:
    outcome = await registrar.submit(filing, submitter)
    if isinstance(outcome, Refusal):
        return problem_response(ContractRefused(outcome.findings, language), request)
    answer = registered(outcome, settings.verify_url(outcome.contract_no), language)
    location = f"/api/v1/contracts/contracts/{outcome.contract_no}"
    return Response(
        answer.model_dump_json(), 201, headers={"Location": location}, media_type="application/json"
    )


@router.get("/contracts", summary="The contracts the caller may see, by falling number")
async def get_contracts(
    viewer: Viewer,
    reader: ReaderDep,
    order_no: Annotated[str | None, Query(max_length=200, description="the platform's order number")] = None,
    agency_key: Annotated[str | None, Query(max_length=18, description="USCC of an agency")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ContractSummary]:
    return await reader.list(viewer, order_no=order_no, agency_key=agency_key, cursor=cursor, limit=limit)


@router.get(
    "/contracts/{contract_no}",
    summary="A contract with its latest version, persons masked",
    responses=declare(ContractNotFound),
)
async def get_contract(
    contract_no: ContractNo, viewer: Viewer, reader: ReaderDep, language: LanguageDep
) -> ContractView:
    return await reader.get(contract_no, viewer, language)


@router.get(
    "/contracts/{contract_no}/versions/{version}",
    summary="One version, persons masked",
    responses=declare(ContractNotFound),
)
async def get_contract_version(
    contract_no: ContractNo, version: VersionNo, viewer: Viewer, reader: ReaderDep, language: LanguageDep
) -> VersionView:
    return await reader.get_version(contract_no, version, viewer, language)


@router.get(
    "/contracts/{contract_no}/receipt",
    summary="The receipt of the latest or of one version, once the log has included it",
    responses={
        200: {"description": "The receipt: exactly its RFC 8785 bytes", "content": {"application/json": {}}},
        202: {"description": "Not included yet; ask again after Retry-After", "model": Pending},
        **declare(ContractNotFound),
    },
    response_class=Response,
)
async def get_receipt(
    contract_no: ContractNo,
    viewer: Viewer,
    reader: ReaderDep,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    receipt = await reader.get_receipt(contract_no, version, viewer)
    if receipt is None:
        return JSONResponse(Pending().model_dump(), status_code=202, headers={"Retry-After": "1"})
    return Response(receipt, media_type="application/json")


@router.post(
    "/contracts/{contract_no}/departures",
    summary="Record that the group left",
    responses=declare(ContractNotFound, NotThisContractsState),
)
async def post_departure(
    contract_no: ContractNo, milestone: Milestone, submitter: Submitter, reader: ReaderDep
) -> ContractSummary:
    return await reader.depart(contract_no, milestone, submitter)


@router.post(
    "/contracts/{contract_no}/completions",
    summary="Record that the contract was performed to its end",
    responses=declare(ContractNotFound, NotThisContractsState),
)
async def post_completion(
    contract_no: ContractNo, milestone: Milestone, submitter: Submitter, reader: ReaderDep
) -> ContractSummary:
    return await reader.complete(contract_no, milestone, submitter)


@router.get(
    "/public/verify/{contract_no}",
    summary="Anyone verifies a contract by its number; no person, no price",
    responses=declare(ContractNotFound),
    tags=["public"],
    response_model=PublicView,
)
async def verify(contract_no: ContractNo, reader: ReaderDep, language: LanguageDep) -> Response:
    view = await reader.verify(contract_no, language)
    return Response(
        view.model_dump_json(),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=5", "Vary": "Accept-Language"},
    )


@router.get(
    "/internal/contracts/{contract_no}",
    summary="What another service may know of a contract",
    responses=declare(ContractNotFound),
    tags=["internal"],
)
async def get_internal(contract_no: ContractNo, service: Internal, reader: ReaderDep) -> InternalContract:
    return await reader.get_internal(contract_no)
