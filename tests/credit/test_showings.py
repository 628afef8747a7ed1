"""What others are told: nothing before its publication, and its end as the end of that very fact."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from common.db import new_id
from credit.exchange.desk import ExchangeDesk
from credit.exchange.rules import System
from credit.facts.models import Fact
from credit.facts.showings import Showings
from credit.listings.rules import Removal
from credit.listings.service import ListingService
from credit.rounds import do_round
from credit.subjects.models import Subject

from .cases import BOOK
from .conftest import START, Service
from .exchanging import DECIDE, Other, decision, desk, records_of
from .listing import listed, reviewer
from .objecting import Room
from .test_certificates import told_of, wanted
from .test_exports import feed, taken
from .test_honours import granted as honoured
from .test_honours import until
from .test_inspections import finished, ordered
from .test_merged_listings import merged, unlicensed
from .test_repairs import GRANT, TRAINING, application, bring, to_verified

CLIENT = {"kind": "client", "sub": "platform-1", "scopes": ["credit:read"]}
POLICY = {"ground": "REP-A-3", "note": "政策调整后不宜列入。", "proof": "调字1号"}
VOID = {"ground": "REP-A-2", "note": "原决定已经撤销。", "proof": "撤字1号"}
LARGE = {"amount_fen": 9_000_000}


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
def clock(service: Service) -> Iterator[Any]:
    yield lambda day: service.at(datetime.fromisoformat(f"{day}T12:00:00+08:00"))
    service.at(START)


async def repaired(service: Service, listing: dict[str, Any]) -> None:
    """A listing that is repaired today, however that was granted."""
    async with service.app.state.db.session() as session:
        listings = ListingService(session, service.app.state.env)
        await listings.remove_for(UUID(listing["id"]), Removal.REPAIRED, "准予信用修复。", "repairs", {})


class Ways:
    """Every way on which what is shown of a subject leaves, each looked at since it was looked at last."""

    def __init__(self, service: Service, other: Other) -> None:
        self.service, self.other = service, other
        self.at: ExchangeDesk | None = None
        self.places: dict[str, str] = {}
        self.sent = 0

    async def begin(self, system: System = System.ENTERPRISE_PUBLICITY) -> "Ways":
        self.at = desk(self.service, self.other, system)
        await self.at.round()
        for kind in ("officer", "client"):
            _, self.places[kind] = await feed(self.service, self._who(kind))
        self.sent = len(self.other.got)
        return self

    async def told(self, subject: dict[str, Any]) -> list[tuple[str, str]]:
        """What the feed told of a subject's facts since the last time, to officer and platform alike."""
        said: dict[str, list[tuple[str, str]]] = {}
        for kind, place in self.places.items():
            items, self.places[kind] = await feed(self.service, self._who(kind), place)
            facts = [one for one in items if one["type"] in ("fact_recorded", "fact_withdrawn")]
            mine = [one["data"] | {"type": one["type"]} for one in facts if one["about"] == subject["id"]]
            said[kind] = [
                (one["code"], one["because"] if one["type"] == "fact_withdrawn" else one["action"])
                for one in mine
            ]
        assert said["client"] == said["officer"]
        return said["officer"]

    async def exchanged(self, subject: dict[str, Any]) -> list[tuple[str, str, str]]:
        """What the other system was sent of its facts since the last time: number, act and reason."""
        assert self.at is not None
        for _ in range(4):
            await self.at.round()
        new, self.sent = self.other.got[self.sent :], len(self.other.got)
        mine = [one for one in new if one["kind"] == "record" and one["subject"]["key"] == subject["key"]]
        assert [one["version"] for one in mine] == sorted(one["version"] for one in mine)
        return [
            (one["our_number"], one["content"]["action"], one["content"].get("because", "")) for one in mine
        ]

    async def shown(self, subject: dict[str, Any]) -> list[str]:
        """The codes that page, export and certificate show, the same everywhere."""
        answer = await self.service.http.get(f"/api/v1/credit/public/subjects/{subject['key']}")
        page = sorted(one["code"] for one in answer.json()["records"])
        rows = await taken(self.service, "facts", region=subject["region"])
        assert sorted(one["code"] for one in rows if one["key"] == subject["key"]) == page
        made = await self.service.post("/certificates", wanted(subject))
        assert sorted(one["code"] for one in made["document"]["records"]) == page
        return page

    def _who(self, kind: str) -> dict[str, str]:
        return self.service.who(**CLIENT) if kind == "client" else self.service.who()


async def test_the_result_of_an_inspection_leaves_on_no_way_before_it_is_published(
    service: Service, other: Other
) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(region="140802", name="待公示样例旅行社（虚构）")
    visit = await finished(service, await ordered(service, firm), "problem_found", "problem")
    path = f"/inspections/{visit['id']}"
    decided = await service.post(f"{path}/decide", {"note": "事实清楚"}, 200, service.who(sub="chief"))
    inside = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
    assert [one["code"] for one in inside] == ["INSPECTION_PROBLEM_FOUND"], "officers and scoring know it"
    who, archive = service.who(**CLIENT), f"/subjects/{firm['id']}/facts"
    assert (await service.get(archive, who=who))["items"] == []
    await service.get(f"/facts/{decided['fact_id']}/versions", 404, who)
    assert await ways.told(firm) == []
    assert await ways.exchanged(firm) == []
    assert await ways.shown(firm) == []
    await service.post(f"{path}/publish", None, 200, service.who(sub="second"))
    assert len((await service.get(archive, who=who))["items"]) == 1
    assert await ways.told(firm) == [("INSPECTION_PROBLEM_FOUND", "record")]
    assert await ways.exchanged(firm) == [(f"F-{decided['fact_id']}", "record", "")]
    assert await ways.shown(firm) == ["INSPECTION_PROBLEM_FOUND"]

    async def results() -> list[int]:
        public = await service.http.get("/api/v1/credit/public/inspections", params={"key": firm["key"]})
        rows = await taken(service, "inspections", who)
        return [len(public.json()["items"]), sum(one["key"] == firm["key"] for one in rows)]

    assert await results() == [1, 1]
    room = Room(service)
    made = await room.verified({"target": "page", "fact_id": decided["fact_id"]}, room.own(firm))
    await room.step(
        made, "sustain", {"reason": "含第三人个人信息，撤下展示"}, who=reviewer(service, "chief-2")
    )
    assert await results() == [0, 0]


LONGER = [pytest.param(how, marks=pytest.mark.full) for how in ("lifted", "expired", "annulled")]


@pytest.mark.parametrize("how", ["policy", "beside", *LONGER])
async def test_the_end_of_a_listing_is_the_end_of_its_very_entry(
    service: Service, other: Other, clock: Any, how: str
) -> None:
    """Enterprise publicity takes no listings, so the fact is all it has."""
    ways = await Ways(service, other).begin()
    firm = await service.subject(name=f"移出样例旅行社{how}（虚构）")
    listing = await listed(service, subject_id=firm["id"])
    beside = await listed(service, "SEV-T-1", subject_id=firm["id"]) if how == "beside" else None
    path, who = f"/listings/{listing['id']}", reviewer(service)
    told = [("SERIOUS_LISTED", "record")] * (2 if beside else 1)
    assert await ways.told(firm) == told
    [(number, action, _), *_] = await ways.exchanged(firm)
    assert action == "record"
    because = {"lifted": "lifted", "expired": "expired", "annulled": "revoked"}.get(how, "removed")
    if how == "lifted":
        ruled = {"court": "虚构法院", "ruling": "破1号", "ruled_on": "2026-11-20", "note": "批准重整。"}
        await service.post(f"{path}/lift", ruled, 200, who)
    elif how == "expired":
        clock("2029-11-24")
        await do_round(service.app.state.db, service.app.state.env)
    else:
        await service.post(f"{path}/remove", VOID if how == "annulled" else POLICY, 200, who)
    end = ("SERIOUS_LISTED", "revoke" if how == "annulled" else because)
    said = await ways.told(firm)
    if how == "expired":
        assert said == [("SERIOUS_LISTED", "publication_ended")] or said == [end]
    else:
        assert said == [end]
    sent = await ways.exchanged(firm)
    assert [one[:2] for one in sent] == [(number, "revoke" if how == "annulled" else "withdraw")]
    if how not in ("expired", "annulled"):
        assert sent[0][2] == because
        assert await ways.shown(firm) == (["SERIOUS_LISTED"] if beside else [])


async def test_a_repaired_listing_withdraws_its_entry(service: Service, other: Other, clock: Any) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(name="名单修复样例旅行社（虚构）")
    listing = await listed(service, subject_id=firm["id"])
    [(number, _, _)] = await ways.exchanged(firm)
    clock("2028-02-01")
    await repaired(service, listing)
    assert await ways.exchanged(firm) == [(number, "withdraw", "repaired")]
    assert await ways.shown(firm) == []
    past = await service.post("/certificates", wanted(firm, as_of="2027-06-01", purpose="loan"))
    document = past["document"]
    assert document["lists"] == document["records"] == [], "what is repaired is not shared, as of any day"
    assert document["grade"]["grade"] is None and "修复" in document["grade"]["not_stated"]
    assert (await told_of(service, past))["validity"] == "valid"
    before = await service.post("/certificates", wanted(firm, as_of="2026-11-22", purpose="fund"))
    assert before["document"]["grade"]["grade"] == "A"


@pytest.mark.full
async def test_a_merged_subjects_listing_stated_of_the_survivor_is_withdrawn_by_its_repair(
    service: Service, other: Other, clock: Any
) -> None:
    ways = await Ways(service, other).begin()
    operator = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    listing = await listed(service, "SEV-T-3", subject_id=operator["id"])
    firm = await service.subject(name="存续样例旅行社（虚构）")
    await merged(service, operator, firm)
    made = await service.post("/certificates", wanted(firm))
    assert [one["number"] for one in made["document"]["lists"]] == [listing["number"]]
    [(copy, _, _)] = await ways.exchanged(firm)
    past = await service.post("/certificates", wanted(firm, purpose="rating"))
    clock("2026-12-01")
    await repaired(service, listing)
    told = await told_of(service, past)
    assert (told["validity"], told["because"]) == ("withdrawn", "repaired")
    assert await ways.exchanged(firm) == [(copy, "withdraw", "repaired")]


@pytest.mark.full
async def test_a_merged_subjects_records_are_told_of_the_survivor_only(
    service: Service, other: Other
) -> None:
    ways = await Ways(service, other).begin()
    twin = await service.subject(kind="scenic_area", key=None, name="重复登记样例景区（虚构）")
    fine = await service.fact(twin, "PENALTY_FINE_LARGE", "2026-10-01", payload=LARGE)
    firm = await service.subject(kind="scenic_area", name="重复登记样例景区（虚构）")
    assert await ways.told(twin) == [("PENALTY_FINE_LARGE", "record")]
    await merged(service, twin, firm)
    assert await ways.told(firm) == [("PENALTY_FINE_LARGE", "record")]
    items, _ = await feed(service)
    gone = [one["data"] for one in items if one["type"] == "fact_withdrawn"]
    assert [(one["fact_id"], one["because"]) for one in gone if one["subject_id"] == twin["id"]] == [
        (fine["id"], "merged")
    ]


@pytest.mark.full
async def test_an_honour_is_shown_while_it_stands(service: Service, other: Other, clock: Any) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(name="荣誉样例旅行社（虚构）")
    path = await honoured(service, firm)
    assert await ways.told(firm) == [("HONOUR_GRANTED", "record")]
    [(number, _, _)] = await ways.exchanged(firm)
    slight = await listed(service, "MIN-4", subject_id=firm["id"])
    await until(service, path, "suspended")
    assert await ways.told(firm) == [("HONOUR_GRANTED", "removed")]
    assert await ways.exchanged(firm) == [(number, "withdraw", "removed")]
    assert await ways.shown(firm) == []
    await service.post(f"/listings/{slight['id']}/remove", VOID, 200, reviewer(service))
    await do_round(service.app.state.db, service.app.state.env)
    await service.post(f"{path}/resumption", {"note": "恢复"}, 200)
    assert await ways.told(firm) == [("HONOUR_GRANTED", "record")]
    assert await ways.exchanged(firm) == [(number, "record", "")]
    assert await ways.shown(firm) == ["HONOUR_GRANTED"]
    clock("2028-11-24")
    await until(service, path, "expired")
    assert await ways.told(firm) == [("HONOUR_GRANTED", "expired")]
    assert await ways.exchanged(firm) == [(number, "withdraw", "expired")]


@pytest.mark.full
async def test_the_end_of_a_black_entry_is_told(service: Service, other: Other) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(name="黑榜样例旅行社（虚构）")
    said = {"board": "linfen-board", "period": "2026-Q3"}
    entry = await service.by_room(firm, "BLACK_BOARD", "2026-11-20", payload=said | {"reason": "示例"})
    assert await ways.told(firm) == [("BLACK_BOARD", "record")]
    assert await ways.exchanged(firm) == [(f"F-{entry['id']}", "record", "")]
    await service.by_room(firm, "BLACK_BOARD_REMOVED", "2026-11-23", payload=said)
    assert await ways.told(firm) == [("BLACK_BOARD", "ended")]
    assert await ways.exchanged(firm) == [(f"F-{entry['id']}", "withdraw", "ended")]
    assert await ways.shown(firm) == []


async def test_what_is_taken_off_the_page_is_withdrawn_everywhere(service: Service, other: Other) -> None:
    ways = await Ways(service, other).begin()
    firm, room = await service.subject(name="撤展样例旅行社（虚构）"), Room(service)
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-10", payload=LARGE)
    assert len(await ways.exchanged(firm)) == len(await ways.told(firm)) == 1
    made = await room.verified({"target": "page", "fact_id": fact["id"]}, room.own(firm))
    await room.step(made, "sustain", {"reason": "含第三人个人信息，撤下展示"})
    assert await ways.told(firm) == [("PENALTY_FINE_LARGE", "withheld")]
    assert await ways.exchanged(firm) == [(f"F-{fact['id']}", "withdraw", "withheld")]
    assert await ways.shown(firm) == []


async def test_a_publication_that_ran_out_is_withdrawn_on_its_day(
    service: Service, other: Other, clock: Any
) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(name="期满样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-10", payload=LARGE)
    assert len(await ways.exchanged(firm)) == len(await ways.told(firm)) == 1
    state = service.app.state
    for day, end in (("2027-10-10", []), ("2027-10-11", ["publication_ended"])):
        clock(day)
        await do_round(state.db, state.env)
        assert [why for _, why in await ways.told(firm)] == end, day
    assert await ways.exchanged(firm) == [(f"F-{fact['id']}", "withdraw", "publication_ended")]
    assert await ways.shown(firm) == []


@pytest.mark.full
async def test_what_lies_ahead_is_told_on_its_day(service: Service, other: Other, clock: Any) -> None:
    ways = await Ways(service, other).begin()
    firm = await service.subject(name="将来样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-11-30", payload=LARGE)
    assert await ways.told(firm) == [] and await ways.exchanged(firm) == []
    clock("2026-11-30")
    await do_round(service.app.state.db, service.app.state.env)
    assert await ways.told(firm) == [("PENALTY_FINE_LARGE", "record")]
    assert await ways.exchanged(firm) == [(f"F-{fact['id']}", "record", "")]


@pytest.mark.full
async def test_what_is_amended_out_of_what_is_public_is_withdrawn_from_the_public_only(
    service: Service, other: Other
) -> None:
    await Ways(service, other).begin(System.NATIONAL)
    _, place = await feed(service, service.who(**CLIENT))
    firm = await service.subject(name="改类样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_SMALL", "2026-10-10", payload={"amount_fen": 10_000})
    small = {"action": "amend", "payload": {"amount_fen": 10_000, "procedure": "summary"}}
    why = {"reason": "更正适用程序", "authority": "演示机关", "reference": "更正2号"}
    await service.post(f"/facts/{fact['id']}/corrections", small | why)
    items, _ = await feed(service, service.who(**CLIENT), place)
    assert [(one["type"], one["data"]["version"]) for one in items if one["type"].startswith("fact")] == [
        ("fact_recorded", 1),
        ("fact_withdrawn", 2),
    ]
    at = desk(service, other, System.NATIONAL)
    await at.round()
    for system, acts in (("national", ["amend"]), ("credit_china", ["record", "withdraw"])):
        rows = [one for one in await records_of(service, firm, system) if one["kind"] == "record"]
        assert [one["content"]["content"]["action"] for one in rows][-len(acts) :] == acts, system


@pytest.mark.full
async def test_the_slight_list_stays_out_of_feed_and_exports_with_all_that_follows(service: Service) -> None:
    who = service.who(**CLIENT)
    _, place = await feed(service, who)
    firm = await service.subject(name="轻微名单样例旅行社（虚构）")
    listing = await listed(service, "MIN-4", subject_id=firm["id"])
    await service.post(f"/listings/{listing['id']}/remove", POLICY, 200, reviewer(service))
    items, _ = await feed(service, who, place)
    assert {one["type"] for one in items} <= {"subject_registered", "subject_updated", "grade_changed"}
    assert not any("SLIGHT" in str(one) or listing["number"] in str(one) for one in items)
    assert all(one["key"] != firm["key"] for one in await taken(service, "facts", who))


async def test_a_certificate_ends_on_the_day_it_is_not_so_any_more(service: Service, clock: Any) -> None:
    firm = await service.subject(name="当日终止样例旅行社（虚构）")
    made = await service.post("/certificates", wanted(firm))
    _, place = await feed(service)
    state = service.app.state
    await do_round(state.db, state.env)
    assert (await service.get(f"/certificates/{made['id']}"))["ended_at"] is None
    await service.fact(firm, "PENALTY_SUSPENSION", "2026-11-22")
    await do_round(state.db, state.env)
    rows = (await service.get("/certificates", subject_id=firm["id"]))["items"]
    assert [one["validity"] for one in rows] == ["superseded"], "nobody had verified it"
    [end] = [
        one["data"] for one in (await feed(service, after=place))[0] if one["type"] == "certificate_ended"
    ]
    assert (end["number"], end["state"], end["subject_id"]) == (made["number"], "superseded", firm["id"])
    lasting = await service.post("/certificates", wanted(firm, purpose="rating"))
    clock("2027-11-23")
    await do_round(state.db, state.env)
    [row] = [
        one
        for one in (await service.get("/certificates", subject_id=firm["id"]))["items"]
        if one["id"] == lasting["id"]
    ]
    assert row["validity"] in ("superseded", "expired")


async def test_who_names_neither_party_nor_purpose_is_not_told_that_it_is_valid(service: Service) -> None:
    firm = await service.subject(name="未核样例旅行社（虚构）")
    made = await service.post("/certificates", wanted(firm))
    for said, state, checked in (
        ({"purpose": None}, "unchecked", []),
        ({}, "valid", ["purpose"]),
        ({"relying_party": "演示采购中心（虚构）"}, "valid", ["relying_party", "purpose"]),
    ):
        told = await told_of(service, made, **said)
        assert (told["validity"], told["checked"]) == (state, checked)
    uses = (await service.get(f"/certificates/{made['id']}/uses"))["items"]
    assert [one["told"] for one in uses] == ["valid", "valid", "unchecked"]


async def test_a_repair_elsewhere_of_an_entry_that_a_merger_repeats_removes_the_listing(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    _, listing, firm = await unlicensed(service)
    await at.round()
    [entry] = [one for one in other.of(firm) if one["content"].get("code") == "SERIOUS_LISTED"]
    other.told = [decision("R-merged", firm, entry["our_number"])]
    await at.round()
    rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), system="national")
    [told] = [one for one in rows["items"] if one["subject_key"] == firm["key"]]
    assert told["state"] == "applied", told["reason"]
    found = await service.get(f"/listings/{listing['id']}")
    assert (found["state"], found["removal"]) == ("removed", "repaired")


async def test_a_rank_is_announced_without_a_look_at_what_else_there_is() -> None:
    env: Any = SimpleNamespace(rulebook=BOOK)
    no_database: Any = None
    subject = Subject(
        id=new_id(), kind="travel_agency", key=None, region="140105", version=1, last_recorded_at=START
    )
    rank = Fact(
        id=new_id(),
        subject_id=subject.id,
        version=1,
        action="record",
        code="RANKED",
        occurred_on=START.date(),
        recorded_at=START,
        payload={},
        source_kind="board",
        source_reference="B-1/1",
    )
    [told], rows = await Showings(no_database, env).recorded_all([(subject, rank)], START)
    assert (told.data["shared"], told.data["public"], rows) == (False, False, [])


async def test_a_repair_granted_elsewhere_closes_ours_and_is_recorded_once(
    service: Service, other: Other
) -> None:
    at = desk(service, other)
    await at.round()
    firm = await service.subject(name="他处已修复样例旅行社（虚构）")
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload=LARGE)
    await at.round()
    await bring(service, firm["id"])
    body = application(fact_id=fine["id"], commitment="我方承诺材料真实。", training_record=TRAINING)
    running = await service.post("/repairs", body)
    await to_verified(service, running)
    other.told = [decision("R-1", firm, f"F-{fine['id']}"), decision("R-2", firm, f"F-{fine['id']}")]
    await at.round()
    await at.round()
    closed = await service.get(f"/repairs/{running['id']}")
    assert (closed["state"], closed["allowed_events"]) == ("closed", [])
    await service.post(f"/repairs/{running['id']}/decide", GRANT, 409, reviewer(service))
    await service.post("/repairs", body, 409)
    rows = await service.get("/exchange/decisions", who=service.who(scopes=DECIDE), system="national")
    assert [one["state"] for one in rows["items"] if one["subject_key"] == firm["key"]] == ["applied"] * 2
    codes = [one["code"] for one in (await service.get(f"/subjects/{firm['id']}/facts"))["items"]]
    assert codes.count("REPAIRED") == 1
