"""Rows of imports: files as Chinese spreadsheets write them, and whom a row means."""

from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from credit.imports.errors import FileRefused
from credit.imports.reading import MAX_LINES, read_rows
from credit.imports.rules import day_of
from credit.imports.validating import check_row
from credit.seed.names import resident_id
from sqlalchemy import text

from .conftest import Service
from .test_imports import CSV, agency, brought, csv_file, key, xlsx_file
from .test_merge import merge

TODAY = date(2026, 11, 23)
TABLE = "类别,名称,地区\n景区,甲样例景区,140105\n景区,乙样例景区,140105\n"


def rows(raw: bytes) -> list[dict[str, str] | None]:
    """The cells of each row, None for one that cannot be read."""
    return [None if row.errors else row.cells for row in read_rows(raw, "csv", 1_000)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_table_is_read_however_a_spreadsheet_writes_it(encoding: str, delimiter: str, ending: str) -> None:
    raw = TABLE.replace(",", delimiter).replace("\n", ending).encode(encoding)
    assert rows(raw) == [
        {"kind": "景区", "name": "甲样例景区", "region": "140105"},
        {"kind": "景区", "name": "乙样例景区", "region": "140105"},
    ]


def test_a_list_in_a_cell_does_not_mislead_about_the_separator() -> None:
    assert rows("类别,经营范围\n旅行社,国内;入境;出境\n".encode()) == [
        {"kind": "旅行社", "business_scope": "国内;入境;出境"}
    ]


def test_a_stray_quote_costs_its_row_and_no_other() -> None:
    good = "景区,样例景区{},140105"
    lines = ["类别,名称,地区", *(good.format(n) for n in range(60))]
    for stray in ('景区,"没有关闭,140105', '景区,"多"余,140105'):
        for at in (1, 30, 59):
            told = [*lines]
            told[at] = stray
            found = rows("\n".join(told).encode())
            assert [n for n, cells in enumerate(found, 1) if cells is None] == [at], (stray, at)
            assert len(found) == 60
    two = [*lines]
    two[10], two[14] = '景区,"开,140105', '景区,样例景区13,140105"'
    found = rows("\n".join(two).encode())
    assert found[10:13] == [
        {"kind": "景区", "name": f"样例景区{n}", "region": "140105"} for n in (10, 11, 12)
    ]
    with pytest.raises(FileRefused):
        rows('类别,"名称\n景区,甲\n'.encode())


def test_a_cell_of_several_lines_is_one_cell() -> None:
    raw = '类别,名称,地区\n景区,"甲样例\n景区, ""虚构""",140105\n景区,乙样例景区,140105\n'.encode()
    assert [cells and cells["name"] for cells in rows(raw)] == ['甲样例\n景区, "虚构"', "乙样例景区"]
    long = '类别,名称,地区\n景区,"' + "\n" * MAX_LINES + '",140105\n景区,乙样例景区,140105\n'
    assert rows(long.encode())[0] is None and rows(long.encode())[-1] is not None


@pytest.mark.parametrize(
    "written",
    [
        *("2026-01-05", "2026/1/5", "2026.1.5", "2026-1-5", "2026年1月5日", "2026年01月05", "20260105"),
        *("2026/1/5 0:00", "2026-01-05 00:00:00", "２０２６年１月５日"),
    ],
)
def test_days_are_read_as_people_write_them(written: str) -> None:
    assert day_of(written) == date(2026, 1, 5)


@pytest.mark.parametrize(
    "written",
    ["2026", "2026/13/5", "2026-02-30", "5/1/2026", "26/1/5", "1767571200", "2026-1/5", "46027", "昨天"],
)
def test_other_texts_are_no_days_and_refuse_their_row(written: str) -> None:
    assert day_of(written) is None
    head = "类别,统一社会信用代码,名称,地区,发证日期\n旅行社"
    (row,) = read_rows(f"{head},{key(1)},样例（虚构）,140105,{written}\n".encode(), "csv", 10)
    wanted, errors = check_row(row, TODAY)
    assert wanted is None and [one.pointer for one in errors] == ["licensed_on"]


def test_real_dates_and_numbers_of_a_workbook_are_days_too() -> None:
    raw = xlsx_file([["类别", "发证日期", "许可证到期日"], ["旅行社", 20210105, "2026年1月5日"]])
    (row,) = read_rows(raw, "xlsx", 10)
    assert {name: day_of(row.cells[name]) for name in ("licensed_on", "license_expires_on")} == {
        "licensed_on": date(2021, 1, 5),
        "license_expires_on": date(2026, 1, 5),
    }


def test_an_id_number_of_the_future_refuses_its_row() -> None:
    raw = f"类别,姓名,地区,身份证号\n自然人,周样例,140105,{resident_id(Random(3), '140105')}\n".encode()
    (row,) = read_rows(raw, "csv", 10)
    assert check_row(row, TODAY)[0] is not None
    errors = check_row(row, date(1901, 1, 1))[1]
    assert [one.pointer for one in errors] == ["id_number"]


async def one(service: Service, row: dict[str, Any], **params: Any) -> dict[str, Any]:
    (found,) = await brought(service, csv_file([row]), CSV, **params)
    return found


def why(row: dict[str, Any]) -> list[str]:
    return [reason["field"] for reason in row["reasons"]]


async def test_a_dry_run_makes_the_checks_of_the_real_one(service: Service) -> None:
    await one(service, agency(8_000, license_no="L-SX-988000", licensed_on="2025-01-01"))
    far = agency(8_001, key=service.key("650102"), region="650102", license_no="L-XJ-988001")
    far["business_scope"] = ["domestic"]
    await service.post("/subjects", far, 201, service.who("650000"))

    async def counts() -> list[Any]:
        tables = ("subjects", "outbox", "published_grades", "ledger_promises", "audit", "subject_states")
        async with service.app.state.db.session() as session:
            return [await session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]

    raw = csv_file(
        [
            agency(8_000, license_expires_on="2024-01-01"),
            agency(8_002, license_no="L-SX-988002", region="140106"),
            {"kind": "homestay", "name": "干跑样例民宿（虚构）", "region": "140105"},
        ]
    )
    taken = csv_file([agency(8_000, license_no="L-XJ-988001")])
    before = await counts()
    dry, dry_taken = (
        await brought(service, raw, CSV, dry_run=True),
        await brought(service, taken, CSV, dry_run=True),
    )
    after = await counts()
    assert after[:4] + after[5:] == before[:4] + before[5:]
    real, real_taken = await brought(service, raw, CSV), await brought(service, taken, CSV)
    assert [(row["outcome"], why(row)) for row in real] == [
        ("refused", ["license_expires_on"]),
        ("created", []),
        ("created", []),
    ]
    assert (real_taken[0]["outcome"], why(real_taken[0])) == ("refused", ["license_no"])
    for dried, done in zip([*dry, *dry_taken], [*real, *real_taken], strict=True):
        assert (dried["outcome"], dried["reasons"]) == (done["outcome"], done["reasons"])


async def test_an_unknown_or_merged_id_is_an_error_of_its_row(service: Service) -> None:
    name = "无证样例八（虚构）"
    row = {"kind": "unlicensed_operator", "name": name, "region": "140105"}
    refused = await one(service, row | {"id": str(uuid4())})
    assert (refused["outcome"], why(refused)) == ("refused", ["id"])
    survivor = await service.subject()
    made = await one(service, row)
    await merge(service, {"id": made["id"]}, survivor["id"])
    for asked in (row | {"id": made["id"]}, row):
        refused = await one(service, asked)
        assert (refused["outcome"], refused["id"]) == ("refused", survivor["id"])
        assert survivor["id"] in refused["reasons"][0]["detail"]
    other = await service.subject()
    mixed = agency(0, key=other["key"], id=str(uuid4()))
    assert why(await one(service, mixed)) == ["id"]
    async with service.app.state.db.session() as session:
        count = await session.scalar(
            text("SELECT count(*) FROM subjects WHERE kind = 'unlicensed_operator' AND region = '140105'")
        )
    assert count == 1


async def test_a_namesake_is_never_overwritten(service: Service) -> None:
    row = {"kind": "natural_person", "name": "王样例", "region": "140105", "phone": "14200000801"}
    first = await one(service, row)
    assert first["outcome"] == "created"
    assert (await one(service, row))["outcome"] == "unchanged"
    other = await one(service, row | {"phone": "14200000802"})
    assert (other["outcome"], why(other), other["id"]) == ("refused", ["name"], first["id"])
    clear = await service.post(f"/subjects/{first['id']}/reveals", {"purpose": "核对导入"}, 200)
    assert clear["phone"] == "14200000801"
    number = resident_id(Random(8), "140105")
    assert (await one(service, row | {"id_number": number}))["outcome"] == "created"
    changed = await one(service, row | {"id": first["id"], "phone": "14200000803"})
    assert (changed["outcome"], changed["id"]) == ("updated", first["id"])


async def test_a_row_with_a_code_makes_no_twin_of_a_subject_without(service: Service) -> None:
    row = {"kind": "homestay", "name": "晋泉样例民宿（虚构）", "region": "140105"}
    first = await one(service, row)
    coded = row | {"key": service.key()}
    for dry_run in (True, False):
        twin = await one(service, coded, dry_run=dry_run)
        assert (twin["outcome"], why(twin), twin["id"]) == ("refused", ["id"], first["id"])
        assert first["id"] in twin["reasons"][0]["detail"]
    assert (await one(service, row | {"license_no": "L-SX-988010"}))["outcome"] == "refused"
    assert (await one(service, coded | {"region": "140106", "key": service.key()}))["outcome"] == "created"
    given = await one(service, coded | {"id": first["id"]})
    assert (given["outcome"], given["id"]) == ("updated", first["id"])
    assert (await service.get(f"/subjects/{first['id']}"))["key"] == coded["key"]
    assert (await one(service, coded))["outcome"] == "unchanged"
    # Now that it has a key of its own, another business may bear the name.
    assert (await one(service, row | {"key": service.key()}))["outcome"] == "created"
    fixed = await one(service, coded | {"id": first["id"], "key": service.key()})
    assert (fixed["outcome"], why(fixed)) == ("refused", ["key"])
    both = [
        row | {"name": "两行样例民宿（虚构）"},
        row | {"name": "两行样例民宿（虚构）", "key": service.key()},
    ]
    found = await brought(service, csv_file(both), CSV)
    assert [(one["outcome"], why(one)) for one in found] == [("created", []), ("refused", ["name"])]
