"""Keys over HTTP: the first one of a subject without, a wrong one put right by two, records made twice."""

from random import Random
from typing import Any
from uuid import uuid4

import pytest
from common.identifiers import InvalidIdentifier, check_resident_id
from credit.imports.rules import codes_of
from credit.seed.names import resident_id
from sqlalchemy import text

from .conftest import ALL, Service
from .test_intake import take, violation
from .test_merge import merge, score_bytes, send, unlicensed

WHY = {"reason": "营业执照核对后发现登记有误", "evidence": [{"sha256": "cd" * 32, "name": "营业执照"}]}
YES = {"reason": "经核对无误"}


async def keyless(service: Service, **fields: Any) -> dict[str, Any]:
    body = {"kind": "homestay", "key": None, "name": "清泉样例民宿（虚构）"} | fields
    return await service.subject(**body)


async def patch(service: Service, one: dict[str, Any], expect: int = 200, **fields: Any) -> Any:
    version = (await service.get(f"/subjects/{one['id']}"))["version"]
    answer = await service.http.patch(
        f"/api/v1/credit/subjects/{one['id']}",
        json=fields,
        headers=service.who() | {"If-Match": f'"{version}"'},
    )
    assert answer.status_code == expect, answer.text
    return answer.json()


def decider(service: Service, sub: str = "decider") -> dict[str, str]:
    return service.who(scopes=[*ALL, "credit:decide"], sub=sub)


async def test_a_subject_without_a_key_gets_it_once_and_what_waited_for_it(service: Service) -> None:
    made, key = await keyless(service), service.key()
    await take(service, "violation_confirmed", violation(key, f"TS-{uuid4()}"))
    assert (await patch(service, made, 422, key="911401059999990158"))["errors"][0]["pointer"] == "/key"
    assert (await patch(service, made, 422, key=None))["errors"][0]["pointer"] == "/key"
    taken = await service.subject()
    refused = await patch(service, made, 409, key=taken["key"])
    assert (refused["type"], refused["field"]) == ("/problems/subject-exists", "key")
    given = await patch(service, made, key=key.lower())
    assert given["key"] == key
    assert len((await service.get(f"/subjects/{made['id']}/facts"))["items"]) == 1
    assert (await patch(service, made, key=key))["key"] == key
    assert (await patch(service, made, 409, key=service.key()))["type"] == "/problems/key-fixed"
    async with service.app.state.db.session() as session:
        said = (
            await session.scalars(
                text(
                    "SELECT data->>'key' FROM outbox WHERE aggregate_id = :id AND type LIKE :t ORDER BY seq"
                ),
                {"id": made["id"], "t": "%.subject_updated.%"},
            )
        ).all()
        audited = await session.scalar(
            text("SELECT count(*) FROM audit WHERE action = 'subject.key_given' AND target = :of"),
            {"of": f"subject:{made['id']}"},
        )
    assert (said[-1], audited) == (key, 1)


async def test_an_operator_that_gets_a_key_is_shown_under_its_registered_name(service: Service) -> None:
    made = await unlicensed(service, name="赵样例")
    assert (await patch(service, made, 422, key=service.key()))["errors"][0]["pointer"] == "/name"
    given = await patch(service, made, key=service.key(), name="赵样例客运服务部（虚构）")
    assert (given["name"], given["person"]) == ("赵样例客运服务部（虚构）", None)
    person = await service.subject(kind="natural_person", key=None, name="钱样例")
    assert (await patch(service, person, 422, key=service.key()))["errors"][0]["pointer"] == "/key"


async def test_a_wrong_key_is_put_right_by_a_second_person_and_both_are_kept(service: Service) -> None:
    made, right = await service.subject(), service.key()
    path = f"/subjects/{made['id']}/key-corrections"
    late = violation(right, f"TS-{uuid4()}")
    await take(service, "violation_confirmed", late)
    own = service.who(sub="writer")
    assert (await service.post(path, {"key": made["key"]} | WHY, 422, own))["errors"][0]["pointer"] == "/key"
    other = await service.subject()
    assert (await service.post(path, {"key": other["key"]} | WHY, 409, own))["field"] == "key"
    row = await service.post(path, {"key": right} | WHY, 201, own)
    assert (await service.get(f"/subjects/{made['id']}"))["key"] == made["key"]
    again = await service.post(path, {"key": right} | WHY, 409, own)
    assert (again["type"], again["correction"]) == ("/problems/key-correction-refused", row["id"])
    confirm = f"{path}/{row['id']}/confirm"
    await service.post(confirm, YES, 403, own)
    problem = await service.post(confirm, YES, 409, decider(service, "writer"))
    assert problem["type"] == "/problems/second-person-needed"
    await service.post(f"{path}/{uuid4()}/confirm", YES, 404, decider(service))
    done = await service.post(confirm, YES, 200, decider(service))
    assert (done["state"], done["old_key"], done["new_key"]) == ("confirmed", made["key"], right)
    now = await service.get(f"/subjects/{made['id']}")
    assert now["key"] == right
    assert len((await service.get(f"/subjects/{made['id']}/facts"))["items"]) == 1
    assert (await service.post(confirm, YES, 409, decider(service)))["present"] == "confirmed"
    assert [one["old_key"] for one in (await service.get(path))["items"]] == [made["key"]]
    await service.get(path, 404, service.who("140200"))
    # The old key may be another business's own number.
    assert (await service.subject(key=made["key"]))["key"] == made["key"]
    refused = await service.post(path, {"key": service.key()} | WHY, 201, own)
    done = await service.post(f"{path}/{refused['id']}/refuse", {"reason": "证据不足"}, 200, decider(service))
    assert done["state"] == "refused" and (await service.get(f"/subjects/{made['id']}"))["key"] == right
    without = await keyless(service, name="无代码样例民宿（虚构）")
    path = f"/subjects/{without['id']}/key-corrections"
    assert (await service.post(path, {"key": service.key()} | WHY, 409))["type"].endswith(
        "correction-refused"
    )


async def test_what_was_registered_twice_is_one(service: Service) -> None:
    kept, twin = await keyless(service, license_no="L-SX-970001"), await keyless(service)
    await service.fact(twin, "PENALTY_WARNING", "2026-10-01")
    before = (await service.get(f"/subjects/{kept['id']}"))["score"]
    problem = await merge(service, kept, twin["id"], 409)
    assert problem["type"] == "/problems/merge-refused"
    merged = await merge(service, twin, kept["id"])
    assert (merged["merged_into"], merged["grade"]) == (kept["id"], None)
    assert (await service.get(f"/subjects/{kept['id']}"))["score"] < before
    hotel = await keyless(service, kind="star_hotel")
    assert (await merge(service, hotel, kept["id"], 409))["type"] == "/problems/merge-refused"
    back = await send(service, twin, "unmerge", {"reason": "实为两家"}, merged["version"], 200)
    assert (back["merged_into"], back["grade"]) == (None, "A")
    assert (await service.get(f"/subjects/{kept['id']}"))["score"] == before


async def test_a_taken_licence_or_id_number_is_named_and_not_the_databases_refusal(service: Service) -> None:
    first, second = await service.subject(license_no="L-SX-970002"), await service.subject()
    refused = await patch(service, second, 409, license_no="L-SX-970002")
    assert (refused["type"], refused["field"]) == ("/problems/subject-exists", "license_no")
    assert (await patch(service, first, license_no="L-SX-970002"))["license_no"] == "L-SX-970002"
    number = "140100199001010014"
    await service.subject(kind="natural_person", key=None, name="孙样例", person={"id_number": number})
    other = await service.subject(kind="natural_person", key=None, name="李样例")
    refused = await patch(service, other, 409, person={"id_number": number})
    assert (refused["type"], refused["field"]) == ("/problems/subject-exists", "id_number")


async def test_nobody_is_born_in_the_future(service: Service) -> None:
    number = resident_id(Random(7), "140105")
    unborn = next(
        made for last in "0123456789X" if _holds(made := number[:6] + "20310101" + number[14:17] + last)
    )
    body = {"kind": "natural_person", "name": "周样例", "region": "140105", "person": {"id_number": unborn}}
    problem = await service.post("/subjects", body, 422)
    assert problem["errors"][0]["pointer"] == "/person/id_number"


def _holds(number: str) -> bool:
    try:
        return bool(check_resident_id(number))
    except InvalidIdentifier:
        return False


async def test_a_merged_subject_is_not_scored_or_supervised_any_more(service: Service) -> None:
    kept, twin = await keyless(service, name="留存样例民宿（虚构）"), await keyless(service)
    old = (await service.get(f"/subjects/{twin['id']}/score"))["result"]["known_at"]
    before = await score_bytes(service, twin, old)
    await merge(service, twin, kept["id"])
    for path in ("score", "paths", "supervision"):
        problem = await service.get(f"/subjects/{twin['id']}/{path}", 409)
        assert (problem["type"], problem["survivor"]) == ("/problems/subject-merged", kept["id"]), path
    assert await score_bytes(service, twin, old) == before


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("国内旅游业务和入境旅游业务", ["domestic", "inbound"]),
        ("国内旅游业务、入境旅游业务、出境旅游业务", ["domestic", "inbound", "outbound"]),
        ("境内旅游;边境旅游业务", ["domestic", "border"]),
        ("出境游，大陆居民赴台湾地区旅游业务", ["outbound", "taiwan"]),
        ("domestic outbound", ["domestic", "outbound"]),
        ("旅游业务", ["旅游业务"]),
    ],
)
def test_scopes_are_read_as_licences_write_them(words: str, codes: list[str]) -> None:
    assert codes_of("business_scope", words) == codes
