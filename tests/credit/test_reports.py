"""Reports: deadlines counted by rule, a year beside the year before, the same for the same moment."""

import csv
import io
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from common.clock import CHINA
from credit.reports.rules import Duty, Kept, Measure, measured, span_of, unit_prefix
from hypothesis import given
from hypothesis import strategies as st

from .conftest import START, Service

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
    assert len(table) == len(report["lines"]) and set(table[0]) == {"部分", "项目", "分类", "本年", "上年"}
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
