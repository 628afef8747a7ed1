"""Provisional subjects over HTTP: traces, mergers that rewrite nothing, and their correction."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from credit.facts.models import Fact
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.subjects.repository import SubjectRepository
from sqlalchemy import func, select, text
from sqlmodel import col

from .conftest import Service
from .test_intake import take, violation

WHY = {"reason": "执法检查查明其真实身份", "evidence": [{"sha256": "ab" * 32, "name": "笔录"}]}


async def unlicensed(service: Service, **fields: Any) -> dict[str, Any]:
    body = {"kind": "unlicensed_operator", "key": None, "name": "晋游小张（虚构）"} | fields
    return await service.subject(**body)


async def merge(service: Service, one: dict[str, Any], into: str, expect: int = 200, **fields: Any) -> Any:
    version = (await service.get(f"/subjects/{one['id']}"))["version"]
    return await send(service, one, "merge", {"into": into} | WHY | fields, version, expect)


async def send(
    service: Service, one: dict[str, Any], what: str, body: Any, version: int | None, expect: int
) -> Any:
    headers = service.who() | ({"If-Match": f'"{version}"'} if version else {})
    answer = await service.http.post(
        f"/api/v1/credit/subjects/{one['id']}/{what}", json=body, headers=headers
    )
    assert answer.status_code == expect, answer.text
    return answer.json()


async def score_bytes(service: Service, subject: dict[str, Any], known_at: str | None = None) -> bytes:
    params = {"known_at": known_at} if known_at else {}
    answer = await service.http.get(
        f"/api/v1/credit/subjects/{subject['id']}/score", params=params, headers=service.who()
    )
    assert answer.status_code == 200, answer.text
    # The log's receipt joins the answer once it is there; the result is what must stay the same.
    return answer.content[answer.content.index(b'"result":') :]


async def test_a_provisional_subject_is_found_by_its_traces_and_shows_them_masked(service: Service) -> None:
    made = await unlicensed(
        service,
        traces=[{"kind": "alias", "value": "王哥包车样例"}, {"kind": "phone", "value": "142-0000-7788"}],
    )
    assert made["name"].endswith("*")
    path = f"/subjects/{made['id']}/traces"
    added = await service.post(path, {"kind": "account", "value": "jinyou_demo_88"})
    assert added["masked"] == "ji******"
    assert (await service.post(path, {"kind": "account", "value": "JinYou_demo_88"}))["id"] == added["id"]
    shown = (await service.get(path))["items"]
    assert [one["masked"] for one in shown] == ["王*****", "142****7788", "ji******"]
    for query in ("王哥包车样例", "14200007788", "142 0000 7788", "jinyou_demo_88"):
        assert [one["id"] for one in (await service.get("/subjects", q=query))["items"]] == [made["id"]], (
            query
        )
    assert (await service.get("/public/subjects", q="王哥包车样例"))["items"] == []
    await service.get(path, 404, service.who("140200"))
    clear = await service.post(f"/subjects/{made['id']}/reveals", {"purpose": "核对线索"}, 200)
    assert {"kind": "alias", "value": "王哥包车样例"} in clear["traces"]
    async with service.app.state.db.session() as session:
        rows = (await session.execute(text("SELECT * FROM subject_traces"))).all()
    assert "王哥" not in str(rows) and "7788" not in str(rows)
    gone = await service.http.delete(f"/api/v1/credit{path}/{added['id']}", headers=service.who())
    assert gone.status_code == 204
    assert (await service.get("/subjects", q="jinyou_demo_88"))["items"] == []
    missing = await service.http.delete(f"/api/v1/credit{path}/{added['id']}", headers=service.who())
    assert missing.status_code == 404
    agency = await service.subject()
    await service.post(f"/subjects/{agency['id']}/traces", {"kind": "alias", "value": "晋游"}, 422)


async def test_facts_of_the_merged_count_for_the_survivor_and_old_results_keep_their_bytes(
    service: Service,
) -> None:
    agency, other = await service.subject(), await unlicensed(service)
    await service.fact(agency, "COMMENDATION", "2026-09-01")
    kept = await service.fact(other, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 6_000_000})
    undone = await service.fact(other, "PENALTY_WARNING", "2026-10-02")
    why = {"action": "revoke", "reason": "不实", "authority": "演示机关", "reference": "C-1"}
    await service.post(f"/facts/{undone['id']}/corrections", why)
    before = await score_bytes(service, agency)
    known_at = (await service.get(f"/subjects/{agency['id']}/score"))["result"]["known_at"]
    merged = await merge(service, other, agency["id"])
    assert (merged["merged_into"], merged["status"]) == (agency["id"], "closed")
    assert await score_bytes(service, agency, known_at) == before
    after = (await service.get(f"/subjects/{agency['id']}/score"))["result"]
    assert (
        after["score"]
        < (await service.get(f"/subjects/{agency['id']}/score", known_at=known_at))["result"]["score"]
    )
    facts = (await service.get(f"/subjects/{agency['id']}/facts"))["items"]
    copies = [one for one in facts if one["source"]["kind"] == "merge"]
    assert sorted((one["code"], one["standing"]) for one in copies) == [
        ("PENALTY_FINE_LARGE", True),
        ("PENALTY_WARNING", False),
    ]
    assert any(one["source"]["reference"].endswith(kept["id"]) for one in copies)
    assert (await service.get(f"/subjects/{agency['id']}"))["score"] == after["score"]
    old = (await service.get(f"/subjects/{other['id']}/facts"))["items"]
    assert {one["id"] for one in old} == {kept["id"], undone["id"]}
    refused = await service.post("/facts", service.fact_body(other, "PENALTY_WARNING", "2026-11-01"), 409)
    assert (refused["type"], refused["survivor"]) == ("/problems/subject-merged", agency["id"])
    refused = await service.post(f"/facts/{kept['id']}/corrections", why, 409)
    assert refused["survivor"] == agency["id"]
    assert [one["act"] for one in (await service.get(f"/subjects/{other['id']}/mergers"))["items"]] == [
        "merge"
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"action": "revoke"}, {"standing": False}),
        ({"action": "amend", "payload": {"amount_fen": 100_000}}, {"payload": {"amount_fen": 100_000}}),
        ({"action": "dispute"}, {"objection": True}),
    ],
    ids=lambda one: one.get("action", ""),
)
async def test_what_changed_after_a_later_fact_stays_changed_in_the_merger(
    service: Service, change: dict[str, Any], says: dict[str, Any]
) -> None:
    agency, twin, other = await service.subject(), await service.subject(), await unlicensed(service)
    why = {"reason": "不实", "authority": "演示机关", "reference": "C-2"}
    for one in (twin, other):
        changed = await service.fact(
            one, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 9_000_000}
        )
        await service.fact(one, "COMMENDATION", "2026-09-01")
        await service.post(f"/facts/{changed['id']}/corrections", change | why)
    await merge(service, other, agency["id"])
    copies = (await service.get(f"/subjects/{agency['id']}/facts"))["items"]
    (copy,) = [one for one in copies if one["code"] == "PENALTY_FINE_LARGE"]
    assert copy["version"] == 2 and says.items() <= copy.items()
    shown, alike = [await service.get(f"/subjects/{one['id']}") for one in (agency, twin)]
    assert (shown["score"], shown["grade"]) == (alike["score"], alike["grade"])
    async with service.app.state.db.session() as session:
        last = select(func.max(col(Fact.recorded_at))).where(col(Fact.subject_id) == UUID(agency["id"]))
        latest = await session.scalar(last)
        subject = await SubjectRepository(session).lock(UUID(agency["id"]), None)
        assert subject is not None and subject.last_recorded_at == latest


async def test_merging_again_changes_nothing_and_another_survivor_is_refused(service: Service) -> None:
    agency, third, other = await service.subject(), await service.subject(), await unlicensed(service)
    await service.fact(other, "PENALTY_WARNING", "2026-10-01")
    first = await merge(service, other, agency["id"])
    assert await send(service, other, "merge", {"into": agency["id"]} | WHY, 1, 200) == first
    assert (await merge(service, other, third["id"], 409))["survivor"] == agency["id"]
    stray = await unlicensed(service)
    assert (await merge(service, stray, other["id"], 409))["survivor"] == agency["id"]
    await send(service, stray, "merge", {"into": agency["id"]} | WHY, None, 428)
    await send(service, stray, "merge", {"into": agency["id"]} | WHY, 999, 412)
    await merge(service, stray, stray["id"], 422)
    await merge(service, stray, str(uuid4()), 404)
    assert (await merge(service, agency, third["id"], 409))["type"] == "/problems/merge-refused"
    far = await service.subject(region="140213")
    body = {"into": far["id"]} | WHY
    answer = await service.http.post(
        f"/api/v1/credit/subjects/{stray['id']}/merge",
        json=body,
        headers=service.who("140100") | {"If-Match": '"1"'},
    )
    assert answer.status_code == 404


async def test_two_mergers_at_once_copy_once(service: Service) -> None:
    agency, rival, other = await service.subject(), await service.subject(), await unlicensed(service)
    for day in ("2026-10-01", "2026-10-02"):
        await service.fact(other, "PENALTY_WARNING", day)
    version = (await service.get(f"/subjects/{other['id']}"))["version"]
    headers = service.who() | {"If-Match": f'"{version}"'}
    path = f"/api/v1/credit/subjects/{other['id']}/merge"
    answers = await asyncio.gather(
        *(
            service.http.post(path, json={"into": into} | WHY, headers=headers)
            for into in (agency["id"], rival["id"], agency["id"], rival["id"])
        )
    )
    survivor = UUID((await service.get(f"/subjects/{other['id']}"))["merged_into"])
    assert sorted(one.status_code for one in answers) == [200, 200, 409, 409]
    async with service.app.state.db.session() as session:
        copies = await session.execute(
            select(col(Fact.subject_id), func.count())
            .where(
                col(Fact.source_kind) == "merge",
                col(Fact.subject_id).in_([UUID(agency["id"]), UUID(rival["id"])]),
            )
            .group_by(col(Fact.subject_id))
        )
        assert [tuple(row) for row in copies] == [(survivor, 2)]


async def test_what_comes_for_the_mergeds_key_lands_on_the_survivor_once(service: Service) -> None:
    agency = await service.subject()
    other = await unlicensed(service, key=service.key())
    early, late = (violation(other["key"], f"TS-{uuid4()}") for _ in range(2))
    await take(service, "violation_confirmed", early)
    refused = await merge(service, other, agency["id"], 409)
    assert refused["type"] == "/problems/merge-refused"
    person = await service.subject(kind="natural_person", key=None, name="赵样例")
    await merge(service, other, person["id"])
    await take(service, "violation_confirmed", early)
    await take(service, "violation_confirmed", late)
    facts = (await service.get(f"/subjects/{person['id']}/facts"))["items"]
    assert sorted(one["source"]["kind"] for one in facts) == ["complaint_case", "merge"]
    assert len((await service.get(f"/subjects/{other['id']}/facts"))["items"]) == 1
    async with service.app.state.db.session() as session:
        conflicts = await session.scalar(
            text("SELECT count(*) FROM parked_events WHERE subject_key = :key"), {"key": other["key"]}
        )
        repository = SubjectRepository(session)
        assert await repository.survivor_of(UUID(other["id"])) == UUID(person["id"])
        assert set(await repository.family(UUID(person["id"]))) == {UUID(person["id"]), UUID(other["id"])}
    assert conflicts == 0


async def test_a_room_that_still_holds_the_merged_subject_writes_for_the_survivor(service: Service) -> None:
    agency, middle, first = await service.subject(), await unlicensed(service), await unlicensed(service)
    await merge(service, first, middle["id"])
    await merge(service, middle, agency["id"])
    env = service.app.state.env
    async with service.app.state.db.session() as session:
        held = await SubjectRepository(session).lock(UUID(first["id"]), None)
        assert held is not None
        wanted = FactIn(
            subject_id=held.id,
            code="SERIOUS_LISTED",
            occurred_on="2026-11-01",
            source=Source(kind=SourceKind.LISTING, authority="演示机关", reference=f"L-{uuid4()}"),
            payload={"condition": "SEV-T-3"},
        )
        fact, new = await FactService(session, env).record_for(held, wanted, by="test")
        assert (str(fact.subject_id), new) == (agency["id"], True)
    assert (await service.get(f"/subjects/{agency['id']}"))["grade"] == "D"


async def test_unmerging_revokes_what_the_merger_gave_and_it_can_be_merged_anew(service: Service) -> None:
    agency, other = await service.subject(), await unlicensed(service)
    await service.fact(other, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 6_000_000})
    clean = (await service.get(f"/subjects/{agency['id']}"))["score"]
    merged = await merge(service, other, agency["id"])
    between = await score_bytes(service, agency)
    known_at = (await service.get(f"/subjects/{agency['id']}/score"))["result"]["known_at"]
    await send(service, other, "unmerge", WHY, merged["version"] + 7, 412)
    back = await send(service, other, "unmerge", WHY, merged["version"], 200)
    assert (back["merged_into"], back["status"]) == (None, "active")
    assert (await service.get(f"/subjects/{agency['id']}"))["score"] == clean
    assert await score_bytes(service, agency, known_at) == between
    await send(service, other, "unmerge", WHY, back["version"], 409)
    await service.fact(other, "PENALTY_WARNING", "2026-11-01")
    await merge(service, other, agency["id"])
    facts = (await service.get(f"/subjects/{agency['id']}/facts"))["items"]
    assert sorted((one["code"], one["standing"]) for one in facts) == [
        ("PENALTY_FINE_LARGE", False),
        ("PENALTY_FINE_LARGE", True),
        ("PENALTY_WARNING", True),
    ]
    acts = [one["act"] for one in (await service.get(f"/subjects/{other['id']}/mergers"))["items"]]
    assert acts == ["merge", "unmerge", "merge"]


async def test_one_person_is_one_subject_found_by_the_whole_number_only(service: Service) -> None:
    number = "652301198506150025"
    made = await service.subject(
        kind="natural_person", key=None, name="钱样例", person={"id_number": number.lower()}
    )
    for query in (number, "钱样例"):
        assert made["id"] in [one["id"] for one in (await service.get("/subjects", q=query))["items"]]
    assert (await service.get("/subjects", q=number[:14]))["items"] == []
    body = {"kind": "natural_person", "name": "钱样例", "region": "140105", "person": {"id_number": number}}
    assert (await service.post("/subjects", body, 409))["type"] == "/problems/subject-exists"
    guide = await service.subject(
        kind="tour_guide", key=service.card(), name="钱样例", region="140100", person={"id_number": number}
    )
    await merge(service, made, guide["id"])
    stranger = await service.subject(
        kind="natural_person", key=None, name="孙样例", person={"id_number": "652323199211200032"}
    )
    assert (await merge(service, stranger, guide["id"], 409))["type"] == "/problems/merge-refused"


async def test_a_change_of_what_scores_depend_on_is_known_from_then_on(service: Service) -> None:
    made = await service.subject(licensed_on="2020-03-01", license_expires_on="2030-03-01", headcount=12)
    assert (made["licensed_on"], made["headcount"]) == ("2020-03-01", 12)
    before = await score_bytes(service, made)
    known_at = (await service.get(f"/subjects/{made['id']}/score"))["result"]["known_at"]
    answer = await service.http.patch(
        f"/api/v1/credit/subjects/{made['id']}",
        json={"region": "140213", "headcount": 40},
        headers=service.who() | {"If-Match": f'"{made["version"]}"'},
    )
    assert answer.status_code == 200, answer.text
    assert await score_bytes(service, made, known_at) == before
    async with service.app.state.db.session() as session:
        rows = (
            await session.execute(
                text("SELECT region, headcount FROM subject_states WHERE subject_id = :id"),
                {"id": made["id"]},
            )
        ).all()
    assert [tuple(row) for row in rows] == [("140105", 12)]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"licensed_on": "2027-01-01"}, "/licensed_on"),
        ({"license_expires_on": "2027-01-01"}, "/license_expires_on"),
        ({"licensed_on": "2026-01-01", "license_expires_on": "2025-01-01"}, "/license_expires_on"),
        ({"kind": "natural_person", "key": None, "headcount": 1}, "/headcount"),
        ({"kind": "natural_person", "key": None, "license_no": "L-SX-700777"}, "/license_no"),
        ({"traces": [{"kind": "alias", "value": "别名"}]}, "/traces"),
    ],
)
async def test_what_a_kind_cannot_have_is_refused(
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


async def test_a_repair_goes_with_the_fact_that_it_repairs(service: Service) -> None:
    survivor, one = await service.subject(), await unlicensed(service)
    fine = await service.fact(one, "PENALTY_FINE_LARGE", "2026-08-01", payload={"amount_fen": 5_000_000})
    late = await service.fact(one, "PENALTY_FINE_SMALL", "2026-08-02", payload={"amount_fen": 5_000})

    async def repaired(fact: dict[str, Any], number: str) -> None:
        wanted = FactIn(
            subject_id=UUID(one["id"]),
            code="REPAIRED",
            occurred_on=date(2026, 11, 20),
            source=Source(kind=SourceKind.REPAIR, authority="演示机关", reference=number),
            payload={"fact_id": fact["id"], "number": number, "condition": fact["code"]},
        )
        async with service.app.state.db.session() as session:
            subject = await SubjectRepository(session).lock(UUID(one["id"]), None)
            assert subject is not None
            await FactService(session, service.app.state.env).record_for(subject, wanted, by="test")

    await repaired(fine, "XF-M-1")
    await merge(service, one, survivor["id"])
    assert (await service.get(f"/subjects/{survivor['id']}"))["score"] == 95
    await repaired(late, "XF-M-2")
    await repaired(late, "XF-M-2")
    assert (await service.get(f"/subjects/{survivor['id']}"))["score"] == 100
