"""Hazards: found, ordered, extended, checked again, closed or handed over; late ones are noticed once."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from credit.hazards.rules import DueStep, HazardAction, HazardState, acts_allowed, next_state, term_of
from credit.hazards.service import HazardService
from credit.rounds import do_round
from credit.subjects.repository import SubjectRepository
from sqlalchemy import text

from .conftest import START, Service


async def found(service: Service, subject: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    subject = subject or await service.subject(kind="star_hotel", region="140902")
    body = {
        "subject_id": subject["id"],
        "item": "SAFE-FIRE",
        "level": "major",
        "description": "疏散通道被占用",
        "department": "综合执法队",
    }
    made: dict[str, Any] = await service.post("/hazards", body | fields)
    return made


async def codes(service: Service, subject_id: str) -> list[str]:
    facts = (await service.get(f"/subjects/{subject_id}/facts"))["items"]
    return sorted(one["code"] for one in facts)


async def test_a_hazard_is_put_right_in_the_end(service: Service) -> None:
    made = await found(service)
    path = f"/hazards/{made['id']}"
    assert (made["state"], made["number"][:9]) == ("found", "HAZ-2026-")
    assert await codes(service, made["subject_id"]) == ["HAZARD_FOUND"]
    team = await service.on_duty("haz-a", "haz-b", region="140900")
    check: dict[str, Any] = {"passed": True, "inspectors": team, "note": "已整改"}
    problem = await service.post(f"{path}/recheck", check, 409)
    assert problem["allowed"] == ["order", "hand-over"]
    order = {"requirement": "清理通道", "due_on": "2026-12-01"}
    await service.post(f"{path}/order", order | {"due_on": "2026-11-01"}, 422)
    await service.post(f"{path}/order", order | {"due_on": "2027-12-01"}, 422)
    ordered = await service.post(f"{path}/order", order, 200)
    assert ordered["state"] == "ordered" and "责改" in ordered["order_number"]
    [proof] = await service.proof({"id": made["subject_id"]}, "整改照片")
    check["evidence"] = [proof]
    answer = await service.http.get(
        f"/api/v1/credit/papers/{ordered['order_paper']}.pdf", headers=service.who()
    )
    assert answer.status_code == 200 and answer.content[:4] == b"%PDF"
    await service.post(f"{path}/order", order, 409)
    await service.post(f"{path}/extend", {"due_on": "2026-11-30", "reason": "备件未到"}, 422)
    longer = await service.post(f"{path}/extend", {"due_on": "2026-12-05", "reason": "备件未到"}, 200)
    assert longer["due_on"] == "2026-12-05"
    for wrong, pointer in (
        ({"inspectors": ["haz-a", "HAZ-A"]}, "/inspectors"),
        ({"inspectors": ["haz-a", "nobody"]}, "/inspectors"),
        ({"evidence": []}, "/evidence"),
        ({"evidence": [proof | {"sha256": "d" * 64}]}, "/evidence/0/sha256"),
    ):
        refused = await service.post(f"{path}/recheck", check | wrong, 422)
        assert [one["pointer"] for one in refused["errors"]] == [pointer]
    await service.post(f"{path}/recheck", check | {"new_due_on": "2026-12-10"}, 422, service.who(sub="haz-b"))
    failed = {"passed": False, "inspectors": team, "note": "仍有杂物", "new_due_on": "2026-12-10"}
    again = await service.post(f"{path}/recheck", failed, 200)
    assert (again["state"], again["due_on"]) == ("ordered", "2026-12-10")
    closed = await service.post(f"{path}/recheck", check, 200, service.who(sub="haz-b"))
    assert (closed["state"], closed["closed_on"], closed["allowed"]) == ("closed", "2026-11-23", [])
    assert [one["act"] for one in closed["acts"]] == [
        "found",
        "ordered",
        "extended",
        "rechecked",
        "rechecked",
    ]
    assert await codes(service, made["subject_id"]) == ["HAZARD_CLOSED", "HAZARD_FOUND"]


async def test_who_found_a_hazard_does_not_close_it_alone_nor_with_its_own_photo(service: Service) -> None:
    made = await found(service)
    path, subject = f"/hazards/{made['id']}", {"id": made["subject_id"]}
    team = await service.on_duty("haz-a", "haz-b", region="140900")
    fact = (await service.get(f"/subjects/{subject['id']}/facts"))["items"][0]
    photo = {"file": ("照片.txt", "隐患照片（虚构）".encode(), "text/plain")}
    url = f"/api/v1/credit/facts/{fact['id']}/evidence"
    before = (await service.http.post(url, files=photo, headers=service.who())).json()["sha256"]
    service.at(START + timedelta(hours=1))
    try:
        who = service.who(sub="orderer-1")
        await service.post(f"{path}/order", {"requirement": "清理", "due_on": "2026-12-01"}, 200, who)
        service.at(START + timedelta(hours=2))
        again = await service.uploaded(subject, "隐患照片")
        check = {"passed": True, "inspectors": team, "note": "已整改"}
        for old in (before, again):
            body = check | {"evidence": [{"sha256": old, "name": "照片"}]}
            refused = await service.post(f"{path}/recheck", body, 422, service.who(sub="haz-a"))
            assert [one["pointer"] for one in refused["errors"]] == ["/evidence/0/sha256"]
        body = check | {"evidence": await service.proof(subject, "整改照片")}
        for one in ("officer-1", "orderer-1"):
            alone = await service.post(f"{path}/recheck", body, 409, service.who(sub=one))
            assert alone["type"] == "/problems/second-person-needed", one
        failed = check | {"passed": False}
        await service.post(f"{path}/recheck", failed, 200, service.who(sub="orderer-1"))
        closed = await service.post(f"{path}/recheck", body, 200, service.who(sub="third-1"))
        assert closed["state"] == "closed"
    finally:
        service.at(START)


async def test_a_hazard_is_handed_over(service: Service) -> None:
    made = await found(service)
    body = {"authority": "消防救援机构", "reference": "移送〔2026〕1号", "reason": "涉嫌违法"}
    gone = await service.post(f"/hazards/{made['id']}/hand-over", body, 200)
    assert gone["state"] == "handed_over" and gone["handed_over_to"]["reference"] == "移送〔2026〕1号"
    problem = await service.post(f"/hazards/{made['id']}/hand-over", body, 409)
    assert problem["allowed"] == gone["allowed"] == ["recheck"]
    check = {"passed": False, "inspectors": ["a", "b"], "note": "接收机关尚未办结"}
    path = f"/hazards/{made['id']}/recheck"
    await service.post(path, check | {"new_due_on": "2026-12-01"}, 422)
    assert (await service.post(path, check, 200))["state"] == "handed_over"
    passed = check | {"passed": True, "note": "接收机关函告已整改"}
    problem = await service.post(path, passed, 422)
    assert [one["pointer"] for one in problem["errors"]] == ["/reference"]
    passed["reference"] = "消防函〔2026〕9号"
    problem = await service.post(path, passed, 422, service.who(sub="receiver-1"))
    assert [one["pointer"] for one in problem["errors"]] == ["/evidence"]
    passed["evidence"] = await service.proof({"id": made["subject_id"]}, "接收机关函告")
    passed["inspectors"] = ["officer-1", "b"]
    alone = await service.post(path, passed, 409)
    assert alone["type"] == "/problems/second-person-needed"
    done = await service.post(path, passed, 200, service.who(sub="receiver-1"))
    assert done["acts"][-1]["data"]["reference"] == "消防函〔2026〕9号"
    assert (done["state"], done["closed_on"], done["allowed"]) == ("closed", "2026-11-23", [])
    assert await codes(service, made["subject_id"]) == ["HAZARD_CLOSED", "HAZARD_FOUND"]


async def test_what_was_handed_over_is_closed_on_a_file_from_after_it_by_somebody_else(
    service: Service,
) -> None:
    made = await found(service)
    path, subject = f"/hazards/{made['id']}", {"id": made["subject_id"]}
    passed: dict[str, Any] = {"passed": True, "inspectors": ["a", "b"], "note": "接收机关函告已整改"}
    passed |= {"reference": "消防函〔2026〕10号", "evidence": await service.proof(subject)}
    over = {"authority": "消防救援机构", "reference": "移送〔2026〕3号", "reason": "涉嫌违法"}
    try:
        service.at(START + timedelta(hours=1))
        await service.post(f"{path}/hand-over", over, 200, service.who(sub="giver-1"))
        service.at(START + timedelta(hours=2))
        refused = await service.post(f"{path}/recheck", passed, 422, service.who(sub="receiver-1"))
        assert [one["pointer"] for one in refused["errors"]] == ["/evidence/0/sha256"]
        letter = {"sha256": await service.uploaded(subject, "移送后的函告"), "name": "函告"}
        passed["evidence"] = [letter]
        for one in ("officer-1", "giver-1"):
            alone = await service.post(f"{path}/recheck", passed, 409, service.who(sub=one))
            assert alone["type"] == "/problems/second-person-needed", one
        closed = await service.post(f"{path}/recheck", passed, 200, service.who(sub="receiver-1"))
        assert closed["state"] == "closed"
    finally:
        service.at(START)


async def test_late_hazards_are_noticed_and_warned_of_once(service: Service) -> None:
    made = await found(service)
    await service.post(f"/hazards/{made['id']}/order", {"requirement": "清理", "due_on": "2026-11-25"}, 200)
    try:
        service.at(START + timedelta(days=3))
        await do_round(service.app.state.db, service.app.state.env)
        await do_round(service.app.state.db, service.app.state.env)
        late = await service.get(f"/hazards/{made['id']}")
        assert (late["overdue"], late["overdue_on"]) == (True, "2026-11-26")
        assert [one["act"] for one in late["acts"]].count("overdue") == 1
        listed = (await service.get("/hazards", overdue=True))["items"]
        assert made["id"] in [one["id"] for one in listed]
        warnings = (await service.get("/warnings", subject_id=made["subject_id"]))["items"]
        assert [one["rule"] for one in warnings].count("W-HAZARD-OVERDUE") == 1
    finally:
        service.at(START)


async def test_more_time_after_the_day_does_not_take_lateness_away(service: Service) -> None:
    made = await found(service)
    path = f"/hazards/{made['id']}"
    await service.post(f"{path}/order", {"requirement": "清理", "due_on": "2026-11-25"}, 200)
    try:
        service.at(START + timedelta(days=3))
        assert (await service.get(path, who=service.who()))["missed_on"] == "2026-11-25"
        more = {"due_on": "2026-12-10", "reason": "备件未到"}
        longer = await service.post(f"{path}/extend", more, 200, service.who())
        assert (longer["due_on"], longer["overdue"], longer["missed_on"]) == (
            "2026-12-10",
            False,
            "2026-11-25",
        )
        assert [one["act"] for one in longer["acts"]][-2:] == ["overdue", "extended"]
        warnings = await service.get("/warnings", who=service.who(), subject_id=made["subject_id"])
        assert [one["rule"] for one in warnings["items"]].count("W-HAZARD-OVERDUE") == 1
        team = await service.on_duty("haz-a", "haz-b", region="140900")
        proof = {"sha256": await service.uploaded({"id": made["subject_id"]}), "name": "整改照片"}
        check = {"passed": True, "inspectors": team, "note": "已整改", "evidence": [proof]}
        closed = await service.post(f"{path}/recheck", check, 200, service.who(sub="haz-a"))
        assert (closed["state"], closed["missed_on"]) == ("closed", "2026-11-25")
    finally:
        service.at(START)


async def test_a_round_passes_by_a_subject_that_is_held_and_holds_no_hazard(service: Service) -> None:
    """Both lock the subject first: an officer who holds it gets the hazard, a later round what is left."""
    made = await found(service)
    await service.post(f"/hazards/{made['id']}/order", {"requirement": "清理", "due_on": "2026-11-25"}, 200)
    database, env = service.app.state.db, service.app.state.env
    service.at(START + timedelta(days=3))

    async def noticed() -> bool:
        async with database.session() as session:
            hazards = HazardService(session, env)
            [late] = [key for key in await hazards.late(None, 100) if str(key[0]) == made["id"]]
            return await hazards.notice_late(*late)

    try:
        async with database.session() as session:
            await SubjectRepository(session).lock(UUID(made["subject_id"]), None)
            assert not await noticed()
            free = text("SELECT id FROM hazards WHERE id = :id FOR UPDATE NOWAIT")
            assert (await session.execute(free, {"id": made["id"]})).first() is not None
            await session.execute(
                text("UPDATE hazards SET due_on = '2026-12-30' WHERE id = :id"), {"id": made["id"]}
            )
        await do_round(database, env)
        seen = await service.get(f"/hazards/{made['id']}", who=service.who())
        assert seen["overdue_on"] is None, "it was put off meanwhile"
    finally:
        service.at(START)


async def test_who_sees_a_hazard_and_who_acts_on_it(service: Service) -> None:
    made = await found(service)
    path = f"/hazards/{made['id']}"
    await service.get(path, 404, service.who("140100"))
    own = service.who(kind="agency", subject_id=made["subject_id"], scopes=["credit:read"])
    assert (await service.get(path, who=own))["id"] == made["id"]
    other = service.who(kind="agency", subject_id=str(uuid4()), scopes=["credit:read"])
    await service.get(path, 404, other)
    runner = service.who(kind="agency", subject_id=made["subject_id"])
    order = {"requirement": "清理通道", "due_on": "2026-12-01"}
    await service.post(f"{path}/order", order, 404, runner)
    await service.post(f"{path}/order", order, 403, own)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"found_on": "2026-12-01"}, "/found_on"),
        ({"inspection_id": str(uuid4())}, "/inspection_id"),
        ({"level": "tiny"}, "/level"),
        ({"description": ""}, "/description"),
    ],
)
async def test_hazards_that_do_not_fit_are_refused(
    service: Service, fields: dict[str, Any], pointer: str
) -> None:
    subject = await service.subject(kind="star_hotel", region="140902")
    body = {
        "subject_id": subject["id"],
        "level": "general",
        "description": "灭火器过期",
        "department": "综合执法队",
    }
    problem = await service.post("/hazards", body | fields, 422)
    assert pointer in [one["pointer"] for one in problem["errors"]]
    assert await codes(service, subject["id"]) == []


def test_a_hazard_goes_its_way_and_no_other() -> None:
    assert next_state(HazardState.ORDERED, HazardAction.RECHECK, passed=True) is HazardState.CLOSED
    assert next_state(HazardState.ORDERED, HazardAction.RECHECK) is HazardState.ORDERED
    assert next_state(HazardState.FOUND, HazardAction.RECHECK, passed=True) is None
    assert next_state(HazardState.HANDED_OVER, HazardAction.RECHECK) is HazardState.HANDED_OVER
    assert next_state(HazardState.HANDED_OVER, HazardAction.RECHECK, passed=True) is HazardState.CLOSED
    assert acts_allowed(HazardState.CLOSED) == []
    assert acts_allowed(HazardState.HANDED_OVER) == ["recheck"]


def test_a_day_moves_only_before_it_has_passed() -> None:
    def day(number: int) -> date:
        return date(2026, 11, number)

    ordered = DueStep(day(1), day(10), ends=False)
    assert term_of([]) is None
    assert term_of([DueStep(day(1), None, ends=True)]) is None, "handed over without an order"
    assert term_of([ordered]) == (day(10), None)
    assert term_of([ordered, DueStep(day(10), day(20), ends=False)]) == (day(20), None)
    late = [ordered, DueStep(day(11), day(20), ends=False)]
    assert term_of(late) == (day(10), None)
    assert term_of([*late, DueStep(day(15), day(20), ends=True)]) == (day(10), day(15))
    handed_over = [ordered, DueStep(day(9), None, ends=True), DueStep(day(25), day(10), ends=True)]
    assert term_of(handed_over) == (day(10), day(9)), "its receiver's days are not its department's"
