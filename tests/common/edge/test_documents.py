"""The API's document says what the edge does, and no route escapes the edge."""

from pathlib import Path
from typing import Annotated

import pytest
from common.auth import Principal
from common.settings import ServiceSettings
from common.testing import test_settings
from common.web import Requires, ServiceRouter, create_service_app
from fastapi import APIRouter, Depends
from starlette.routing import Mount, Route

from .conftest import Edge


def test_each_operation_tells_its_problems_and_its_key(edge: Edge) -> None:
    paths = edge.app.state.openapi["paths"]
    write, read = paths["/edge/notes"]["post"], paths["/edge/search"]["get"]
    assert set(write["responses"]) == {
        *("201", "400", "401", "403", "409", "413", "415", "422", "503"),
    }
    assert [p["name"] for p in write["parameters"]] == ["then", "Idempotency-Key"]
    assert set(read["responses"]) == {"200", "422", "503"}
    assert "Idempotency-Key" not in str(read)


async def _two(
    one: Annotated[Principal, Depends(Requires("credit:write"))],
    other: Annotated[Principal, Depends(Requires("pii:reveal"))],
) -> None: ...


async def _plain(actor: Annotated[Principal, Depends(Requires("credit:write"))]) -> None: ...


def _two_demands() -> APIRouter:
    router = ServiceRouter()
    router.add_api_route("/two", _two)
    return router


def _foreign_class() -> APIRouter:
    router = APIRouter()
    router.add_api_route("/plain", _plain)
    return router


def _foreign_route() -> APIRouter:
    router = ServiceRouter()
    router.routes.append(Route("/raw", lambda request: None))
    return router


def _mounted() -> APIRouter:
    router = ServiceRouter()
    router.routes.append(Mount("/files", routes=[]))
    return router


@pytest.mark.parametrize("make", [_two_demands, _foreign_class, _foreign_route, _mounted])
def test_a_route_that_escapes_the_edge_stops_the_start(tmp_path: Path, make: object) -> None:
    settings = test_settings(ServiceSettings, tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(ValueError, match=r"two demands|ServiceRouter"):
        create_service_app(
            name="test",
            title="Test",
            settings=settings,
            migrations=None,
            routers=[make()],  # type: ignore[operator]
        )
