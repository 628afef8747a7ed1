"""What the routing routes are given."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires
from fastapi import Depends, Request

from complaints.routing.service import RoutingService

__all__ = ["Previewer", "RoutingServiceDep"]


def _service(request: Request) -> RoutingService:
    return RoutingService(request.app.state.policies)


RoutingServiceDep = Annotated[RoutingService, Depends(_service)]
Previewer = Annotated[
    Principal, Depends(Requires("complaints:file", "complaints:handle", "complaints:supervise"))
]
