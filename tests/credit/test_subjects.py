"""Subjects over HTTP: register, find, change, see only one's own, masks and reveals."""

from typing import Any
from uuid import uuid4

import pytest
from common import audit
from sqlalchemy import select, text

from .conftest import Service

PERSON = {"id_number": "140100199001010014", "phone": "14200000001"}


async def test_an_agency_is_registered_graded_and_found(service: Service) -> None:
    made = await service.subject(
        name="太原清泉样例旅行社（虚构）", license_no="L-SX-700001", business_scope=["inbound", "domestic"]
    )
    assert (made["grade"], made["tier"], made["score"], made["grade_version"]) == ("A", "A", 100, 1)
    assert made["region_name"] == "小店区"
    assert await service.get(f"/subjects/{made['id']}") == made
    for query in ("清", "清泉", "泉样例", "太原 清泉", "L-SX-700001", made["key"].lower()):
        found = await service.get("/subjects", q=query)
        assert made["id"] in [one["id"] for one in found["items"]], query
    for query in ("泉清", "清泉酒店", "%", "_"):
        assert (await service.get("/subjects", q=query))["items"] == []
    assert [one["id"] for one in (await service.get("/subjects", key=made["key"]))["items"]] == [made["id"]]


async def test_lists_page_by_cursor_and_filter(service: Service) -> None:
    made = [await service.subject(region="140902", name=f"忻州分页样例{n}（虚构）") for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await service.get(
            "/subjects", region="140900", kind="travel_agency", grade="A", limit=2, **cursor
        )
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sorted(one["id"] for one in made)
    assert (await service.get("/subjects", region="140200", q="分页"))["items"] == []
    await service.get("/subjects", 422, cursor="x")
    await service.get("/subjects", 422, limit=101)
    await service.get("/subjects", 422, kind="bakery")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"key": "911401059999990158"}, "/key"),
        ({"key": None}, "/key"),
        ({"region": "149999"}, "/region"),
        ({"region": "1401"}, "/region"),
        ({"license_no": "?"}, "/license_no"),
        ({"kind": "star_hotel", "business_scope": ["domestic"]}, "/business_scope"),
        ({"person": PERSON}, "/person"),
        ({"surprise": 1}, "/surprise"),
        ({"name": "  "}, "/name"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_place(
    service: Service, fields: dict[str, Any], pointer: str
) -> None:
    body = {
        "kind": "travel_agency",
        "key": service.key(),
        "name": "样例（虚构）",
        "region": "140105",
    } | fields
    problem = await service.post("/subjects", body, 422)
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


async def test_a_key_belongs_to_one_subject(service: Service) -> None:
    made = await service.subject()
    body = {"kind": "travel_agency", "key": made["key"], "name": "另一家（虚构）", "region": "140105"}
    assert (await service.post("/subjects", body, 409))["type"] == "/problems/subject-exists"


async def test_outside_ones_regions_nothing_is_there(service: Service) -> None:
    made = await service.subject(region="140105")
    datong = service.who("140200")
    for path in ("", "/facts", "/score", "/score/history", "/paths", "/supervision"):
        await service.get(f"/subjects/{made['id']}{path}", 404, datong)
    assert (await service.get("/subjects", who=datong, key=made["key"]))["items"] == []
    await service.post("/facts", service.fact_body(made, "PENALTY_WARNING", "2026-10-01"), 404, datong)
    body = {"kind": "travel_agency", "key": service.key(), "name": "样例（虚构）", "region": "140105"}
    await service.post("/subjects", body, 404, datong)
    assert await service.get(f"/subjects/{made['id']}", who=service.who("140105")) == made
    await service.get(f"/subjects/{uuid4()}", 404)


async def test_a_subject_sees_itself_and_nothing_else(service: Service) -> None:
    mine, other = await service.subject(), await service.subject()
    own = service.who("140000", kind="agency", subject_id=mine["id"])
    assert (await service.get(f"/subjects/{mine['id']}", who=own))["id"] == mine["id"]
    await service.get(f"/subjects/{mine['id']}/score", who=own)
    for path in ("", "/score", "/facts", "/supervision"):
        await service.get(f"/subjects/{other['id']}{path}", 404, own)
    assert [one["id"] for one in (await service.get("/subjects", who=own))["items"]] == [mine["id"]]
    await service.post("/facts", service.fact_body(mine, "COMMENDATION", "2026-10-01"), 404, own)
    assert (await service.get("/warnings", who=own))["items"] == []
    assert (await service.get("/draws", who=own))["items"] == []


async def test_scopes_are_required(service: Service) -> None:
    await service.get("/subjects", 403, service.who(scopes=["contracts:read"]))
    answer = await service.http.get("/api/v1/credit/subjects")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_updates_need_the_version_they_saw(service: Service) -> None:
    made = await service.subject()
    path = f"/api/v1/credit/subjects/{made['id']}"
    read = await service.http.get(path, headers=service.who())
    etag = read.headers["etag"]
    assert (
        await service.http.patch(path, json={"status": "suspended"}, headers=service.who())
    ).status_code == 428
    changed = await service.http.patch(
        path,
        json={"status": "suspended", "name": "改名样例（虚构）"},
        headers=service.who() | {"If-Match": etag},
    )
    assert changed.status_code == 200
    assert (changed.json()["status"], changed.json()["version"]) == ("suspended", made["version"] + 1)
    stale = await service.http.patch(path, json={}, headers=service.who() | {"If-Match": etag})
    assert stale.status_code == 412
    moved = await service.http.patch(
        path,
        json={"region": "140213"},
        headers=service.who("140100") | {"If-Match": changed.headers["etag"]},
    )
    assert moved.status_code == 404
    assert [one["id"] for one in (await service.get("/subjects", q="改名样例"))["items"]] == [made["id"]]


async def test_a_guides_data_are_masked_encrypted_and_revealed_with_a_purpose(service: Service) -> None:
    made = await service.subject(
        kind="tour_guide", key=service.card(), name="王样例", region="140100", person=PERSON
    )
    assert made["name"] == "王**"
    assert made["person"] == {"id_number": "140*************14", "phone": "142****0001"}
    assert made["grade"] == "A"
    found = await service.get("/subjects", q="王样例")
    assert made["id"] in [one["id"] for one in found["items"]]
    assert (await service.get("/subjects", q="王样"))["items"] == []
    async with service.app.state.db.session() as session:
        row = (await session.execute(text("SELECT * FROM subjects WHERE id = :id"), {"id": made["id"]})).one()
        assert (
            "王样例" not in str(row)
            and PERSON["id_number"] not in str(row)
            and PERSON["phone"] not in str(row)
        )
        outbox = await session.scalars(text("SELECT data::text FROM outbox"))
        assert "王样例" not in "".join(outbox)
    await service.post(
        f"/subjects/{made['id']}/reveals", {"purpose": "核对身份"}, 403, service.who(scopes=["credit:read"])
    )
    clear = await service.post(f"/subjects/{made['id']}/reveals", {"purpose": "核对导游身份"}, 200)
    assert clear == {"name": "王样例", **PERSON, "traces": []}
    async with service.app.state.db.session() as session:
        entry = (
            await session.execute(select(audit.AUDIT).where(audit.AUDIT.c.target == f"subject:{made['id']}"))
        ).one()
    assert entry.purpose == "核对导游身份"


async def test_policies_are_shown_with_their_status(service: Service) -> None:
    shown = await service.get("/policies")
    assert {one["id"] for one in shown} >= {
        "agency-100-sample",
        "fact-catalogue",
        "tiered-supervision",
        "draws",
    }
    assert next(one for one in shown if one["id"] == "agency-100-sample")["status"] == "sample"


@pytest.mark.parametrize(
    ("kind", "with_key", "grade"),
    [
        ("unlicensed_operator", False, None),
        ("scenic_area", False, "A"),
        ("homestay", True, "A"),
        ("natural_person", False, None),
    ],
)
async def test_kinds_that_need_no_key(service: Service, kind: str, with_key: bool, grade: str | None) -> None:
    made = await service.subject(kind=kind, key=service.key() if with_key else None, name="样例某某（虚构）")
    assert (made["kind"], made["grade"]) == (kind, grade)
    assert ("**" in made["name"]) is (kind in {"natural_person", "unlicensed_operator"})


@pytest.mark.parametrize(
    "path",
    [
        "/subjects?q=%00",
        "/subjects?limit=0",
        "/subjects?region=14",
        "/subjects/not-an-id",
        "/subjects/{id}/score?known_at=0001-01-01T00:00:00%2B14:00",
        "/subjects/{id}/score?known_at=9999-12-31T23:59:59-12:00",
        "/subjects/{id}/score?valid_at=2026-02-30",
        "/subjects/{id}/facts?cursor=WyJ4IiwieSJd",
        "/subjects/{id}/score/history?cursor=WzFd0",
        "/subjects/{id}/score/history/99999999999/receipt",
        "/warnings?cursor=WyJ4Il0",
        "/draws?cursor=WyJ4Il0",
        "/public/subjects?q=",
    ],
)
async def test_bad_questions_are_refused_and_never_break(service: Service, path: str) -> None:
    made = await service.subject()
    answer = await service.http.get("/api/v1/credit" + path.format(id=made["id"]), headers=service.who())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (
            "/listings/{id}/decide",
            {"longer": {"until": "9999-12-31", "legal_basis": "某法"}},
            "/longer/until",
        ),
        ("/talks", {"planned_at": "9999-12-31T23:59:59Z"}, "/planned_at"),
        ("/talks", {"planned_at": "0001-01-01T00:00:00+14:00"}, "/planned_at"),
        ("/mystery-visits", {"visited_on": "0001-01-01"}, "/visited_on"),
        ("/subjects", {"license_expires_on": "9999-12-31"}, "/license_expires_on"),
    ],
)
async def test_a_day_at_the_end_of_the_calendar_is_refused_by_name(
    service: Service, path: str, body: dict[str, Any], pointer: str
) -> None:
    every = ["credit:read", "credit:write", "credit:decide", "inspections:run"]
    found = await service.post(path.format(id=uuid4()), body, 422, service.who(scopes=every))
    assert pointer in [one["pointer"] for one in found["errors"]]


async def test_a_wrong_place_in_the_feed_is_named(service: Service) -> None:
    wrong = await service.get("/changes", 422, after="WyJ4Il0")
    assert [one["pointer"] for one in wrong["errors"]] == ["query/after"]


@pytest.mark.parametrize(
    "name", ["样例\n旅行社（虚构）", "样例\u202e旅行社（虚构）", "样例\u200b旅行社", "样例\u2028社"]
)
async def test_a_name_stands_in_one_line_and_holds_nothing_unseen(service: Service, name: str) -> None:
    body = {"kind": "travel_agency", "key": service.key(), "name": name, "region": "140105"}
    wrong = await service.post("/subjects", body, 422)
    assert [one["pointer"] for one in wrong["errors"]] == ["/name"]
    made = await service.subject()
    headers = service.who() | {"If-Match": f'"{made["version"]}"'}
    changed = await service.http.patch(
        f"/api/v1/credit/subjects/{made['id']}", json={"name": name}, headers=headers
    )
    assert changed.status_code == 422, changed.text


async def test_a_day_is_no_licence_number(service: Service) -> None:
    body = {"kind": "travel_agency", "key": service.key(), "name": "样例（虚构）", "region": "140105"}
    wrong = await service.post("/subjects", body | {"license_no": "2026-01-01"}, 422)
    assert [one["pointer"] for one in wrong["errors"]] == ["/license_no"]


@pytest.mark.parametrize(
    "path", ["/score?valid_at=9999-12-31", "/facts?valid_at=0001-01-01", "/score?valid_at=2020-01-01"]
)
async def test_far_days_are_answered(service: Service, path: str) -> None:
    made = await service.subject()
    await service.get(f"/subjects/{made['id']}{path}")
    before_any_card = await service.get(f"/subjects/{made['id']}/score", valid_at="1999-01-01")
    assert before_any_card["result"]["not_rated_because"]["code"] == "no_card"
