"""Three services on one real bus: what credit announces, contracts and complaints act on; what an enforcement
case decides, credit grades by its procedure and by whom it harmed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from common.db import migrations_folder
from common.testing import ServiceDatabase
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer

from tests.complaints import conftest as complaints
from tests.complaints.test_enforcement import BODIES, brought_to, do
from tests.contracts import conftest as contracts
from tests.contracts.samples import changed, domestic
from tests.credit import conftest as credit

LICENCE = "L-SX-990777"
pytestmark = pytest.mark.full


@dataclass
class Market:
    """The three services, and one agency that credit has registered."""

    credit: credit.Service
    contracts: contracts.World
    complaints: complaints.World
    agency: dict[str, Any]

    def document(self) -> dict[str, Any]:
        return changed(domestic(), {"agency.uscc": self.agency["key"], "agency.license_no": LICENCE})


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    for _ in range(int(seconds / 0.1)):
        if found := await look():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("waited in vain")


@pytest.fixture(scope="module")
async def market(
    postgres: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Market]:
    databases = {
        name: ServiceDatabase(postgres, name, migrations_folder(name))
        for name in ("credit", "contracts", "complaints")
    }
    for database in databases.values():
        await database.build()
    bus = {"nats_url": nats.url}
    async with AsyncExitStack() as stack:

        def folder(name: str) -> Any:
            return tmp_path_factory.mktemp(name)

        archive = await stack.enter_async_context(
            credit.running_service(databases["credit"], folder("credit"), **bus)
        )
        registry = await stack.enter_async_context(
            contracts.running(databases["contracts"], folder("contracts"), **bus)
        )
        desk = await stack.enter_async_context(
            complaints.running(databases["complaints"], folder("complaints"), **bus)
        )
        scope = {"license_no": LICENCE, "business_scope": ["domestic", "inbound"]}
        agency = await archive.subject(name="总线样例旅行社（虚构）", **scope)
        yield Market(archive, registry, desk, agency)


async def test_a_listing_in_credit_is_cited_by_contracts_and_complaints(market: Market) -> None:
    agency = market.agency
    named = {"payload": {"condition": "SEV-T-2"}}
    await market.credit.by_room(agency, "SERIOUS_LISTED", "2026-03-01", "merge", **named)

    async def warned() -> Any:
        answer = await market.contracts.client.post(
            "/api/v1/contracts/contracts:check", json=market.document(), headers=market.contracts.ota()
        )
        return answer.json()["findings"]

    [finding] = await until(warned)
    assert (finding["rule_id"], finding["severity"], finding["path"]) == ("Q02", "warn", "agency.uscc")
    assert "M-SEV-3" in finding["reason"] and "2029-03-01" in finding["reason"]
    assert any("第7号" in basis for basis in finding["legal_basis"])
    answer = await market.contracts.submit(market.document())
    assert answer.status_code == 201, answer.text
    path = f"/api/v1/contracts/contracts/{answer.json()['contract_no']}"
    kept = (await market.contracts.client.get(path, headers=market.contracts.ota())).json()
    assert [one["measure"] for one in kept["latest"]["measures"]] == ["M-SEV-3"]

    async def cited() -> Any:
        filed = await market.complaints.file(
            respondent={"name": agency["name"], "key": agency["key"]}, contract_no=None
        )
        steps = (await market.complaints.get(f"/cases/{filed['id']}/timeline")).json()["items"]
        return steps[0]["data"].get("measures")

    [measure] = await until(cited)
    assert (measure["measure"], measure["starts_on"], measure["ends_on"]) == (
        "M-SEV-2",
        "2026-03-01",
        "2029-03-01",
    )


async def test_a_summary_fine_that_harmed_nobody_is_slight_and_ends_no_clean_year(market: Market) -> None:
    agency, desk = market.agency, market.complaints
    clue = {"respondent_key": agency["key"], "violation_code": "R50"}
    case_id = await brought_to(desk, "investigated", **clue)
    fine = BODIES["propose"] | {"amount_fen": 300_000, "gradation": None, "procedure": "summary"}
    await do(desk, case_id, "propose", **fine, harmed_tourists=False)
    for event in ("notify_rights", "decide", "serve"):
        await do(desk, case_id, event)

    async def recorded() -> Any:
        items = (await market.credit.get(f"/subjects/{agency['id']}/facts"))["items"]
        return [one for one in items if one["code"] == "PENALTY_FINE_SMALL"]

    [fact] = await until(recorded)
    assert (fact["payload"]["procedure"], fact["payload"]["harmed_tourists"]) == ("summary", False)
    assert (fact["payload"]["violation_code"], fact["payload"]["amount_fen"]) == ("R50", 300_000)
    page = await market.credit.get(f"/public/subjects/{agency['key']}", who={})
    assert "PENALTY_FINE_SMALL" not in str(page["records"])
    deposit = await market.credit.get(f"/subjects/{agency['id']}/deposit")
    assert [one["harm"] for one in deposit["penalties"]] == ["others"]
