"""What is another's does not exist: every path that names a thing, asked for by those whom it is not about.

The operations come from the services' OpenAPI documents and the names from rows made here, so a new route
with an `{id}` in it fails until this test can fill it, or `access.yaml` says that anyone is shown it or
that the name is nobody's.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from common.db import migrations_folder
from common.testing import ServiceDatabase, TokenMint
from tourtrust.runtime.postgres import PostgresServer

from tests.architecture import bodies, things_of_credit
from tests.complaints import conftest as complaints
from tests.complaints.test_enforcement import opened
from tests.contracts import conftest as contracts
from tests.contracts.samples import domestic
from tests.credit import conftest as credit

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text(encoding="utf-8"))
SCOPES = sorted(
    {scope for role, held in TABLE["roles"].items() if not role.startswith("service-") for scope in held}
)
ENFORCEMENT = "/api/v1/complaints/enforcement-cases"
NOTE = {"note": "与本案无关的人。"}
# Where the smallest body that the document lets through does not reach the rule.
BODIES: dict[str, Any] = {
    "POST /api/v1/complaints/cases/{case_id}/events": {"event": "withdraw"} | NOTE,
    "POST /api/v1/complaints/enforcement-cases/{case_id}/events": {"event": "dismiss"} | NOTE,
    **things_of_credit.BODIES,
}


@dataclass
class Stage:
    """A service with one thing of each kind in it, and how a path gets their names."""

    client: httpx.AsyncClient
    document: dict[str, Any]
    mint: TokenMint
    names: Callable[[str, str], str]

    def url(self, path: str) -> str:
        return re.sub(r"\{([^}]+)\}", lambda found: self.names(path, found.group(1)), path)

    async def ask(self, operation: str, who: dict[str, str]) -> httpx.Response:
        method, path = operation.split(" ", 1)
        own = {"json": BODIES[operation]} if operation in BODIES else None
        content = own or bodies.request(self.document, operation)
        return await self.client.request(method, self.url(path), headers=who | {"If-Match": '"1"'}, **content)


@asynccontextmanager
async def in_credit(database: ServiceDatabase, folder: Path) -> AsyncIterator[Stage]:
    async with credit.running_service(database, folder) as service:
        made = await things_of_credit.names_of(service)

        def names(path: str, parameter: str) -> str:
            room = path.removeprefix("/api/v1/credit").split("/")[1]
            return made.get(f"/{room}/ {parameter}", made[parameter])

        yield Stage(service.http, service.app.state.openapi, service.mint, names)


@asynccontextmanager
async def in_complaints(database: ServiceDatabase, folder: Path) -> AsyncIterator[Stage]:
    async with complaints.running(database, folder) as world:
        case = (await world.file())["id"]
        await world.act(case, "accept")
        (paper,) = (await world.get(f"/cases/{case}/documents")).json()["items"]
        enforcement = await opened(world)

        def names(path: str, parameter: str) -> str:
            cases = {"case_id": enforcement if path.startswith(ENFORCEMENT) else case}
            return str((cases | {"document_id": paper["id"]})[parameter])

        yield Stage(world.http, world.app.state.openapi, world.mint, names)


@asynccontextmanager
async def in_contracts(database: ServiceDatabase, folder: Path) -> AsyncIterator[Stage]:
    async with contracts.running(database, folder) as world:
        names = {"contract_no": (await world.submit(domestic())).json()["contract_no"], "version": "1"}
        yield Stage(world.client, world.app.state.openapi, world.mint, lambda _, parameter: names[parameter])


STAGES = {"credit": in_credit, "complaints": in_complaints, "contracts": in_contracts}


@pytest.fixture(params=STAGES, scope="module")
async def stage(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    database = ServiceDatabase(postgres, request.param, migrations_folder(request.param))
    await database.build()
    async with STAGES[request.param](database, tmp_path_factory.mktemp(request.param)) as ready:
        yield ready


def named(document: dict[str, Any]) -> dict[str, bool]:
    """The operations on one named thing of somebody's, and whether they need a token."""
    return {
        f"{method.upper()} {path}": bool(operation["security"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "{" in path and f"{method.upper()} {path}" not in TABLE["names_no_record"]
    }


async def test_what_is_anothers_is_not_found(stage: Stage) -> None:
    every = named(stage.document)
    guarded = [operation for operation, needs_token in every.items() if needs_token]
    assert [one for one in every if one not in guarded and one not in TABLE["shown_to_anyone"]] == []
    strangers = {
        "officer of another region": stage.mint.headers(scopes=SCOPES, regions=["150000"], sub="stranger"),
        "another agency": stage.mint.headers(
            kind="agency", scopes=SCOPES, regions=[], sub="other", subject_id=str(uuid4())
        ),
        "officer of nowhere": stage.mint.headers(scopes=SCOPES, regions=[], sub="nowhere"),
    }
    wrong = []
    for operation in guarded:
        for who, headers in strangers.items():
            answer = await stage.ask(operation, headers)
            if answer.status_code not in {403, 404}:
                wrong.append(f"{operation} by {who}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


async def test_the_same_things_are_there_for_their_officer(stage: Stage) -> None:
    """Else the test above would be content with names of nothing."""
    officer = stage.mint.headers(scopes=SCOPES, regions=["140000"])
    missing = []
    for operation, needs_token in named(stage.document).items():
        if needs_token and operation.startswith("GET ") and "/internal/" not in operation:
            answer = await stage.ask(operation, officer)
            if answer.status_code not in {200, 202, 409}:  # 409: there, but not finished
                missing.append(f"{operation}: {answer.status_code} {answer.text[:200]}")
    assert missing == []
