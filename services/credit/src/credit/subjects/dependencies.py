"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .keys import KeyService
from .merging import MergeService
from .service import SubjectService
from .tracing import TraceService

__all__ = [
    "Decider",
    "KeyServiceDep",
    "MergeServiceDep",
    "Reader",
    "Revealer",
    "SubjectServiceDep",
    "TraceServiceDep",
    "Writer",
]


def _service(session: SessionDep, env: EnvironmentDep) -> SubjectService:
    return SubjectService(session, env)


def _merging(session: SessionDep, env: EnvironmentDep) -> MergeService:
    return MergeService(session, env)


def _keys(session: SessionDep, env: EnvironmentDep) -> KeyService:
    return KeyService(session, env)


def _tracing(session: SessionDep, env: EnvironmentDep) -> TraceService:
    return TraceService(session, env)


KeyServiceDep = Annotated[KeyService, Depends(_keys)]
MergeServiceDep = Annotated[MergeService, Depends(_merging)]
TraceServiceDep = Annotated[TraceService, Depends(_tracing)]
SubjectServiceDep = Annotated[SubjectService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Insider = Annotated[Principal, Depends(Insiders("credit:read"))]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Revealer = Annotated[Principal, Depends(Requires("pii:reveal"))]
