"""What the case routes are given."""

from typing import Annotated
from uuid import UUID

from common.auth import Principal
from common.web import ClockDep, KeyringDep, Requires, SessionDep
from fastapi import Depends, Path, Request

from complaints.cases.intake import IntakeService
from complaints.cases.repository import CaseRepository
from complaints.cases.schemas import MAX_CONTRACT_NO
from complaints.cases.service import CaseService
from complaints.clients.contracts import ContractAnswer, ask
from complaints.routing.service import RoutingService
from complaints.subjects.repository import SubjectRepository

__all__ = [
    "CallerAddress",
    "CaseId",
    "CaseReader",
    "CaseServiceDep",
    "ContractDep",
    "Filer",
    "IntakeServiceDep",
    "Revealer",
]


async def _contract(request: Request) -> ContractAnswer:
    """Asked before the transaction begins: no call to a neighbour inside one.

    The body is judged elsewhere; here only a number that could be one is looked for.
    """
    content = await request.json() if await request.body() else None
    number = content.get("contract_no") if isinstance(content, dict) else None
    plausible = isinstance(number, str) and 0 < len(number) <= MAX_CONTRACT_NO
    return await ask(request.app.state.contracts, number if plausible else None)


def _cases(request: Request, session: SessionDep, keyring: KeyringDep, clock: ClockDep) -> CaseService:
    return CaseService.of(session, request.app.state.policies, keyring, clock)


def _intake(request: Request, session: SessionDep, keyring: KeyringDep, clock: ClockDep) -> IntakeService:
    state = request.app.state
    return IntakeService(
        CaseRepository(session),
        SubjectRepository(session),
        RoutingService(state.policies),
        state.policies,
        state.settings,
        keyring,
        clock,
    )


def _address(request: Request) -> str:
    """The caller's address: the last hop of `X-Forwarded-For`, which the gateway adds, else the peer's."""
    forwarded = request.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
    return forwarded[:64] or (request.client.host if request.client else "unknown")


ContractDep = Annotated[ContractAnswer, Depends(_contract)]
CaseServiceDep = Annotated[CaseService, Depends(_cases)]
IntakeServiceDep = Annotated[IntakeService, Depends(_intake)]
CallerAddress = Annotated[str, Depends(_address)]
CaseId = Annotated[UUID, Path(description="id of a case")]
Filer = Annotated[Principal, Depends(Requires("complaints:file"))]
CaseReader = Annotated[
    Principal, Depends(Requires("complaints:handle", "complaints:supervise", "complaints:respond"))
]
Revealer = Annotated[Principal, Depends(Requires("pii:reveal"))]
