"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .removing import BoardRemovals
from .service import BoardService

__all__ = ["BoardRemovalsDep", "BoardServiceDep", "Decider", "Reader", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> BoardService:
    return BoardService(session, env, language)


def _removals(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> BoardRemovals:
    return BoardRemovals(session, env, language)


BoardRemovalsDep = Annotated[BoardRemovals, Depends(_removals)]
BoardServiceDep = Annotated[BoardService, Depends(_service)]
Reader = Annotated[Principal, Depends(Insiders("credit:read", departments=False))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
