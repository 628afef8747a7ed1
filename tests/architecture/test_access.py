"""Who may call what: every operation of the gateway and every service, tried by every role.

`access.yaml` beside this file says, for a person to review, which scopes open which operation and which
scopes each role holds. The test reads the operations from the services' own OpenAPI documents, so a new
route fails here until somebody has classified it.
"""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from common.clock import SystemClock
from common.db import migrations_folder
from common.ledger.signer import create_log_key
from common.settings import ServiceSettings
from common.testing import ServiceDatabase, TokenMint, api_client, test_settings
from complaints.config import Settings as ComplaintsSettings
from complaints.main import create_app as complaints
from contracts.config import Settings as ContractsSettings
from contracts.main import create_app as contracts
from credit.config import Settings as CreditSettings
from credit.main import create_app as credit
from fastapi import FastAPI
from gateway.config import Settings as GatewaySettings
from gateway.main import PUBLIC as GATEWAY_PUBLIC
from gateway.main import create_app as gateway
from gateway.seed import DEMO_CLIENTS, DEMO_USERS
from gateway.seed import SERVICES as SERVICE_PRINCIPALS
from tourtrust.runtime.postgres import PostgresServer

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, tuple[Callable[..., FastAPI], type[ServiceSettings]]] = {
    "credit": (credit, CreditSettings),
    "complaints": (complaints, ComplaintsSettings),
    "contracts": (contracts, ContractsSettings),
}
SOME_ID = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(params=SERVICES, scope="module")
async def service(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, httpx.AsyncClient, dict[str, Any], TokenMint]]:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    create_app, kind = SERVICES[name]
    database = ServiceDatabase(postgres, name, migrations_folder(name))
    await database.build()
    create_log_key(folder / "log.key", f"tourtrust.example/{name}")
    settings = test_settings(
        kind,
        folder,
        await database.copy(),
        log_origin=f"tourtrust.example/{name}",
        log_key_file=folder / "log.key",
    )
    mint = TokenMint()
    app = create_app(settings, verifier=mint.verifier(SystemClock()))
    async with api_client(app) as client:
        yield name, client, app.state.openapi, mint


@pytest.fixture
async def door(
    postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, Any]]]:
    """The gateway with nothing behind it, and the document of its own operations."""
    database = ServiceDatabase(postgres, "gateway", migrations_folder("gateway"))
    await database.build()
    app = gateway(test_settings(GatewaySettings, tmp_path, await database.copy(), key_lead_seconds=0))
    async with api_client(app) as client:
        yield client, app.state.openapi


def operations(document: dict[str, Any]) -> dict[str, list[str]]:
    """Each operation with the scopes that open it; an empty list means public."""
    return {
        f"{method.upper()} {path}": [scope for need in operation["security"] for scope in need["token"]]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def roles_by_scopes() -> dict[frozenset[str], str]:
    """The roles by what they hold: two that hold the same are one here, since access is by scope alone."""
    by_scopes: dict[frozenset[str], str] = {}
    for role, held in TABLE["roles"].items():
        kept = frozenset(held)
        by_scopes[kept] = f"{by_scopes[kept]}, {role}" if kept in by_scopes else role
    return by_scopes


async def test_every_operation_is_classified(
    service: tuple[str, httpx.AsyncClient, dict[str, Any], TokenMint],
) -> None:
    name, _, document, _ = service
    assert operations(document) == TABLE["operations"][name]


async def test_the_gateways_own_operations_are_classified_and_need_no_token(
    door: tuple[httpx.AsyncClient, dict[str, Any]],
) -> None:
    client, document = door
    described = operations(document)
    assert described | {operation: [] for operation in GATEWAY_PUBLIC} == TABLE["operations"]["gateway"]
    wrong = {}
    for operation in TABLE["operations"]["gateway"]:
        method, path = operation.split(" ", 1)
        answer = await client.request(method, re.sub(r"\{[^}]+\}", SOME_ID, path))
        refused = {403, 500} if operation in TABLE["judges_its_client"] else {401, 403, 500}
        if answer.status_code in refused:
            wrong[operation] = answer.status_code
    assert wrong == {}


async def test_every_role_gets_what_is_its_and_nothing_else(
    service: tuple[str, httpx.AsyncClient, dict[str, Any], TokenMint],
) -> None:
    _, client, document, mint = service
    wrong: list[str] = []
    roles = roles_by_scopes()
    tokens = {held: mint.headers(scopes=sorted(held), sub=role) for held, role in roles.items()}
    for operation, scopes in operations(document).items():
        method, path = operation.split(" ", 1)
        url = re.sub(r"\{[^}]+\}", SOME_ID, path)
        anonymous = await client.request(method, url)
        if scopes and anonymous.status_code != 401:
            wrong.append(f"{operation} without token: {anonymous.status_code}")
        if not scopes and anonymous.status_code in {401, 403, 500}:
            wrong.append(f"{operation} is public but answers {anonymous.status_code}")
        for held, role in roles.items():
            answer = await client.request(method, url, headers=tokens[held])
            refused = answer.status_code == 403 and "scopes" in answer.json()
            allowed = not scopes or not held.isdisjoint(scopes)
            if refused is allowed or answer.status_code in {401, 500}:
                wrong.append(f"{operation} by {role}: {answer.status_code}, expected allowed={allowed}")
    assert wrong == []


def test_the_roles_are_those_of_the_gateway() -> None:
    held = {name: sorted(who.scopes) for name, who in (DEMO_CLIENTS | DEMO_USERS).items()}
    held |= {f"service-{name}": sorted(scopes) for name, scopes in SERVICE_PRINCIPALS.items()}
    assert held == TABLE["roles"]
