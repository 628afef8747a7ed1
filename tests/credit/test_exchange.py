"""The exchange: rules, the three adapters, records sent once, decisions applied once, both sides compared."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from credit.config import ExchangeTarget, Settings
from credit.exchange.adapters import (
    Adapter,
    Answer,
    Decision,
    Decisions,
    ExchangeFailed,
    HttpAdapter,
    NullAdapter,
    RecordedAdapter,
    TheirRecord,
)
from credit.exchange.desk import ExchangeDesk
from credit.exchange.rules import System, compared, content_hash, next_attempt
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text

from .conftest import START, Service
from .listing import listed
from .repairing import granted
from .test_exports import feed
from .test_keys import decider
from .test_merge import merge
from .test_repairs import application, bring

RECORDED = Path(__file__).parent / "data" / "exchange"
DECIDE = ["credit:decide", "credit:read"]
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TOLD = {
    "their_number": "N-1",
    "kind": "repair_granted",
    "subject_key": "K",
    "decided_on": "2026-11-23",
    "authority": "演示机关（虚构）",
}
KEYS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), st.sampled_from("xy"))


@given(KEYS, KEYS)
def test_both_sides_are_told_apart_wholly(
    ours: dict[tuple[str, int], str], theirs: dict[tuple[str, int], str]
) -> None:
    result = compared(ours, theirs)
    assert len(result.missing_there) == len(ours.keys() - theirs.keys())
    assert len(result.missing_here) == len(theirs.keys() - ours.keys())
    assert result.agrees == (ours == theirs)


def test_pauses_grow_and_end() -> None:
    minutes = [1, 5, 30]
    assert [next_attempt(n, minutes, NOW) for n in (1, 3)] == [
        NOW + timedelta(minutes=1),
        NOW + timedelta(minutes=30),
    ]
    assert next_attempt(4, minutes, NOW) is None


async def test_the_http_adapter_speaks_the_documented_shape() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/x/records" and request.method == "POST":
            return httpx.Response(201, json={"state": "accepted", "their_number": "T1", "new": 1})
        if request.url.path == "/x/decisions" and "day" in request.url.params:
            return httpx.Response(200, json={"items": [TOLD]})
        if request.url.path == "/x/decisions":
            return httpx.Response(200, json={"items": [], "next_after": "7"})
        if request.url.params.get("after") is None:
            item = {"our_number": "F-1", "version": 1, "region": "140100", "sha256": "a"}
            return httpx.Response(200, json={"items": [item], "next_after": "2"})
        return httpx.Response(200, json={"items": []})

    adapter = HttpAdapter("http://other.example/x", "secret", httpx.MockTransport(answer))
    record = {"kind": "record", "our_number": "F-1", "version": 1}
    assert (await adapter.send(record)).their_number == "T1"
    assert (await adapter.decisions(None)).next_after == "7"
    assert [one.our_number for one in await adapter.records(date(2026, 11, 23))] == ["F-1"]
    assert [one.their_number for one in await adapter.decided(date(2026, 11, 23))] == ["N-1"]
    assert seen[0].headers["authorization"] == "Bearer secret" and seen[0].headers["idempotency-key"]
    assert json.loads(seen[0].content) == record


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(500),
        httpx.Response(200, text="no json"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"state": "maybe"}),
    ],
)
async def test_whatever_else_the_other_side_says_is_a_failure(broken: httpx.Response) -> None:
    adapter = HttpAdapter("http://other.example", "s", httpx.MockTransport(lambda request: broken))
    with pytest.raises(ExchangeFailed):
        await adapter.send({"kind": "record", "our_number": "F-1", "version": 1})


async def test_recordings_answer_by_kind_and_nothing_is_made_up() -> None:
    adapter = RecordedAdapter(RECORDED)
    said = await adapter.send({"kind": "grade", "our_number": "G-1", "version": 3})
    assert (said.state, said.their_number) == ("accepted", "Q-G-1-3")
    refused = await adapter.send({"kind": "listing", "our_number": "L", "version": 1})
    assert (refused.state, refused.reason) == ("refused", "主体不在本系统")
    with pytest.raises(ExchangeFailed):
        await adapter.records(date(2026, 11, 23))
    with pytest.raises(ExchangeFailed):
        await NullAdapter().send({})
    assert (await NullAdapter().decisions("x")).next_after == "x"


def test_production_refuses_recordings(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"database_url": "postgresql://x/y", "keyring_file": tmp_path / "k"}
    target = ExchangeTarget(folder=RECORDED)
    with pytest.raises(ValidationError):
        Settings(environment="production", exchange={"national": target}, **fields)
    Settings(environment="development", exchange={"national": target}, **fields)
    with pytest.raises(ValidationError):
        ExchangeTarget()


class Other:
    """The other side, as a test wants it."""

    connected = True

    def __init__(self) -> None:
        self.got: list[Mapping[str, Any]] = []
        self.deaf = False
        self.told: list[Decision] = []
        self.untold: list[Decision] = []
        self.alter: str | None = None
        self.away = False
        self.barred: str | None = None
        self.takes: int | None = None
        self.asked = 0

    async def send(self, record: Mapping[str, Any]) -> Answer:
        self.asked += 1
        if self.deaf or self.away:
            raise ExchangeFailed("no answer", away=self.away)
        if self.barred is not None and record["subject"]["key"] == self.barred:
            raise ExchangeFailed("HTTP 403", away=True)
        if self.takes is not None and self.asked > self.takes:
            raise ExchangeFailed("HTTP 429", away=True, full=True)
        self.got.append(record)
        return Answer(state="accepted", their_number=f"T-{len(self.got)}")

    async def decisions(self, after: str | None) -> Decisions:
        if self.away:
            raise ExchangeFailed("no answer", away=True)
        return Decisions(items=self.told, next_after=None)

    async def records(self, day: date) -> list[TheirRecord]:
        return [
            TheirRecord(
                our_number=one["our_number"],
                version=one["version"],
                region=one["region"],
                sha256="0" * 64 if one["our_number"] == self.alter else one["sha256"],
            )
            for one in self.got
        ]

    async def decided(self, day: date) -> list[Decision]:
        return [one for one in [*self.told, *self.untold] if one.decided_on == day]

    def of(self, subject: dict[str, Any]) -> list[Mapping[str, Any]]:
        return [one for one in self.got if one["subject"]["key"] == subject["key"]]


@pytest.fixture
def other(service: Service) -> Other:
    return Other()


def desk(service: Service, other: Adapter, at: System = System.NATIONAL) -> ExchangeDesk:
    adapters: dict[System, Adapter] = {system: NullAdapter() for system in System}
    adapters[at] = other
    made = ExchangeDesk(service.app.state.db, service.app.state.env, adapters)
    service.app.state.exchange = made
    return made


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
    from .listing import REASONS, to_decided

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


@pytest.mark.parametrize(("status", "away"), [(503, True), (401, True), (429, True), (400, False)])
async def test_only_what_is_not_about_the_record_is_an_outage(status: int, away: bool) -> None:
    adapter = HttpAdapter("http://other.example", "s", httpx.MockTransport(lambda _: httpx.Response(status)))
    with pytest.raises(ExchangeFailed) as failed:
        await adapter.send({"kind": "record", "our_number": "F-1", "version": 1})
    assert (failed.value.away, failed.value.full) == (away, status == 429)


async def test_no_answer_in_time_is_an_outage() -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(ExchangeFailed) as failed:
        await HttpAdapter("http://other.example", "s", httpx.MockTransport(hang)).decisions(None)
    assert failed.value.away


async def test_an_answer_that_drips_in_for_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in b'{"items": []}':
                await asyncio.sleep(0.02)
                yield bytes([part])

    monkeypatch.setattr("credit.exchange.adapters._ANSWERED_WITHIN", 0.05)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    with pytest.raises(ExchangeFailed) as failed:
        await HttpAdapter("http://other.example", "s", transport).decisions(None)
    assert failed.value.away


async def test_decisions_are_applied_once_through_the_rooms_they_concern(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    firm = await service.subject(name="裁定样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await at.round()
    unknown = service.key()

    def told(number: str, kind: str, key: str, **content: Any) -> Decision:
        return Decision.model_validate(
            {
                "their_number": number,
                "kind": kind,
                "subject_key": key,
                "decided_on": "2026-11-20",
                "authority": "演示机关（虚构）",
                "content": content,
            }
        )

    other.told = [
        told("N-1", "risk_class", firm["key"], risk_class="C"),
        told("N-2", "repair_granted", firm["key"], our_number=f"F-{fact['id']}"),
        told("N-3", "abnormal_listed", unknown),
        told("N-4", "risk_class", firm["key"], risk_class="Z"),
        told("N-5", "repair_granted", firm["key"], our_number="F-nothing"),
        told("N-6", "abnormal_listed", firm["key"]),
    ]
    await at.round()
    await at.round()
    who = service.who(scopes=DECIDE)

    async def states() -> dict[str, str]:
        rows = await service.get("/exchange/decisions", who=who, limit=100)
        return {one["their_number"]: one["state"] for one in rows["items"]}

    assert await states() == {
        "N-1": "applied",
        "N-2": "applied",
        "N-3": "waiting",
        "N-4": "conflict",
        "N-5": "conflict",
        "N-6": "applied",
    }
    facts = await service.get(f"/subjects/{firm['id']}/facts")
    codes = [one["code"] for one in facts["items"]]
    assert (codes.count("REPAIRED"), codes.count("ABNORMAL_LISTED")) == (1, 1)
    (repaired,) = [one for one in facts["items"] if one["code"] == "REPAIRED"]
    assert repaired["payload"]["fact_id"] == fact["id"]
    classes = await service.get(f"/subjects/{firm['id']}/risk-classes")
    assert [one["risk_class"] for one in classes["items"]] == ["C"]
    late = await service.subject(key=unknown, name="迟到样例旅行社（虚构）")
    await at.round()
    assert (await states())["N-3"] == "applied"
    facts = await service.get(f"/subjects/{late['id']}/facts")
    assert [one["code"] for one in facts["items"]] == ["ABNORMAL_LISTED"]


async def test_both_sides_of_a_day_are_compared_within_ones_regions(service: Service, other: Other) -> None:
    at = desk(service, other)
    service.at(START + timedelta(days=40))
    try:
        first = await service.subject(name="对账样例旅行社甲（虚构）")
        second = await service.subject(name="对账样例旅行社乙（虚构）")
        await at.round()
        day = {"day": "2027-01-02"}
        who = service.who(scopes=DECIDE)
        path = "/exchange/national/reconciliations"
        result = await service.post(path, day, 200, who)
        assert result["agrees"] and result["ours"] == result["theirs"] >= 2
        other.alter = f"G-{first['id']}"
        other.got = [one for one in other.got if one["subject"]["key"] != second["key"]]
        other.got.append(
            {"our_number": "F-x", "version": 1, "region": "140105", "sha256": "1", "subject": {"key": None}}
        )
        result = await service.post(path, day, 200, who)
        assert (result["different"], result["missing_here"]) == ([f"G-{first['id']}/1"], ["F-x/1"])
        assert result["missing_there"] == [f"G-{second['id']}/1"]
        datong = await service.post(path, day, 200, service.who("140200", scopes=DECIDE))
        assert (datong["ours"], datong["theirs"]) == (0, 0)
        refused = await service.post("/exchange/credit_china/reconciliations", day, 503, who)
        assert refused["type"] == "/problems/exchange-unavailable"
    finally:
        service.at(START)


async def records_of(service: Service, subject: dict[str, Any], system: str) -> list[dict[str, Any]]:
    rows = await service.get("/exchange/records", who=service.who(scopes=DECIDE), system=system, limit=100)
    return [one for one in reversed(rows["items"]) if one["subject_id"] == subject["id"]]


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


def decision(number: str, subject: dict[str, Any], ours: str, day: str = "2026-11-23") -> Decision:
    return Decision.model_validate(
        TOLD
        | {"their_number": number, "subject_key": subject["key"], "decided_on": day}
        | {"content": {"our_number": ours}}
    )


async def test_a_repair_of_our_listing_elsewhere_follows_the_policy(service: Service, other: Other) -> None:
    at = desk(service, other)
    firm = await service.subject(name="他处修复样例旅行社（虚构）")
    listing = await listed(service, subject_id=firm["id"])
    await bring(service, firm["id"])
    running = await service.post("/repairs", application(listing_id=listing["id"]))
    for system, state in ((System.ENTERPRISE_PUBLICITY, "conflict"), (System.NATIONAL, "applied")):
        at = desk(service, other, system)
        other.told = [decision(f"R-{system}", firm, listing["number"])]
        await at.round()
        await at.round()
        rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), system=system)
        [told] = [one for one in rows["items"] if one["subject_key"] == firm["key"]]
        assert told["state"] == state, told["reason"]
    found = await service.get(f"/listings/{listing['id']}")
    assert (found["state"], found["removal"]) == ("removed", "repaired")
    assert (await service.get(f"/repairs/{running['id']}"))["allowed_events"] == []
    other.told = []
    await at.round()
    assert [one["content"]["removed"] for one in other.of(firm) if one["kind"] == "listing"] == [False, True]


async def test_a_repair_of_what_was_sent_before_a_merger_is_the_survivors(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    trader = await service.subject(kind="unlicensed_operator", name="并入前报送样例（虚构）")
    fine = await service.fact(trader, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 9_000_000})
    await at.round()
    hotel = await service.subject(kind="star_hotel", key=None, name="存续样例酒店（虚构）")
    await merge(service, trader, hotel["id"])
    stranger = await service.subject()
    ours = f"F-{fine['id']}"
    other.told = [decision("M-1", trader, ours), decision("M-2", stranger, ours)]
    await at.round()
    rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), limit=100)
    states = {one["their_number"]: one["state"] for one in rows["items"]}
    assert (states["M-1"], states["M-2"]) == ("applied", "conflict")
    facts = (await service.get(f"/subjects/{hotel['id']}/facts"))["items"]
    [repaired] = [one for one in facts if one["code"] == "REPAIRED"]
    [copy] = [one for one in facts if one["code"] == "PENALTY_FINE_LARGE"]
    assert repaired["payload"]["fact_id"] == copy["id"] != fine["id"]


async def test_their_decisions_of_a_day_are_reconciled_too(service: Service, other: Other) -> None:
    at = desk(service, other)
    day = "2026-11-17"
    firm = await service.subject(name="对账裁定样例旅行社（虚构）")
    other.told = [decision("C-1", firm, "F-none", day)]
    await at.round()
    path, who = "/exchange/national/reconciliations", service.who(scopes=DECIDE)
    found = (await service.post(path, {"day": day}, 200, who))["decisions"]
    assert (found["ours"], found["theirs"], found["open"]) == (1, 1, ["C-1/1"])
    assert found["missing_here"] == found["missing_there"] == found["different"] == []
    other.told, other.untold = [decision("C-1", firm, "F-other", day)], [decision("C-2", firm, "F-none", day)]
    result = await service.post(path, {"day": day}, 200, who)
    assert not result["agrees"] and result["decisions"]["different"] == ["C-1/1"]
    assert result["decisions"]["missing_here"] == ["C-2/1"]
    datong = await service.post(path, {"day": day}, 200, service.who("140200", scopes=DECIDE))
    assert (datong["decisions"]["ours"], datong["decisions"]["theirs"]) == (0, 0)


async def test_a_record_that_is_met_as_if_nobody_were_there_is_given_up_and_keeps_no_decision_waiting(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    barred, firm = [await service.subject(name=f"拒收样例旅行社{n}（虚构）") for n in range(2)]
    other.barred = barred["key"]
    other.told = [decision("B-1", firm, "F-none")]
    await at.round()
    assert other.of(firm), "it keeps no record behind it waiting"
    who = service.who(scopes=DECIDE)
    rows = await service.get("/exchange/decisions", who=who, system="national", limit=100)
    assert firm["key"] in {one["subject_key"] for one in rows["items"]}
    try:
        for n in range(1, 7):
            service.at(START + timedelta(days=n))
            await at.round()
        late = service.who(scopes=DECIDE)
        rows = await service.get("/exchange/records", who=late, state="failed", limit=100)
        failed = next(one for one in rows["items"] if one["subject_id"] == barred["id"])
        assert (failed["attempts"], failed["reason"]) == (6, "HTTP 403")
    finally:
        service.at(START)


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
