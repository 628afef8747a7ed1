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
    policies = request.app.state.policies
    return EnforcementService(session, policies.penalties, policies.measures, clock, keyring)


EnforcementServiceDep = Annotated[EnforcementService, Depends(_service)]
