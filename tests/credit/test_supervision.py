"""Measures by list, condition and role with their own end dates; checks for licensing; announcements."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from common.db import new_id
from credit.draws.repository import DrawRepository
from credit.listings.models import Listing
from credit.listings.schemas import ListingIn
from credit.rounds import do_round
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.supervision.models import SupervisionState
from credit.supervision.policy import Restriction, RiskMatrix
from credit.supervision.repository import SupervisionRepository
from credit.supervision.rules import SELF, Listed, raised_tier, restrictions_of, supervision_tier
from credit.supervision.service import SupervisionService
from credit.supervision.sources import Sources
from sqlalchemy import event, select, text, update
from sqlmodel import col

from .cases import BOOK
from .conftest import START, Service

NATIONAL = BOOK.restrictions.in_force(on=date(2026, 11, 23), region="110000")
MATRIX = BOOK.risk_matrices.get("risk-matrix", "1", "140100")


def listed(condition: str, role: str = SELF, **fields: Any) -> Listed:
    given: dict[str, Any] = {
        "entity": UUID(int=1),
        "entity_kind": "travel_agency",
        "source": "serious",
        "condition": condition,
        "role": role,
        "listed_on": date(2026, 3, 1),
        "penalty_on": date(2026, 1, 15),
    }
    return Listed(**(given | fields))


@pytest.mark.parametrize(
    ("entry", "code", "starts", "ends"),
    [
        (listed("SEV-T-4", "principal"), "M-T-PRINCIPAL", "2026-01-15", "2031-01-15"),
        (listed("SEV-T-4", "principal"), "M-T-MANAGER", "2026-01-15", "2029-01-15"),
        (listed("SEV-T-4", "responsible_manager"), "M-T-MANAGER", "2026-01-15", "2029-01-15"),
        (listed("SEV-T-4", entity_kind="tour_guide"), "M-T-GUIDE", "2026-01-15", "2029-01-15"),
        (
            listed("SEV-T-3", penalties=(("PENALTY_FINE_SMALL", date(2026, 1, 20)),)),
            "M-T-OUTBOUND",
            "2026-01-20",
            "2028-01-20",
        ),
        (listed("SEV-C-4-VENUE", "controller"), "M-C-VENUE", "2026-01-15", None),
        (listed("SEV-C-4-VENUE", "investor"), "M-C-VENUE", "2026-01-15", None),
        (listed("SEV-C-4-NET", "principal"), "M-C-NET", "2026-01-15", "2031-01-15"),
        (
            listed("BORDER_CRIME_SENTENCE_SERVED", source="fact", entity_kind="natural_person"),
            "M-BORDER",
            "2026-01-15",
            "2031-01-15",
        ),
        (listed("SEV-T-2"), "M-SEV-1", "2026-03-01", "2029-03-01"),
        (listed("SEV-T-2", ends_on=date(2030, 5, 5)), "M-SEV-1", "2026-03-01", "2030-05-05"),
        (listed("SEV-T-2", removed_on=date(2026, 9, 1)), "M-SEV-1", "2026-03-01", "2026-08-31"),
        (listed("MIN-4", source="slight"), "M-MIN-2", "2026-03-01", "2027-03-01"),
        (listed("SEV-T-4", "principal", penalty_on=None), "M-T-PRINCIPAL", "2026-03-01", "2031-03-01"),
        (
            listed("SEV-T-4", "principal", removed_on=date(2026, 9, 1)),
            "M-T-PRINCIPAL",
            "2026-01-15",
            "2031-01-15",
        ),
    ],
)
def test_each_restriction_has_its_own_clock(entry: Listed, code: str, starts: str, ends: str | None) -> None:
    found = {one.code: one for one in restrictions_of(NATIONAL, [entry])}
    one = found[code]
    assert (one.starts_on.isoformat(), one.ends_on and one.ends_on.isoformat()) == (starts, ends)
    assert one.in_force(one.starts_on) and one.dated is (entry.penalty_on is not None or code[2] == "S")
    if one.ends_on is not None:
        assert one.in_force(one.ends_on) and not one.in_force(date(one.ends_on.year + 1, 1, 1))
    assert one.citation.document()["policy_id"] == code and one.citation.basis


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (listed("SEV-T-3", "principal"), "M-T-PRINCIPAL"),
        (listed("SEV-T-4", "principal", source="slight"), "M-T-PRINCIPAL"),
        (listed("SEV-T-4"), "M-T-PRINCIPAL"),
        (listed("SEV-T-4", "principal", entity_kind="star_hotel"), "M-T-PRINCIPAL"),
        (listed("SEV-T-4"), "M-T-GUIDE"),
        (listed("SEV-T-4", penalties=(("PENALTY_FINE_SMALL", date(2026, 1, 20)),)), "M-T-OUTBOUND"),
        (listed("SEV-T-3"), "M-T-OUTBOUND"),
        (listed("SEV-T-3", penalties=(("PENALTY_WARNING", date(2026, 1, 20)),)), "M-T-OUTBOUND"),
        (listed("SEV-C-4-SHOW", "controller"), "M-C-VENUE"),
        (listed("SEV-C-4-VENUE", "responsible_manager"), "M-C-VENUE"),
        (listed("SEV-C-4-NET", "controller"), "M-C-NET"),
        (listed("SEV-C-4-NET", "investor"), "M-C-NET"),
        (listed("SEV-T-4", "principal"), "M-SEV-1"),
        (listed("SEV-T-4", "principal"), "M-SX-POST"),
    ],
)
def test_another_list_condition_role_or_place_brings_another_measure(entry: Listed, code: str) -> None:
    assert code not in {one.code for one in restrictions_of(NATIONAL, [entry])}


def test_each_penalty_behind_a_listing_bars_for_its_own_two_years() -> None:
    fines = (("PENALTY_FINE_LARGE", date(2025, 5, 1)), ("PENALTY_SUSPENSION", date(2026, 2, 1)))
    found = restrictions_of(NATIONAL, [listed("SEV-T-3", penalties=fines)])
    assert [(one.starts_on, one.ends_on) for one in found if one.code == "M-T-OUTBOUND"] == [
        (date(2025, 5, 1), date(2027, 5, 1)),
        (date(2026, 2, 1), date(2028, 2, 1)),
    ]


def test_no_restriction_asks_for_a_condition_that_no_listing_can_name() -> None:
    named = {code for one in BOOK.restrictions for code in one.conditions}
    for code in named | {one.id for one in BOOK.listing_conditions}:
        assert ListingIn(subject_id=UUID(int=1), condition=code, reasons="样例理由").condition == code
    assert named <= {one.id for one in BOOK.listing_conditions}


@pytest.mark.parametrize(
    ("code", "measure", "period"),
    [
        ("M-SEV-1", "recalled", "recalled"),
        ("M-SEV-4", "verified", "recalled"),
        ("M-C-NET", "verified", "recalled"),
        ("M-T-GUIDE", "verified", "verified"),
        ("M-MIN-1", "recalled", "recalled"),
    ],
)
def test_a_period_that_was_only_recalled_says_so_beside_its_measure(
    code: str, measure: str, period: str
) -> None:
    found = BOOK.restrictions.get(code, "1")
    assert (found.status, found.period_status) == (measure, period)


def test_a_listing_that_was_void_from_its_first_day_restricts_nobody() -> None:
    entry = listed("SEV-T-2", removed_on=date(2026, 3, 1))
    assert [one.code for one in restrictions_of(NATIONAL, [entry]) if one.code.startswith("M-SEV")] == []


def test_the_risk_class_moves_the_tier_only_where_both_and_a_matrix_exist() -> None:
    assert supervision_tier("A", "D", MATRIX) == "C"
    assert supervision_tier("A", None, MATRIX) == "A"
    assert supervision_tier("A", "D", None) == "A"
    assert supervision_tier(None, "D", MATRIX) is None


def test_policies_that_say_too_little_are_refused() -> None:
    content = BOOK.restrictions.get("M-SEV-1", "1").content
    for wrong in (
        {"on_list": None},
        {"facts": ["ACCIDENT"]},
        {"lasts": {}},
        {"lasts": {"life": True, "months": 3}},
        {"bars": ["fly"]},
        {"roles": []},
        {"penalties": ["PENALTY_FINE_LARGE"]},
    ):
        with pytest.raises(Exception, match="policy"):
            Restriction.parse(content | wrong)
    with pytest.raises(Exception, match="missing"):
        RiskMatrix.parse(MATRIX.content | {"cells": MATRIX.content["cells"][1:]})


LISTING = {"payload": {"condition": "SEV-T-4"}}


async def headed(service: Service, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An agency and the person who is its principal."""
    agency = await service.subject()
    person = await service.subject(kind="natural_person", key=None, name="虚构甲", **fields)
    post = {"kind": "principal", "to": agency["id"], "starts_on": "2020-01-01"}
    await service.post(f"/subjects/{person['id']}/relations", post)
    return agency, person


async def test_who_headed_a_listed_agency_is_barred_and_the_answer_says_why(service: Service) -> None:
    agency, person = await headed(service, person={"id_number": "140100199001010014"})
    await service.by_room(agency, "SERIOUS_LISTED", "2026-03-01", "merge", **LISTING)
    view = await service.get(f"/subjects/{person['id']}/supervision")
    codes = {one["code"]: one for one in view["measures"] if "role" in one}
    assert {"M-T-PRINCIPAL", "M-T-MANAGER", "M-SX-POST"} <= set(codes)
    found = codes["M-T-PRINCIPAL"]
    assert (found["listing"], found["condition"], found["role"]) == ("serious", "SEV-T-4", "principal")
    assert (found["entity_id"], found["ends_on"], found["dated"]) == (agency["id"], "2031-03-01", False)
    assert found["policy"]["id"] == "M-T-PRINCIPAL" and len(found["policy"]["hash"]) == 64
    later = await service.get(f"/subjects/{person['id']}/supervision", on="2031-03-02", expired=True)
    assert "M-T-PRINCIPAL" not in {one["code"] for one in later["measures"]}
    assert "M-T-PRINCIPAL" in {one["code"] for one in later["expired"]}
    ask = {"subject_id": person["id"], "act": "hold_post", "purpose": "核发旅行社业务经营许可"}
    barred = await service.post("/supervision/checks", ask, 200)
    assert (barred["allowed"], barred["free_on"]) == (False, "2031-03-02")
    assert {one["measure"] for one in barred["citations"]} == {"M-T-PRINCIPAL", "M-SX-POST"}
    assert all(one["policy_version"] and one["basis"] for one in barred["citations"])
    free = await service.post("/supervision/checks", ask | {"act": "venue"}, 200)
    assert (free["allowed"], free["bars"], free["free_on"]) == (True, [], None)
    by_number = {"id_number": "140100199001010014", "act": "guide_card", "purpose": "核发导游证"}
    elsewhere = service.who("110000")
    assert (await service.post("/supervision/checks", by_number, 200, elsewhere))["allowed"] is False
    await service.post("/supervision/checks", ask, 404, elsewhere)
    unknown = by_number | {"id_number": "652301198506150025"}
    nobody = await service.post("/supervision/checks", unknown, 200)
    assert (nobody["known"], nobody["allowed"]) == (False, True)
    await service.post("/supervision/checks", ask | {"key": agency["key"]}, 422)
    await service.post("/supervision/checks", by_number | {"id_number": "12"}, 422)


async def test_who_invested_in_a_place_closed_down_opens_none_for_life(service: Service) -> None:
    place = await service.subject()
    person = await service.subject(kind="natural_person", key=None, name="虚构丙")
    share = {"kind": "investor", "to": place["id"], "starts_on": "2020-01-01"}
    await service.post(f"/subjects/{person['id']}/relations", share)
    named = {"payload": {"condition": "SEV-C-4-VENUE"}}
    await service.by_room(place, "SERIOUS_LISTED", "2026-03-01", "merge", **named)
    ask = {"subject_id": person["id"], "act": "venue", "purpose": "核发娱乐经营许可证"}
    barred = await service.post("/supervision/checks", ask, 200)
    assert (barred["allowed"], barred["free_on"]) == (False, None)
    assert {one["measure"] for one in barred["citations"]} == {"M-C-VENUE"}


async def test_a_guide_and_the_same_person_share_what_bars(service: Service) -> None:
    number = {"id_number": "652323199211200032"}
    guide = await service.subject(kind="tour_guide", key=service.card(), name="虚构乙", person=number)
    person = await service.subject(kind="natural_person", key=None, name="虚构乙", person=number)
    await service.by_room(guide, "SERIOUS_LISTED", "2026-03-01", "merge", **LISTING)
    ask = {"subject_id": person["id"], "act": "agency_business", "purpose": "核对从业限制"}
    answer = await service.post("/supervision/checks", ask, 200)
    assert [one["code"] for one in answer["bars"]] == ["M-T-GUIDE"]
    by_card = {"key": guide["key"], "act": "guide_card", "purpose": "核发导游证"}
    assert (await service.post("/supervision/checks", by_card, 200))["allowed"] is False


async def announced(service: Service, subject: dict[str, Any]) -> list[dict[str, Any]]:
    async with service.app.state.db.session() as session:
        query = text(
            "SELECT data FROM outbox WHERE aggregate_id = :id AND type LIKE '%subject_updated%' ORDER BY seq"
        )
        rows = (await session.execute(query, {"id": subject["id"]})).scalars()
        return [one["supervision"] for one in rows if "supervision" in one]


async def test_others_are_told_on_the_day_without_a_request(service: Service) -> None:
    agency, person = await headed(service)
    await service.by_room(agency, "SLIGHT_LISTED", "2026-03-01", "merge", payload={"condition": "MIN-4"})
    assert [one["measures"] for one in await announced(service, agency)] == [
        ["M-MIN-1", "M-MIN-2", "M-MIN-3", "M-MIN-4"]
    ]
    service.at(datetime.fromisoformat("2027-03-02T00:10:00+08:00"))
    try:
        await do_round(service.app.state.db, service.app.state.env)
        assert (await announced(service, agency))[-1]["measures"] == []
        before = await announced(service, agency)
        await do_round(service.app.state.db, service.app.state.env)
        assert await announced(service, agency) == before
    finally:
        service.at(START)
    assert await announced(service, person) == []


async def test_who_is_marked_while_it_is_looked_at_stays_marked(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency, person = await headed(service)
    database, env = service.app.state.db, service.app.state.env
    mark_day, marks = date(2099, 1, 1), []

    async def mark() -> None:
        async with database.session() as session:
            await SupervisionRepository(session).mark_people_of(UUID(agency["id"]), mark_day, START)

    await mark()
    read = Sources.listings

    async def meanwhile_marked(*args: Any) -> list[Listed]:
        found = await read(*args)
        if not marks:
            marks.append(asyncio.create_task(mark()))
            await asyncio.wait(marks, timeout=0.3)
        return found

    async with database.session() as session:
        subject = await SubjectRepository(session).lock(UUID(person["id"]), None)
        assert subject is not None
        monkeypatch.setattr(Sources, "listings", meanwhile_marked)
        await SupervisionService(session, env).refresh(subject)
    await marks[0]
    async with database.session() as session:
        state = await SupervisionRepository(session).state_of(UUID(person["id"]))
        assert state is not None and state.next_change_on == mark_day


async def test_others_are_told_each_restriction_with_its_basis_and_its_time(service: Service) -> None:
    agency, _ = await headed(service)
    await service.by_room(agency, "SERIOUS_LISTED", "2026-03-01", "merge", payload={"condition": "SEV-T-2"})
    told = {one["measure"]: one for one in (await announced(service, agency))[-1]["restrictions"]}
    found = told["M-SEV-3"]
    assert (found["starts_on"], found["ends_on"]) == ("2026-03-01", "2029-03-01")
    assert (found["policy_id"], found["listing"], found["bars"]) == ("M-SEV-3", "serious", [])
    assert found["name"]["zh"] == "信息提供给市场主体参考" and found["basis"] and found["policy_version"]
    assert told["M-SEV-4"]["bars"] == ["commitment"]
    removal = {"payload": {"condition": "SEV-T-2"}}
    await service.by_room(agency, "SERIOUS_LISTING_REMOVED", "2026-11-20", "merge", **removal)
    last = (await announced(service, agency))[-1]
    assert last["measures"] == []
    assert {one["ends_on"] for one in last["restrictions"]} == {"2026-11-19"}
    assert not any(agency["name"] in str(one) or agency["id"] in str(one) for one in last["restrictions"])


async def test_the_risk_class_moves_the_tier_and_never_the_grade(service: Service) -> None:
    made = await service.subject()
    body = {
        "risk_class": "D",
        "assessed_on": "2026-11-01",
        "authority": "市场监管部门（演示）",
        "reference": "R-1",
    }
    await service.post(f"/subjects/{made['id']}/risk-classes", body)
    view = await service.get(f"/subjects/{made['id']}/supervision")
    assert (view["grade"], view["credit_tier"], view["risk_class"], view["tier"]) == ("A", "A", "D", "C")
    assert view["matrix"]["id"] == "risk-matrix" and view["sampling_bp"] == 3000
    for _ in range(100):
        await do_round(service.app.state.db, service.app.state.env)
        if told := await announced(service, made):
            break
    assert told == [{"tier": "C", "measures": [], "restrictions": []}]
    before = await service.get(f"/subjects/{made['id']}/supervision", on="2026-10-31")
    assert (before["risk_class"], before["matrix"], before["tier"]) == (None, None, "A")


async def test_a_draw_weighs_by_the_tier_that_holds_though_nobody_was_told_of_it_yet(
    service: Service,
) -> None:
    made = await service.subject()
    body = {"risk_class": "C", "assessed_on": "2026-11-01", "authority": "演示机关", "reference": "R-2"}
    await service.post(f"/subjects/{made['id']}/risk-classes", body)
    async with service.app.state.db.session() as session:
        await SupervisionService(session, service.app.state.env).catch_up("140105")
    await service.fact(made, "PENALTY_SUSPENSION", "2026-02-01")
    credit = (await service.get(f"/subjects/{made['id']}/supervision"))["credit_tier"]
    assert credit == "B"
    async with service.app.state.db.session() as session:
        await SupervisionService(session, service.app.state.env).catch_up("140105")
        rows = await DrawRepository(session).objects("140105", ["travel_agency"], [])
    assert {row.id: row.tier for row in rows}[UUID(made["id"])] == "C"


async def test_a_region_that_is_far_behind_is_caught_up_without_anybody(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draw is refused with what is still to come, the rounds work it off, and then it is made."""
    for _ in range(4):
        made = await service.subject(region="140723")
        body = {
            "risk_class": "C",
            "assessed_on": "2026-11-01",
            "authority": "演示机关",
            "reference": made["id"],
        }
        await service.post(f"/subjects/{made['id']}/risk-classes", body)
    async with service.app.state.db.session() as session:
        moved = select(col(Subject.id)).where(col(Subject.region) == "140723")
        await session.execute(
            update(SupervisionState)
            .where(col(SupervisionState.subject_id).in_(moved))
            .values(next_change_on=START.date())
        )
    monkeypatch.setattr("credit.supervision.service._AT_ONCE", 2)
    wanted = {
        "purpose": "追赶样例", "region": "140723", "kinds": ["travel_agency"], "count": 1,
        "officers": ["far-1", "far-2"], "inspectors": [{"id": "far-3"}, {"id": "far-4"}],
    }  # fmt: skip
    url = "/api/v1/credit/draws"
    answer = await service.http.post(url, json=wanted, headers=service.who())
    assert answer.status_code == 409 and int(answer.headers["Retry-After"]) >= 2
    problem = answer.json()
    assert problem["type"] == "/problems/supervision-behind"
    assert problem["waiting"] <= problem["supervised"] == 4
    for _ in range(20):
        await do_round(service.app.state.db, service.app.state.env)
        answer = await service.http.post(url, json=wanted, headers=service.who())
        if answer.status_code == 201:
            break
    assert answer.status_code == 201, answer.text


async def test_who_is_unlisted_is_told_apart_for_many_at_once(service: Service) -> None:
    plain, listed_one, survivor, merged = [await service.subject(region="140724") for _ in range(4)]
    payload = {"condition": "SEV-T-3"}
    await service.by_room(listed_one, "SERIOUS_LISTED", "2026-06-01", room="merge", payload=payload)
    ids = [UUID(one["id"]) for one in (plain, listed_one, survivor, merged)]
    async with service.app.state.db.session() as session:
        query = select(Subject).where(col(Subject.id).in_(ids))
        subjects = (await session.execute(query)).scalars().all()
        for one in subjects:
            if one.id == ids[3]:
                one.merged_into = ids[2]
        free = await Sources(session).unlisted(subjects, frozenset())
        await session.rollback()
    assert free == {ids[0], ids[2]}


def test_measures_raise_the_tier_by_which_one_is_checked() -> None:
    """More frequent checks (M-MIN-2) and key supervision (M-SEV-1) are a higher ratio and frequency."""
    slight = restrictions_of(NATIONAL, [listed("MIN-4", source="slight")])
    serious = restrictions_of(NATIONAL, [listed("SEV-T-5")])
    policy = BOOK.supervision.get("tiered-supervision", "1")
    for held, by_slight, by_serious in (
        ("A", "B", "C"),
        ("B", "C", "C"),
        (None, "C", "C"),
        ("C", "D", "D"),
        ("D", "D", "D"),
    ):
        for measures, wanted in ((slight, by_slight), (serious, by_serious), ([], held)):
            tier, by = raised_tier(policy, held, measures)
            assert (tier, by is None) == (wanted, wanted == held)
            before, after = policy.of(held), policy.of(tier)
            assert by is None or (
                after.sampling_bp > before.sampling_bp
                and after.routine_checks_per_year > before.routine_checks_per_year
            )
    with pytest.raises(Exception, match="lightest"):
        type(policy).parse(policy.content | {"tiers": policy.content["tiers"][::-1]})


async def test_a_slight_listing_raises_ratio_frequency_and_weight_for_its_time(service: Service) -> None:
    made = await service.subject(region="140109", key=service.key("140109"))
    await service.by_room(made, "SLIGHT_LISTED", "2026-03-01", "merge", payload={"condition": "MIN-4"})
    view = await service.get(f"/subjects/{made['id']}/supervision")
    told = (view["credit_tier"], view["tier"], view["sampling_bp"], view["routine_checks_per_year"])
    step = {"A": ("A", "B", 500, 2), "B": ("B", "C", 3000, 4)}
    assert told == step[view["credit_tier"]]
    of_tier = next(one for one in view["measures"] if one["because"].startswith("tier:"))
    assert of_tier["because"] == f"tier:{view['tier']}:M-MIN-2" and of_tier["ends_on"] <= "2027-03-01"
    async with service.app.state.db.session() as session:
        rows = await DrawRepository(session).objects("140109", ["travel_agency"], [])
    assert {row.id: row.tier for row in rows}[UUID(made["id"])] == view["tier"]
    later = await service.get(f"/subjects/{made['id']}/supervision", on="2027-03-02")
    assert later["tier"] == later["credit_tier"]


async def test_a_listing_brings_its_own_dates_and_its_undoing_brings_nothing(service: Service) -> None:
    made = await service.subject()
    fine = await service.fact(made, "PENALTY_FINE_LARGE", "2026-02-01", payload={"amount_fen": 6_000_000})
    async with service.app.state.db.session() as session:
        session.add(
            Listing(
                id=new_id(),
                number="MD-TEST-1",
                subject_id=UUID(made["id"]),
                authority_region="140100",
                on_list="serious",
                condition="SEV-T-3",
                condition_version="1",
                condition_region="000000",
                role="self",
                state="listed",
                based_on=[UUID(fine["id"])],
                opened_by="officer",
                opened_on=date(2026, 3, 1),
                listed_on=date(2026, 4, 1),
                management_until=date(2029, 4, 1),
                created_at=START,
            )
        )
    view = await service.get(f"/subjects/{made['id']}/supervision")
    ends = {one["code"]: one["ends_on"] for one in view["measures"] if "role" in one}
    assert (ends["M-SEV-1"], ends["M-T-OUTBOUND"]) == ("2029-04-01", "2028-02-01")
    ask = {"subject_id": made["id"], "act": "outbound", "purpose": "核发出境旅游业务许可"}
    assert (await service.post("/supervision/checks", ask, 200))["free_on"] == "2028-02-02"
    for harmed, allowed in ((False, True), (True, False)):
        change = {
            "action": "amend",
            "reason": "补记事由",
            "authority": "演示机关",
            "reference": "更正1号",
        }
        payload = {"amount_fen": 6_000_000, "harmed_tourists": harmed}
        await service.post(f"/facts/{fine['id']}/corrections", change | {"payload": payload})
        assert (await service.post("/supervision/checks", ask, 200))["allowed"] is allowed
    async with service.app.state.db.session() as session:
        undone = "UPDATE listings SET state = 'removed', removal = 'revoked', removed_on = '2026-05-01',"
        undone += " annulled = true"
        await session.execute(text(undone + " WHERE number = 'MD-TEST-1'"))
    view = await service.get(f"/subjects/{made['id']}/supervision", expired=True)
    assert [one for one in view["measures"] if "role" in one] == view["expired"] == []


async def test_whose_supervision_is_due_is_found_by_its_day_as_the_services_clock_counts(
    service: Service,
) -> None:
    made, later = await service.subject(region="140826"), START + timedelta(days=400)
    async with service.app.state.db.session() as session:
        subject = await SubjectRepository(session).lock(UUID(made["id"]), None)
        assert subject is not None
        states = SupervisionRepository(session)
        await states.mark(subject, later.date(), later)
        state = await states.state_of(subject.id)
        assert state is not None and (state.announced_at, state.next_change_on) == (later, later.date())
        await states.mark_moved([subject.id], START.date())
        await session.refresh(state)
        assert state.next_change_on == START.date()
        found: list[str] = []
        connection = (await session.connection()).sync_connection
        assert connection is not None
        event.listen(connection, "before_cursor_execute", lambda *args: found.append(args[2]))
        assert subject.id in await states.due(START.date(), None, 100)
        assert "IS DISTINCT FROM" not in found[-1], "no index serves a comparison of two tables"
