"""The copy of subjects: newer versions win, stale ones change nothing, and the checks believe it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from common.db import new_id
from common.events import Event, HandlerContext
from common.seeding import DEMO_SUBJECT_IDS
from contracts.events import on_credit
from contracts.subjects.service import find_subject

from .conftest import NOW, World
from .samples import domestic

ID = DEMO_SUBJECT_IDS["sample_agency"]
DATA: dict[str, Any] = {
    "subject_id": str(ID),
    "kind": "travel_agency",
    "key": "911401059999990157",
    "name": "山西晋样例旅行社有限公司（虚构）",
    "license_no": "L-SX-990001",
    "scope": ["domestic"],
    "region": "140105",
    "status": "active",
    "tier": "B",
}


def event(name: str, version: int, **data: Any) -> Event:
    return Event(
        id=new_id(),
        type=f"tourtrust.credit.{name}.v1",
        source="credit",
        subject=str(ID),
        version=version,
        time=NOW,
        data=DATA | data,
    )


async def hear(world: World, *events: Event) -> None:
    context = HandlerContext(
        world.app.state.clock, world.app.state.settings, world.app.state.keyring, world.app.state
    )
    for each in events:
        async with world.db.session() as session:
            await on_credit(session, each, context)


async def known(world: World, subject_id: UUID = ID) -> Any:
    async with world.db.session() as session:
        return await find_subject(session, subject_id)


async def test_only_newer_versions_are_taken(world: World) -> None:
    await hear(
        world, event("subject_updated", 3, status="suspended"), event("subject_updated", 2, status="active")
    )
    subject = await known(world)
    assert (subject.version, subject.status, subject.region) == (3, "suspended", "140105")


async def test_grades_count_their_own_versions(world: World) -> None:
    await hear(
        world,
        event("grade_changed", 5, to_grade="C", to_tier="high_risk"),
        event("grade_changed", 4, to_grade="A", to_tier="low_risk"),
        event("subject_updated", 2),
    )
    subject = await known(world)
    assert (subject.grade, subject.grade_version, subject.version) == ("C", 5, 2)


async def test_a_grade_of_a_stranger_is_no_subject(world: World) -> None:
    stranger = replace(event("grade_changed", 1), data=DATA | {"subject_id": str(new_id())})
    await hear(world, stranger)
    assert await known(world, UUID(stranger.data["subject_id"])) is None


async def test_a_revoked_licence_refuses_the_contract(world: World) -> None:
    await hear(world, event("subject_updated", 2, status="revoked"))
    answer = await world.submit(domestic())
    assert answer.status_code == 422
    assert [(f["rule_id"], f["path"]) for f in answer.json()["findings"]] == [("Q01", "agency.license_no")]


async def test_the_region_of_the_archive_is_the_contracts(world: World) -> None:
    await hear(world, event("subject_updated", 2, region="140200"))
    await world.submit(domestic())
    (registered,) = await world.events("contract_registered")
    assert registered["region"] == "140200"
    assert registered == {
        "contract_no": registered["contract_no"],
        "version": 1,
        "contract_type": "domestic_group",
        "agency_key": "911401059999990157",
        "platform_key": "911401089999990318",
        "region": "140200",
        "departure_on": "2026-12-12",
        "return_on": "2026-12-16",
        "headcount": 4,
    }
