"""Who sees what of a registered contract."""

import json
from datetime import UTC, datetime

from contracts.registrations.rules import ContractNumber
from sqlalchemy import text

from .conftest import World
from .samples import changed, domestic, lowprice

BASE = "/api/v1/contracts"


async def registered(world: World) -> str:
    return str((await world.submit(domestic())).json()["contract_no"])


def secrets() -> list[str]:
    document = domestic()
    people = [
        t[name] for t in document["travelers"] for name in ("name", "id_number", "phone", "health_note")
    ]
    contacts = [document["agency"]["handler"]["phone"], document["ground_agencies"][0]["contact_phone"]]
    return [text for text in people + contacts if text]


async def test_persons_are_masked_for_every_reader(world: World) -> None:
    number = await registered(world)
    for headers in (world.ota(), world.agency(), world.officer("140000"), world.officer("140100")):
        for path in (f"/contracts/{number}", f"/contracts/{number}/versions/1"):
            answer = await world.client.get(BASE + path, headers=headers)
            assert answer.status_code == 200, answer.text
            assert [secret for secret in secrets() if secret in answer.text] == []
    officer = (await world.client.get(f"{BASE}/contracts/{number}", headers=world.officer("140000"))).json()
    traveler = officer["latest"]["document"]["travelers"][0]
    assert traveler["name"] == "王**"
    assert (traveler["id_number"][:3], traveler["id_number"][-2:]) == ("140", "52")
    assert traveler["phone"] == "142****0001"
    assert (officer["status"], officer["total_fen"], officer["signature_level"]) == (
        "registered",
        872000,
        "agreed",
    )


async def test_others_get_404(world: World) -> None:
    number = await registered(world)
    strangers = (
        world.agency("lowprice_agency"),
        world.officer("140200"),
        world.officer("110000"),
        world.officer(),
        world.ota(subject_id=None),
        world.ota(subject_id="0198f000-0000-7000-8000-000000000000"),
    )
    for headers in strangers:
        for path in ("", "/versions/1", "/receipt"):
            answer = await world.client.get(f"{BASE}/contracts/{number}{path}", headers=headers)
            assert answer.status_code == 404, (headers, path)
        assert (await world.client.get(f"{BASE}/contracts", headers=headers)).json()["items"] == []
    assert (
        await world.client.get(f"{BASE}/contracts/{number}/versions/2", headers=world.ota())
    ).status_code == 404


async def test_only_the_named_platform_submits(world: World) -> None:
    for headers in (
        world.ota(subject_id=None),
        world.ota(subject_id="0198f000-0000-7000-8000-000000000000"),
        world.mint.headers(kind="officer", scopes=["contracts:submit"], regions=["140000"]),
    ):
        answer = await world.submit(domestic(), headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/platform-mismatch"
    other = changed(domestic(), {"submitting_platform.platform_uscc": "911401059999990157"})
    assert (await world.submit(other)).status_code == 403
    assert await world.count("contracts") == await world.count("attempts") == 0


async def test_anyone_verifies_by_number_and_sees_no_person_and_no_price(world: World) -> None:
    number = await registered(world)
    answer = await world.client.get(f"{BASE}/public/verify/{number}")
    assert answer.status_code == 200
    view = answer.json()
    assert (view["contract_no"], view["status"]) == (number, "registered")
    assert (view["agency_name"], view["license_no"]) == (domestic()["agency"]["name"], "L-SX-990001")
    assert view["versions"][0]["log"]["state"] in {"promised", "included"}
    assert [secret for secret in [*secrets(), "872000", "238000"] if secret in answer.text] == []
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    unknown = str(ContractNumber("140000", datetime(2026, 11, 23, tzinfo=UTC).date(), "01", 99_999_999))
    for bad in (wrong, unknown, "x", number.lower() + "z", "1" * 25):
        refused = await world.client.get(f"{BASE}/public/verify/{bad}")
        assert refused.status_code == 404
        assert refused.headers["content-type"] == "application/problem+json"


async def test_departure_and_completion(world: World) -> None:
    number = await registered(world)
    path = f"{BASE}/contracts/{number}"
    early = await world.client.post(
        f"{path}/departures", json={"occurred_on": "2026-12-12"}, headers=world.ota()
    )
    assert early.status_code == 409
    world.set_clock(datetime(2026, 12, 17, 2, tzinfo=UTC))
    outside = await world.client.post(
        f"{path}/departures", json={"occurred_on": "2026-12-11"}, headers=world.ota()
    )
    assert outside.status_code == 409
    left = await world.client.post(
        f"{path}/departures", json={"occurred_on": "2026-12-12"}, headers=world.ota()
    )
    assert (left.status_code, left.json()["status"]) == (200, "departed")
    done = await world.client.post(
        f"{path}/completions", json={"occurred_on": "2026-12-16"}, headers=world.ota()
    )
    assert (done.status_code, done.json()["completed_on"]) == (200, "2026-12-16")
    again = await world.client.post(
        f"{path}/completions", json={"occurred_on": "2026-12-16"}, headers=world.ota()
    )
    assert again.status_code == 409
    assert len(await world.events("contract_completed")) == 1
    foreign = await world.client.post(
        f"{path}/completions", json={"occurred_on": "2026-12-16"}, headers=world.ota(subject_id=None)
    )
    assert foreign.status_code == 404
    assert (await world.client.get(f"{BASE}/public/verify/{number}")).json()["status"] == "completed"


async def test_alerts_are_for_the_officers_of_the_region(world: World) -> None:
    await world.submit(lowprice())
    await world.submit(changed(domestic(), {"fees.cost_breakdown_per_adult": []}))
    everywhere = await world.client.get(f"{BASE}/price-alerts", headers=world.officer("140000"))
    assert [alert["agency_key"] for alert in everywhere.json()["items"]] == [
        "911401059999990157",
        "91140213999999058C",
    ]
    first = await world.client.get(f"{BASE}/price-alerts?limit=1", headers=world.officer("140000"))
    cursor = first.json()["next_cursor"]
    second = await world.client.get(
        f"{BASE}/price-alerts?limit=1&cursor={cursor}", headers=world.officer("140000")
    )
    assert second.json()["items"][0]["ratio"] == "0.2525"
    assert second.json()["next_cursor"] is None
    datong = await world.client.get(f"{BASE}/price-alerts", headers=world.officer("140200"))
    assert [alert["region"] for alert in datong.json()["items"]] == ["140213"]
    assert (await world.client.get(f"{BASE}/price-alerts", headers=world.officer("110000"))).json()[
        "items"
    ] == []
    assert (await world.client.get(f"{BASE}/price-alerts", headers=world.ota())).status_code == 403
    bad = await world.client.get(f"{BASE}/price-alerts?cursor=xyz", headers=world.officer("140000"))
    assert bad.status_code == 422


async def test_personal_data_are_stored_encrypted(world: World) -> None:
    await registered(world)
    await world.submit(lowprice())
    everything = []
    for table in (
        "contracts",
        "contract_versions",
        "contract_travelers",
        "attempts",
        "price_alerts",
        "outbox",
    ):
        async with world.db.session() as session:
            rows = await session.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t"))
            everything += list(rows)
    stored = json.dumps(everything, ensure_ascii=False)
    people = [
        t[name] for d in (domestic(), lowprice()) for t in d["travelers"] for name in ("name", "id_number")
    ]
    assert [person for person in people if person in stored] == []
