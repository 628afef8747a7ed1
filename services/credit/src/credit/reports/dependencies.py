"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import SessionDep
from fastapi import Depends, Query
from pydantic import AwareDatetime

from credit.rulebook.dependencies import EnvironmentDep, Insiders

from .service import ReportService

__all__ = ["KnownAt", "Reader", "RegionParam", "ReportServiceDep", "YearParam"]


def _service(session: SessionDep, env: EnvironmentDep) -> ReportService:
    return ReportService(session, env)


ReportServiceDep = Annotated[ReportService, Depends(_service)]
Reader = Annotated[Principal, Depends(Insiders("credit:read", departments=False))]
YearParam = Annotated[int, Query(ge=2001, le=2200)]
RegionParam = Annotated[str, Query(pattern=r"^[0-9]{6}$")]
KnownAt = Annotated[AwareDatetime | None, Query(description="as known at this instant; by default now")]
