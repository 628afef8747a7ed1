"""The archive and the scores over HTTP: once per source, corrections, both times, receipts."""

import asyncio
import itertools
import json
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from common.ledger.verify import verify_receipt
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from .conftest import Service


async def test_a_fact_is_recorded_once_and_moves_the_grade(service: Service) -> None:
    made = await service.subject()
    body = service.fact_body(made, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 6_000_000})
    first = await service.post("/facts", body)
    assert (first["version"], first["standing"], first["nature"]) == (1, True, "adverse")
    again = await service.post("/facts", body, 200)
    assert again == first
    await service.fact(made, "PENALTY_WARNING", "2026-06-01")
    now = await service.get(f"/subjects/{made['id']}")
    assert (now["score"], now["grade"], now["tier"], now["grade_version"]) == (88, "B", "B", 2)
    assert now["next_change_on"] == "2027-06-02"
    history = (await service.get(f"/subjects/{made['id']}/score/history"))["items"]
    assert [(one["version"], one["grade"], one["cause"]) for one in history] == [
        (2, "B", "fact"),
        (1, "A", "first"),
    ]
    assert len((await service.get(f"/subjects/{made['id']}/facts"))["items"]) == 2


async def test_the_same_source_saying_something_else_is_a_conflict(service: Service) -> None:
    made, other = await service.subject(), await service.subject()
    body = service.fact_body(made, "PENALTY_WARNING", "2026-05-01")
    await service.post("/facts", body)
    for change in (
        {"occurred_on": "2026-05-02"},
        {"subject_id": other["id"]},
        {"payload": {"article": "97"}},
    ):
        problem = await service.post("/facts", body | change, 409)
        assert problem["type"] == "/problems/fact-conflict"
    await service.post("/facts", body | {"code": "PENALTY_CONFISCATION"})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"code": "UNKNOWN_CODE"}, "/code"),
        ({"code": "PENALTY_FINE_SMALL"}, "/payload/amount_fen"),
        ({"code": "PENALTY_FINE_SMALL", "payload": {"amount_fen": "5"}}, "/payload/amount_fen"),
        ({"payload": {"name": "张三"}}, "/payload/name"),
        ({"occurred_on": "1999-12-31"}, "/occurred_on"),
        ({"occurred_on": "2029-01-01"}, "/occurred_on"),
        ({"source": {"kind": "rumour", "authority": "x", "reference": "y"}}, "/source/kind"),
        ({"evidence": [{"sha256": "00", "name": "x"}]}, "/evidence/0/sha256"),
    ],
)
async def test_what_the_catalogue_does_not_allow_is_refused(
    service: Service, change: dict[str, Any], pointer: str
) -> None:
    made = await service.subject()
    body = service.fact_body(made, "PENALTY_WARNING", "2026-05-01") | change
    problem = await service.post("/facts", body, 422)
    assert pointer in [one["pointer"] for one in problem["errors"]]
    assert (await service.get(f"/subjects/{made['id']}/facts"))["items"] == []


async def test_corrections_are_new_rows_and_old_moments_stay_as_they_were(service: Service) -> None:
    made = await service.subject()
    fact = await service.fact(made, "PENALTY_SUSPENSION", "2026-05-01")
    path = f"/facts/{fact['id']}/corrections"
    why = {"reason": "复议撤销", "authority": "演示机关", "reference": "F-1"}
    score = f"/subjects/{made['id']}/score"
    before = await service.get(score)
    await service.post(path, {"action": "restore", **why}, 409)
    await service.post(path, {"action": "amend", **why}, 422)
    await service.post(path, {"action": "revoke", "code": "PENALTY_WARNING", **why}, 422)
    await service.post(f"/facts/{uuid4()}/corrections", {"action": "revoke", **why}, 404)
    await service.post(path, {"action": "revoke", **why}, 404, service.who("140200"))
    revoked = await service.post(path, {"action": "revoke", **why})
    assert (revoked["version"], revoked["standing"], revoked["correction"]["reference"]) == (2, False, "F-1")
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 100
    restored = await service.post(path, {"action": "restore", **why})
    amended = await service.post(path, {"action": "amend", "code": "PENALTY_WARNING", **why})
    assert (restored["version"], amended["version"], amended["code"]) == (3, 4, "PENALTY_WARNING")
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 98
    at_first = await service.get(score, known_at=fact["recorded_at"])
    assert at_first["result"] == before["result"]
    shown = await service.get(f"/subjects/{made['id']}/facts", known_at=revoked["recorded_at"])
    assert [(one["version"], one["standing"]) for one in shown["items"]] == [(2, False)]


async def test_a_score_is_the_same_bytes_for_ever(service: Service) -> None:
    made = await service.subject()
    taken: list[tuple[dict[str, str], bytes]] = []
    for day in ("2026-02-01", "2026-03-01", "2026-04-01"):
        fact = await service.fact(made, "VALID_COMPLAINT", day)
        for valid_at in ("2026-03-15", "2026-11-23", "2027-05-01"):
            arguments = {"known_at": fact["recorded_at"], "valid_at": valid_at}
            taken.append((arguments, await _score_bytes(service, made, arguments)))
    await service.by_room(made, "SERIOUS_LISTED", "2026-01-01", payload={"condition": "SEV-T-3"})
    for arguments, expected in taken:
        assert await _score_bytes(service, made, arguments) == expected
        answer = json.loads(expected)
        assert sha256(rfc8785.dumps(answer["result"])).hexdigest() == answer["result_hash"]
        assert answer["result"]["valid_at"] == arguments["valid_at"]
        known_at = datetime.fromisoformat(answer["result"]["known_at"])
        assert known_at == datetime.fromisoformat(arguments["known_at"])


async def _score_bytes(service: Service, made: dict[str, Any], arguments: dict[str, str]) -> bytes:
    answer = await service.http.get(
        f"/api/v1/credit/subjects/{made['id']}/score", params=arguments, headers=service.who()
    )
    assert answer.status_code == 200
    content = json.loads(answer.content)
    assert rfc8785.dumps(content) == answer.content
    content.pop("receipt", None)  # comes once the log has included a published grade
    return rfc8785.dumps(content)


async def test_the_future_cannot_be_known(service: Service) -> None:
    made = await service.subject()
    later = (datetime.fromisoformat("2026-11-23T10:00:00+08:00") + timedelta(hours=1)).isoformat()
    for path in ("score", "facts"):
        problem = await service.get(f"/subjects/{made['id']}/{path}", 422, known_at=later)
        assert problem["errors"][0]["pointer"] == "query/known_at"
        await service.get(f"/subjects/{made['id']}/{path}", 422, known_at="2026-11-23T10:00:00")
    past = await service.get(f"/subjects/{made['id']}/score", known_at="2026-01-01T00:00:00Z")
    assert past["result"]["contributions"] == []


async def test_a_kind_without_a_card_has_no_score_but_is_supervised_as_unrated(service: Service) -> None:
    trader = await service.subject(kind="unlicensed_operator", name="无证经营样例（虚构）")
    path = f"/subjects/{trader['id']}/score"
    answer = await service.get(path)
    result = answer["result"]
    assert (result["rated"], result["state"], result["score"], result["grade"]) == (
        False,
        "not_rated",
        None,
        None,
    )
    assert (result["not_rated_because"]["code"], result["policy"]) == ("no_card", None)
    assert await service.get(path, known_at=result["known_at"]) == answer
    assert (await service.get(path, 404, scorecard="no-such-card"))["type"] == "/problems/no-scorecard"
    await service.get(f"/subjects/{trader['id']}/paths", 404)
    found = await service.get(f"/subjects/{trader['id']}/supervision")
    assert (found["rated"], found["tier"], found["sampling_bp"]) == (False, None, 500)
    agency = await service.subject()
    await service.get(f"/subjects/{agency['id']}/score", 404, scorecard="no-such-card")


async def test_a_published_grade_has_a_receipt_that_verifies(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_SUSPENSION", "2026-06-01")
    path = f"/api/v1/credit/subjects/{made['id']}/score/history/2/receipt"
    for _ in range(200):
        answer = await service.http.get(path, headers=service.who())
        if answer.status_code == 200:
            break
        assert answer.status_code == 202
        await asyncio.sleep(0.05)
    published = await service.get(f"/subjects/{made['id']}/score")
    verdict = verify_receipt(answer.content, str(service.log_key), rfc8785.dumps(published["result"]))
    assert (verdict.event, verdict.version, verdict.document_checked) == ("grade_published", 2, True)
    assert rfc8785.dumps(published["receipt"]) == answer.content
    await service.get(f"/subjects/{made['id']}/score/history/9/receipt", 404)


async def test_supervision_follows_the_grade_and_says_until_when(service: Service) -> None:
    made = await service.subject()
    await service.by_room(made, "SERIOUS_LISTED", "2025-03-01", "merge", payload={"condition": "SEV-T-3"})
    found = await service.get(f"/subjects/{made['id']}/supervision")
    assert (found["tier"], found["sampling_bp"], found["next_grade_change_on"]) == ("D", 10_000, None)
    codes = {one["code"]: one for one in found["measures"]}
    assert {"T-D-STRICT", "M-SEV-1", "M-SEV-2", "M-SEV-3"} <= set(codes)
    assert (codes["M-SEV-1"]["ends_on"], codes["T-D-STRICT"]["ends_on"]) == ("2028-03-01", None)
    assert all(one["legal_basis"] for one in found["measures"])


async def test_a_drop_warns_once_and_paths_lead_back(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_FINE_LARGE", "2025-01-10", payload={"amount_fen": 9_000_000})
    await service.fact(made, "VALID_COMPLAINT", "2026-11-20")
    [warning] = (await service.get("/warnings", subject_id=made["id"]))["items"]
    assert (warning["rule"], warning["state"], warning["severity"]) == ("W-GRADE-DROP", "raised", "medium")
    found = await service.get(f"/subjects/{made['id']}/paths")
    assert [(one["grade"], one["on"], one["cost"]) for one in found] == [
        ("A", "2027-01-11", 0),
        ("A", "2026-11-23", 4),
    ]
    assert [[step["action"] for step in one["steps"]] for one in found] == [["wait"], ["repair"]]


async def test_facts_that_race_are_all_kept_in_strict_order(service: Service) -> None:
    made = await service.subject()
    bodies = [service.fact_body(made, "VALID_COMPLAINT", "2026-05-01") for _ in range(12)]
    answers = await asyncio.gather(*(service.post("/facts", body) for body in bodies))
    stamps = sorted(answer["recorded_at"] for answer in answers)
    assert len(set(stamps)) == 12
    assert (await service.get(f"/subjects/{made['id']}"))["score"] == 90
    same = service.fact_body(made, "PENALTY_WARNING", "2026-05-01")
    ids = {answer["id"] for answer in await asyncio.gather(*(_either(service, same) for _ in range(8)))}
    assert len(ids) == 1


async def _either(service: Service, body: dict[str, Any]) -> dict[str, Any]:
    answer = await service.http.post("/api/v1/credit/facts", json=body, headers=service.who())
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_idempotency_key_gives_the_first_answer_again(service: Service) -> None:
    made = await service.subject()
    body = service.fact_body(made, "PENALTY_WARNING", "2026-05-01")
    headers = service.who() | {"Idempotency-Key": "k-1"}
    first = await service.http.post("/api/v1/credit/facts", json=body, headers=headers)
    second = await service.http.post("/api/v1/credit/facts", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    body["occurred_on"] = "2026-05-02"
    other = await service.http.post("/api/v1/credit/facts", json=body, headers=headers)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_the_archive_refuses_to_be_rewritten(service: Service) -> None:
    made = await service.subject()
    fact = await service.fact(made, "PENALTY_WARNING", "2026-05-01")
    for statement in ("UPDATE facts SET code = 'X'", "DELETE FROM facts", "DELETE FROM published_grades"):
        with pytest.raises(DBAPIError):
            async with service.app.state.db.session() as session:
                await session.execute(text(statement))
    assert (await service.get(f"/subjects/{made['id']}/facts"))["items"][0]["id"] == fact["id"]


async def test_facts_page_newest_first(service: Service) -> None:
    made = await service.subject()
    for month in range(1, 8):
        await service.fact(made, "VALID_COMPLAINT", f"2026-0{month}-01")
    first = await service.get(f"/subjects/{made['id']}/facts", limit=4)
    rest = await service.get(f"/subjects/{made['id']}/facts", limit=4, cursor=first["next_cursor"])
    days = [date.fromisoformat(one["occurred_on"]) for one in first["items"] + rest["items"]]
    assert days == sorted(days, reverse=True) and len(days) == 7 and rest["next_cursor"] is None
    early = await service.get(f"/subjects/{made['id']}/facts", valid_at="2026-03-01")
    assert len(early["items"]) == 3


async def test_names_follow_the_readers_language(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_WARNING", "2026-06-01")
    english = service.who() | {"Accept-Language": "en"}
    [item] = (await service.get(f"/subjects/{made['id']}/facts", who=english))["items"]
    assert item["name"] == "Penalty: warning"
    found = await service.get(f"/subjects/{made['id']}/supervision", who=english)
    assert found["measures"][0]["name"] == "Lower sampling ratio and frequency"
    problem = await service.get(f"/subjects/{uuid4()}", 404, english)
    assert problem["title"] == "No such subject"


async def test_scores_taken_while_facts_pour_in_can_all_be_asked_again(service: Service) -> None:
    made = await service.subject()
    bodies = [service.fact_body(made, "VALID_COMPLAINT", "2026-05-01") for _ in range(10)]
    path = f"/subjects/{made['id']}/score"

    async def pour() -> None:
        for body in bodies:
            await service.post("/facts", body)

    async def watch() -> list[dict[str, Any]]:
        return [await service.get(path) for _ in range(10)]

    _, *watched = await asyncio.gather(pour(), watch(), watch())
    for answer in itertools.chain(*watched):
        result = answer["result"]
        again = await service.get(path, known_at=result["known_at"], valid_at=result["valid_at"])
        assert again["result_hash"] == answer["result_hash"]


async def test_nobody_enters_by_hand_what_a_case_will_bring(service: Service) -> None:
    agency = await service.subject()
    source = {"kind": "enforcement_case", "authority": "演示机关", "reference": "ZF1401052026112300001C"}
    body = service.fact_body(agency, "PENALTY_FINE_SMALL", "2026-11-20", source=source)
    body["payload"] = {"amount_fen": 1_000_000}
    answer = await service.http.post("/api/v1/credit/facts", json=body, headers=service.who())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/source/kind"


async def test_the_catalogue_says_which_procedure_alone_records_a_code(service: Service) -> None:
    entries = {one["code"]: one for one in (await service.get("/catalogue"))["entries"]}
    assert entries["RANKED"]["recorded_by"] == ["board"]
    assert entries["COMMENDATION"]["recorded_by"] == []
