"""Listings: every clause of the procedure, both clocks, second persons, and what follows from a listing."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.calendar import add_months, add_working_days
from common.clock import CHINA
from credit.facts.retention import PublicityPolicy
from credit.listings.clocks import clocks_of, deadlines_of, defence_over
from credit.listings.rules import (
    ENDED,
    Event,
    Removal,
    State,
    Steps,
    age_on,
    events_allowed,
    is_minor,
    next_state,
)
from credit.listings.service import ListingService
from credit.policies import FOLDER
from credit.rounds import do_round
from credit.rulebook.rules import Rulebook
from credit.subjects.rules import Kind
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from .conftest import START, Service

BOOK = Rulebook.load(FOLDER)
DAY = date(2026, 11, 23)
LISTS = BOOK.lists.choose("credit-lists", on=DAY)
SERIOUS, SLIGHT = LISTS.of("serious"), LISTS.of("slight")
ORDER36_SHOWN = "国家发展改革委令第36号（最长公示期：轻微三个月、一般一年、严重三年，自文书作出之日起）"
REASONS = "在旅游经营中造成游客滞留，社会影响恶劣（虚构案情）。"
STEP = {"by": "虚构专家组", "on": "2026-11-23", "summary": "事实清楚，依据充分。"}
FULL = {
    "outcome": "list",
    "reasons": REASONS,
    "expert": STEP,
    "legal_review": STEP,
    "discussion": STEP,
}


def publicity(on: date) -> PublicityPolicy:
    return BOOK.publicity.choose("publicity", on=on)


def due(steps: Steps, today: date, form: Any = SERIOUS) -> dict[str, Any]:
    return {found.event: found for found in deadlines_of(form, steps, today)}


ACTS = ["SEV-C-4-SHOW", "SEV-C-4-VENUE", "SEV-C-4-NET"]
LOCAL = ["L14-SEV-1", "L14-SEV-2", "L14-SEV-3"]


# --- 1.2 conditions ---------------------------------------------------------------------------------------


def test_every_condition_of_the_provisions_is_there_with_its_own_status() -> None:
    codes = {condition.id: condition for condition in BOOK.listing_conditions}
    assert set(codes) == {
        *(f"SEV-T-{n}" for n in range(1, 7)),
        *(f"SEV-C-{n}" for n in range(1, 6)),
        *ACTS,
        *(f"MIN-{n}" for n in range(1, 7)),
        "ESC-1",
        *LOCAL,
    }
    assert codes["SEV-C-4"].finer == ACTS
    assert {found.region for code, found in codes.items() if code in LOCAL} == {"140000"}
    assert {code for code, found in codes.items() if found.status == "sample"} == set(LOCAL)
    assert {code for code, found in codes.items() if found.status == "verified"} == {
        "SEV-T-1",
        "SEV-T-2",
        "SEV-T-3",
        "SEV-T-4",
        "SEV-T-6",
        *(f"SEV-C-{n}" for n in range(1, 6)),
        *ACTS,
    }
    assert {code for code, found in codes.items() if found.open_clause} == {
        "SEV-T-6",
        "SEV-C-5",
        "MIN-6",
        *LOCAL,
    }
    assert {code for code, found in codes.items() if found.on_list == "slight"} == {
        f"MIN-{n}" for n in range(1, 7)
    }
    assert all(set(found.kinds) <= set(Kind) for found in codes.values())


@pytest.mark.parametrize(
    ("code", "kind", "fits"),
    [
        ("SEV-T-4", "travel_agency", True),
        ("SEV-T-4", "tour_guide", True),
        ("SEV-T-4", "star_hotel", False),
        ("SEV-T-2", "tour_guide", False),
        ("SEV-T-5", "unlicensed_operator", True),
        ("MIN-3", "tour_guide", False),
        ("SEV-T-6", "coach_company", True),
        ("SEV-T-3", "natural_person", True),
        ("SEV-T-2", "natural_person", False),
        ("SEV-T-4", "natural_person", False),
        ("MIN-3", "natural_person", False),
        ("MIN-4", "natural_person", True),
    ],
)
def test_a_condition_fits_the_kinds_that_the_provisions_name(code: str, kind: str, fits: bool) -> None:
    assert BOOK.listing_conditions.choose(code, on=DAY).fits(kind) is fits


# --- 1.3 procedure: deadlines in working days -------------------------------------------------------------


def test_statement_within_ten_working_days_of_the_notice() -> None:
    found = due(Steps(notified_on=date(2026, 9, 28)), date(2026, 9, 28))["statement"]
    # 1 to 7 October are holidays; 10 October is a make-up Saturday by the notice for 2026.
    assert found.due_on == add_working_days(date(2026, 9, 28), 10).due_on
    assert (found.unit, len(found.counted_days), found.status) == ("working_days", 10, "open")
    assert found.counted_days[-1] == found.due_on and date(2026, 10, 1) not in found.counted_days
    assert (found.rule, found.rule_status) == ("ORDER7-DEFENCE", "recalled")


def test_silence_is_a_waiver_from_the_day_after_and_starts_the_decision_period() -> None:
    steps = Steps(notified_on=DAY)
    last = due(steps, DAY)["statement"].due_on
    assert defence_over(SERIOUS, DAY, last) is None
    assert defence_over(SERIOUS, DAY, last + timedelta(days=1)) == last
    assert "decide" not in due(steps, last)
    found = due(steps, last + timedelta(days=1))
    assert found["statement"].status == "waived"
    assert found["decide"].started_on == last and len(found["decide"].counted_days) == 15


def test_reply_within_fifteen_working_days_and_decision_within_fifteen_of_the_reply() -> None:
    steps = Steps(notified_on=DAY, stated_on=date(2026, 11, 25))
    assert due(steps, DAY)["reply"].due_on == add_working_days(date(2026, 11, 25), 15).due_on
    assert "decide" not in due(steps, date(2027, 6, 1))
    replied = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1))
    found = due(replied, date(2026, 12, 1))
    assert found["decide"].due_on == add_working_days(date(2026, 12, 1), 15).due_on
    assert (found["reply"].status, found["decide"].status) == ("met", "open")


def test_a_passed_deadline_is_shown_and_decides_nothing() -> None:
    replied = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1))
    assert due(replied, date(2027, 6, 1))["decide"].status == "overdue"
    late = Steps(DAY, date(2026, 11, 25), date(2026, 12, 1), date(2027, 6, 1))
    assert due(late, date(2027, 6, 2))["decide"].status == "met_late"


def test_a_deadline_beyond_the_holiday_table_is_provisional() -> None:
    assert due(Steps(notified_on=date(2031, 1, 2)), date(2031, 1, 2))["statement"].provisional
    assert not due(Steps(notified_on=date(2026, 11, 23)), DAY)["statement"].provisional


def test_a_serious_decision_needs_expert_legal_review_and_discussion_a_slight_one_does_not() -> None:
    assert SERIOUS.steps == ["expert", "legal_review", "discussion"] and SERIOUS.reply_required
    assert SLIGHT.steps == [] and not SLIGHT.reply_required and set(SLIGHT.terms) == {"defence"}
    assert "decide" not in due(Steps(DAY, DAY, DAY), DAY, SLIGHT)


@given(
    notified=st.dates(date(2022, 1, 1), date(2026, 6, 30)),
    stated=st.integers(0, 20),
    replied=st.integers(0, 40),
    later=st.integers(0, 120),
)
def test_deadlines_never_lie_before_what_starts_them(
    notified: date, stated: int, replied: int, later: int
) -> None:
    said = notified + timedelta(days=stated)
    answered = said + timedelta(days=replied)
    found = deadlines_of(SERIOUS, Steps(notified, said, answered), answered + timedelta(days=later))
    assert [one.event for one in found] == ["statement", "reply", "decide"]
    for one in found:
        assert one.started_on < one.due_on == one.counted_days[-1]
        assert one.due_on == add_working_days(one.started_on, len(one.counted_days)).due_on


# --- 1.4 management period and the two clocks of 1.10 -----------------------------------------------------


def test_three_years_and_one_year_the_corresponding_day_is_the_last_inside() -> None:
    served = date(2026, 12, 1)
    assert clocks_of(SERIOUS, served, served, publicity(served)).management_until == date(2029, 12, 1)
    assert clocks_of(SLIGHT, served, served, publicity(served)).management_until == date(2027, 12, 1)
    leap = date(2024, 2, 29)
    assert clocks_of(SERIOUS, leap, leap, publicity(leap)).management_until == date(2027, 2, 28)


def test_a_longer_restriction_of_another_law_prevails_a_shorter_does_not() -> None:
    day = date(2026, 12, 1)
    longer = clocks_of(SERIOUS, day, day, publicity(day), date(2031, 12, 1))
    assert (longer.management_until, longer.management.rule) == (date(2031, 12, 1), "ORDER7-PERIOD-LONGER")
    shorter = clocks_of(SERIOUS, day, day, publicity(day), date(2028, 1, 1))
    assert (shorter.management_until, shorter.management.rule) == (date(2029, 12, 1), "ORDER7-PERIOD-SERIOUS")


def test_publication_runs_from_the_document_the_list_from_service() -> None:
    made, served = date(2026, 11, 23), date(2026, 12, 10)
    found = clocks_of(SERIOUS, served, made, publicity(made))
    assert (found.management_until, found.publication_until) == (date(2029, 12, 10), date(2029, 11, 23))
    assert found.publication is not None and found.publication.rule == "ORDER36-PUBLICATION"


def test_before_order_36_publication_ends_with_the_list() -> None:
    made = date(2026, 3, 31)
    found = clocks_of(SERIOUS, made, made, publicity(made))
    assert found.publication_until == found.management_until
    assert found.publication is not None and found.publication.rule == "ORDER7-PERIOD-SERIOUS"


def test_slight_listings_are_not_published() -> None:
    assert clocks_of(SLIGHT, DAY, DAY, publicity(DAY)).publication_until is None


@given(served=st.dates(date(2022, 1, 1), date(2030, 1, 1)), before=st.integers(0, 60))
def test_publication_never_outlasts_the_list(served: date, before: int) -> None:
    made = served - timedelta(days=before)
    found = clocks_of(SERIOUS, served, made, publicity(made))
    assert found.publication_until is not None
    assert found.publication_until <= found.management_until == add_months(served, 36)


# --- 1.12 state machine -----------------------------------------------------------------------------------


def test_the_state_machine_reaches_a_listing_only_through_notice_and_decision() -> None:
    allowed = {state: events_allowed(state) for state in State}
    assert allowed[State.DRAFT] == [Event.NOTIFY, Event.DISMISS]
    assert allowed[State.DECIDED] == [Event.PUBLISH, Event.REMOVE]
    assert allowed[State.LISTED] == [Event.REMOVE, Event.LIFT]
    assert events_allowed(State.LISTED, lifted=True) == [Event.REMOVE, Event.RESTORE]
    assert all(allowed[state] == [] for state in ENDED)
    assert next_state(State.DRAFT, Event.DECIDE) is None


@given(st.lists(st.sampled_from([e for e in Event if e is not Event.OPEN]), max_size=12))
def test_no_walk_lists_anybody_unheard(events: list[Event]) -> None:
    state, walked = State.DRAFT, [State.DRAFT]
    for event in events:
        state = next_state(state, event) or state
        walked.append(state)
    if State.LISTED in walked:
        assert walked.index(State.NOTIFIED) < walked.index(State.DECIDED) < walked.index(State.LISTED)


# --- 6.2 what may be shown --------------------------------------------------------------------------------


def test_minors_and_persons_of_unknown_age_are_minors_to_the_public() -> None:
    assert age_on(date(2008, 11, 23), DAY) == 18 and not is_minor(date(2008, 11, 23), DAY, 18)
    assert age_on(date(2008, 11, 24), DAY) == 17 and is_minor(date(2008, 11, 24), DAY, 18)
    assert BOOK.lists.choose("credit-lists", on=DAY).majority.years == 18
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 18
    assert is_minor(None, DAY, 18)


# --- over HTTP --------------------------------------------------------------------------------------------


def reviewer(service: Service, sub: str = "reviewer-1") -> dict[str, str]:
    return service.who(scopes=["credit:read", "credit:decide"], sub=sub)


async def opened(service: Service, condition: str = "SEV-T-3", **fields: Any) -> dict[str, Any]:
    if "subject_id" not in fields:
        fields["subject_id"] = (await service.subject())["id"]
    body = {"condition": condition, "reasons": REASONS, **fields}
    made: dict[str, Any] = (await service.post("/listings", body))[0]
    return made


async def said(service: Service, path: str, text: str) -> dict[str, Any]:
    """The subject's own statement; gives the listing as officers see it then."""
    firm = (await service.get(path))["subject"]["id"]
    own = service.who(kind="agency", subject_id=firm, scopes=["credit:read"], sub="agency-1")
    await service.post(f"{path}/statement", {"text": text}, 200, own)
    seen: dict[str, Any] = await service.get(path)
    return seen


async def to_decided(service: Service, listing: dict[str, Any]) -> dict[str, Any]:
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "我方认为情节轻微，请求从轻。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "理由不能成立，不予采纳。"}, 200)
    made: dict[str, Any] = await service.post(f"{path}/decide", FULL, 200, reviewer(service))
    return made


async def listed(service: Service, condition: str = "SEV-T-3", **fields: Any) -> dict[str, Any]:
    listing = await to_decided(service, await opened(service, condition, **fields))
    made: dict[str, Any] = await service.post(f"/listings/{listing['id']}/publish", {}, 200)
    return made


async def test_a_listing_rests_on_standing_facts_of_those_listed_alone(service: Service) -> None:
    firm, stranger = await service.subject(), await service.subject()
    boss = await service.subject(kind="natural_person", key=None, name="依据样例")
    own = await service.fact(firm, "PENALTY_WARNING", "2026-05-01")
    bosses = await service.fact(boss, "PENALTY_WARNING", "2026-05-01")
    gone = await service.fact(firm, "PENALTY_WARNING", "2026-05-02")
    other = await service.fact(stranger, "PENALTY_WARNING", "2026-05-01")
    why = {"action": "revoke", "reason": "撤销样例", "authority": "演示机关", "reference": "更正1号"}
    await service.post(f"/facts/{gone['id']}/corrections", why)
    body = {"subject_id": firm["id"], "condition": "SEV-T-3", "reasons": REASONS}
    for wrong in (other["id"], gone["id"], bosses["id"], str(uuid4())):
        problem = await service.post("/listings", body | {"fact_ids": [own["id"], wrong]}, 422)
        assert [one["pointer"] for one in problem["errors"]] == ["/fact_ids/1"]
    assert (await service.get("/listings", subject_id=firm["id"]))["items"] == []
    persons: list[dict[str, Any]] = [{"subject_id": boss["id"], "role": "principal"}]
    along = body | {"fact_ids": [own["id"], bosses["id"]], "persons": persons}
    unknown = await service.post("/listings", along, 422)
    assert [one["pointer"] for one in unknown["errors"]] == ["/persons/0/evidence"], "no post there"
    persons[0]["evidence"] = [{"sha256": "d" * 64, "name": "任职文件"}]
    unknown = await service.post("/listings", along, 422)
    assert [one["pointer"] for one in unknown["errors"]] == ["/persons/0/evidence/0/sha256"]
    persons[0]["evidence"] = await service.proof(firm)
    made = await service.post("/listings", along)
    assert [one["based_on"] for one in made] == [[own["id"], bosses["id"]]] * 2


async def test_what_an_officer_enters_for_the_subject_leaves_it_its_days(service: Service) -> None:
    listing = await opened(service)
    path, firm = f"/listings/{listing['id']}", listing["subject"]
    await service.post(f"{path}/notify", {}, 200)
    every = ["credit:read", "credit:write", "credit:decide"]
    clerk = service.who(sub="clerk-1", scopes=every)
    words: dict[str, Any] = {"text": "无意见（代录）。"}
    bare = await service.post(f"{path}/statement", words, 422, clerk)
    assert [one["pointer"] for one in bare["errors"]] == ["/request"]
    words["request"] = {"number": "陈述书2026年第1号", "sha256": "d" * 64}
    unknown = await service.post(f"{path}/statement", words, 422, clerk)
    assert [one["pointer"] for one in unknown["errors"]] == ["/request/sha256"]
    words["request"]["sha256"] = await service.uploaded(firm, "陈述书.txt")
    opener = await service.post(f"{path}/statement", words, 409)
    assert opener["type"] == "/problems/second-person-needed"
    heard = await service.post(f"{path}/statement", words, 200, clerk)
    assert (heard["deadlines"][0]["status"], heard["deadlines"][0]["met_on"]) == ("open", None)
    assert heard["allowed_events"] == ["statement", "reply", "dismiss"]
    [step] = [one for one in (await service.get(f"{path}/timeline"))["items"] if one["event"] == "statement"]
    assert step["details"] == {"request": words["request"] | {"waives": False}}
    answer = {"accepted": False, "findings": "理由不能成立，不予采纳。"}
    await service.post(f"{path}/reply", answer, 200)
    early = await service.post(f"{path}/decide", FULL, 409, reviewer(service))
    assert (early["type"], early["missing"]) == ("/problems/hearing-skipped", "statement")
    await said(service, path, "此前书面意见不完整，补充陈述。")
    again = await service.post(f"{path}/statement", words, 409, clerk)
    assert again["type"] == "/problems/event-refused", "the subject itself has spoken"
    assert (await service.post(f"{path}/decide", FULL, 409, reviewer(service)))["missing"] == "reply"
    await service.post(f"{path}/reply", answer, 200)
    entered = await service.post(f"{path}/decide", FULL, 409, clerk)
    assert entered["type"] == "/problems/second-person-needed"
    await service.post(f"{path}/decide", FULL, 200, reviewer(service))
    over = await service.post(f"{path}/decide", FULL, 409, reviewer(service))
    assert over["type"] == "/problems/event-refused"

    waived = f"/listings/{(await opened(service, subject_id=firm['id'], condition='SEV-T-1'))['id']}"
    await service.post(f"{waived}/notify", {}, 200)
    words["request"] = await service.paper(firm, waives=True)
    await service.post(f"{waived}/statement", words, 200, clerk)
    await service.post(f"{waived}/reply", answer, 200)
    await service.post(f"{waived}/decide", FULL, 200, reviewer(service))

    left = f"/listings/{(await opened(service))['id']}"
    await service.post(f"{left}/notify", {}, 200)
    firm = (await service.get(left))["subject"]
    words["request"] = await service.paper(firm)
    await service.post(f"{left}/statement", words, 200, clerk)
    await service.post(f"{left}/reply", answer, 200)
    service.at(datetime(2026, 12, 8, 10, tzinfo=CHINA))
    try:
        assert (await service.get(left))["deadlines"][0]["status"] == "met"
        late = FULL | {step: STEP | {"on": "2026-12-08"} for step in ("expert", "legal_review", "discussion")}
        await service.post(f"{left}/decide", late, 200, reviewer(service))
    finally:
        service.at(START)


async def test_a_serious_listing_from_draft_to_the_public_list(service: Service) -> None:
    firm = await service.subject(name="长名单样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-05-01")
    listing = await opened(service, subject_id=firm["id"], fact_ids=[fact["id"]])
    assert (listing["state"], listing["allowed_events"]) == ("draft", ["notify", "dismiss"])
    assert (listing["condition"]["status"], listing["authority"]) == ("verified", "山西省文化和旅游厅")
    path = f"/listings/{listing['id']}"
    own = service.who(kind="agency", subject_id=firm["id"], scopes=["credit:read"], sub="agency-1")
    await service.get(path, 404, own)
    told = await service.post(f"{path}/notify", {}, 200)
    assert told["deadlines"][0] | {"counted_days": 10} == {
        "event": "statement",
        "started_on": "2026-11-23",
        "due_on": "2026-12-07",
        "unit": "working_days",
        "counted_days": 10,
        "rule": "ORDER7-DEFENCE",
        "article": "部令第7号第十五条（陈述申辩期；待核）",
        "rule_status": "recalled",
        "provisional": False,
        "status": "open",
        "met_on": None,
    }
    heard = await service.post(f"{path}/statement", {"text": "我方认为情节轻微。"}, 200, own)
    assert (heard["state"], heard["opened_by"], heard["allowed_events"]) == ("defence", None, [])
    await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)
    decided = await service.post(f"{path}/decide", FULL, 200, reviewer(service))
    assert (decided["state"], decided["listed_on"], decided["clocks"]) == ("decided", None, None)
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "A"
    public = await service.post(f"{path}/publish", {}, 200)
    assert public["clocks"] == {
        "management": {
            "until": "2029-11-23",
            "rule": "ORDER7-PERIOD-SERIOUS",
            "article": "部令第7号第二十一条（三年；条号与年限待核）",
        },
        "publication": {
            "until": "2029-11-23",
            "rule": "ORDER36-PUBLICATION",
            "article": ORDER36_SHOWN,
        },
        "publicity_class": "serious",
        "reading": "stricter",
    }
    assert public["listed_at"] and public["published_at"] and public["shared_at"]
    score = (await service.get(f"/subjects/{firm['id']}/score"))["result"]
    assert (score["grade"], [veto["rule"] for veto in score["vetoes"]]) == ("D", ["AG-VETO-SERIOUS"])
    papers = await service.get("/papers", who=own, about_id=listing["id"])
    assert [paper["kind"] for paper in papers["items"]][::-1] == [
        "listing_notice",
        "listing_reply",
        "listing_decision",
        "repair_notice",
    ]
    shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "长名单样例"})
    [entry] = shown.json()["items"]
    assert (entry["name"], entry["condition"], entry["id_number"]) == (firm["name"], "SEV-T-3", None)
    events = await service.get(f"{path}/timeline", who=own)
    assert [one["event"] for one in events["items"]] == [
        "open",
        "notify",
        "statement",
        "reply",
        "decide",
        "publish",
    ]
    assert events["items"][2]["texts"]["text"] == "我方认为情节轻微。"
    assert {one["done_by"] for one in events["items"]} == {None}


async def test_listing_and_removal_are_announced_without_a_name(service: Service) -> None:
    done = await listed(service)
    body = {"ground": "REP-A-2", "note": "原决定已经撤销。", "proof": "撤字1号"}
    await service.post(f"/listings/{done['id']}/remove", body, 200, reviewer(service))
    query = text("SELECT type, aggregate_version, data FROM outbox WHERE aggregate_id = :id ORDER BY seq")
    async with service.app.state.db.session() as session:
        rows = (await session.execute(query, {"id": done["id"]})).all()
    published, removed = rows
    assert [row.type.split(".")[2] for row in rows] == ["listing_published", "listing_removed"]
    assert published.data | {"number": "", "subject_id": "", "subject_key": "", "listing_id": ""} == {
        "listing_id": "",
        "number": "",
        "subject_id": "",
        "subject_key": "",
        "list": "serious",
        "condition": "SEV-T-3",
        "role": "self",
        "region": "140105",
        "listed_on": "2026-11-23",
        "management_until": "2029-11-23",
        "publication_until": "2029-11-23",
        "public": True,
    }
    assert (removed.data["reason"], removed.data["removed_on"]) == ("revoked", "2026-11-23")
    assert removed.aggregate_version > published.aggregate_version


async def test_no_decision_when_notice_or_hearing_was_skipped(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    skipped = await service.post(f"{path}/decide", FULL, 409, reviewer(service))
    assert (skipped["type"], skipped["missing"]) == ("/problems/hearing-skipped", "notice")
    assert "第六十二条" in skipped["article"]
    await service.post(f"{path}/notify", {}, 200)
    early = await service.post(f"{path}/decide", FULL, 409, reviewer(service))
    assert (early["missing"], early["runs_until"]) == ("statement", "2026-12-07")
    await said(service, path, "请求复核有关事实。")
    unanswered = await service.post(f"{path}/decide", FULL, 409, reviewer(service))
    assert unanswered["missing"] == "reply"
    refused = await service.post(f"{path}/publish", {}, 409)
    assert (refused["state"], refused["allowed"]) == ("defence", ["reply", "dismiss"])


async def test_an_accepted_defence_excludes_listing(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "事实并非如此，附证据。")
    await service.post(f"{path}/reply", {"accepted": True, "findings": "证据属实，予以采纳。"}, 200)
    assert (await service.post(f"{path}/decide", FULL, 409, reviewer(service)))["allowed"] == ["dismiss"]
    body = {"outcome": "dismiss", "reasons": "陈述申辩成立。"}
    done = await service.post(f"{path}/decide", body, 200, reviewer(service))
    assert (done["state"], done["allowed_events"]) == ("dismissed", [])
    papers = (await service.get("/papers", about_id=listing["id"]))["items"]
    assert papers[0]["kind"] == "listing_dismissal"


async def test_the_decider_is_another_than_the_officer_who_opened(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    same = reviewer(service, sub="officer-1")
    assert (await service.post(f"{path}/decide", FULL, 409, same))["type"] == "/problems/second-person-needed"
    await service.post(f"{path}/decide", FULL, 403)


async def test_a_serious_decision_names_every_step_that_is_missing(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "请求复核有关事实。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)
    bare = {"outcome": "list", "reasons": REASONS, "expert": STEP | {"on": "2026-12-01"}}
    refused = await service.post(f"{path}/decide", bare, 422, reviewer(service))
    assert [error["pointer"] for error in refused["errors"]] == ["/expert/on", "/legal_review", "/discussion"]
    assert (await service.get(path))["state"] == "defence_replied"


async def test_a_slight_listing_is_simpler_scores_and_stays_private(service: Service) -> None:
    firm = await service.subject(name="轻微样例旅行社（虚构）")
    listing = await opened(service, "MIN-4", subject_id=firm["id"])
    path = f"/listings/{listing['id']}"
    told = await service.post(f"{path}/notify", {}, 200)
    assert told["deadlines"][0]["rule_status"] == "sample"
    await said(service, path, "以后一定配合检查。")
    await service.post(f"{path}/decide", {"outcome": "list", "reasons": REASONS}, 200, reviewer(service))
    done = await service.post(f"{path}/publish", {}, 200)
    assert (done["published_at"], done["clocks"]["publication"]["until"]) == (None, None)
    assert done["clocks"]["management"]["until"] == "2027-11-23"
    shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "轻微样例"})
    assert shown.json()["items"] == []
    codes = [fact["code"] for fact in (await service.get(f"/subjects/{firm['id']}/facts"))["items"]]
    assert "SLIGHT_LISTED" in codes


async def test_a_person_is_listed_alone_only_where_the_condition_names_persons(service: Service) -> None:
    firm = await service.subject()
    boss = await service.subject(kind="natural_person", key=None, name="责任样例")
    alone = {"subject_id": boss["id"], "reasons": REASONS}
    penalty = {"penalty_on": "2026-11-01", "penalty_number": "罚字1号"}
    for condition, more in (("MIN-3", {}), ("SEV-T-2", {}), ("SEV-T-4", penalty)):
        refused = await service.post("/listings", alone | {"condition": condition} | more, 422)
        assert [one["pointer"] for one in refused["errors"]] == ["/condition"]
    await service.post("/listings", alone | {"condition": "SEV-T-3"})
    along = {"subject_id": firm["id"], "reasons": REASONS}
    proof = await service.proof(firm)
    along["persons"] = [{"subject_id": boss["id"], "role": "manager", "evidence": proof}]
    refused = await service.post("/listings", along | {"condition": "ESC-1"}, 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/persons/0/role"]
    made = await service.post("/listings", along | {"condition": "SEV-T-4"} | penalty)
    assert [one["role"] for one in made] == ["self", "manager"]


async def test_what_may_be_done_never_names_what_is_refused(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    told = await service.post(f"{path}/notify", {}, 200)
    assert told["allowed_events"] == ["statement", "dismiss"], "the period for a statement runs"
    heard = await said(service, path, "请求复核有关事实。")
    assert heard["allowed_events"] == ["reply", "dismiss"]
    accepted = await service.post(
        f"{path}/reply", {"accepted": True, "findings": "理由成立，予以采纳。"}, 200
    )
    assert accepted["allowed_events"] == ["dismiss"]
    silent = await opened(service)
    await service.post(f"/listings/{silent['id']}/notify", {}, 200)
    try:
        service.at(datetime.fromisoformat("2026-12-08T09:00:00+08:00"))
        assert (await service.get(f"/listings/{silent['id']}"))["allowed_events"] == ["decide", "dismiss"]
    finally:
        service.at(START)


async def test_nothing_is_assessed_before_the_hearing_is_over(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    try:
        service.at(START + timedelta(days=2))
        await said(service, path, "请求复核有关事实。")
        service.at(START + timedelta(days=4))
        await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)
        service.at(START + timedelta(days=7))
        for day in ("2026-11-23", "2026-11-26", "2026-12-01"):
            early = await service.post(
                f"{path}/decide", FULL | {"expert": STEP | {"on": day}}, 422, reviewer(service)
            )
            assert "/expert/on" in {one["pointer"] for one in early["errors"]}
        after = dict.fromkeys(("expert", "legal_review", "discussion"), STEP | {"on": "2026-11-27"})
        done = await service.post(f"{path}/decide", FULL | after, 200, reviewer(service))
        assert done["state"] == "decided"
    finally:
        service.at(START)


async def test_what_a_draft_must_say(service: Service) -> None:
    firm, hotel = await service.subject(), await service.subject(kind="star_hotel", level="4")
    body = {"subject_id": firm["id"], "reasons": REASONS}
    for condition, pointers in [
        ("SEV-T-6", ["/legal_basis"]),
        ("MIN-6", ["/legal_basis"]),
        ("SEV-T-4", ["/penalty_on", "/penalty_number"]),
        ("SEV-T-9", ["/condition"]),
        ("SEV-C-4", ["/condition"]),
        ("L14-SEV-3", ["/legal_basis"]),
    ]:
        refused = await service.post("/listings", body | {"condition": condition}, 422)
        assert [error["pointer"] for error in refused["errors"]] == pointers
    refused = await service.post("/listings", body | {"condition": "SEV-C-4"}, 422)
    assert all(act in refused["errors"][0]["detail"] for act in ACTS)
    wrong = {"subject_id": hotel["id"], "condition": "SEV-T-5", "reasons": REASONS}
    await service.post("/listings", wrong, 422)
    await service.post("/listings", body | {"condition": "SEV-T-3", "subject_id": str(uuid4())}, 404)
    await service.post("/listings", body | {"condition": "SEV-T-3"}, 404, service.who("140200"))
    await service.post("/listings", body | {"condition": "SEV-T-3"})
    again = await service.post("/listings", body | {"condition": "SEV-T-3"}, 409)
    assert again["type"] == "/problems/listing-exists"
    late = await opened(service)
    await service.post(f"/listings/{late['id']}/notify", {"served_on": "2026-11-24"}, 422)
    await service.post(f"/listings/{late['id']}/notify", {"served_on": "2026-11-22"}, 422)


async def test_persons_in_charge_are_listed_along_and_told_on_their_own(service: Service) -> None:
    firm = await service.subject()
    person = await service.subject(
        kind="natural_person", key=None, name="虚构甲乙丙", person={"id_number": "140100199001010014"}
    )
    child = await service.subject(
        kind="natural_person", key=None, name="虚构丁戊己", person={"id_number": child_number()}
    )
    body = {
        "subject_id": firm["id"],
        "condition": "SEV-T-4",
        "reasons": REASONS,
        "penalty_on": "2026-11-20",
        "penalty_number": "罚字1号",
        "persons": [
            {"subject_id": person["id"], "role": "principal"},
            {"subject_id": child["id"], "role": "manager", "evidence": await service.proof(firm)},
        ],
    }
    post = {"kind": "principal", "to": firm["id"], "starts_on": "2024-01-02"}
    await service.post(f"/subjects/{person['id']}/relations", post)
    whole, principal, manager = await service.post("/listings", body)
    assert (principal["role"], principal["along_with"]) == ("principal", whole["id"])
    for one in (whole, principal, manager):
        decided = await to_decided(service, one)
        await service.post(f"/listings/{decided['id']}/publish", {}, 200)
    async with service.app.state.db.session() as session:
        [found] = await ListingService(session, service.app.state.env).in_force(UUID(person["id"]), DAY)
    assert (found.condition, found.role, found.list) == ("SEV-T-4", "principal", "serious")
    assert (found.penalty_on, found.ends_on) == (date(2026, 11, 20), date(2029, 11, 23))
    shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "虚构甲乙丙"})
    [entry] = shown.json()["items"]
    assert (entry["name"], entry["id_number"]) == ("虚构甲乙丙", "1" + "*" * 16 + "4")
    everything = (await service.http.get("/api/v1/credit/public/listings")).text
    assert "虚构丁戊己" not in everything and "140100199001010014" not in everything
    wrong = body | {"persons": [{"subject_id": firm["id"], "role": "principal"}], "condition": "SEV-T-1"}
    assert (await service.post("/listings", wrong, 422))["errors"][0]["pointer"] == "/persons/0/subject_id"


def child_number() -> str:
    body = "14010020150101001"
    weights = [2 ** (17 - n) % 11 for n in range(17)]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


async def test_an_expired_listing_is_removed_on_the_day_after_and_the_veto_ends(service: Service) -> None:
    done = await listed(service)
    state = service.app.state
    try:
        service.at(datetime.fromisoformat("2029-11-23T12:00:00+08:00"))
        await do_round(state.db, state.env)
        assert (await service.get(f"/listings/{done['id']}"))["state"] == "listed"
        assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "D"
        service.at(datetime.fromisoformat("2029-11-26T12:00:00+08:00"))
        await do_round(state.db, state.env)
        ended = await service.get(f"/listings/{done['id']}")
        assert (ended["state"], ended["removal"], ended["removed_on"]) == ("removed", "expired", "2029-11-24")
        assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "A"
        papers = (await service.get("/papers", about_id=done["id"]))["items"]
        assert papers[0]["kind"] == "listing_removal"
        last = (await service.get(f"/listings/{done['id']}/timeline"))["items"][-1]
        assert last["details"]["ground"] == "REP-A-1"
    finally:
        service.at(START)


async def test_a_list_that_runs_longer_under_another_law_keeps_the_veto_until_its_removal(
    service: Service,
) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "请求复核有关事实。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)
    longer = {"until": "2029-11-22", "legal_basis": "虚构的其他法律规定更长期限"}
    short = await service.post(f"{path}/decide", FULL | {"longer": longer}, 422, reviewer(service))
    assert [one["pointer"] for one in short["errors"]] == ["/longer/until"]
    assert "ORDER7-PERIOD-SERIOUS，至2029-11-23" in short["errors"][0]["detail"]
    longer["until"] = "2031-06-30"
    await service.post(f"{path}/decide", FULL | {"longer": longer}, 200, reviewer(service))
    await service.post(f"{path}/publish", {}, 200)
    firm, state = f"/subjects/{listing['subject']['id']}", service.app.state
    try:
        for day, grade in (("2029-11-26", "D"), ("2031-06-30", "D"), ("2031-07-01", "A")):
            service.at(datetime.fromisoformat(f"{day}T12:00:00+08:00"))
            await do_round(state.db, state.env)
            assert (await service.get(firm))["grade"] == grade, day
    finally:
        service.at(START)


@pytest.mark.parametrize(("ground", "reason"), [("REP-A-2", "revoked"), ("REP-A-3", "policy")])
async def test_the_authority_repairs_of_its_own_motion(service: Service, ground: str, reason: str) -> None:
    done = await listed(service)
    body = {"ground": ground, "note": "原决定已经撤销。", "proof": "撤字1号"}
    path = f"/listings/{done['id']}/remove"
    await service.post(path, body, 409, reviewer(service, sub="officer-1"))
    removed = await service.post(path, body, 200, reviewer(service))
    assert (removed["state"], removed["removal"]) == ("removed", reason)
    assert (await service.get(f"/subjects/{done['subject']['id']}"))["grade"] == "A"
    await service.post(path, body, 409, reviewer(service))


async def test_a_reorganisation_lifts_for_the_time(service: Service) -> None:
    done = await listed(service)
    path = f"/listings/{done['id']}"
    body = {"court": "虚构法院", "ruling": "破1号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}
    await service.post(f"{path}/restore", {"note": "未曾解除。"}, 409, reviewer(service))
    lifted = await service.post(f"{path}/lift", body, 200, reviewer(service))
    assert (lifted["state"], lifted["lifted_on"], lifted["measures"]) == ("listed", "2026-11-23", [])
    subject = f"/subjects/{done['subject']['id']}"
    assert (await service.get(subject))["grade"] == "A"
    refused = await service.post(f"{path}/lift", body, 409, reviewer(service))
    assert refused["allowed"] == ["remove", "restore"]
    await service.post(f"{path}/restore", {"note": "重整计划未获执行。"}, 200, reviewer(service))
    steps = (await service.get(f"{path}/timeline"))["items"][-2:]
    assert [(one["event"], len(one["papers"])) for one in steps] == [("lift", 1), ("restore", 1)]
    for step in steps:
        pdf = await service.http.get(f"/api/v1/credit/papers/{step['papers'][0]}.pdf", headers=service.who())
        assert pdf.content.startswith(b"%PDF")
    assert (await service.get(subject))["grade"] == "A", "lifted for the whole of its day"
    tomorrow = (await service.get(f"{subject}/score", valid_at="2026-11-24"))["result"]
    assert (tomorrow["grade"], (await service.get(subject))["next_change_on"]) == ("D", "2026-11-24")


async def test_two_listings_keep_a_subject_listed_until_the_last_ends(service: Service) -> None:
    firm = await service.subject()
    first = await listed(service, subject_id=firm["id"])
    second = await listed(service, "SEV-T-1", subject_id=firm["id"])
    body = {"ground": "REP-A-2", "note": "原决定已经撤销。", "proof": "撤字1号"}
    await service.post(f"/listings/{first['id']}/remove", body, 200, reviewer(service))
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "D"
    await service.post(f"/listings/{second['id']}/remove", body, 200, reviewer(service))
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "A"


@pytest.mark.parametrize(
    ("condition", "act", "role", "measure", "free_on"),
    [
        ("SEV-C-4-VENUE", "venue", "controller", "M-C-VENUE", None),
        ("SEV-C-4-NET", "net_premises", "principal", "M-C-NET", "2031-09-02"),
    ],
)
async def test_a_listing_for_one_act_bars_who_answers_for_it(
    service: Service, condition: str, act: str, role: str, measure: str, free_on: str | None
) -> None:
    firm = await service.subject(kind="unlicensed_operator", key=None, name="虚构无证经营点")
    boss = await service.subject(kind="natural_person", key=None, name="虚构经营人")
    post = {"kind": role, "to": firm["id"], "starts_on": "2020-01-01"}
    await service.post(f"/subjects/{boss['id']}/relations", post)
    ask = {"subject_id": boss["id"], "act": act, "purpose": "核发经营许可"}
    assert (await service.post("/supervision/checks", ask, 200))["allowed"] is True
    await listed(service, condition, subject_id=firm["id"], penalty_on="2026-09-01", penalty_number="罚字1号")
    barred = await service.post("/supervision/checks", ask, 200)
    assert ([one["code"] for one in barred["bars"]], barred["free_on"]) == ([measure], free_on)
    assert (barred["bars"][0]["role"], barred["bars"][0]["condition"]) == (role, condition)


async def test_two_decisions_at_once_are_one(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "请求复核有关事实。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "不予采纳。"}, 200)

    async def decide(n: int) -> int:
        url = f"/api/v1/credit{path}/decide"
        return (await service.http.post(url, json=FULL, headers=reviewer(service, f"r{n}"))).status_code

    assert sorted(await asyncio.gather(*(decide(n) for n in range(4)))) == [200, 409, 409, 409]
    papers = (await service.get("/papers", about_id=listing["id"], kind="listing_decision"))["items"]
    assert len(papers) == 1


async def test_two_officers_open_one_listing(service: Service) -> None:
    firm = await service.subject()
    body = {"subject_id": firm["id"], "condition": "SEV-T-3", "reasons": REASONS}

    async def attempt() -> int:
        answer = await service.http.post("/api/v1/credit/listings", json=body, headers=service.who())
        return answer.status_code

    assert sorted(await asyncio.gather(*(attempt() for _ in range(4)))) == [201, 409, 409, 409]


async def test_who_sees_a_listing(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.get(path, 404, service.who("140200"))
    await service.get(path, 404, service.who(kind="client", scopes=["credit:read"], sub="d"))
    other = await service.subject()
    stranger = service.who(kind="agency", subject_id=other["id"], scopes=["credit:read"], sub="s")
    await service.post(f"{path}/notify", {}, 200)
    await service.get(path, 404, stranger)
    await service.post(f"{path}/statement", {"text": "冒名陈述申辩。"}, 404, stranger)
    plain = service.who(scopes=["credit:read"], sub="reader")
    await service.post(f"{path}/statement", {"text": "冒名陈述申辩。"}, 403, plain)
    assert [one["id"] for one in (await service.get("/listings", state="notified"))["items"]].count(
        listing["id"]
    ) == 1
    assert (await service.get("/listings", who=stranger))["items"] == []


async def test_silence_waives_and_lateness_is_refused(service: Service) -> None:
    listing = await opened(service)
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    try:
        service.at(datetime.fromisoformat("2026-12-08T09:00:00+08:00"))
        late = await service.post(f"{path}/statement", {"text": "迟来的陈述申辩。"}, 409)
        assert (late["type"], late["due_on"]) == ("/problems/statement-too-late", "2026-12-07")
        view = await service.get(path)
        assert [(one["event"], one["status"]) for one in view["deadlines"]] == [
            ("statement", "waived"),
            ("decide", "open"),
        ]
        early = await service.post(f"{path}/decide", FULL, 422, reviewer(service))
        assert [one["pointer"] for one in early["errors"]] == [
            "/expert/on",
            "/legal_review/on",
            "/discussion/on",
        ]
        after = dict.fromkeys(("expert", "legal_review", "discussion"), STEP | {"on": "2026-12-08"})
        decided = await service.post(f"{path}/decide", FULL | after, 200, reviewer(service))
        assert decided["state"] == "decided"
        longer = await service.post(f"{path}/publish", {"served_on": "2026-12-09"}, 422)
        assert longer["errors"][0]["pointer"] == "/served_on"
    finally:
        service.at(START)


async def test_other_rooms_flag_end_and_ask(service: Service) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_WARNING", "2026-05-01")
    done = await listed(service, subject_id=firm["id"], fact_ids=[fact["id"]])
    draft = await opened(service)
    state = service.app.state
    async with state.db.session() as session:
        rooms = ListingService(session, state.env)
        await rooms.flag_objection(UUID(done["id"]), True, "officer-9")
        await rooms.remove_for(UUID(draft["id"]), Removal.REVOKED, "异议成立，不再办理。", "officer-9")
        [affected] = await rooms.affected_by(UUID(firm["id"]), UUID(fact["id"]), START)
    assert (affected.kind, affected.number) == ("listing", done["number"])
    assert (await service.get(f"/listings/{draft['id']}"))["state"] == "dismissed"
    assert (await service.get(f"/listings/{done['id']}"))["objected"] is True
    async with state.db.session() as session:
        await ListingService(session, state.env).remove_for(
            UUID(done["id"]), Removal.REVOKED, "异议成立，予以移出。", "officer-9"
        )
    assert (await service.get(f"/listings/{done['id']}"))["removal"] == "revoked"
    assert (await service.get(f"/subjects/{firm['id']}"))["grade"] == "A"


async def test_a_proposal_becomes_a_draft(service: Service) -> None:
    firm = await service.subject()
    state = service.app.state
    async with state.db.session() as session:
        rooms = ListingService(session, state.env)
        subject = await rooms._subjects.lock(UUID(firm["id"]), None)
        assert subject is not None
        draft = await rooms.open_from_proposal(
            subject, "MIN-5", "十二个月内两次较大数额罚款。", [], by="officer-9", proposal_id=uuid4()
        )
    view = await service.get(f"/listings/{draft.id}")
    assert (view["state"], view["condition"]["code"], view["opened_by"]) == ("draft", "MIN-5", "officer-9")
