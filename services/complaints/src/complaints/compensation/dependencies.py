"""What the compensation routes are given."""

from typing import Annotated

from common.auth import Principal
from common.web import ClockDep, Requires
from fastapi import Depends, Request

from .service import CompensationService

__all__ = ["CompensationServiceDep", "Reader"]

Reader = Annotated[
    Principal,
    Depends(Requires("complaints:handle", "complaints:file", "complaints:respond", "complaints:supervise")),
]


def _service(request: Request, clock: ClockDep) -> CompensationService:
    return CompensationService(request.app.state.compensation_book, clock)


CompensationServiceDep = Annotated[CompensationService, Depends(_service)]
