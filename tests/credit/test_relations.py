"""Relations: between whom they hold, that none contradicts another, and how they were known."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from credit.relations.rules import RelationKind, fits, overlap
from credit.relations.service import RelationService
from credit.subjects.rules import PERSONS, Kind
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Service
from .test_merge import merge, send, unlicensed

DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))
PERIODS = st.tuples(DAYS, st.none() | DAYS)


@given(PERIODS, PERIODS)
def test_periods_overlap_when_they_share_a_day(
    first: tuple[date, date | None], second: tuple[date, date | None]
) -> None:
    def days(period: tuple[date, date | None]) -> set[int]:
        last = period[1] or date(2020, 4, 1)
        return set(range(period[0].toordinal(), last.toordinal() + 1))

    assert overlap(first, second) == bool(days(first) & days(second)) == overlap(second, first)


def test_people_hold_posts_and_branches_belong_to_agencies() -> None:
    assert fits(RelationKind.BRANCH_OF, Kind.AGENCY_BRANCH, Kind.TRAVEL_AGENCY)
    assert not fits(RelationKind.BRANCH_OF, Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH)
    assert not fits(RelationKind.BRANCH_OF, Kind.AGENCY_BRANCH, Kind.AGENCY_BRANCH)
    for kind in Kind:
        assert fits(RelationKind.PRINCIPAL, Kind.NATURAL_PERSON, kind) == (kind not in PERSONS)
        assert fits(RelationKind.EMPLOYS, kind, Kind.TOUR_GUIDE) == (kind not in PERSONS)
        assert not fits(RelationKind.PRINCIPAL, Kind.TRAVEL_AGENCY, kind)
    assert fits(RelationKind.CONTROLLER, Kind.TRAVEL_AGENCY, Kind.TRAVEL_AGENCY)
    assert not fits(RelationKind.GUIDE_CONTRACT, Kind.TOUR_GUIDE, Kind.STAR_HOTEL)


async def person(service: Service, name: str = "冯样例", **fields: Any) -> dict[str, Any]:
    return await service.subject(kind="natural_person", key=None, name=name, **fields)


async def relate(
    service: Service, one: dict[str, Any], kind: str, to: dict[str, Any], expect: int = 201, **fields: Any
) -> Any:
    body = {"kind": kind, "to": to["id"], "starts_on": "2024-01-02"} | fields
    return await service.post(f"/subjects/{one['id']}/relations", body, expect)


async def test_a_post_is_shown_from_both_ends_with_the_person_masked(service: Service) -> None:
    agency, boss = await service.subject(), await person(service, region="140213")
    body: dict[str, Any] = {
        "kind": "principal",
        "from": boss["id"],
        "starts_on": "2024-01-02",
        "note": "任命文件（演示）",
    }
    taiyuan = service.who("140100")
    there = f"/subjects/{boss['id']}/relations"
    turned = {name: one for name, one in body.items() if name != "from"} | {"to": agency["id"]}
    await service.post(f"/subjects/{agency['id']}/relations", body, 404, taiyuan)
    await service.post(there, turned, 404, service.who("140200"))
    made = await service.post(f"/subjects/{agency['id']}/relations", body)
    assert (made["from"]["name"], made["to"]["id"]) == ("冯**", agency["id"])
    for one in (agency, boss):
        (seen,) = (await service.get(f"/subjects/{one['id']}/relations"))["items"]
        assert seen == made
    await service.get(f"/subjects/{boss['id']}/relations", 404, taiyuan)
    await service.post(f"/subjects/{boss['id']}/relations", body | {"from": None}, 422)
    await service.post(f"/subjects/{agency['id']}/relations", body | {"to": boss["id"]}, 422)
    again = await service.post(f"/subjects/{agency['id']}/relations", body, 409)
    assert again["relation_id"] == made["id"]
    own = service.who("140000", kind="agency", subject_id=agency["id"])
    assert len((await service.get(f"/subjects/{agency['id']}/relations", who=own))["items"]) == 1
    await service.post(f"/subjects/{agency['id']}/relations", body, 404, own)
    await service.post(f"/relations/{made['id']}/end", {"on": "2025-01-01", "reason": "离任"}, 404, own)
    nobody = service.who("650000")
    await service.post(f"/relations/{made['id']}/end", {"on": "2025-01-01", "reason": "离任"}, 404, nobody)


@pytest.mark.parametrize("field", ["to", "from"])
async def test_what_cannot_be_is_refused(service: Service, field: str) -> None:
    agency, boss = await service.subject(), await person(service)
    missing = "01900000-0000-7000-8000-000000000000"
    for body, expect in (
        ({field: missing}, 404),
        ({field: agency["id"]}, 422),
        ({field: boss["id"], "ends_on": "2023-01-01"}, 422),
        ({field: boss["id"], "kind": "branch_of"}, 422),
    ):
        full = {"kind": "principal", "starts_on": "2024-01-02"} | body
        await service.post(f"/subjects/{agency['id']}/relations", full, expect)


async def test_an_end_is_known_from_when_it_was_told_and_makes_room(service: Service) -> None:
    agency, first, second = await service.subject(), await person(service), await person(service, "陈样例")
    made = await relate(service, first, "legal_representative", agency)
    await relate(service, second, "legal_representative", agency, 409, starts_on="2026-01-01")
    before = service.app.state.env.clock.now()
    ended = await service.post(
        f"/relations/{made['id']}/end", {"on": "2025-12-31", "reason": "变更法定代表人"}, 200
    )
    assert (ended["ends_on"], ended["ended"]["on"]) == ("2025-12-31", "2025-12-31")
    await service.post(f"/relations/{made['id']}/end", {"on": "2025-12-31", "reason": "重复"}, 409)
    await relate(service, second, "legal_representative", agency, 409, starts_on="2025-12-31")
    await relate(service, second, "legal_representative", agency, starts_on="2026-01-01")
    async with service.app.state.db.session() as session:
        relations = RelationService(session, service.app.state.env)
        on = date(2026, 11, 23)
        assert [str(post.person_id) for post in await relations.people_of(UUID(agency["id"]), on)] == [
            second["id"]
        ]
        (held,) = await relations.people_of(UUID(agency["id"]), date(2025, 1, 1))
        assert str(held.person_id) == first["id"]
    listed = await service.get(f"/subjects/{agency['id']}/relations", on="2026-11-23")
    assert [one["from"]["id"] for one in listed["items"]] == [second["id"]]
    await service.get(f"/subjects/{agency['id']}/relations", 422, known_at="2026-11-24T10:00:00+08:00")
    (seen,) = (await service.get(f"/subjects/{agency['id']}/relations", known_at=before.isoformat()))["items"]
    assert (seen["id"], seen["ends_on"], seen["ended"]) == (made["id"], None, None)


async def test_a_branch_has_one_head_office_and_control_runs_in_no_circle(service: Service) -> None:
    one, two, three = [await service.subject() for _ in range(3)]
    branch = await service.subject(kind="agency_branch")
    await relate(service, branch, "branch_of", one)
    await relate(service, branch, "branch_of", two, 409)
    await relate(service, one, "controller", two)
    await relate(service, two, "controller", three)
    await relate(service, three, "controller", one, 409)
    await relate(service, one, "controller", one, 422)
    answers = await asyncio.gather(
        *(
            service.http.post(
                f"/api/v1/credit/subjects/{first['id']}/relations",
                json={"kind": "controller", "to": second["id"], "starts_on": "2024-01-02"},
                headers=service.who(),
            )
            for first, second in ((branch, three), (three, branch))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_relations_follow_a_merger_and_come_back(service: Service) -> None:
    agency, other, boss = await service.subject(), await unlicensed(service), await person(service)
    made = await relate(service, boss, "principal", other)
    merged = await merge(service, other, agency["id"])
    async with service.app.state.db.session() as session:
        relations = RelationService(session, service.app.state.env)
        on = date(2026, 11, 23)
        (post,) = await relations.people_of(UUID(agency["id"]), on)
        assert (str(post.person_id), post.starts_on) == (boss["id"], date(2024, 1, 2))
        assert str(post.subject_id) == agency["id"]
        assert await relations.people_of(UUID(other["id"]), on) == []
    refused = await relate(service, boss, "controller", other, 409)
    assert refused["survivor"] == agency["id"]
    await send(service, other, "unmerge", {"reason": "查明并非同一主体"}, merged["version"], 200)
    listed = (await service.get(f"/subjects/{other['id']}/relations", on="2026-11-23"))["items"]
    assert [one["from"]["id"] for one in listed] == [boss["id"]]
    assert listed[0]["id"] != made["id"]
    assert (await service.get(f"/subjects/{agency['id']}/relations", on="2026-11-23"))["items"] == []


async def test_who_is_barred_from_a_post_is_not_registered_in_it(service: Service) -> None:
    revoked, agency = await service.subject(), await service.subject()
    boss, guide = (
        await person(service, "蒋样例"),
        await service.subject(kind="tour_guide", key=service.card(), name="沈样例", region="140100"),
    )
    await relate(service, boss, "principal", revoked, starts_on="2022-01-04")
    for subject in (revoked, guide):
        await service.by_room(
            subject, "SERIOUS_LISTED", "2026-10-12", "merge", payload={"condition": "SEV-T-4"}
        )
    refused = await relate(service, boss, "principal", agency, 409, starts_on="2026-11-01")
    assert refused["type"] == "/problems/barred-by-measure"
    ends = {one["measure"]: one["ends_on"] for one in refused["measures"]}
    assert ends["M-T-PRINCIPAL"] == "2031-10-12"
    hotel = await service.subject(kind="star_hotel", name="样例宾馆（虚构）")
    await relate(service, boss, "principal", hotel)
    await relate(service, guide, "guide_contract", agency, 409)
    card = {"kind": "guide_card", "number": guide["key"], "authority": "演示机关", "issued_on": "2026-11-20"}
    path = f"/subjects/{guide['id']}/qualifications"
    refused = await service.post(path, card, 409)
    assert "M-T-GUIDE" in [one["measure"] for one in refused["measures"]]
    await service.post(path, card | {"issued_on": "2026-10-01"})
