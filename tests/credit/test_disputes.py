"""Disputes, corrections, classes, catalogue and retention of the archive."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from typing import Any
from uuid import UUID

import pytest
from common.calendar import add_months
from common.policies import PolicyError, PolicySet
from common.problems import InvalidPayload
from credit.facts.catalogue import Catalogue, FactCatalogue, catalogue, check_parts
from credit.facts.retention import Periods, ended_on, periods_of
from credit.facts.rules import (
    Action,
    DayPeriod,
    FactVersion,
    action_allowed,
    actions_allowed,
    disputes_after,
    known,
)
from credit.policies import FOLDER
from hypothesis import given
from hypothesis import strategies as st

from .cases import BOOK
from .conftest import START, Service

TODAY = date(2026, 11, 23)
PROCEDURES = {
    "SERIOUS_LISTED": "listing",
    "SERIOUS_LISTING_REMOVED": "listing",
    "SLIGHT_LISTED": "listing",
    "SLIGHT_LISTING_REMOVED": "listing",
    "REPAIRED": "repair",
    "COMMITMENT_BROKEN": "commitment",
    "COMMITMENT_KEPT": "commitment",
    "HONOUR_GRANTED": "honour",
    "HONOUR_REVOKED": "honour",
    "RED_BOARD": "board",
    "BLACK_BOARD": "board",
    "BLACK_BOARD_REMOVED": "board",
    "RANKED": "board",
    "INSPECTION_PASSED": "inspection",
    "INSPECTION_PROBLEM_FOUND": "inspection",
    "INSPECTION_REFUSED": "inspection",
    "INSPECTION_UNREACHABLE": "inspection",
    "HAZARD_FOUND": "hazard",
    "HAZARD_CLOSED": "hazard",
    "DEPOSIT_NOT_TOPPED_UP": "deposit",
    "DEPOSIT_TOPPED_UP": "deposit",
    "LIABILITY_INSURANCE_MISSING": "deposit",
    "LIABILITY_INSURANCE_IN_PLACE": "deposit",
    "TRAINING_COMPLETED": "qualification",
}
"""The codes that belong to a procedure, and whose."""
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


# --- pure rules


def test_actions_that_fit() -> None:
    allowed = {
        (present, wanted) for present, wanted in product(Action, Action) if action_allowed(present, wanted)
    }
    standing = {Action.RECORD, Action.AMEND, Action.RESTORE, Action.SETTLE}
    expected = {(one, two) for one in standing for two in (Action.AMEND, Action.REVOKE, Action.DISPUTE)}
    expected |= {(Action.DISPUTE, two) for two in (Action.AMEND, Action.REVOKE, Action.SETTLE)}
    assert allowed == expected | {(Action.REVOKE, Action.RESTORE)}
    assert set(actions_allowed(Action.REVOKE)) == {Action.RESTORE}


def test_a_dispute_lasts_to_the_day_before_the_next_status() -> None:
    first = disputes_after((), Action.DISPUTE, date(2026, 3, 2))
    assert first == ((date(2026, 3, 2), None),)
    settled = disputes_after(first, Action.SETTLE, date(2026, 3, 10))
    assert settled == ((date(2026, 3, 2), date(2026, 3, 9)),)
    again = disputes_after(settled, Action.DISPUTE, date(2026, 4, 1))
    assert disputes_after(again, Action.AMEND, date(2026, 4, 1)) == settled
    fact = FactVersion(
        UUID(int=1),
        2,
        Action.SETTLE,
        "VALID_COMPLAINT",
        TODAY,
        datetime(2026, 3, 10, tzinfo=UTC),
        {},
        settled,
    )
    marked = [day for day in (date(2026, 3, n) for n in range(1, 12)) if fact.disputed_on(day)]
    assert (marked[0], marked[-1]) == (date(2026, 3, 2), date(2026, 3, 9))


@given(st.lists(st.tuples(st.sampled_from(list(Action)[1:]), DAYS), max_size=12))
def test_periods_of_dispute_stay_in_order_and_apart(steps: list[tuple[Action, date]]) -> None:
    present, last = Action.RECORD, date(2025, 12, 31)
    periods: tuple[DayPeriod, ...] = ()
    for action, day in steps:
        if not action_allowed(present, action) or day <= last:
            continue
        periods, present, last = disputes_after(periods, action, day), action, day
        opened = [one for one in periods if one[1] is None]
        assert bool(opened) == (action is Action.DISPUTE) and len(opened) <= 1
        assert all(end is not None and end < start for (_, end), (start, _) in pairwise(periods))
        assert all(end is None or start <= end for start, end in periods)


def test_a_dispute_leaves_the_fact_standing() -> None:
    base = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        FactVersion(UUID(int=1), n + 1, action, "VALID_COMPLAINT", TODAY, base + timedelta(days=n))
        for n, action in enumerate((Action.RECORD, Action.DISPUTE, Action.SETTLE, Action.REVOKE))
    ]
    assert [len(known(rows, base + timedelta(days=n))) for n in range(4)] == [1, 1, 1, 0]


PARTS = BOOK.catalogues
KINDS = BOOK.catalogue(TODAY).by_code


@pytest.mark.parametrize(
    ("code", "field", "wrong", "right"),
    [
        ("ACCIDENT", "severity", "较大", "larger"),
        ("ACCIDENT", "responsibility", "主要责任", "main"),
        ("VALID_COMPLAINT", "responsibility", "Main", "full"),
        ("JUDGMENT_LIABLE", "liability", "全部责任", "full"),
        ("COMPETITION_AWARD", "level", "市级", "city"),
    ],
)
def test_what_boards_compare_is_one_of_a_closed_list(code: str, field: str, wrong: str, right: str) -> None:
    kind, whole = KINDS[code], {"severity": "ordinary", "responsibility": "none"}
    base = {name: value for name, value in whole.items() if name in kind.required}
    [(named, why)] = list(kind.faults(base | {field: wrong}))
    assert named == field and right in why.zh and right in why.en
    assert list(kind.faults(base | {field: right})) == []


def test_the_catalogue_holds_the_basic_part_and_the_region_adds_to_it() -> None:
    basic, local = BOOK.catalogue(TODAY, "310000"), BOOK.catalogue(TODAY, "140105")
    assert {fact.info_class for fact in basic.facts} == set(range(1, 7)), (
        "each class of Article 8 has its codes"
    )
    assert [kind.code for kind in local.facts][: len(basic.facts)] == [kind.code for kind in basic.facts]
    added = {kind.code for kind in local.facts} - {kind.code for kind in basic.facts}
    assert added and all(code.startswith("L14_") for code in added)
    before = BOOK.catalogue(date(2020, 7, 31), "140105")
    assert {kind.code for kind in before.facts} == {kind.code for kind in basic.facts}


def local_part(**changes: Any) -> dict[str, Any]:
    fact = {
        "code": "L61_LOCAL_MATTER",
        "name": {"zh": "样例", "en": "sample"},
        "info_class": 6,
        "nature": "neutral",
        "publicity": {"class": "none", "show": False, "months": 0},
    }
    return {
        "id": "fact-catalogue-supplement",
        "version": "1",
        "effective_from": "2026-01-01",
        "region": "610000",
        "legal_basis": ["样例"],
        "status": "sample",
        "part": "supplementary",
        "facts": [fact | changes.pop("fact", {})],
    } | changes


@pytest.mark.parametrize(
    "wrong",
    [
        {"fact": {"code": "PENALTY_WARNING"}},
        {"fact": {"code": "L14_LOCAL_MATTER"}},
        {"fact": {"info_class": 7}},
        {"region": "000000"},
        {"id": "fact-catalogue"},
        {"part": "basic"},
        {"never_collect": [{"name": {"zh": "甲", "en": "a"}, "words": ["a"]}]},
    ],
)
def test_a_local_part_cannot_touch_the_basic_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"fact-catalogue"):
        FactCatalogue.parse(local_part(**wrong))


@pytest.mark.parametrize(
    "field",
    [
        "religion",
        "bloodType",
        "blood_type",
        "fingerprint_id",
        "person_dna",
        "disease",
        "宗教信仰",
        "既往病史",
    ],
)
def test_what_is_never_collected_is_refused_by_the_name_of_the_field(field: str) -> None:
    part = FactCatalogue.parse(local_part(fact={"payload": {field: "text"}}))
    with pytest.raises(ValueError, match="never collected"):
        check_parts([*PARTS, part])
    assert BOOK.catalogue(TODAY).forbidden(field) is not None


@pytest.mark.parametrize("field", ["general", "article", "amount_fen", "generation", "good_faith", "period"])
def test_other_words_are_no_such_field(field: str) -> None:
    assert BOOK.catalogue(TODAY).forbidden(field) is None


def test_every_part_in_the_folder_loads() -> None:
    parts = PolicySet.load(sorted(FOLDER.glob("fact-catalogue*.yaml")), FactCatalogue)
    check_parts(parts.all())
    assert isinstance(catalogue(parts, TODAY, "140000"), Catalogue)


def periods(code: str, day: date, payload: dict[str, Any] | None = None, **more: Any) -> Periods:
    publicity, retention = (
        BOOK.publicity.choose("publicity", on=day),
        BOOK.retention.choose("retention", on=day),
    )
    clock = BOOK.publication_clock("penalty", day, "140000")
    minimum = clock.minimum_months if clock else None
    return periods_of(KINDS[code], day, payload or {}, publicity, retention, minimum_months=minimum, **more)


def test_publication_stops_by_itself_at_the_maximum_of_its_class() -> None:
    day = date(2026, 5, 31)
    fine, revoked = periods("PENALTY_FINE_LARGE", day), periods("PENALTY_REVOCATION", day)
    assert (fine.repairable_from, fine.visible_until) == (date(2026, 9, 1), date(2027, 5, 31))
    assert (revoked.repairable_from, revoked.visible_until) == (date(2027, 6, 1), date(2029, 5, 31))
    assert periods("PENALTY_WARNING", day).visible_until is None
    assert fine.visible_on(date(2027, 5, 31)) and not fine.visible_on(date(2027, 6, 1))


def test_the_maxima_of_publication_stand_in_one_file_and_follow_the_day_of_the_document() -> None:
    assert periods("PENALTY_FINE_LARGE", date(2026, 4, 1)).visible_until == date(2027, 4, 1)
    assert periods("PENALTY_FINE_LARGE", date(2026, 3, 31)).visible_until == date(2029, 3, 31)
    content = BOOK.catalogues.get("fact-catalogue", "1").content
    fines = [one for one in content["facts"] if one["publicity"]["class"] != "none"]
    assert fines and not any("months" in one["publicity"] for one in fines)
    longer = fines[0] | {"publicity": fines[0]["publicity"] | {"months": 36}}
    with pytest.raises(PolicyError, match="publicity policy"):
        FactCatalogue.parse(content | {"facts": [longer]})
    assert "publication_months" not in str([one.content for one in BOOK.repair_clocks])
    assert "min" not in str([one.content["classes"] for one in BOOK.publicity])


@pytest.mark.parametrize(
    ("code", "payload", "class_", "months"),
    [
        ("PENALTY_FINE_SMALL", {"amount_fen": 100_000}, "general", 12),
        ("PENALTY_FINE_SMALL", {"amount_fen": 100_000, "procedure": "ordinary"}, "general", 12),
        ("PENALTY_FINE_SMALL", {"amount_fen": 100_000, "procedure": "summary"}, "slight", None),
        ("PENALTY_FINE_LARGE", {"amount_fen": 99_999_999}, "general", 12),
        ("PENALTY_FINE_LARGE", {"amount_fen": 100_000_000}, "serious", 36),
        ("PENALTY_SUSPENSION", {"amount_fen": 100_000_000}, "general", 12),
        ("PENALTY_CRITICISM", {}, "slight", None),
        ("PENALTY_CAREER_BAN", {"months": 12}, "serious", 36),
        ("VALID_COMPLAINT", {}, "none", None),
    ],
)
def test_what_a_penalty_says_of_itself_decides_its_class(
    code: str, payload: dict[str, Any], class_: str, months: int | None
) -> None:
    day = date(2026, 5, 1)
    found = periods(code, day, payload)
    shown = None if months is None else add_months(day, months)
    assert (found.publicity_class, found.visible_until) == (class_, shown)


def test_words_and_flags_of_a_payload_are_checked() -> None:
    kind = KINDS["PENALTY_FINE_SMALL"]
    assert list(kind.faults({"amount_fen": 1, "procedure": "summary", "harmed_tourists": False})) == []
    wrong = dict(kind.faults({"amount_fen": 1, "procedure": "quick", "harmed_tourists": "no"}))
    assert set(wrong) == {"procedure", "harmed_tourists"} and "summary" in wrong["procedure"].en


def test_dishonesty_is_archived_five_years_after_its_end_and_the_rest_never() -> None:
    day = date(2020, 2, 29)
    assert periods("VALID_COMPLAINT", day).used_until == date(2025, 2, 28)
    assert periods("VALID_COMPLAINT", day).archived_on(date(2025, 3, 1))
    assert periods("COMMENDATION", day).used_until is None
    assert periods("DEPOSIT_NOT_TOPPED_UP", day, lasting=True).used_until is None
    done = periods("DEPOSIT_NOT_TOPPED_UP", day, lasting=True, ended=date(2021, 1, 1))
    assert done.used_until == date(2026, 1, 1)


def test_where_retention_runs_from_the_determination_an_entry_is_used_until_it_is_removed() -> None:
    day, kind = date(2020, 3, 1), KINDS["SERIOUS_LISTED"]
    publicity = BOOK.publicity.choose("publicity", on=day)

    def used(region: str, ended: date) -> date | None:
        retention = BOOK.retention.choose("retention", on=day, region=region)
        made = date(2020, 2, 20)
        return periods_of(
            kind, day, {}, publicity, retention, lasting=True, ended=ended, document_on=made
        ).used_until

    assert (used("330100", date(2023, 3, 1)), used("330100", date(2026, 1, 1))) == (
        date(2025, 2, 20),
        date(2026, 1, 1),
    )
    assert used("140100", date(2023, 3, 1)) == date(2028, 3, 1)


def version(number: int, code: str, day: date, payload: dict[str, Any] | None = None) -> FactVersion:
    return FactVersion(UUID(int=number), 1, Action.RECORD, code, day, START, payload or {})


def test_a_closing_fact_ends_the_matter_it_names() -> None:
    held = version(1, "HONOUR_GRANTED", date(2025, 1, 1), {"honour": "H1", "level": "city"})
    other = version(2, "HONOUR_REVOKED", date(2025, 6, 1), {"honour": "H2"})
    same = version(3, "HONOUR_REVOKED", date(2025, 7, 1), {"honour": "H1"})
    earlier = version(4, "HONOUR_REVOKED", date(2024, 7, 1), {"honour": "H1"})
    whole = BOOK.catalogue(TODAY)
    assert ended_on(held, [other, earlier], whole) is None
    assert ended_on(held, [other, earlier, same], whole) == date(2025, 7, 1)


# --- over HTTP


async def corrected(
    service: Service, fact: dict[str, Any], action: str, expect: int = 201, **more: Any
) -> Any:
    body = {"action": action, "reason": "样例理由", "authority": "演示机关", "reference": "更正1号"} | more
    return await service.post(f"/facts/{fact['id']}/corrections", body, expect)


async def test_a_dispute_is_flagged_counts_and_is_settled(service: Service) -> None:
    subject = await service.subject()
    fact = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-01", payload={"amount_fen": 9_000_000})
    assert (fact["objection"], fact["visible_until"], fact["archived"]) == (False, "2027-06-01", False)
    before = await service.get(f"/subjects/{subject['id']}/score")
    disputed = await corrected(service, fact, "dispute")
    assert (disputed["objection"], disputed["standing"]) == (True, True)
    assert disputed["disputes"] == [{"first": "2026-11-23", "last": None}]
    flagged = await service.get(f"/subjects/{subject['id']}/score")
    assert flagged["result"]["score"] == before["result"]["score"]
    again = await corrected(service, fact, "dispute", 409)
    assert set(again["allowed"]) == {"amend", "revoke", "settle"}
    settled = await corrected(service, fact, "settle")
    assert (settled["objection"], settled["disputes"]) == (False, [])
    versions = await service.get(f"/facts/{fact['id']}/versions")
    assert [one["action"] for one in versions] == ["record", "dispute", "settle"]
    then = await service.get(
        f"/subjects/{subject['id']}/facts", known_at=disputed["recorded_at"].replace("+00:00", "Z")
    )
    assert then["items"][0]["objection"] is True
    same = await service.get(
        f"/subjects/{subject['id']}/score", valid_at="2026-11-23", known_at=before["result"]["known_at"]
    )
    assert same["result_hash"] == before["result_hash"]


async def test_the_day_of_a_dispute_must_fit(service: Service) -> None:
    fact = await service.fact(await service.subject(), "VALID_COMPLAINT", "2026-06-01")
    late = await corrected(service, fact, "dispute", on="2026-11-20")
    assert late["disputes"] == [{"first": "2026-11-20", "last": None}]
    for action, day in (("settle", "2026-11-24"), ("settle", "2026-11-19"), ("revoke", "2026-11-21")):
        wrong = await corrected(service, fact, action, 422, on=day)
        assert wrong["errors"][0]["pointer"] == "/on"
    assert (await corrected(service, fact, "settle", on="2026-11-22"))["disputes"] == [
        {"first": "2026-11-20", "last": "2026-11-21"}
    ]
    wrong = await corrected(service, fact, "dispute", 422, on="2026-11-21")
    assert wrong["errors"][0]["pointer"] == "/on"


async def test_facts_are_found_by_class_code_and_nature(service: Service) -> None:
    subject = await service.subject()
    for code in ("VALID_COMPLAINT", "COMMENDATION", "PENALTY_WARNING", "L14_KEY_ATTENTION"):
        await service.fact(subject, code, "2026-06-01")

    async def codes(**query: Any) -> set[str]:
        return {
            one["code"] for one in (await service.get(f"/subjects/{subject['id']}/facts", **query))["items"]
        }

    assert await codes(**{"class": 3}) == {"PENALTY_WARNING"}
    assert await codes(**{"class": 4}) == {"COMMENDATION", "L14_KEY_ATTENTION"}
    assert await codes(nature="favourable") == {"COMMENDATION"}
    assert await codes(code="VALID_COMPLAINT", nature="adverse") == {"VALID_COMPLAINT"}
    assert await codes(**{"class": 1}) == set()
    for wrong in ({"class": 7}, {"nature": "bad"}, {"code": "NO_SUCH_CODE"}):
        await service.get(f"/subjects/{subject['id']}/facts", 422, **wrong)


async def test_local_codes_are_for_their_region(service: Service) -> None:
    abroad = await service.http.post(
        "/api/v1/credit/subjects",
        json={
            "kind": "travel_agency",
            "key": service.key("610100"),
            "name": "外省样例（虚构）",
            "region": "610100",
        },
        headers=service.who("610000"),
    )
    body = service.fact_body(abroad.json(), "L14_KEY_ATTENTION", "2026-06-01")
    wrong = await service.post("/facts", body, 422, who=service.who("610000"))
    assert wrong["errors"][0]["pointer"] == "/code"


async def test_never_collected_fields_and_rooms_are_refused_by_hand(service: Service) -> None:
    subject = await service.subject()
    body = service.fact_body(subject, "VALID_COMPLAINT", "2026-06-01", payload={"blood_type": "A"})
    wrong = await service.post("/facts", body, 422)
    assert (wrong["errors"][0]["pointer"], "血型" in wrong["errors"][0]["detail"]) == (
        "/payload/blood_type",
        True,
    )
    for kind in (
        "listing",
        "repair",
        "inspection",
        "hazard",
        "commitment",
        "board",
        "honour",
        "deposit",
        "run",
    ):
        body = service.fact_body(subject, "VALID_COMPLAINT", "2026-06-01")
        body["source"]["kind"] = kind
        assert (await service.post("/facts", body, 422))["errors"][0]["pointer"] == "/source/kind"


async def test_a_code_of_a_procedure_is_never_entered_by_hand(service: Service) -> None:
    subject = await service.subject()
    named = {kind.code: kind.recorded_by[0] for kind in BOOK.catalogue(TODAY).facts if kind.recorded_by}
    assert named == PROCEDURES
    for code, kind in product(PROCEDURES, ("other", "court")):
        body = service.fact_body(subject, code, "2026-06-01")
        body["source"]["kind"] = kind
        (error,) = (await service.post("/facts", body, 422))["errors"]
        assert error["pointer"] == "/code" and code in error["detail"]
    assert (await service.get(f"/subjects/{subject['id']}/facts"))["items"] == []


async def test_a_room_records_only_its_own_codes(service: Service) -> None:
    subject = await service.subject()
    for code, room in (("SERIOUS_LISTED", "board"), ("REPAIRED", "listing"), ("RED_BOARD", "run")):
        with pytest.raises(InvalidPayload) as refused:
            await service.by_room(subject, code, "2026-06-01", room)
        assert refused.value.extensions["errors"][0].pointer == "/source/kind"
    assert (await service.get(f"/subjects/{subject['id']}/facts"))["items"] == []


async def test_a_fact_of_a_procedure_is_not_corrected_by_hand(service: Service) -> None:
    subject = await service.subject()
    listed = await service.by_room(subject, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-4"})
    case = await service.by_room(subject, "VALID_COMPLAINT", "2026-06-02", "complaint_case")
    for fact in (listed, case):
        for action in ("revoke", "dispute", "amend"):
            more = {"occurred_on": "2026-06-03"} if action == "amend" else {}
            refused = await corrected(service, fact, action, 409, **more)
            assert refused["type"] == "/problems/correction-elsewhere"
            assert refused["source_kind"] == fact["source"]["kind"] and "异议" in refused["procedure"]
        assert len(await service.get(f"/facts/{fact['id']}/versions")) == 1


async def test_an_amendment_cannot_turn_a_fact_into_one_of_a_procedure(service: Service) -> None:
    fact = await service.fact(await service.subject(), "COMMENDATION", "2026-06-01")
    wrong = await corrected(
        service, fact, "amend", 422, code="SERIOUS_LISTED", payload={"condition": "SEV-T-4"}
    )
    assert wrong["errors"][0]["pointer"] == "/code"
    assert (await corrected(service, fact, "amend", code="PRAISE_LETTER"))["code"] == "PRAISE_LETTER"


async def test_archived_facts_are_kept_marked_and_not_given_to_clients(service: Service) -> None:
    subject = await service.subject()
    await service.fact(subject, "VALID_COMPLAINT", "2020-06-01")
    seen = await service.get(f"/subjects/{subject['id']}/facts")
    assert [(one["code"], one["archived"]) for one in seen["items"]] == [("VALID_COMPLAINT", True)]
    then = await service.get(f"/subjects/{subject['id']}/facts", valid_at="2025-06-01")
    assert [one["archived"] for one in then["items"]] == [False]
    client = service.who(kind="client", sub="department-1", scopes=["credit:read"])
    assert (await service.get(f"/subjects/{subject['id']}/facts", who=client))["items"] == []


async def test_the_catalogue_is_published(service: Service) -> None:
    whole = await service.get("/catalogue")
    local = await service.get("/catalogue", region="140105", on="2026-11-23")
    assert {one["code"] for one in whole["entries"]} < {one["code"] for one in local["entries"]}
    assert [one["id"] for one in local["versions"]] == ["fact-catalogue", "fact-catalogue-supplement"]
    assert "血型" in whole["never_collected"]
    await service.get("/catalogue", 422, region="149999")
    await service.get("/catalogue", 422, on="1999-12-31")
