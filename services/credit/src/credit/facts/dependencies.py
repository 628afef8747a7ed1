"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .bulk import FactBulk
from .reading import FactReader
from .service import FactService

__all__ = ["FactBulkDep", "FactReaderDep", "FactServiceDep", "Reader", "Writer"]


async def _service(session: SessionDep, env: EnvironmentDep) -> FactService:
    return FactService(session, env)


async def _bulk(session: SessionDep, env: EnvironmentDep) -> FactBulk:
    return FactBulk(session, env)


async def _reader(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> FactReader:
    return FactReader(session, env, language)


FactServiceDep = Annotated[FactService, Depends(_service)]
FactBulkDep = Annotated[FactBulk, Depends(_bulk)]
FactReaderDep = Annotated[FactReader, Depends(_reader)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
