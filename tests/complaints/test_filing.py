"""Filing: what is stored and how, what is refused, what others learn of it."""

import json
from datetime import UTC, datetime
from typing import Any

from complaints.numbers import is_case_number
from sqlalchemy import text

from tests.complaints.conftest import AGENCY, AGENCY_KEY, CONTRACT_NO, World, complaint
from tests.complaints.narratives import CASES, N05, N06, N07

SECRETS = ("王样例", "14200000001", "140100198506159952", "样例路8号", "蜂蜜店", "按合同赔偿")


async def fetch(world: World, query: str, **values: Any) -> list[Any]:
    async with world.app.state.db.session() as session:
        return list((await session.execute(text(query), values)).all())


async def test_number_and_code(world: World) -> None:
    first, second = await world.file(), await world.file()
    assert is_case_number(first["number"])
    assert first["number"].startswith("TS14010520261123")
    assert first["number"] != second["number"]
    letters = first["lookup_code"].replace("-", "")
    assert len(letters) * 5 >= 80
    assert first["lookup_code"] != second["lookup_code"]
    stored = await fetch(world, "SELECT lookup_hash FROM cases")
    assert all(first["lookup_code"] not in row[0] for row in stored)


async def test_nothing_personal_stands_in_the_database_or_in_events(world: World) -> None:
    filed = await world.file()
    await world.act(filed["id"], "accept", note="联系王样例 14200000001 核实")
    tables = await fetch(
        world, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        content = json.dumps(
            [str(row) for row in await fetch(world, f'SELECT * FROM "{table}"')], ensure_ascii=False
        )
        for secret in (*SECRETS, filed["lookup_code"]):
            assert secret not in content, (table, secret)


async def test_the_outbox_tells_ids_and_codes(world: World) -> None:
    filed = await world.file()
    await world.act(filed["id"], "accept")
    events = await fetch(world, "SELECT type, aggregate_id, aggregate_version, data FROM outbox ORDER BY seq")
    assert [event[0] for event in events] == [
        "tourtrust.complaints.case_received.v1",
        "tourtrust.complaints.case_accepted.v1",
    ]
    assert [event[2] for event in events] == [1, 2]
    data = events[0][3]
    assert data["case_id"] == filed["id"] == events[0][1]
    assert data["case_number"] == filed["number"]
    assert data["subject_key"] == AGENCY_KEY
    assert data["region"] == "140105"


async def test_a_report_is_refused_and_leaves_nothing(world: World) -> None:
    for case in (case for case in CASES if case.name.startswith("N05")):
        for kind in (None, "complaint", "report"):
            body = complaint(text=case.text, contract_no=None, claim={}, respondent={}, kind=kind)
            answer = await world.post("/complaints", body, "tourist")
            assert answer.status_code == 422
            assert answer.json()["type"] == "/problems/report-needs-protected-channel"
            assert "12345" in answer.json()["detail"]
    for table in ("cases", "case_events", "outbox", "number_series", "documents"):
        assert (await fetch(world, f"SELECT count(*) FROM {table}"))[0][0] == 0


async def test_of_both_only_the_complaint_is_taken_and_said_so(world: World) -> None:
    both = next(case for case in CASES if case.name == "N01")
    filed = await world.file(text=both.text, contract_no=None, claim={}, respondent={})
    assert filed["kind"] == "both"
    assert filed["report"]["taken"] is False
    assert filed["report"]["lookup_code"] is None
    assert "举报" in filed["report"]["notice"]
    english = await world.http.post(
        "/api/v1/complaints/complaints",
        json=complaint(text=both.text, contract_no=None, claim={}, respondent={}),
        headers=world.headers("tourist") | {"Accept-Language": "en"},
    )
    assert "protected channel" in english.json()["report"]["notice"]


async def test_the_filers_choice_of_complaint_only(world: World) -> None:
    both = next(case for case in CASES if case.name == "N01")
    filed = await world.file(text=both.text, kind="complaint", contract_no=None, respondent={})
    assert (filed["kind"], filed["report"]) == ("complaint", None)


async def test_a_refusable_complaint_is_filed_with_its_ground(world: World) -> None:
    world.now(datetime(2026, 7, 20, 2, tzinfo=UTC))
    filed = await world.file(text=N07.text, contract_no=None, respondent={}, contract_end_on="2026-04-01")
    assert (filed["routing"]["admissible"], filed["routing"]["refusal"]) == (False, "R4")
    shop = await world.file(text=N06.text, contract_no=None, respondent={})
    assert shop["routing"]["main_department"] == "SC"


async def test_contracts_away_marks_the_case_and_uses_the_stated_end(world: World) -> None:
    world.contracts.down = True
    filed = await world.file(contract_end_on="2026-11-14")
    case = (await world.get(f"/cases/{filed['id']}")).json()
    assert case["contract"] == {"number": CONTRACT_NO, "check": "unverified", "end_on": "2026-11-14"}


async def test_an_unknown_contract_is_marked(world: World) -> None:
    filed = await world.file(contract_no="1400002026111001000000099")
    case = (await world.get(f"/cases/{filed['id']}")).json()
    assert case["contract"]["check"] == "unknown"


async def test_the_contract_gives_respondent_and_place(world: World) -> None:
    filed = await world.file(respondent={}, places={})
    case = (await world.get(f"/cases/{filed['id']}")).json()
    assert case["respondent"]["key"] == AGENCY_KEY
    assert case["respondent"]["subject_id"] == str(AGENCY)
    assert case["jurisdiction"] == "140105"


async def test_without_a_place_the_province_takes_it(world: World) -> None:
    filed = await world.file(respondent={}, places={}, contract_no=None)
    assert filed["routing"]["jurisdiction"] is None
    assert filed["routing"]["needs_human"] is True
    assert (await world.get(f"/cases/{filed['id']}")).status_code == 404
    assert (await world.get(f"/cases/{filed['id']}", "supervisor")).json()["region"] == "140000"


async def test_the_same_key_gives_the_same_answer(world: World) -> None:
    body = complaint()
    first = await world.post("/complaints", body, "tourist", **{"Idempotency-Key": "one-filing"})
    again = await world.post("/complaints", body, "tourist", **{"Idempotency-Key": "one-filing"})
    other = await world.post(
        "/complaints", complaint(channel="app"), "tourist", **{"Idempotency-Key": "one-filing"}
    )
    assert again.content == first.content
    assert other.status_code == 422
    assert (await fetch(world, "SELECT count(*) FROM cases"))[0][0] == 1


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"text": ""}, "/text"),
    ({"text": "字" * 5001}, "/text"),
    ({"complainant": {"name": "王样例"}}, "/complainant/phone"),
    ({"complainant": {"name": "王样例", "phone": "打不通"}}, "/complainant/phone"),
    ({"complainant": {"name": "", "phone": "14200000001"}}, "/complainant/name"),
    ({"respondent": {"key": "911401059999990158"}}, "/respondent/key"),
    ({"places": {"respondent": "149999"}}, "/places/respondent"),
    ({"places": {"respondent": "000000"}}, "/places/respondent"),
    ({"places": {"town": "140105"}}, "/places/town"),
    ({"claim": {"amount_fen": -1}}, "/claim/amount_fen"),
    ({"claim": {"amount_fen": 1.5}}, "/claim/amount_fen"),
    ({"claim": {"amount_fen": True}}, "/claim/amount_fen"),
    ({"kind": "none"}, "/kind"),
    ({"channel": "a b"}, "/channel"),
    ({"contract_end_on": "14.11.2026"}, "/contract_end_on"),
    ({"lookup_code": "x"}, "/lookup_code"),
]


async def test_bad_fields_are_named(world: World) -> None:
    for changes, pointer in BAD_FIELDS:
        answer = await world.post("/complaints", complaint(**changes), "tourist")
        assert answer.status_code == 422, changes
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], changes
    assert (await fetch(world, "SELECT count(*) FROM cases"))[0][0] == 0


async def test_an_end_beyond_the_calendar_is_refused_by_name(world: World) -> None:
    answer = await world.post(
        "/complaints", complaint(contract_no=None, contract_end_on="9999-12-31"), "tourist"
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/contract_end_on"]


async def test_preview_stores_nothing_and_says_the_whole_object(world: World) -> None:
    answer = await world.post(
        "/routing/preview",
        {"text": N05.text, "places": {"respondent": "140105"}, "received_on": "2026-06-20"},
        "tourist",
    )
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {
        "kind",
        "categories",
        "respondent_type",
        "main_department",
        "other_departments",
        "jurisdiction",
        "level",
        "urgency",
        "admissible",
        "refusal",
        "refusals_all",
        "rules",
        "rejected_alternatives",
        "confidence",
        "needs_human",
    }
    assert (body["kind"], body["admissible"], body["main_department"]) == ("report", None, "WZ")
    assert all(set(rule) == {"id", "version", "because", "article"} for rule in body["rules"])
    assert (await fetch(world, "SELECT count(*) FROM cases"))[0][0] == 0
    before = await world.post(
        "/routing/preview", {"text": "要求退款", "received_on": "2009-01-01"}, "tourist"
    )
    assert before.status_code == 422


async def test_departments_and_policies_are_public(world: World) -> None:
    departments = (await world.get("/departments", None)).json()
    assert {"WL", "WZ", "SC", "GA", "ZJ"} <= {item["code"] for item in departments}
    policies = (await world.get("/policies", None)).json()
    ids = {policy["id"] for policy in policies}
    assert {"procedure", "routing-rules", "routing-signals", "compensation", "penalties"} <= ids
    assert {policy["status"] for policy in policies} <= {"verified", "recalled", "sample"}
    now = (await world.get("/policies", None, on="2026-11-23")).json()
    assert [policy["version"] for policy in now if policy["id"] == "procedure"] == ["TCM_2026"]
