"""How the route of this room gets its service, and who may call it."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import ProposalService

__all__ = ["ProposalServiceDep", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> ProposalService:
    return ProposalService(session, env, language)


ProposalServiceDep = Annotated[ProposalService, Depends(_service)]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
