"""Registering, refusing and repeating over HTTP, on a real database."""

import asyncio
import json
from uuid import UUID

import pytest
from common.ledger.verify import Refused, verify_receipt

from .conftest import World
from .samples import changed, domestic, expected, lowprice, outbound


async def receipt_of(world: World, number: str) -> bytes:
    for _ in range(100):
        answer = await world.client.get(f"/api/v1/contracts/contracts/{number}/receipt", headers=world.ota())
        if answer.status_code == 200:
            return answer.content
        assert answer.status_code == 202
        assert answer.headers["Retry-After"] == "1"
        await asyncio.sleep(0.1)
    raise AssertionError("no receipt after ten seconds")


async def test_a_clean_contract_is_registered_and_provable(world: World) -> None:
    answer = await world.submit(domestic())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    number = body["contract_no"]
    assert number.startswith("1400002026112301")
    assert len(number) == 25
    assert (body["version"], body["status"], body["findings"]) == (1, "registered", [])
    assert UUID(body["promise"]["id"]).version == 4, "nothing in the public log leads to a number"
    assert body["verify_url"].endswith(f"/api/v1/contracts/public/verify/{number}")
    receipt = await receipt_of(world, number)
    verdict = verify_receipt(receipt, world.log_key, json.dumps(domestic()).encode())
    assert (verdict.id, verdict.version, verdict.document_checked) == (body["promise"]["id"], 1, True)
    with pytest.raises(Refused):
        verify_receipt(receipt, world.log_key, json.dumps(outbound()).encode())


async def test_the_same_document_gets_the_same_answer(world: World) -> None:
    first = await world.submit(domestic())
    again = await world.submit(dict(reversed(list(domestic().items()))))
    assert again.status_code == 201
    assert again.content == first.content
    assert await world.count("contracts") == 1
    assert len(await world.events("contract_registered")) == 1


async def test_another_document_under_the_same_order_is_a_conflict(world: World) -> None:
    assert (await world.submit(domestic())).status_code == 201
    other = changed(domestic(), {"group.tour_code": "SXJY-OTHER"})
    answer = await world.submit(other)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/order-already-filed"
    refusable = changed(domestic(), {"insurance.agency_prompted": False})
    assert (await world.submit(refusable)).status_code == 409
    assert await world.count("attempts") == 0


async def test_infos_do_not_refuse(world: World) -> None:
    answer = await world.submit(outbound())
    assert answer.status_code == 201
    assert [(f["rule_id"], f["severity"]) for f in answer.json()["findings"]] == [("C06", "info")]


async def test_a_refused_document_leaves_an_attempt_and_one_alert(world: World) -> None:
    answer = await world.submit(lowprice())
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/contract-refused"
    found = {(f["rule_id"], f["severity"], f["path"]) for f in problem["findings"]}
    assert found == expected("contract-lowprice-suspect")
    assert {"pointer", "reason", "legal_basis"} <= problem["findings"][0].keys()
    assert (await world.submit(lowprice())).json() == problem
    assert await world.count("attempts") == 1
    assert await world.count("contracts") == await world.count("ledger_promises") == 0
    (alert,) = await world.events("price_alert_raised")
    assert alert["rule_ids"] == ["P01", "P02", "P03", "P04", "P05", "P06"]
    assert (alert["contract_no"], alert["ratio"], alert["region"]) == (None, 0.2525, "140213")
    assert alert["occurred_on"] == "2026-11-23"


async def test_a_corrected_document_of_a_refused_order_is_registered(world: World) -> None:
    assert (await world.submit(changed(domestic(), {"attachments": []}))).status_code == 422
    assert (await world.submit(domestic())).status_code == 201


async def test_the_reader_chooses_the_language(world: World) -> None:
    answer = await world.submit(lowprice(), headers={"Accept-Language": "en"})
    reasons = {f["rule_id"]: f["reason"] for f in answer.json()["findings"]}
    assert reasons["L61"] == "The traveller was not prompted to take accident insurance"


async def test_an_alert_of_a_registered_contract_names_it(world: World) -> None:
    cheap = changed(domestic(), {"fees.cost_breakdown_per_adult": []})
    number = (await world.submit(cheap)).json()["contract_no"]
    (alert,) = await world.events("price_alert_raised")
    assert (alert["contract_no"], alert["rule_ids"]) == (number, ["P03"])


async def test_twenty_clients_with_one_order_make_one_contract(world: World) -> None:
    answers = await asyncio.gather(*(world.submit(domestic()) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await world.count("contracts") == await world.count("contract_versions") == 1
    assert await world.count("ledger_promises") == 1
    assert len(await world.events("contract_registered")) == 1


async def test_many_orders_at_once_get_different_numbers(world: World) -> None:
    orders = [changed(domestic(), {"submitting_platform.platform_order_no": f"ORDER-{n}"}) for n in range(40)]
    answers = await asyncio.gather(*(world.submit(order) for order in orders))
    assert len({answer.json()["contract_no"] for answer in answers}) == 40


async def test_checking_stores_nothing(world: World) -> None:
    answer = await world.client.post(
        "/api/v1/contracts/contracts:check", json=lowprice(), headers=world.ota()
    )
    assert answer.status_code == 200
    found = {(f["rule_id"], f["severity"], f["path"]) for f in answer.json()["findings"]}
    assert found == expected("contract-lowprice-suspect")
    assert answer.json()["registrable"] is False
    for table in ("contracts", "attempts", "price_alerts", "outbox", "ledger_promises"):
        assert await world.count(table) == 0
    clean = await world.client.post("/api/v1/contracts/contracts:check", json=domestic(), headers=world.ota())
    assert clean.json()["findings"] == []
    assert clean.json()["registrable"] is True


async def test_an_idempotency_key_replays_even_a_refusal(world: World) -> None:
    key = {"Idempotency-Key": "key-1"}
    first = await world.submit(lowprice(), headers=key)
    again = await world.submit(lowprice(), headers=key)
    assert (again.status_code, again.content) == (422, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await world.submit(domestic(), headers=key)).status_code == 422
