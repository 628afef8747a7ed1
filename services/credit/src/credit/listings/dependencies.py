"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep

from .service import ListingService
from .showing import PublicListings

__all__ = [
    "Decider",
    "ListingServiceDep",
    "PublicListingsDep",
    "Reader",
    "Speaker",
    "Writer",
]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> ListingService:
    return ListingService(session, env, language)


def _public(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> PublicListings:
    return PublicListings(session, env, language)


ListingServiceDep = Annotated[ListingService, Depends(_service)]
PublicListingsDep = Annotated[PublicListings, Depends(_public)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Speaker = Annotated[Principal, Depends(Requires("credit:write", "credit:read"))]
