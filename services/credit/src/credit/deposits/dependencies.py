"""How the routes of this room get their services, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .cover import CoverService
from .risk import RiskClassService
from .service import DepositService

__all__ = ["CoverServiceDep", "DepositServiceDep", "Reader", "RiskClassServiceDep", "Writer"]


def _deposits(session: SessionDep, env: EnvironmentDep) -> DepositService:
    return DepositService(session, env)


def _cover(session: SessionDep, env: EnvironmentDep) -> CoverService:
    return CoverService(session, env)


def _risk(session: SessionDep, env: EnvironmentDep) -> RiskClassService:
    return RiskClassService(session, env)


DepositServiceDep = Annotated[DepositService, Depends(_deposits)]
CoverServiceDep = Annotated[CoverService, Depends(_cover)]
RiskClassServiceDep = Annotated[RiskClassService, Depends(_risk)]
Reader = Annotated[Principal, Depends(Insiders("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
