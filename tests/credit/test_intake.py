"""Events of others: facts and warnings, once; unknown subjects wait; an alert never scores."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.db import new_id
from credit.intake.rules import PenaltyDecided, fact_code, fact_payload
from credit.intake.service import IntakeService
from credit.rounds import do_round
from sqlalchemy import text

from .cases import BOOK
from .conftest import START, Service


async def take(service: Service, name: str, data: dict[str, Any], event_id: UUID | None = None) -> None:
    async with service.app.state.db.session() as session:
        await IntakeService(session, service.app.state.env).take(event_id or new_id(), name, data)


def violation(key: str, number: str, **fields: Any) -> dict[str, Any]:
    return {
        "case_id": str(uuid4()),
        "case_number": number,
        "subject_key": key,
        "problem_codes": ["P02.1"],
        "confirmed_on": "2026-11-20",
        "authority": "小店区文化和旅游局（演示）",
        "region": "140105",
        "responsibility": "main",
    } | fields


def penalty(key: str, number: str, **fields: Any) -> dict[str, Any]:
    return {
        "case_id": str(uuid4()),
        "case_number": number,
        "subject_key": key,
        "kind": "fine",
        "amount_fen": 3_000_000,
        "article": "旅游法第一百条",
        "violation_code": "V-100",
        "decided_on": "2026-11-21",
        "authority": "小店区文化和旅游局（演示）",
        "region": "140105",
    } | fields


def alert(key: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "alert_id": str(uuid4()),
        "contract_no": None,
        "platform_key": "911401089999990318",
        "agency_key": key,
        "rule_ids": ["P01", "P06"],
        "ratio": 0.42,
        "occurred_on": "2026-11-22",
        "document_hash": "ab" * 32,
        "region": "140213",
    } | fields


@pytest.mark.parametrize(
    ("said", "code", "kept"),
    [
        ({"kind": "criticism", "amount_fen": None}, "PENALTY_CRITICISM", {}),
        ({"kind": "career_ban", "amount_fen": None}, "PENALTY_CAREER_BAN", {}),
        ({}, "PENALTY_FINE_SMALL", {"amount_fen": 3_000_000}),
        (
            {"procedure": "summary", "harmed_tourists": False},
            "PENALTY_FINE_SMALL",
            {"amount_fen": 3_000_000, "procedure": "summary", "harmed_tourists": False},
        ),
    ],
)
def test_a_penalty_brings_its_procedure_and_whom_it_harmed(
    said: dict[str, Any], code: str, kept: dict[str, Any]
) -> None:
    event = PenaltyDecided.model_validate(
        penalty("X", "1") | {"article": None, "violation_code": None} | said
    )
    policy = BOOK.event_facts.choose("event-facts", on=event.decided_on, region=event.region)
    assert fact_code(policy, "penalty_decided", event) == code
    kind = BOOK.catalogue(event.decided_on).by_code[code]
    payload = fact_payload(event, kind.payload)
    assert payload == kept and list(kind.faults(payload)) == []


async def test_confirmed_outcomes_become_facts_once(service: Service) -> None:
    made = await service.subject()
    event = new_id()
    case = violation(made["key"], "TS-1")
    for _ in range(3):
        await take(service, "violation_confirmed", case, event)
    await take(service, "violation_confirmed", case)
    await take(service, "penalty_decided", penalty(made["key"], "CF-1"))
    items = (await service.get(f"/subjects/{made['id']}/facts"))["items"]
    assert [(one["code"], one["source"]["reference"]) for one in items] == [
        ("PENALTY_FINE_SMALL", "CF-1"),
        ("VALID_COMPLAINT", "TS-1"),
    ]
    assert items[0]["payload"] == {
        "amount_fen": 3_000_000,
        "article": "旅游法第一百条",
        "violation_code": "V-100",
    }
    assert items[1]["payload"] == {"problem_codes": ["P02.1"], "responsibility": "main"}
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 94


@pytest.mark.parametrize(
    ("fields", "code", "score"),
    [
        ({"amount_fen": 4_999_999}, "PENALTY_FINE_SMALL", 95),
        ({"amount_fen": 5_000_000}, "PENALTY_FINE_LARGE", 90),
        ({"kind": "warning", "amount_fen": None}, "PENALTY_WARNING", 98),
        ({"kind": "confiscation"}, "PENALTY_CONFISCATION", 92),
        ({"kind": "suspension", "amount_fen": None}, "PENALTY_SUSPENSION", 80),
        ({"kind": "revocation", "amount_fen": None}, "PENALTY_REVOCATION", 100),
    ],
)
async def test_penalties_by_kind_and_amount(
    service: Service, fields: dict[str, Any], code: str, score: int
) -> None:
    made = await service.subject()
    await take(service, "penalty_decided", penalty(made["key"], f"CF-{uuid4()}", **fields))
    [item] = (await service.get(f"/subjects/{made['id']}/facts"))["items"]
    assert item["code"] == code
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == score


async def test_an_event_about_an_unknown_subject_waits_for_it(service: Service) -> None:
    key = service.key("140105")
    await take(service, "violation_confirmed", violation(key, "TS-W1"))
    await take(service, "penalty_decided", penalty(key, "CF-W1"))
    await take(service, "price_alert_raised", alert(key))
    made = await service.subject(key=key)
    assert [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]] == [
        "PENALTY_FINE_SMALL",
        "VALID_COMPLAINT",
    ]
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 94
    rules = [one["rule"] for one in (await service.get("/warnings", subject_id=made["id"]))["items"]]
    assert rules == ["W-PRICE-ALERT"]


async def test_an_alert_warns_once_and_never_scores(service: Service) -> None:
    made = await service.subject(region="140213")
    before = (await service.get(f"/subjects/{made['id']}/score"))["result"]
    raised = alert(made["key"])
    await take(service, "price_alert_raised", raised)
    await take(service, "price_alert_raised", raised)
    [warning] = (await service.get("/warnings", subject_id=made["id"]))["items"]
    assert warning["details"]["rule_ids"] == ["P01", "P06"]
    assert (warning["occurred_on"], warning["acknowledge_by"]) == ("2026-11-22", "2026-11-25")
    assert warning["legal_basis"]
    assert (await service.get(f"/subjects/{made['id']}/score"))["result"] == before
    assert (await service.get(f"/subjects/{made['id']}/facts"))["items"] == []
    assert (await service.get("/warnings", subject_id=made["id"], who=service.who("140100")))["items"] == []
    await service.get(f"/warnings/{warning['id']}", 404, service.who("140100"))


async def test_a_warning_is_worked_off_step_by_step(service: Service) -> None:
    made = await service.subject()
    await take(service, "price_alert_raised", alert(made["key"]))
    [warning] = (await service.get("/warnings", subject_id=made["id"]))["items"]
    path = f"/warnings/{warning['id']}"
    refused = await service.post(f"{path}/resolve", {"outcome": "confirmed", "note": "直接结案"}, 409)
    assert refused["allowed"] == ["acknowledge"]
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 404, service.who("140200"))
    await service.post(f"{path}/acknowledge", {"note": "已知悉"}, 200)
    await service.post(f"{path}/interview", {"note": "约谈负责人"}, 200)
    await service.post(f"{path}/resolve", {"outcome": "guilty", "note": "x y"}, 422)
    done = await service.post(f"{path}/resolve", {"outcome": "confirmed", "note": "已整改价格"}, 200)
    assert (done["state"], done["outcome"]) == ("resolved", "confirmed")
    assert [one["act"] for one in done["acts"]] == ["acknowledge", "interview", "resolve"]
    await service.post(f"{path}/interview", {"note": "再次约谈"}, 409)


@pytest.mark.parametrize("data", [{}, {"subject_key": "911401059999990157"}])
async def test_an_event_that_cannot_be_understood_is_kept_for_a_person(
    service: Service, data: dict[str, Any]
) -> None:
    event = new_id()
    await take(service, "penalty_decided", data, event)
    assert await _parked(service, event) == "conflict"


async def test_a_source_that_contradicts_itself_is_kept_for_a_person(service: Service) -> None:
    made = await service.subject()
    await take(service, "violation_confirmed", violation(made["key"], "TS-C1"))
    event = new_id()
    await take(
        service, "violation_confirmed", violation(made["key"], "TS-C1", confirmed_on="2026-11-01"), event
    )
    assert await _parked(service, event) == "conflict"
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 99


async def _parked(service: Service, event: UUID) -> str:
    async with service.app.state.db.session() as session:
        query = text("SELECT state FROM parked_events WHERE event_id = :id")
        state: str = (await session.execute(query, {"id": event})).scalar_one()
        return state


async def test_a_grade_comes_back_on_its_day_without_a_request(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_FINE_LARGE", "2025-01-10", payload={"amount_fen": 9_000_000})
    await service.fact(made, "VALID_COMPLAINT", "2026-11-20")
    assert (await service.get(f"/subjects/{made['id']}"))["next_change_on"] == "2027-01-11"
    service.at(datetime.fromisoformat("2027-01-11T00:30:00+08:00"))
    try:
        state = service.app.state
        # Sweeps take a round for each chunk; the rounds come to an end all the same.
        further = [await do_round(state.db, state.env) for _ in range(8)]
        assert further[-1] is False
        now = await service.get(f"/subjects/{made['id']}")
        assert (now["grade"], now["score"], now["next_change_on"]) == ("A", 99, "2027-11-21")
        [last, *_] = (await service.get(f"/subjects/{made['id']}/score/history"))["items"]
        assert (last["grade"], last["cause"], last["valid_at"]) == ("A", "time", "2027-01-11")
    finally:
        service.at(START)


async def test_events_carry_ids_and_versions_in_order(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_SUSPENSION", "2026-06-01")
    async with service.app.state.db.session() as session:
        query = text("SELECT type, aggregate_version FROM outbox WHERE aggregate_id = :id ORDER BY seq")
        rows = (await session.execute(query, {"id": made["id"]})).all()
    names = [(row.type.split(".")[2], row.aggregate_version) for row in rows]
    assert names == [
        ("subject_registered", 1),
        ("grade_changed", 2),
        ("subject_updated", 3),
        ("fact_recorded", 4),
        ("grade_changed", 5),
        ("subject_updated", 6),
    ]
