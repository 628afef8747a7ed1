"""Repair: every clause on grounds, clocks, materials and steps, and what a granted repair does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from common.calendar import add_months, add_working_days
from credit.listings.policy import RepairClock
from credit.policies import FOLDER
from credit.repairs.rules import (
    ENDED,
    Ban,
    Bar,
    Commitment,
    Event,
    Findings,
    Materials,
    State,
    Steps,
    Target,
    bars_of,
    commitment_rule,
    deadlines_of,
    earliest,
    events_allowed,
    in_use,
    missing_materials,
    next_state,
)
from credit.rounds import do_round
from credit.rulebook.rules import Rulebook
from hypothesis import given
from hypothesis import strategies as st

from .conftest import START, Service
from .listing import listed, reviewer

BOOK = Rulebook.load(FOLDER)
ORDER7 = BOOK.repair_clocks.choose("repair-order7", on=date(2026, 11, 23))
ORDER36 = BOOK.repair_clocks.choose("repair-order36", on=date(2026, 11, 23))
BOTH = [ORDER7, ORDER36]
GROUNDS = {str(code): article for code, article in ORDER7.grounds.items()}
LISTED, MADE = date(2026, 6, 10), date(2026, 6, 1)
SERIOUS = Target("listing", "serious", LISTED, MADE)
SLIGHT = Target("listing", "slight", LISTED, MADE)
REPORT, RECORD = b"%PDF-1.7 report of repair", b"%PDF-1.7 record of training"
EVIDENCE = {"sha256": sha256(REPORT).hexdigest(), "name": "整改报告.pdf"}
REQUEST = {"number": "修复申请书2026年第1号", "sha256": EVIDENCE["sha256"]}
TRAINING = {"sha256": sha256(RECORD).hexdigest(), "name": "培训记录.pdf"}


def bars(
    target: Target,
    today: date,
    packs: list[RepairClock] = BOTH,
    bans: tuple[Ban, ...] = (),
    last: date | None = None,
    findings: Findings | None = None,
) -> list[Bar]:
    gap = (12, ORDER7.gap_article) if ORDER7.gap_article else None
    return bars_of(target, packs, GROUNDS, today, bans, last, gap, findings or Findings())


# --- 1.8 refusal grounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "packs", "last_barred"),
    [
        (SERIOUS, [ORDER7], date(2026, 12, 10)),
        (SLIGHT, [ORDER7], date(2026, 9, 10)),
        (SERIOUS, [ORDER36], date(2027, 6, 1)),
        (SERIOUS, BOTH, date(2027, 6, 1)),
        (Target("penalty", "general", MADE, MADE), [ORDER36], date(2026, 9, 1)),
        (Target("penalty", "serious", MADE, MADE), [ORDER36], date(2027, 6, 1)),
    ],
)
def test_rep_x_1_the_corresponding_day_still_bars_the_day_after_does_not(
    target: Target, packs: list[RepairClock], last_barred: date
) -> None:
    assert max(bar.barred_until or date.min for bar in bars(target, MADE, packs)) == last_barred
    assert {bar.code for bar in bars(target, last_barred, packs)} == {"REP-X-1"}
    assert bars(target, last_barred + timedelta(days=1), packs) == []


def test_rep_x_1_a_slight_penalty_can_be_repaired_as_soon_as_the_duty_is_done() -> None:
    assert bars(Target("penalty", "slight", MADE, MADE), MADE, [ORDER36]) == []


def test_the_stricter_reading_keeps_both_minimum_times_side_by_side() -> None:
    found = {bar.rule: bar.barred_until for bar in bars(SERIOUS, MADE)}
    assert found == {"REP-X-1": date(2026, 12, 10), "ORDER36-MINIMUM": date(2027, 6, 1)}
    assert earliest(bars(SERIOUS, MADE), MADE) == date(2027, 6, 2)
    assert [pack.rule for pack in in_use(BOTH, SERIOUS, "stricter")] == ["ORDER7", "ORDER36"]
    assert [pack.rule for pack in in_use(BOTH, SERIOUS, "order7")] == ["ORDER7"]
    assert [pack.rule for pack in in_use(BOTH, SERIOUS, "order36")] == ["ORDER36"]
    assert [pack.rule for pack in in_use([ORDER7], SERIOUS, "order36")] == ["ORDER7"]


def test_order_36_covers_penalties_order_7_only_lists() -> None:
    penalty = Target("penalty", "general", MADE, MADE)
    for reading in ("stricter", "order7", "order36"):
        assert [pack.rule for pack in in_use(BOTH, penalty, reading)] == ["ORDER36"]


def test_rep_x_2_an_entry_ban_bars_through_its_last_day_and_one_for_life_for_ever() -> None:
    late = date(2028, 1, 1)
    ban = Ban("M-T-PRINCIPAL", "hold_post", late)
    assert [(bar.code, bar.barred_until) for bar in bars(SERIOUS, late, bans=(ban,))] == [("REP-X-2", late)]
    assert bars(SERIOUS, late + timedelta(days=1), bans=(ban,)) == []
    life = bars(SERIOUS, late, bans=(Ban("M-C-VENUE", "venue", None),))
    assert earliest(life, late) is None


def test_rep_x_3_a_year_since_the_last_repair() -> None:
    last = date(2027, 1, 15)
    assert [bar.code for bar in bars(SERIOUS, date(2028, 1, 15), last=last)] == ["REP-X-3"]
    assert bars(SERIOUS, date(2028, 1, 16), last=last) == []


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        (Findings(fraud=True), "REP-X-4"),
        (Findings(punished_again=True), "REP-X-5"),
        (Findings(excluded_by_law=True), "REP-X-6"),
    ],
)
def test_rep_x_4_to_6_no_day_ends_what_was_found(findings: Findings, code: str) -> None:
    [bar] = bars(SERIOUS, date(2028, 1, 1), findings=findings)
    assert (bar.code, bar.barred_until, bar.status) == (code, None, "recalled")


def test_rep_x_6_a_condition_that_is_not_repairable() -> None:
    fixed = Target("listing", "serious", LISTED, MADE, repairable=False)
    assert [bar.code for bar in bars(fixed, date(2028, 1, 1))] == ["REP-X-6"]


@given(
    listed_on=st.dates(date(2022, 1, 1), date(2030, 1, 1)),
    before=st.integers(0, 90),
    klass=st.sampled_from(["serious", "slight"]),
    last=st.none() | st.dates(date(2022, 1, 1), date(2030, 1, 1)),
    ban=st.none() | st.dates(date(2022, 1, 1), date(2035, 1, 1)),
    ahead=st.integers(0, 1500),
)
def test_the_earliest_day_is_free_and_the_day_before_is_barred(
    listed_on: date, before: int, klass: str, last: date | None, ban: date | None, ahead: int
) -> None:
    target = Target("listing", klass, listed_on, listed_on - timedelta(days=before))
    bans = (Ban("M", "hold_post", ban),) if ban else ()
    today = listed_on + timedelta(days=ahead)
    found = bars(target, today, bans=bans, last=last)
    first = earliest(found, today)
    assert first is not None and (first == today) == (found == [])
    assert bars(target, first, bans=bans, last=last) == []
    if first > today:
        assert bars(target, first - timedelta(days=1), bans=bans, last=last)


# --- 1.9 materials and the commitment letter --------------------------------------------------------------


@pytest.mark.parametrize(
    ("packs", "serious", "false", "reading", "wanted"),
    [
        ([ORDER7], True, False, "stricter", "none"),
        ([ORDER7], False, True, "stricter", "none"),
        ([ORDER7], False, False, "stricter", "required"),
        (BOTH, False, False, "stricter", "required"),
        (BOTH, True, False, "stricter", "conflict"),
        (BOTH, False, True, "stricter", "conflict"),
        (BOTH, True, False, "order7", "none"),
        (BOTH, True, False, "order36", "required"),
    ],
)
def test_serious_subjects_and_false_promisers_give_no_commitment_and_order_36_asks_one_of_all(
    packs: list[RepairClock], serious: bool, false: bool, reading: Any, wanted: str
) -> None:
    answer, articles = commitment_rule(packs, serious=serious, false_promiser=false, reading=reading)
    assert answer == wanted and articles


def test_the_training_record_may_be_late_but_not_later_than_the_decision() -> None:
    given_in = Materials(evidence=1, commitment=True)
    assert missing_materials(given_in, Commitment.REQUIRED, at_decision=False) == []
    assert missing_materials(given_in, Commitment.REQUIRED, at_decision=True) == ["training_record"]
    assert missing_materials(Materials(), Commitment.REQUIRED, at_decision=False) == [
        "evidence",
        "commitment",
    ]
    assert missing_materials(Materials(1), Commitment.NONE, at_decision=False) == []


# --- 1.8 steps --------------------------------------------------------------------------------------------


def test_accept_10_verify_10_decide_5_lift_5_working_days() -> None:
    days = [date(2027, 6, 2), date(2027, 6, 7), date(2027, 6, 10), date(2027, 6, 15)]
    found = deadlines_of(ORDER7, Steps(days[0], days[1], days[2], days[3], days[3]), days[3])
    assert [(one.event, len(one.counted_days), one.status) for one in found] == [
        ("accept", 10, "met"),
        ("verify", 10, "met"),
        ("decide", 5, "met"),
        ("lift", 5, "met"),
    ]
    assert [one.due_on for one in found] == [
        add_working_days(day, n).due_on for day, n in zip(days, (10, 10, 5, 5), strict=True)
    ]
    assert deadlines_of(ORDER7, Steps(days[0]), date(2027, 9, 1))[0].status == "overdue"


def test_a_repair_is_granted_only_after_acceptance_and_verification() -> None:
    assert events_allowed(State.APPLIED) == [Event.MATERIALS, Event.ACCEPT, Event.REFUSE]
    assert events_allowed(State.CONFLICT) == [Event.RESOLVE, Event.MATERIALS, Event.REFUSE]
    assert events_allowed(State.VERIFIED) == [Event.MATERIALS, Event.GRANT, Event.REJECT]
    assert all(events_allowed(state) == [] for state in ENDED)


@given(st.lists(st.sampled_from(list(Event)), max_size=15))
def test_no_walk_grants_what_was_not_verified(events: list[Event]) -> None:
    state, walked = State.CONFLICT, [State.CONFLICT]
    for event in events:
        state = next_state(state, event) or state
        walked.append(state)
    if State.GRANTED in walked:
        steps = [walked.index(one) for one in (State.APPLIED, State.ACCEPTED, State.VERIFIED, State.GRANTED)]
        assert steps == sorted(steps)


# --- over HTTP --------------------------------------------------------------------------------------------


@contextmanager
def at(service: Service, instant: str) -> Iterator[None]:
    service.at(datetime.fromisoformat(instant))
    try:
        yield
    finally:
        service.at(START)


def application(**fields: Any) -> dict[str, Any]:
    """An application, as an officer enters it on the subject's paper."""
    said = {"statement": "已全面整改，赔偿游客损失。", "evidence": [EVIDENCE], "request": REQUEST}
    return said | fields


async def bring(
    service: Service, subject_id: str, who: dict[str, str] | None = None, expect: int = 201
) -> None:
    """Upload the materials of an application."""
    for data in (REPORT, RECORD):
        answer = await service.http.post(
            f"/api/v1/credit/subjects/{subject_id}/evidence",
            files={"file": ("材料.pdf", data, "application/pdf")},
            headers=who or service.who(),
        )
        assert answer.status_code == expect, answer.text


async def to_verified(service: Service, repair: dict[str, Any]) -> None:
    path = f"/repairs/{repair['id']}"
    await service.post(f"{path}/accept", None, 200)
    await service.post(
        f"{path}/verify", {"how": "on_site", "talk": True, "passed": True, "findings": "整改属实。"}, 200
    )


GRANT = {"grant": True, "reasons": "整改到位，符合修复条件。"}


async def test_the_outlook_shows_both_clocks_and_the_conflict(service: Service) -> None:
    done = await listed(service)
    outlook = await service.get(f"/listings/{done['id']}/repair-outlook")
    assert (outlook["can_apply"], outlook["earliest_on"]) == (False, "2027-11-24")
    assert [(bar["rule"], bar["barred_until"]) for bar in outlook["bars"]] == [
        ("REP-X-1", "2027-05-23"),
        ("ORDER36-MINIMUM", "2027-11-23"),
    ]
    assert [(c["rule"], c["minimum_until"], c["publication_until"]) for c in outlook["clocks"]] == [
        ("ORDER7", "2027-05-23", None),
        ("ORDER36", "2027-11-23", "2029-11-23"),
    ]
    assert (outlook["reading"], outlook["commitment"]) == ("stricter", "conflict")
    assert (outlook["management_until"], outlook["automatic_on"]) == ("2029-11-23", "2029-11-24")
    needed = {one["item"]: one for one in outlook["materials"]}
    assert needed["commitment"]["required"] == "regulator_decides"
    assert len(needed["commitment"]["articles"]) == 2
    assert needed["training_record"]["may_be_late"] is True
    await service.get(f"/listings/{done['id']}/repair-outlook", 404, service.who("140200"))


async def test_a_serious_listing_is_repaired_from_application_to_the_new_grade(service: Service) -> None:
    done = await listed(service)
    subject = done["subject"]["id"]
    own = {"kind": "agency", "subject_id": subject, "scopes": ["credit:read"], "sub": "agency-1"}
    with at(service, "2027-11-24T09:00:00+08:00"):
        body = application(listing_id=done["id"], request=None)
        missing = await service.post("/repairs", body, 422, service.who(**own))
        assert [one["pointer"] for one in missing["errors"]] == ["/evidence/0/sha256"]
        await bring(service, subject, service.who(**own))
        repair = await service.post("/repairs", body, 201, service.who(**own))
        path = f"/repairs/{repair['id']}"
        assert (repair["state"], repair["commitment_rule"]) == ("conflict", "conflict")
        early = await service.post(f"{path}/accept", None, 409)
        assert early["allowed"] == ["resolve", "materials", "refuse"]
        settled = {"commitment": "none", "reasons": "按信用修复工作指南办理。"}
        await service.post(f"{path}/resolve", settled, 200, reviewer(service, "regulator"))
        accepted = await service.post(f"{path}/accept", None, 200)
        assert [(one["event"], one["status"]) for one in accepted["deadlines"]] == [
            ("accept", "met"),
            ("verify", "open"),
        ]
        checked = {"how": "on_site", "talk": True, "passed": True, "findings": "整改属实。"}
        await service.post(f"{path}/verify", checked, 200)
        late = await service.post(f"{path}/decide", GRANT, 409, reviewer(service))
        assert (late["type"], late["missing"]) == ("/problems/materials-missing", ["training_record"])
        await service.post(f"{path}/materials", {"training_record": TRAINING}, 200, service.who(**own))
        same = service.who(scopes=["credit:read", "credit:decide"])
        assert (await service.post(f"{path}/decide", GRANT, 409, same))["type"].endswith(
            "second-person-needed"
        )
        granted = await service.post(f"{path}/decide", GRANT, 200, reviewer(service))
        assert (granted["state"], granted["lifted_on"]) == ("granted", "2027-11-24")
        assert [one["status"] for one in granted["deadlines"]] == ["met"] * 4
        listing = await service.get(f"/listings/{done['id']}")
        assert (listing["state"], listing["removal"]) == ("removed", "repaired")
        assert (await service.get(f"/subjects/{subject}"))["grade"] == "A"
        kinds = [one["kind"] for one in (await service.get("/papers", about_id=repair["id"]))["items"]]
        assert kinds == ["repair_decision", "repair_acceptance"]
        for paper in (await service.get("/papers", subject_id=subject))["items"]:
            pdf = await service.http.get(paper["path"], headers=service.who(**own))
            assert pdf.status_code == 200, paper["kind"]
        await service.post("/repairs", body, 409)
        steps = (await service.get(f"{path}/timeline", who=service.who(**own)))["items"]
        assert [one["event"] for one in steps] == [
            "apply",
            "resolve",
            "accept",
            "verify",
            "materials",
            "grant",
        ]


async def test_too_early_is_taken_and_refused_with_the_day(service: Service) -> None:
    done = await listed(service, "MIN-4")
    outlook = await service.get(f"/listings/{done['id']}/repair-outlook")
    assert (outlook["commitment"], outlook["earliest_on"]) == ("required", "2027-02-24")
    await bring(service, done["subject"]["id"])
    repair = await service.post("/repairs", application(listing_id=done["id"]))
    path = f"/repairs/{repair['id']}"
    barred = await service.post(f"{path}/accept", None, 409)
    assert (barred["type"], barred["earliest_on"]) == ("/problems/repair-barred", "2027-02-24")
    body = {"reasons": "未满最短期限。", "codes": ["REP-X-4"]}
    refused = await service.post(f"{path}/refuse", body, 200)
    assert (refused["state"], refused["codes"]) == ("not_accepted", ["REP-X-1", "REP-X-4"])
    [paper] = (await service.get("/papers", about_id=repair["id"]))["items"]
    assert paper["kind"] == "repair_refusal"
    await service.post(f"{path}/accept", None, 409)
    with at(service, "2027-02-24T09:00:00+08:00"):
        newer = await service.paper(done["subject"])
        again = await service.post("/repairs", application(listing_id=done["id"], request=newer))
        missing = await service.post(f"/repairs/{again['id']}/accept", None, 409)
        assert missing["missing"] == ["commitment"]
        late = {"commitment": "我方承诺材料真实。", "request": newer}
        await service.post(f"/repairs/{again['id']}/materials", late, 200)
        await to_verified(service, again)
        rejected = await service.post(
            f"/repairs/{again['id']}/decide",
            {"grant": False, "reasons": "修复期间再次受到处罚。", "codes": ["REP-X-5"]},
            200,
            reviewer(service),
        )
        assert (rejected["state"], rejected["codes"]) == ("refused", ["REP-X-5"])
        assert (await service.get(f"/listings/{done['id']}"))["state"] == "listed"


async def test_the_publication_of_a_penalty_is_repaired_once(service: Service) -> None:
    firm = await service.subject()
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 6_000_000})
    outlook = await service.get(f"/facts/{fine['id']}/repair-outlook")
    assert (outlook["publicity_class"], outlook["can_apply"], outlook["management_until"]) == (
        "general",
        True,
        None,
    )
    await bring(service, firm["id"])
    body = application(fact_id=fine["id"], commitment="我方承诺材料真实。", training_record=TRAINING)
    repair = await service.post("/repairs", body)
    assert (await service.post("/repairs", body, 409))["type"] == "/problems/repair-running"
    await to_verified(service, repair)
    failed = GRANT | {"codes": ["REP-X-6"]}
    barred = await service.post(f"/repairs/{repair['id']}/decide", failed, 409, reviewer(service))
    assert (barred["bars"][0]["code"], barred["earliest_on"]) == ("REP-X-6", None)
    await service.post(f"/repairs/{repair['id']}/decide", GRANT, 200, reviewer(service))
    facts = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
    repaired = next(one for one in facts if one["code"] == "REPAIRED")
    assert repaired["payload"]["fact_id"] == fine["id"] and repaired["source"]["kind"] == "repair"
    gone = await service.get(f"/facts/{fine['id']}/repair-outlook", 409)
    assert gone["type"] == "/problems/target-not-repairable"
    other = await service.fact(firm, "PENALTY_CONFISCATION", "2026-06-01")
    soon = await service.get(f"/facts/{other['id']}/repair-outlook")
    assert (soon["bars"], soon["can_apply"]) == ([], True)
    listing = await listed(service, "MIN-4", subject_id=firm["id"])
    outlook = await service.get(f"/listings/{listing['id']}/repair-outlook")
    assert {bar["code"] for bar in outlook["bars"]} == {"REP-X-1"}


async def test_an_entry_ban_bars_the_repair_of_a_listing_only(service: Service) -> None:
    firm = await service.subject()
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 6_000_000})
    await service.fact(firm, "BORDER_CRIME_SENTENCE_SERVED", "2026-01-15")
    done = await listed(service, "MIN-4", subject_id=firm["id"])
    banned = await service.get(f"/listings/{done['id']}/repair-outlook")
    assert "REP-X-2" in {bar["code"] for bar in banned["bars"]}
    assert (await service.get(f"/facts/{fine['id']}/repair-outlook"))["bars"] == []


async def test_a_fine_of_summary_procedure_is_slight_and_a_huge_one_serious(service: Service) -> None:
    firm = await service.subject()
    small = {"amount_fen": 20_000, "procedure": "summary"}
    summary = await service.fact(firm, "PENALTY_FINE_SMALL", "2026-11-20", payload=small)
    huge = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-11-20", payload={"amount_fen": 100_000_000})
    assert (summary["publicity_class"], summary["visible_until"]) == ("slight", None)
    assert (huge["publicity_class"], huge["visible_until"]) == ("serious", "2029-11-20")
    [soon, late] = [await service.get(f"/facts/{one['id']}/repair-outlook") for one in (summary, huge)]
    assert (soon["publicity_class"], soon["can_apply"]) == ("slight", True)
    assert (late["publicity_class"], late["earliest_on"]) == ("serious", "2027-11-21")
    page = await service.get(f"/public/subjects/{firm['key']}")
    shown = [(one["code"], one["publicity_class"]) for one in page["records"]]
    assert shown == [("PENALTY_FINE_LARGE", "serious")]


async def test_who_may_apply_and_for_what(service: Service) -> None:
    done = await listed(service, "MIN-1")
    other = await service.subject()
    plain = service.who(scopes=["credit:read"], sub="reader")
    stranger = service.who(kind="agency", subject_id=other["id"], scopes=["credit:read"], sub="s")
    await service.post("/repairs", application(listing_id=done["id"]), 403, plain)
    await service.post("/repairs", application(listing_id=done["id"]), 404, stranger)
    await service.post("/repairs", application(), 422)
    await service.post("/repairs", application(listing_id=done["id"], fact_id=done["id"]), 422)
    fact = await service.fact(other, "VALID_COMPLAINT", "2026-05-01")
    await service.post("/repairs", application(fact_id=fact["id"]), 409)
    own = (await service.get(f"/subjects/{done['subject']['id']}/facts"))["items"]
    entry = next(one for one in own if one["code"] == "SLIGHT_LISTED")
    await service.post("/repairs", application(fact_id=entry["id"]), 409)
    await bring(service, other["id"], stranger)
    foreign = await service.post("/repairs", application(listing_id=done["id"]), 422)
    assert foreign["errors"][0]["pointer"] == "/evidence/0/sha256", "the file of another subject is none"
    await bring(service, done["subject"]["id"], stranger, 404)
    await bring(service, done["subject"]["id"], plain, 403)
    await bring(service, done["subject"]["id"])
    for request in (None, REQUEST | {"sha256": "0" * 64}):
        alone = await service.post("/repairs", application(listing_id=done["id"], request=request), 422)
        assert alone["errors"][0]["pointer"] == ("/request/sha256" if request else "/request")
    own_user = service.who(kind="agency", subject_id=done["subject"]["id"], scopes=["credit:read"], sub="o")
    await service.post("/repairs", application(listing_id=done["id"]), 422, own_user)
    repair = await service.post("/repairs", application(listing_id=done["id"]))
    alone = await service.post(f"/repairs/{repair['id']}/materials", {"evidence": [EVIDENCE]}, 422)
    assert [one["pointer"] for one in alone["errors"]] == ["/request"]
    steps = (await service.get(f"/repairs/{repair['id']}/timeline"))["items"]
    assert steps[0]["details"]["request"] == REQUEST | {"by_subject": False}
    unknown = {"training_record": TRAINING | {"sha256": "0" * 64}}
    late = await service.post(f"/repairs/{repair['id']}/materials", unknown, 422)
    assert [one["pointer"] for one in late["errors"]] == ["/training_record/sha256"]
    for who in (stranger, service.who("140200")):
        await service.get(f"/repairs/{repair['id']}", 404, who)
        assert (await service.get("/repairs", who=who))["items"] == []
    assert (await service.get("/repairs", listing_id=done["id"]))["items"][0]["id"] == repair["id"]


@pytest.mark.parametrize("accepted", [False, True])
async def test_an_application_is_closed_when_its_listing_ends(service: Service, accepted: bool) -> None:
    done = await listed(service, "MIN-4")
    subject = done["subject"]["id"]
    await bring(service, subject)
    with at(service, "2027-11-20T09:00:00+08:00"):
        body = application(listing_id=done["id"], commitment="我方承诺材料真实。")
        repair = await service.post("/repairs", body)
        if accepted:
            await service.post(f"/repairs/{repair['id']}/accept", None, 200)
    with at(service, "2027-12-20T09:00:00+08:00"):
        await do_round(service.app.state.db, service.app.state.env)
        path = f"/repairs/{repair['id']}"
        ended = await service.get(path)
        assert (ended["state"], ended["ended_on"], ended["allowed_events"]) == ("closed", "2027-12-20", [])
        statuses = [(one["event"], one["status"]) for one in ended["deadlines"]]
        late = [("accept", "met"), ("verify", "overdue")]
        assert statuses == (late if accepted else [("accept", "met_late")])
        last = (await service.get(f"{path}/timeline"))["items"][-1]
        assert (last["event"], len(last["papers"])) == ("close", 1) and "届满" in last["details"]["reason"]
        paper = await service.get(f"/papers/{last['papers'][0]}")
        assert paper["kind"] == "repair_closing"
        pdf = await service.http.get(paper["path"], headers=service.who())
        assert pdf.content.startswith(b"%PDF")
        for event, wanted in (("accept", None), ("materials", {"evidence": [EVIDENCE]})):
            assert (await service.post(f"{path}/{event}", wanted, 409))["allowed"] == []


async def test_an_application_is_closed_when_its_penalty_is_revoked(service: Service) -> None:
    firm = await service.subject()
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 6_000_000})
    await bring(service, firm["id"])
    repair = await service.post("/repairs", application(fact_id=fine["id"]))
    assert repair["allowed_events"] == ["materials", "refuse"], "the commitment letter is missing"
    why = {"action": "revoke", "reason": "处罚决定已撤销", "authority": "演示机关", "reference": "撤1号"}
    await service.post(f"/facts/{fine['id']}/corrections", why)
    ended = await service.get(f"/repairs/{repair['id']}")
    assert (ended["state"], ended["allowed_events"]) == ("closed", [])


async def test_a_lifted_listing_can_still_be_repaired(service: Service) -> None:
    done = await listed(service, "MIN-4")
    await bring(service, done["subject"]["id"])
    repair = await service.post("/repairs", application(listing_id=done["id"]))
    body = {"court": "虚构法院", "ruling": "破1号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}
    await service.post(f"/listings/{done['id']}/lift", body, 200, reviewer(service))
    assert (await service.get(f"/repairs/{repair['id']}"))["state"] == "applied"


async def test_who_rules_on_the_conflict_takes_no_other_step(service: Service) -> None:
    done = await listed(service)
    await bring(service, done["subject"]["id"])
    every = ["credit:read", "credit:write", "credit:decide"]
    with at(service, "2027-11-24T09:00:00+08:00"):
        body = application(listing_id=done["id"], training_record=TRAINING)
        repair = await service.post("/repairs", body)
        path = f"/repairs/{repair['id']}"
        settled = {"commitment": "none", "reasons": "按信用修复工作指南办理。"}
        city = service.who("140100", scopes=every, sub="city")
        refused = await service.post(f"{path}/resolve", settled, 403, city)
        assert (refused["type"], refused["levels"]) == ("/problems/regulator-needed", ["country", "province"])
        taker = service.who(scopes=every)
        refused = await service.post(f"{path}/resolve", settled, 409, taker)
        assert refused["type"] == "/problems/second-person-needed", "the officer took the application"
        ruler = service.who(scopes=every, sub="regulator")
        await service.post(f"{path}/resolve", settled, 200, ruler)
        found = {"how": "written", "passed": True, "findings": "整改属实。"}
        for step, wanted in (("accept", None), ("refuse", {"reasons": "不予受理。"})):
            refused = await service.post(f"{path}/{step}", wanted, 409, ruler)
            assert refused["type"] == "/problems/second-person-needed", step
        await service.post(f"{path}/accept", None, 200)
        await service.post(f"{path}/verify", found, 409, ruler)
        verifier = service.who(scopes=every, sub="verifier")
        await service.post(f"{path}/verify", found, 200, verifier)
        for who in (ruler, verifier, taker):
            refused = await service.post(f"{path}/decide", GRANT, 409, who)
            assert refused["type"] == "/problems/second-person-needed"
        granted = await service.post(f"{path}/decide", GRANT, 200, reviewer(service, "decider"))
        assert granted["state"] == "granted"


async def test_a_failed_verification_cannot_be_granted(service: Service) -> None:
    firm = await service.subject()
    fine = await service.fact(firm, "PENALTY_FINE_SMALL", "2026-05-01", payload={"amount_fen": 10_000})
    await bring(service, firm["id"])
    body = application(fact_id=fine["id"], commitment="我方承诺材料真实。", training_record=TRAINING)
    repair = await service.post("/repairs", body)
    path = f"/repairs/{repair['id']}"
    await service.post(f"{path}/accept", None, 200)
    failed = {"how": "written", "passed": False, "findings": "仍未缴清罚款。"}
    await service.post(f"{path}/verify", failed, 200)
    assert (await service.post(f"{path}/decide", GRANT, 409, reviewer(service)))["allowed"] == ["reject"]
    assert (await service.get(path))["state"] == "verified"


async def test_two_decisions_at_once_are_one(service: Service) -> None:
    firm = await service.subject()
    fine = await service.fact(firm, "PENALTY_FINE_SMALL", "2026-05-01", payload={"amount_fen": 10_000})
    await bring(service, firm["id"])
    body = application(fact_id=fine["id"], commitment="我方承诺材料真实。", training_record=TRAINING)

    async def send(path: str, said: Any, who: dict[str, str]) -> int:
        return (await service.http.post(f"/api/v1/credit{path}", json=said, headers=who)).status_code

    applied = await asyncio.gather(*(send("/repairs", body, service.who()) for _ in range(3)))
    assert sorted(applied) == [201, 409, 409]
    [repair] = (await service.get("/repairs", fact_id=fine["id"]))["items"]
    await to_verified(service, repair)
    url = f"/repairs/{repair['id']}/decide"
    decided = await asyncio.gather(*(send(url, GRANT, reviewer(service, f"r{n}")) for n in range(3)))
    assert sorted(decided) == [200, 409, 409]
    facts = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
    assert [one["code"] for one in facts].count("REPAIRED") == 1


def test_gap_and_minimum_are_counted_in_months() -> None:
    assert ORDER7.gap_months == 12 and add_months(date(2026, 9, 30), 6) == date(2027, 3, 30)
