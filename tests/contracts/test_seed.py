"""The seed makes the demo contract and synthetic ones, and making them again changes nothing."""

from common.seeding import SeedPlan
from contracts.seed import DEMO_ORDER_NO, seed

from .conftest import World


class Steps:
    def __init__(self) -> None:
        self.total = self.done = 0

    def start(self, task: str, total: int) -> None:
        self.total = total

    def advance(self, steps: int = 1) -> None:
        self.done += steps


async def test_the_demo_contract_is_completed(world: World) -> None:
    steps = Steps()
    made = await seed(world.app.state.settings, SeedPlan(), steps)
    assert (steps.done, steps.total) == (1, 1)
    number = made["demo_contract_no"]
    path = f"/api/v1/contracts/internal/contracts/{number}"
    assert (await world.client.get(path, headers=world.service())).json() == {
        "contract_no": number,
        "status": "completed",
        "contract_type": "domestic_group",
        "agency_key": "911401059999990157",
        "region": "140105",
        "departure_on": "2026-11-12",
        "return_on": "2026-11-14",
        "total_fen": 300_000,
    }
    (completed,) = await world.events("contract_completed")
    assert (completed["contract_no"], completed["headcount"]) == (number, 2)
    found = await world.client.get(
        "/api/v1/contracts/contracts", params={"order_no": DEMO_ORDER_NO}, headers=world.ota()
    )
    assert [item["contract_no"] for item in found.json()["items"]] == [number]


async def test_seeding_again_makes_the_same_contracts(world: World) -> None:
    plan = SeedPlan(contracts=60, agencies=2, seed=7)
    first = await seed(world.app.state.settings, plan, Steps())
    again = await seed(world.app.state.settings, plan, Steps())
    assert again == first
    assert await world.count("contracts") == 61
    assert await world.count("price_alerts") == await world.count("attempts") == 0
    assert await world.count("contracts", "status = 'completed'") == len(
        await world.events("contract_completed")
    )
