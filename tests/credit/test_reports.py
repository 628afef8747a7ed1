"""Reports: deadlines counted by rule, a year beside the year before, the same for the same moment."""

import csv
import io
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from common.clock import CHINA
from credit.facts.rules import Action
from credit.honours.rules import Act
from credit.inspections.rules import InspectionKind, Result
from credit.listings.rules import Event as ListingStep
from credit.listings.rules import ListName
from credit.objections.rules import Event as ObjectionStep
from credit.objections.rules import Target
from credit.repairs.rules import Event as RepairStep
from credit.reports.duties import Done, of_honour, of_listing, of_objection, of_repair
from credit.reports.rules import Duty, Kept, Measure, measured, span_of, unit_prefix
from credit.reports.wording import DUTIES, SECTIONS, item_word, mark_word
from credit.subjects.rules import Kind
from credit.warnings.rules import Outcome
from hypothesis import given
from hypothesis import strategies as st

from .cases import BOOK
from .conftest import START, Service
from .test_hazards import found

KNOWN = datetime(2026, 11, 23, 10, tzinfo=CHINA)
DAYS = st.dates(date(2025, 12, 1), date(2027, 1, 31))


def test_a_year_is_a_chinese_year_and_ends_where_knowledge_ends() -> None:
    span = span_of(2026, KNOWN)
    assert (span.first, span.last) == (date(2026, 1, 1), date(2026, 11, 23))
    assert span.begin.isoformat() == "2026-01-01T00:00:00+08:00"
    assert span.end > KNOWN
    past = span_of(2025, KNOWN)
    assert (past.last, past.end.isoformat()) == (date(2025, 12, 31), "2026-01-01T00:00:00+08:00")
    future = span_of(2027, KNOWN)
    assert future.end <= future.begin and future.last < future.first
    assert (unit_prefix("140000"), unit_prefix("140100"), unit_prefix("140105")) == (4, 6, 6)


@pytest.mark.parametrize(
    ("due", "done", "kept"),
    [
        ("2026-11-20", "2026-11-20", Kept(1, 1, 0, 0)),
        ("2026-11-20", "2026-11-21", Kept(1, 0, 1, 0)),
        ("2026-11-20", None, Kept(1, 0, 0, 1)),
        ("2026-11-23", None, Kept(1, 0, 0, 0)),
        ("2026-11-20", "2026-11-24", Kept(1, 0, 0, 1)),
        ("2026-11-24", "2026-11-20", None),
        ("2025-12-31", "2026-01-02", None),
    ],
)
def test_a_deadline_is_kept_late_or_overdue(due: str, done: str | None, kept: Kept | None) -> None:
    one = Measure(
        Duty.OBJECTION_DECIDED, "140100", date.fromisoformat(due), date.fromisoformat(done) if done else None
    )
    assert measured([one], span_of(2026, KNOWN)).get(("140100", Duty.OBJECTION_DECIDED)) == kept


@given(st.lists(st.tuples(st.sampled_from(["140100", "140200"]), DAYS, st.none() | DAYS)))
def test_every_duty_counts_once(rows: list[tuple[str, date, date | None]]) -> None:
    span = span_of(2026, KNOWN)
    result = measured([Measure(Duty.HAZARD_CLOSED, *row) for row in rows], span)
    assert sum(kept.due for kept in result.values()) == sum(
        span.first <= due <= span.last for _, due, _ in rows
    )
    for kept in result.values():
        assert kept.on_time + kept.late + kept.overdue <= kept.due
        assert kept.rate_bp is not None and 0 <= kept.rate_bp <= 10_000


def on(day: str) -> date:
    return date.fromisoformat(f"2026-{day}")


def owed(measures: Any) -> dict[Duty, tuple[str, str | None]]:
    """Each duty with the day it is due and the day it was done."""
    return {
        one.duty: (f"{one.due_on:%m-%d}", f"{one.done_on:%m-%d}" if one.done_on else None) for one in measures
    }


def test_a_listing_owes_an_answer_and_a_decision() -> None:
    form = BOOK.lists.choose("credit-lists", on=on("03-02"), region="140000").of("serious")
    heard = [Done(ListingStep.NOTIFY, on("03-02")), Done(ListingStep.STATEMENT, on("03-04"))]
    assert owed(of_listing("140100", form, heard, on("06-01"))) == {Duty.LISTING_REPLIED: ("03-25", None)}
    late = [*heard, Done(ListingStep.REPLY, on("03-26")), Done(ListingStep.DECIDE, on("03-30"))]
    assert owed(of_listing("140100", form, late, on("06-01"))) == {
        Duty.LISTING_REPLIED: ("03-25", "03-26"),
        Duty.LISTING_DECIDED: ("04-17", "03-30"),
    }
    silent = owed(of_listing("140100", form, heard[:1], on("06-01")))
    assert silent == {Duty.LISTING_DECIDED: ("04-07", None)}, "15 days from the end of the period"
    dropped = [*heard, Done(ListingStep.DISMISS, on("03-05"))]
    assert {done for _, done in owed(of_listing("140100", form, dropped, on("06-01"))).values()} == {"03-05"}
    slight = BOOK.lists.choose("credit-lists", on=on("03-02"), region="140000").of("slight")
    assert owed(of_listing("140100", slight, heard, on("06-01"))) == {}, "nobody wrote a figure for it"


def test_a_repair_owes_verification_too() -> None:
    pack = BOOK.repair_clocks.choose("repair-order7", on=on("03-02"), region="140000")
    begun = [Done(RepairStep.APPLY, on("03-02"), "applied"), Done(RepairStep.ACCEPT, on("03-03"), "accepted")]
    assert owed(of_repair("140100", pack, begun, on("06-01"))) == {
        Duty.REPAIR_ACCEPTED: ("03-16", "03-03"),
        Duty.REPAIR_VERIFIED: ("03-17", None),
    }
    done = [
        *begun,
        Done(RepairStep.VERIFY, on("03-18"), "verified"),
        Done(RepairStep.REJECT, on("03-19"), "refused"),
    ]
    assert owed(of_repair("140100", pack, done, on("06-01"))) == {
        Duty.REPAIR_ACCEPTED: ("03-16", "03-03"),
        Duty.REPAIR_VERIFIED: ("03-17", "03-18"),
        Duty.REPAIR_DECIDED: ("03-25", "03-19"),
    }
    refused = [begun[0], Done(RepairStep.REFUSE, on("03-05"), "not_accepted")]
    assert owed(of_repair("140100", pack, refused, on("06-01"))) == {Duty.REPAIR_ACCEPTED: ("03-16", "03-05")}


def test_an_objection_is_flagged_decided_and_put_right() -> None:
    policy = BOOK.objections.choose("objections", on=on("03-02"), region="140100")
    filed = [Done(ObjectionStep.FILE, on("03-02"))]

    def of(*more: tuple[ObjectionStep, str]) -> dict[Duty, tuple[str, str | None]]:
        steps = [*filed, *(Done(step, on(day)) for step, day in more)]
        return owed(of_objection("140100", policy, on("03-02"), steps, on("06-01")))

    accepted = (ObjectionStep.ACCEPT, "03-04")
    assert of() == {Duty.OBJECTION_FLAGGED: ("03-03", None), Duty.OBJECTION_DECIDED: ("03-09", None)}
    assert of(accepted)[Duty.OBJECTION_FLAGGED] == ("03-03", "03-04")
    assert of(accepted, (ObjectionStep.EXTEND, "03-09"))[Duty.OBJECTION_DECIDED] == ("03-30", None)
    for late in (ObjectionStep.EXTEND, ObjectionStep.FORWARD):
        assert of(accepted, (late, "03-10"))[Duty.OBJECTION_DECIDED] == ("03-09", None), "it was late by then"
    pause = ((ObjectionStep.START_APPRAISAL, "03-05"), (ObjectionStep.END_APPRAISAL, "03-10"))
    assert of(accepted, *pause)[Duty.OBJECTION_DECIDED] == ("03-13", None)
    sustained = of(accepted, (ObjectionStep.SUSTAIN, "03-06"), (ObjectionStep.CLOSE, "03-12"))
    assert sustained[Duty.OBJECTION_DECIDED] == ("03-09", "03-06")
    assert sustained[Duty.OBJECTION_REMEDIED] == ("03-11", "03-12")
    assert of((ObjectionStep.WITHDRAW, "03-03")) == {}
    assert of((ObjectionStep.REFUSE, "03-03")) == {Duty.OBJECTION_FLAGGED: ("03-03", "03-03")}


def test_an_honour_is_reviewed_decided_and_its_revocation_too() -> None:
    policy = BOOK.honours.choose("QUALITY-PLEDGE", on=on("03-02"), region="140100")

    def of(*steps: tuple[Act, str]) -> dict[Duty, tuple[str, str | None]]:
        return owed(of_honour("140100", policy, on("03-02"), [Done(step, on(day)) for step, day in steps]))

    assert of() == {Duty.HONOUR_REVIEWED: ("03-16", None)}
    assert of((Act.WITHDRAW, "03-03")) == {}
    reviewed = of((Act.REVIEW, "03-17"), (Act.REVIEW, "04-20"), (Act.GRANT, "04-21"))
    assert reviewed == {
        Duty.HONOUR_REVIEWED: ("03-16", "03-17"),
        Duty.HONOUR_DECIDED: ("04-08", "04-21"),
    }, "a second review gives no new time"
    granted = ((Act.REVIEW, "03-03"), (Act.GRANT, "03-04"), (Act.NOTIFY, "05-06"))
    revocation = Duty.HONOUR_REVOCATION_DECIDED
    assert of(*granted)[revocation] == ("06-02", None), "15 days from the end of the period for a statement"
    assert of(*granted, (Act.STATE, "05-07"), (Act.KEEP, "05-08"))[revocation] == ("05-27", "05-08")
    assert revocation not in of(*granted, (Act.EXPIRE, "05-08"))


def test_every_code_of_a_report_has_its_word() -> None:
    marks: dict[str, Any] = {
        "facts": Action,
        "warnings": Outcome,
        "inspections": Result,
        "listings": ListingStep,
        "repairs": RepairStep,
        "objections": ObjectionStep,
    }
    items: dict[str, Any] = {
        "subjects": Kind,
        "movements": Kind,
        "inspections": InspectionKind,
        "listings": ListName,
        "objections": Target,
    }
    assert set(DUTIES) == set(Duty)
    for section in SECTIONS:
        for mark in marks.get(section, ()):
            assert mark_word(section, mark).zh != mark
        for item in items.get(section, ()):
            assert item_word(section, item, {}).zh != item
    assert mark_word("movements", "->A").zh == "首次评为 A"
    assert mark_word("movements", "AA>B").en == "From AA to B"
    assert (mark_word("subjects", "A").zh, item_word("facts", "OLD_CODE", {}).zh) == ("A", "OLD_CODE")


async def yearly(service: Service, who: Any = None, **params: Any) -> dict[str, Any]:
    asked = {"year": 2026, "region": "140500"} | params
    found: dict[str, Any] = await service.get("/reports/yearly", who=who, **asked)
    return found


def value(report: dict[str, Any], section: str, item: str, mark: str, name: str = "value") -> int:
    found = [
        line[name]
        for line in report["lines"]
        if (line["section"], line["item"], line["mark"]) == (section, item, mark)
    ]
    return found[0] if found else 0


async def test_a_year_in_numbers_the_same_for_the_same_moment(service: Service) -> None:
    service.at(START - timedelta(days=400))
    old = await service.subject(region="140502", name="旧年样例旅行社（虚构）")
    service.at(START)
    new = await service.subject(region="140502", name="新年样例旅行社（虚构）")
    await service.subject(region="140502", kind="scenic_area", key=None, name="新年样例景区（虚构）")
    for day in ("2026-10-01", "2026-10-02"):
        await service.fact(old, "PENALTY_SUSPENSION", day)
    warning = next(
        one
        for one in (await service.get("/warnings"))["items"]
        if one["subject_id"] == old["id"] and one["state"] == "raised"
    )
    report = await yearly(service)
    content = {name: part for name, part in report.items() if name != "sha256"}
    assert sha256(rfc8785.dumps(content)).hexdigest() == report["sha256"]
    grade = (await service.get(f"/subjects/{old['id']}"))["grade"]
    assert value(report, "subjects", "travel_agency", "A") == 1
    assert value(report, "subjects", "travel_agency", grade) == 1
    assert value(report, "subjects", "travel_agency", "A", "before") == 1
    assert value(report, "movements", "travel_agency", "->A") == 1
    assert value(report, "movements", "travel_agency", "->A", "before") == 1
    assert value(report, "facts", "PENALTY_SUSPENSION", "record") == 2
    assert value(report, "warnings", warning["rule"], "raised") >= 1
    assert report["precision_bp"][warning["rule"]] is None
    again = await yearly(service, known_at=report["known_at"])
    assert again == report
    service.at(START + timedelta(hours=1))
    try:
        await service.fact(new, "PENALTY_SUSPENSION", "2026-10-03")
        assert await yearly(service, known_at=report["known_at"]) == report
        assert value(await yearly(service), "facts", "PENALTY_SUSPENSION", "record") == 3
    finally:
        service.at(START)


async def test_reports_keep_to_regions_and_come_as_files(service: Service) -> None:
    who = service.who("140500")
    await service.fact(await service.subject(region="140502"), "PENALTY_SUSPENSION", "2026-10-02")
    report = await yearly(service, who)
    await service.get("/reports/yearly", 404, service.who("140200"), year=2026, region="140500")
    await service.get("/reports/yearly", 404, who, year=2026, region="140000")
    await service.get("/reports/yearly", 404, year=2026, region="149999")
    await service.get("/reports/yearly", 422, year=2027, region="140000")
    await service.get(
        "/reports/yearly", 422, year=2026, region="140000", known_at="2026-12-01T00:00:00+08:00"
    )
    own = service.who("140500", kind="agency", subject_id="01900000-0000-7000-8000-000000000000")
    await service.get("/reports/yearly", 404, own, year=2026, region="140500")
    answer = await service.http.get(
        "/api/v1/credit/reports/yearly.csv",
        params={"year": 2026, "region": "140500", "known_at": report["known_at"]},
        headers=who,
    )
    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    precise = [one for one in table if one["分类"] == "precision_bp"]
    assert len(table) - len(precise) == len(report["lines"])
    assert set(table[0]) == {"部分", "项目", "分类", "本年", "上年", "部分名称", "项目名称", "分类名称"}
    told = {(one["部分"], one["项目"], one["分类"]): one for one in table}
    suspended = told["facts", "PENALTY_SUSPENSION", "record"]
    assert [suspended[name] for name in ("部分名称", "项目名称", "分类名称")] == [
        "信用信息",
        "行政处罚：责令停业整顿",
        "记录",
    ]
    raised = next(one for one in table if (one["部分"], one["分类"]) == ("warnings", "raised"))
    assert raised["项目名称"] != raised["项目"] and raised["分类名称"] == "发出"
    for path in ("yearly.xlsx", "departments.xlsx", "departments.ndjson"):
        answer = await service.http.get(
            f"/api/v1/credit/reports/{path}", params={"year": 2026, "region": "140000"}, headers=service.who()
        )
        assert answer.status_code == 200, answer.text


async def test_departments_are_measured_by_what_fell_due(service: Service) -> None:
    subject = await service.subject(region="140602", name="时限样例旅行社（虚构）")
    for day in ("2026-10-01", "2026-10-02"):
        await service.fact(subject, "PENALTY_SUSPENSION", day)
    warning = next(
        one for one in (await service.get("/warnings"))["items"] if one["subject_id"] == subject["id"]
    )

    async def row(duty: str) -> dict[str, Any] | None:
        card = await service.get("/reports/departments", year=2026, region="140000")
        return next((one for one in card["rows"] if (one["region"], one["duty"]) == ("140600", duty)), None)

    assert await row("warning_acknowledged") is None
    try:
        service.at(START + timedelta(days=30))
        found = await row("warning_acknowledged")
        assert found is not None and (found["due"], found["on_time"], found["overdue"]) == (
            found["due"],
            0,
            found["due"],
        )
        await service.post(f"/warnings/{warning['id']}/acknowledge", {"note": "已收到，核查"}, 200)
        late = await row("warning_acknowledged")
        assert late is not None and late["late"] == 1 and late["rate_bp"] == 0
    finally:
        service.at(START)


async def test_neither_mergers_nor_more_time_change_what_was_known_before(service: Service) -> None:
    firm = await service.subject(region="140703", name="并入样例旅行社（虚构）")
    ghost = await service.subject(
        kind="unlicensed_operator", region="140703", key=None, name="无证样例（虚构）"
    )
    late = await found(service, firm)
    given = await found(service, firm)
    order = {"requirement": "清理通道", "due_on": "2026-11-25"}
    for one in (late, given):
        await service.post(f"/hazards/{one['id']}/order", order, 200)
    over = {"authority": "消防救援机构", "reference": "移送〔2026〕2号", "reason": "涉嫌违法"}
    await service.post(f"/hazards/{given['id']}/hand-over", over, 200)

    async def card(**params: Any) -> dict[str, Any]:
        asked = {"year": 2026, "region": "140000"} | params
        answer: dict[str, Any] = await service.get("/reports/departments", who=service.who(), **asked)
        return answer

    def row(one: dict[str, Any]) -> tuple[int, ...]:
        [line] = [x for x in one["rows"] if (x["region"], x["duty"]) == ("140700", "hazard_closed")]
        return tuple(line[name] for name in ("due", "on_time", "late", "overdue"))

    try:
        service.at(START + timedelta(days=4))
        before, report = await card(), await yearly(service, service.who(), region="140700")
        assert row(before) == (2, 1, 0, 1), "what was handed over in time is not overdue"
        moment = {"known_at": before["known_at"]}
        service.at(START + timedelta(days=4, hours=1))
        more = {"due_on": "2026-12-10", "reason": "备件未到"}
        await service.post(f"/hazards/{late['id']}/extend", more, 200, service.who())
        team = await service.on_duty("haz-c", "haz-d", region="140700")
        proof = {"sha256": await service.uploaded({"id": late["subject_id"]}), "name": "整改照片"}
        check = {"passed": True, "inspectors": team, "note": "已整改", "evidence": [proof]}
        await service.post(f"/hazards/{late['id']}/recheck", check, 200, service.who(sub="haz-c"))
        merge = {
            "into": firm["id"],
            "reason": "查明为同一主体",
            "evidence": [{"sha256": "a" * 64, "name": "核查"}],
        }
        answer = await service.http.post(
            f"/api/v1/credit/subjects/{ghost['id']}/merge",
            json=merge,
            headers=service.who() | {"If-Match": f'"{ghost["version"]}"'},
        )
        assert answer.status_code == 200, answer.text
        assert await card(**moment) == before
        again = await yearly(service, service.who(), region="140700", known_at=report["known_at"])
        assert again == report
        assert row(await card()) == (2, 1, 1, 0), "put right, and late for good"
        now = await yearly(service, service.who(), region="140700")
        kind = ("subjects", "unlicensed_operator", "unrated")
        assert value(now, *kind) == value(report, *kind) - 1
    finally:
        service.at(START)
