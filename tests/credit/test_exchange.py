"""What is told to other systems: once, to whom it concerns, through outages, and put right afterwards."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from credit.exchange.desk import ExchangeDesk
from credit.exchange.rules import System, content_hash
from sqlalchemy import text

from .conftest import START, Service
from .exchanging import DECIDE, Other, decision, desk, records_of
from .listing import REASONS, listed, to_decided
from .repairing import granted
from .test_exports import feed
from .test_keys import decider


@pytest.fixture
def other() -> Other:
    return Other()


async def test_records_are_sent_once_with_both_numbers_and_nobodys_name(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firm = await service.subject(name="交换样例旅行社（虚构）")
    guide = await service.subject(kind="tour_guide", key=service.card(), name="郑样例壬")
    await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await service.fact(firm, "PENALTY_WARNING", "2026-10-02")
    await asyncio.gather(at.round(), at.round())
    await at.round()
    sent = other.of(firm)
    assert sorted({one["kind"] for one in sent}) == ["grade", "record"]
    assert len({(one["our_number"], one["version"]) for one in sent}) == len(sent)
    (record,) = [one for one in sent if one["kind"] == "record"]
    body = {name: value for name, value in record.items() if name != "sha256"}
    assert record["sha256"] == content_hash(body)
    assert record["subject"]["name"] == "交换样例旅行社（虚构）"
    assert record["content"]["code"] == "PENALTY_FINE_LARGE"
    assert all(one["subject"]["name"] is None for one in other.of(guide))
    assert "郑样例壬" not in str(other.got)
    who = service.who(scopes=DECIDE)
    rows = await service.get("/exchange/records", who=who, system="national", limit=100)
    mine = [one for one in rows["items"] if one["subject_id"] == firm["id"]]
    assert {one["state"] for one in mine} == {"accepted"} and all(one["their_number"] for one in mine)
    waiting = await service.get("/exchange/records", who=who, system="credit_china", limit=100)
    assert {one["state"] for one in waiting["items"]} == {"waiting"}
    assert (await service.get("/exchange/records", who=service.who("140200", scopes=DECIDE)))["items"] == []
    systems = {one["system"]: one for one in await service.get("/exchange/systems", who=who)}
    assert systems["national"]["connected"] and not systems["credit_china"]["connected"]
    await service.get("/exchange/records", 403)


async def test_a_listed_person_reaches_another_system_with_no_more_than_is_needed(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firm = await service.subject(name="负责人样例旅行社（虚构）")
    number, young = "140100198003070016", "140100201503070017"
    boss = await service.subject(
        kind="natural_person", key=None, name="冯样例庚", person={"id_number": number}
    )
    child = await service.subject(
        kind="natural_person", key=None, name="卫样例辛", person={"id_number": young}
    )
    nobody = await service.subject(kind="natural_person", key=None, name="蒋样例壬")
    proof = {"role": "principal", "evidence": await service.proof(firm)}
    people = [proof | {"subject_id": one["id"]} for one in (boss, child, nobody)]
    body = {"subject_id": firm["id"], "condition": "SEV-T-3", "reasons": REASONS, "persons": people}
    for listing in await service.post("/listings", body):
        await to_decided(service, listing)
        await service.post(f"/listings/{listing['id']}/publish", {}, 200)
    other.deaf = True
    await at.round()
    async with service.app.state.db.session() as session:
        rows = await session.execute(
            text("SELECT content::text, person_cipher FROM exchange_records WHERE subject_id = :boss"),
            {"boss": boss["id"]},
        )
        kept = rows.all()
        assert kept and all("冯样例庚" not in one[0] and one[1] is not None for one in kept)
    other.deaf = False
    service.at(START + timedelta(days=1))
    try:
        await at.round()
    finally:
        service.at(START)
    (sent,) = [one for one in other.got if one["subject"]["kind"] == "natural_person"]
    assert (sent["kind"], sent["subject"]["name"], sent["subject"]["key"]) == ("listing", "冯样例庚", None)
    masked = sent["subject"]["id_number"]
    assert masked != number and "*" in masked and number not in str(other.got)
    assert sent["sha256"] == content_hash({k: v for k, v in sent.items() if k != "sha256"})
    assert "卫样例" not in str(other.got) and "蒋样例" not in str(other.got)
    rows = await service.get(
        "/exchange/records", who=service.who(scopes=DECIDE), system="national", state="accepted", limit=100
    )
    (shown,) = [one for one in rows["items"] if one["subject_id"] == boss["id"]]
    assert "冯样例庚" not in str(shown) and "person_cipher" not in shown
    async with service.app.state.db.session() as session:
        audited = await session.execute(
            text("SELECT details FROM audit WHERE action = 'exchange.person_sent'")
        )
        assert len(audited.all()) == 2, "each time it went out"
        left = await session.scalar(
            text(
                "SELECT count(person_cipher) FROM exchange_records"
                " WHERE subject_id = :boss AND state = 'accepted'"
            ),
            {"boss": boss["id"]},
        )
        told = await session.scalar(
            text("SELECT count(*) FROM outbox WHERE data::text LIKE '%冯样例庚%' OR data::text LIKE :number"),
            {"number": f"%{number}%"},
        )
    assert (left, told) == (0, 0)


async def test_a_deaf_side_is_asked_again_later_and_given_up(service: Service, other: Other) -> None:
    at = desk(service, other)
    await at.round()
    other.deaf = True
    firm = await service.subject(name="重试样例旅行社（虚构）")
    who = service.who(scopes=DECIDE)

    async def mine() -> dict[str, Any]:
        rows = await service.get("/exchange/records", who=who, system="national", limit=100)
        found: dict[str, Any] = next(one for one in rows["items"] if one["subject_id"] == firm["id"])
        return found

    await at.round()
    await at.round()
    assert ((await mine())["attempts"], (await mine())["state"]) == (1, "waiting")
    await service.post(f"/exchange/records/{(await mine())['id']}/retry", {}, 409, who)
    try:
        for n in range(1, 7):
            service.at(START + timedelta(days=n))
            await at.round()
        late = service.who(scopes=DECIDE)
        rows = await service.get("/exchange/records", who=late, state="failed")
        failed = next(one for one in rows["items"] if one["subject_id"] == firm["id"])
        assert (failed["attempts"], failed["reason"]) == (6, "no answer")
        other.deaf = False
        await service.post(f"/exchange/records/{failed['id']}/retry", {}, 200, late)
        await at.round()
        assert len(other.of(firm)) == 1
    finally:
        service.at(START)


async def test_a_system_that_is_away_keeps_nobody_waiting_and_uses_up_no_attempts(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    hanging = at.adapters[System.NATIONAL]
    near = Other()
    both = ExchangeDesk(
        service.app.state.db,
        service.app.state.env,
        {**at.adapters, System.CREDIT_CHINA: near, System.NATIONAL: hanging},
    )
    await both.round()
    other.away, other.asked = True, 0
    firms = [await service.subject(name=f"断线样例旅行社{n}（虚构）") for n in range(3)]
    for firm in firms:
        await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await both.round()
    assert other.asked == 1, "the first failure ends the round for this system"
    assert all(near.of(firm) for firm in firms)
    try:
        for n in range(1, 13):
            service.at(START + timedelta(days=n))
            await both.round()
        assert other.asked == 13
        who = service.who(scopes=DECIDE)
        rows = await service.get("/exchange/records", who=who, system="national", state="waiting", limit=100)
        mine = [one for one in rows["items"] if one["subject_id"] in {firm["id"] for firm in firms}]
        assert len(mine) == 6 and max(one["attempts"] for one in mine) <= 1
        other.away = False
        await both.round()
        assert all(other.of(firm) for firm in firms)
    finally:
        service.at(START)


async def test_what_a_slow_system_leaves_no_time_for_is_given_back_untried(
    service: Service, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desk(service, other)
    await at.round()
    firms = [await service.subject(name=f"迟缓样例旅行社{n}（虚构）") for n in range(3)]
    monkeypatch.setattr("credit.exchange.desk.LONGEST", -1.0)
    await at.round()
    assert not any(other.of(firm) for firm in firms)
    ids = [UUID(firm["id"]) for firm in firms]
    async with service.app.state.db.session() as session:
        query = text(
            "SELECT max(attempts), max(next_attempt_at) FROM exchange_records WHERE subject_id = ANY(:ids)"
        )
        attempts, due = (await session.execute(query, {"ids": ids})).one()
    assert attempts == 0 and due < START + timedelta(seconds=50)
    monkeypatch.undo()
    await at.round()
    assert all(other.of(firm) for firm in firms)


async def test_what_was_given_up_is_sent_again_at_once_within_ones_regions(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firms = [await service.subject(name=f"重发样例旅行社{n}（虚构）") for n in range(2)]
    await at.round()
    ours = [UUID(firm["id"]) for firm in firms]
    async with service.app.state.db.session() as session:
        await session.execute(text("UPDATE exchange_records SET state = 'accepted' WHERE state = 'failed'"))
        await session.execute(
            text("UPDATE exchange_records SET state = 'failed', attempts = 6 WHERE subject_id = ANY(:ids)"),
            {"ids": ours},
        )
    path = "/exchange/national/retries"
    elsewhere = await service.post(path, {}, 200, service.who("650000", scopes=DECIDE))
    assert elsewhere == {"retried": 0, "more": False}
    await service.post(path, {"state": "accepted"}, 422, service.who(scopes=DECIDE))
    again = await service.post(path, {"state": "failed"}, 200, service.who(scopes=DECIDE))
    assert again == {"retried": 2, "more": False}
    before = len(other.got)
    await at.round()
    assert len(other.got) == before + 2


async def test_a_repaired_penalty_is_withdrawn_wherever_it_was_told(service: Service, other: Other) -> None:
    at = desk(service, other)
    await at.round()
    firm = await service.subject(name="修复撤回样例旅行社（虚构）")
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 9_000_000})
    await at.round()
    _, place = await feed(service)
    await granted(service, firm, fine)
    await at.round()
    await at.round()
    first, last = [one for one in other.of(firm) if one["kind"] == "record"]
    assert (
        first["our_number"] == last["our_number"] == f"F-{fine['id']}" and first["version"] < last["version"]
    )
    said = last["content"]
    assert (said["action"], said["because"], said["withdrawn_on"]) == ("withdraw", "repaired", "2026-11-23")
    told = [one for one in (await feed(service, after=place))[0] if one["type"] == "fact_recorded"]
    assert [(one["data"]["code"], one["data"]["repairs"]) for one in told] == [("REPAIRED", fine["id"])]
    exported = await service.http.get("/api/v1/credit/exports/facts.csv", headers=service.who())
    assert firm["key"] not in exported.text
    kept = [one for one in await records_of(service, firm, "credit_china") if one["kind"] == "record"]
    assert {one["state"] for one in kept} == {"withheld"}, "what was never sent is not sent after a repair"
    sent = len(other.got)
    own = service.who(kind="agency", sub="agency-1", scopes=["credit:read"], subject_id=firm["id"])
    objection = {"target": "fact", "fact_id": fine["id"], "statement": "处罚对象有误，请予核查"}
    filed = await service.post("/objections", objection, who=own)
    await service.post(f"/objections/{filed['id']}/accept", {}, 200)
    await at.round()
    assert [one for one in other.got[sent:] if one["kind"] == "record"] == []


async def test_what_was_told_under_a_wrong_key_is_withdrawn_and_told_anew(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firm, right = await service.subject(name="代码更正样例旅行社（虚构）"), service.key()
    body = {"purpose": "bid", "relying_party": "演示采购中心（虚构）", "subject_id": firm["id"]}
    # Both behind the fine: one before it may have been superseded by a round in between.
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 5_000_000})
    made = await service.post("/certificates", body)
    again = await service.post("/certificates", body | {"purpose": "rating"})
    await at.round()
    number = f"F-{fine['id']}"
    (before,) = [one for one in other.of(firm) if one["our_number"] == number]
    path = f"/subjects/{firm['id']}/key-corrections"
    row = await service.post(path, {"key": right, "reason": "登记有误", "evidence": []}, 201)
    await service.post(f"{path}/{row['id']}/confirm", {"reason": "属实"}, 200, decider(service))
    for wrong in (made, again):
        ask = {"number": wrong["number"], "code": wrong["code"]}
        told = await service.post("/public/certificates/verify", ask, 200, {})
        assert (told["validity"], told["because"]) == ("withdrawn", "key_corrected")
    waiting = [one for one in await records_of(service, firm, "credit_china") if one["kind"] == "record"]
    assert [(one["state"], one["content"]["subject"]["key"]) for one in waiting] == [("waiting", right)]
    body = {name: value for name, value in waiting[0]["content"].items() if name != "sha256"}
    assert waiting[0]["sha256"] == content_hash(body)
    await at.round()
    await at.round()
    _, gone = [one for one in other.of(firm) if one["our_number"] == number]
    (anew,) = [one for one in other.of({"key": right}) if one["our_number"] == number]
    assert (gone["content"]["action"], gone["content"]["because"]) == ("withdraw", "key_corrected")
    assert anew["content"] == before["content"]
    assert [before["version"] + n for n in (1, 2)] == [gone["version"], anew["version"]]
    await granted(service, firm, fine)
    await at.round()
    said = [one for one in other.of({"key": right}) if one["our_number"] == number]
    assert [one["content"]["action"] for one in said] == ["record", "withdraw"]
    assert said[1]["version"] > said[0]["version"]


async def test_what_is_not_public_goes_to_no_system_that_publishes(service: Service, other: Other) -> None:
    at = desk(service, other)
    firm = await service.subject(name="轻微样例旅行社（虚构）")
    await listed(service, "MIN-4", subject_id=firm["id"])
    fine = {"amount_fen": 10_000, "procedure": "summary"}
    await service.fact(firm, "PENALTY_FINE_SMALL", "2026-11-01", payload=fine)
    await at.round()
    sent = {one["kind"]: one["content"] for one in other.of(firm)}
    assert (sent["listing"]["list"], sent["listing"]["public"], sent["record"]["public"]) == (
        "slight",
        False,
        False,
    )
    for system in ("credit_china", "enterprise_publicity"):
        assert await records_of(service, firm, system) == []
    grave = await service.subject(name="严重样例旅行社（虚构）")
    await listed(service, subject_id=grave["id"])
    await at.round()
    rows = await records_of(service, grave, "credit_china")
    assert [one["content"]["content"]["public"] for one in rows if one["kind"] == "listing"] == [True]


async def test_what_a_system_takes_no_more_of_for_now_waits_and_uses_up_no_attempts(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firms = [await service.subject(name=f"限流样例旅行社{n}（虚构）") for n in range(3)]
    for firm in firms:
        await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    other.asked, other.takes, other.told = 0, 2, [decision("L-1", firms[0], "F-none")]
    await at.round()
    assert (other.asked, len(other.got[-2:])) == (3, 2), "it is not asked on and on"
    who = service.who(scopes=DECIDE)
    rows = await service.get("/exchange/decisions", who=who, system="national", limit=100)
    assert "L-1" in {one["their_number"] for one in rows["items"]}
    try:
        for n in range(1, 8):
            service.at(START + timedelta(days=n))
            other.asked, other.takes = 0, 0
            await at.round()
        other.takes = None
        await at.round()
        assert all(other.of(firm) for firm in firms), "none was given up"
    finally:
        service.at(START)
