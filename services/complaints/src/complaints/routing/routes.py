"""Routes of routing: preview, departments, policies."""

from datetime import date
from typing import Annotated

from common.clock import china_date
from common.policies import PolicyNotInForce, PolicyView
from common.problems import declare
from common.web import ClockDep, ServiceRouter
from fastapi import Query

from complaints.routing.dependencies import Previewer, RoutingServiceDep
from complaints.routing.rules import Enquiry
from complaints.routing.schemas import DepartmentOut, PreviewIn, RoutingOut

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/complaints", tags=["routing"])


@router.post(
    "/routing/preview", summary="Where a text belongs; nothing is stored", responses=declare(PolicyNotInForce)
)
async def preview(
    body: PreviewIn, actor: Previewer, service: RoutingServiceDep, clock: ClockDep
) -> RoutingOut:
    enquiry = Enquiry(
        text=body.text,
        received_on=body.received_on or china_date(clock.now()),
        places=body.places.places(),
        contract_end_on=body.contract_end_on,
        contract_no=body.contract_no,
    )
    return RoutingOut.of(service.route(enquiry))


@router.get("/departments", summary="The bodies to which cases go", responses=declare(PolicyNotInForce))
async def departments(
    service: RoutingServiceDep, clock: ClockDep, on: Annotated[date | None, Query()] = None
) -> list[DepartmentOut]:
    found = service.departments(on or china_date(clock.now()))
    return [DepartmentOut.model_validate(item, from_attributes=True) for item in found]


@router.get("/policies", summary="Law and local rules as data")
async def policies(
    service: RoutingServiceDep, on: Annotated[date | None, Query()] = None
) -> list[PolicyView]:
    return service.policies(on)
