"""How the routes of this room get their service, and who may call them."""

import re
from typing import Annotated

from common.auth import Principal
from common.problems import PreconditionFailed, PreconditionRequired
from common.web import Requires, SessionDep
from fastapi import Depends, Header

from credit.rulebook.dependencies import EnvironmentDep

from .merging import MergeService
from .service import SubjectService
from .tracing import TraceService

__all__ = [
    "ExpectedVersion",
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


def _tracing(session: SessionDep, env: EnvironmentDep) -> TraceService:
    return TraceService(session, env)


MergeServiceDep = Annotated[MergeService, Depends(_merging)]
TraceServiceDep = Annotated[TraceService, Depends(_tracing)]
SubjectServiceDep = Annotated[SubjectService, Depends(_service)]
Reader = Annotated[Principal, Depends(Requires("credit:read"))]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
Revealer = Annotated[Principal, Depends(Requires("pii:reveal"))]

_ETAG = re.compile(r'"([1-9][0-9]{0,9})"')


def _expected_version(if_match: Annotated[str | None, Header()] = None) -> int:
    """The version named by `If-Match`, which is the ETag of a subject."""
    if if_match is None:
        raise PreconditionRequired
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise PreconditionFailed
    return int(match[1])


ExpectedVersion = Annotated[int, Depends(_expected_version)]
