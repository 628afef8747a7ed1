"""The procedure of a listing: each step in its order and time, second persons, and who is told."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from common.clock import CHINA
from credit.listings.service import ListingService

from .conftest import START, Service
from .listing import FULL, REASONS, STEP, child_number, opened, reviewer, said, to_decided

ORDER36_SHOWN = "国家发展改革委令第36号（最长公示期：轻微三个月、一般一年、严重三年，自文书作出之日起）"


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
    assert step["details"] == {"request": words["request"] | {"waives": False, "by_subject": False}}
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
    own = service.who(kind="agency", subject_id=firm["id"], scopes=["credit:read"], sub="agency-1")
    file = {"file": ("本社陈述书.txt", "本社陈述书（虚构）".encode(), "text/plain")}
    url = f"/api/v1/credit/subjects/{firm['id']}/evidence"
    sent = (await service.http.post(url, files=file, headers=own)).json()
    assert (sent["uploaded_by"], sent["by_subject"]) == ("agency-1", True)
    words["request"] = {"number": "陈述书2026年第2号", "sha256": sent["sha256"], "waives": True}
    await service.post(f"{waived}/statement", words, 200, clerk)
    [step] = [
        one for one in (await service.get(f"{waived}/timeline"))["items"] if one["event"] == "statement"
    ]
    assert step["details"] == {"request": words["request"] | {"by_subject": True}}
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
    finer = ("SEV-C-4-SHOW", "SEV-C-4-VENUE", "SEV-C-4-NET")
    assert all(act in refused["errors"][0]["detail"] for act in finer)
    wrong = {"subject_id": hotel["id"], "condition": "SEV-T-5", "reasons": REASONS}
    await service.post("/listings", wrong, 422)
    await service.post("/listings", body | {"condition": "SEV-T-3", "subject_id": str(uuid4())}, 404)
    await service.post("/listings", body | {"condition": "SEV-T-3"}, 404, service.who("140200"))
    [first] = await service.post("/listings", body | {"condition": "SEV-T-3"})
    again = await service.post("/listings", body | {"condition": "SEV-T-3"}, 409)
    assert again["type"] == "/problems/listing-exists"
    assert (again["listing_id"], again["number"]) == (first["id"], first["number"])
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
        [found] = await ListingService(session, service.app.state.env).in_force(
            UUID(person["id"]), START.date()
        )
    assert (found.condition, found.role, found.list) == ("SEV-T-4", "principal", "serious")
    assert (found.penalty_on, found.ends_on) == (date(2026, 11, 20), date(2029, 11, 23))
    shown = await service.http.get("/api/v1/credit/public/listings", params={"q": "虚构甲乙丙"})
    [entry] = shown.json()["items"]
    assert (entry["name"], entry["id_number"]) == ("虚构甲乙丙", "1" + "*" * 16 + "4")
    everything = (await service.http.get("/api/v1/credit/public/listings")).text
    assert "虚构丁戊己" not in everything and "140100199001010014" not in everything
    wrong = body | {"persons": [{"subject_id": firm["id"], "role": "principal"}], "condition": "SEV-T-1"}
    assert (await service.post("/listings", wrong, 422))["errors"][0]["pointer"] == "/persons/0/subject_id"


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
