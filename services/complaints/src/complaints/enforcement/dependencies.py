"""What the enforcement routes are given."""

from typing import Annotated

from common.auth import Principal
from common.web import ClockDep, KeyringDep, Requires, SessionDep
from fastapi import Depends, Request

from .service import EnforcementService

__all__ = ["EnforcementServiceDep", "Officer", "OfficerOrRespondent"]

Officer = Annotated[Principal, Depends(Requires("enforcement:handle"))]
OfficerOrRespondent = Annotated[Principal, Depends(Requires("enforcement:handle", "complaints:respond"))]


def _service(
    request: Request, session: SessionDep, clock: ClockDep, keyring: KeyringDep
) -> EnforcementService:
    return EnforcementService(session, request.app.state.penalty_book, clock, keyring)


EnforcementServiceDep = Annotated[EnforcementService, Depends(_service)]
