"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .service import WarningRuleService

__all__ = ["Author", "Reader", "WarningRuleServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep) -> WarningRuleService:
    return WarningRuleService(session, env)


WarningRuleServiceDep = Annotated[WarningRuleService, Depends(_service)]
Reader = Annotated[Principal, Depends(Insiders("credit:read", "credit:policy", own=False, departments=False))]
Author = Annotated[Principal, Depends(Requires("credit:policy"))]
