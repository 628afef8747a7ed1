"""Imports over HTTP: three formats, dry run, chunks, the same again, regions, masks, files made to harm."""

import asyncio
import csv
import io
import json
import struct
import zipfile
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import xlsxwriter
from common.db import Database
from common.problems import PayloadTooLarge
from credit.config import Settings
from credit.imports import workbook
from credit.imports.errors import FileRefused
from credit.imports.reading import read_rows
from credit.imports.service import ImportService
from credit.imports.worker import ImportWorker
from credit.intake.rules import ViolationConfirmed
from credit.intake.service import IntakeService
from credit.seed.names import guide_card, resident_id, unified_code
from credit.sheets import armless, defused
from gateway.config import Settings as GatewaySettings
from gateway.limits.classes import route_class
from sqlalchemy import text

from .conftest import Service

PATH = "/api/v1/credit/subjects:import"
CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def key(serial: int, region: str = "140105") -> str:
    return unified_code("91", region, 800_000 + serial)


def csv_file(rows: list[dict[str, Any]], encoding: str = "utf-8") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode(encoding)


def xlsx_file(rows: list[list[Any]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return file.getvalue()


def agency(serial: int, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "travel_agency",
        "key": key(serial),
        "name": f"太原导入样例{serial}旅行社（虚构）",
        "region": "140105",
        "business_scope": "domestic;inbound",
    } | fields


async def send(
    service: Service, raw: bytes, kind: dict[str, str], expect: int = 202, who: Any = None, **params: Any
) -> dict[str, Any]:
    headers = (who or service.who()) | kind
    answer = await service.http.post(PATH, content=raw, headers=headers, params=params)
    assert answer.status_code == expect, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def finished(service: Service, made: dict[str, Any], who: Any = None) -> dict[str, Any]:
    for _ in range(3_000):
        found: dict[str, Any] = await service.get(f"/imports/{made['id']}", who=who)
        if found["state"] != "applying":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def report(service: Service, made: dict[str, Any], who: Any = None) -> list[dict[str, Any]]:
    answer = await service.http.get(
        f"/api/v1/credit/imports/{made['id']}/report.ndjson", headers=who or service.who()
    )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def brought(service: Service, raw: bytes, kind: dict[str, str], **params: Any) -> list[dict[str, Any]]:
    made = await send(service, raw, kind, **params)
    assert (await finished(service, made))["state"] == "done"
    return await report(service, made)


async def test_a_key_brings_one_file_once(service: Service) -> None:
    one, other = csv_file([agency(91)]), csv_file([agency(92)])
    keyed = service.who() | {"Idempotency-Key": "import-1"}
    first = await send(service, one, CSV, who=keyed)
    await finished(service, first)
    again = await send(service, one, CSV, who=keyed)
    assert again == first, "the first answer, though the import is over"
    refused = await send(service, other, CSV, 422, who=keyed)
    assert refused["type"] == "/problems/idempotency-key-reused"
    for asked in ({"dry_run": "true"}, {"mode": "create"}):
        refused = await send(service, one, CSV, 422, who=keyed, **asked)
        assert refused["type"] == "/problems/idempotency-key-reused", "the same file, another request"
    refused = await send(service, one, CSV, 422, who=service.who() | {"Idempotency-Key": "a b"})
    assert (await service.get("/subjects", key=key(92)))["items"] == []


async def test_a_csv_is_applied_graded_announced_and_the_same_again_changes_nothing(service: Service) -> None:
    raw = csv_file([agency(n) for n in range(40)])
    made = await send(service, raw, CSV)
    done = await finished(service, made)
    assert (done["total"], done["valid"], done["created"], done["eta_seconds"]) == (40, 40, 40, None)
    rows = await report(service, made)
    assert [row["outcome"] for row in rows] == ["created"] * 40
    one = await service.get(f"/subjects/{rows[7]['id']}")
    hand_made = await service.subject(name="手工登记样例（虚构）")
    assert (one["grade"], one["tier"], one["score"], one["grade_version"]) == ("A", "A", 100, 1)
    assert one["name"] == "太原导入样例7旅行社（虚构）"
    assert {k: one[k] for k in ("next_change_on", "status")} == {
        k: hand_made[k] for k in ("next_change_on", "status")
    }
    async with service.app.state.db.session() as session:
        said = (
            await session.execute(
                text(
                    "SELECT type, aggregate_version, data FROM outbox WHERE aggregate_id = :id ORDER BY seq"
                ),
                {"id": one["id"]},
            )
        ).all()
    assert [(row[0].split(".")[2], row[1]) for row in said] == [
        ("subject_registered", 1),
        ("grade_changed", 2),
    ]
    assert said[0][2]["tier"] == "A" and one["version"] == 2
    history = await service.get(f"/subjects/{one['id']}/score/history")
    assert history["items"][0]["cause"] == "first"
    again = await brought(service, raw, CSV)
    assert {row["outcome"] for row in again} == {"unchanged"}
    assert [row["id"] for row in again] == [row["id"] for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_chinese_headings_and_encodings(service: Service, encoding: str) -> None:
    serial = {"utf-8": 100, "utf-8-sig": 101, "gb18030": 102}[encoding]
    raw = csv_file(
        [
            {
                "类别": "旅行社",
                "统一社会信用代码": key(serial).lower(),
                "名称": f"编码样例{serial}（虚构）",
                "地区": "140105",
                "经营范围": "国内、入境",
                "发证日期": "2021-05-10",
                "从业人数": "12",
                "信用等级": "A",
            }
        ],
        encoding,
    )
    (row,) = await brought(service, raw, CSV)
    assert row["outcome"] == "created", row
    made = await service.get(f"/subjects/{row['id']}")
    assert (made["name"], made["key"], made["business_scope"]) == (
        f"编码样例{serial}（虚构）",
        key(serial),
        ["domestic", "inbound"],
    )


async def test_xlsx_as_multipart_with_numbers_as_numbers(service: Service) -> None:
    raw = xlsx_file(
        [
            ["kind", "key", "name", "region", "headcount", "status"],
            ["旅行社", key(110), "表格样例甲（虚构）", 140105, 7, "停业"],
            ["景区", "", "表格样例景区（虚构）", 140702, None, None],
        ]
    )
    files = {"file": ("主体.xlsx", raw, XLSX["Content-Type"])}
    answer = await service.http.post(PATH, files=files, headers=service.who())
    assert answer.status_code == 202, answer.text
    made = await finished(service, answer.json())
    assert (made["created"], made["refused"]) == (2, 0), await report(service, made)
    again = await brought(service, raw, XLSX)
    assert {row["outcome"] for row in again} == {"unchanged"}


async def test_ndjson_and_every_kind_of_wrong_row(service: Service) -> None:
    other = unified_code("91", "110101", 800_201)
    lines = [
        agency(200, business_scope=["domestic"]),
        agency(200),
        agency(201, key="911401059999990158"),
        agency(202, region="149999"),
        agency(203, region="110101"),
        agency(204, key=other, name=""),
        agency(205, surprise=1),
        agency(206, kind="bakery"),
        agency(207, id_number="140100199001010014"),
        agency(208, licensed_on="2031-01-01"),
        agency(209, name=None),
    ]
    raw = "\n".join([*(json.dumps(line) for line in lines), "{broken", "[1]"]).encode()
    rows = await brought(service, raw, NDJSON)
    assert [(row["outcome"], [one["field"] for one in row["reasons"]]) for row in rows] == [
        ("created", []),
        ("refused", ["key"]),
        ("refused", ["key"]),
        ("refused", ["region"]),
        ("refused", ["region"]),
        ("refused", ["name"]),
        ("refused", ["surprise"]),
        ("refused", ["kind"]),
        ("refused", ["id_number"]),
        ("refused", ["licensed_on"]),
        ("refused", ["name"]),
        ("refused", [""]),
        ("refused", [""]),
    ]
    assert rows[1]["reasons"][0]["detail"] == "与第 1 行重复"
    assert all(one["detail"] for row in rows for one in row["reasons"])


async def test_a_dry_run_says_what_would_happen_and_leaves_nothing(service: Service) -> None:
    await brought(service, csv_file([agency(300), agency(301)]), CSV)
    raw = csv_file([agency(300), agency(301, name="改名样例（虚构）"), agency(302)])

    async def counts() -> list[Any]:
        tables = ("subjects", "outbox", "published_grades", "ledger_promises")
        async with service.app.state.db.session() as session:
            return [await session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]

    before = await counts()
    dry = await brought(service, raw, CSV, dry_run=True)
    assert [(row["outcome"], row["id"] is None) for row in dry] == [
        ("unchanged", False),
        ("updated", False),
        ("created", True),
    ]
    assert await counts() == before
    real = await brought(service, raw, CSV)
    assert [row["outcome"] for row in real] == [row["outcome"] for row in dry]
    changed = await service.get(f"/subjects/{real[1]['id']}")
    assert changed["name"] == "改名样例（虚构）"


async def test_an_empty_cell_leaves_what_is_there_and_modes_bind(service: Service) -> None:
    await brought(service, csv_file([agency(310, level="4A", license_no="L-SX-810310")]), CSV)
    rows = await brought(service, csv_file([{"kind": "travel_agency", "key": key(310), "level": ""}]), CSV)
    assert rows[0]["outcome"] == "unchanged"
    rows = await brought(service, csv_file([{"kind": "旅行社", "key": key(310), "level": "5A"}]), CSV)
    assert rows[0]["outcome"] == "updated"
    made = await service.get(f"/subjects/{rows[0]['id']}")
    assert (made["level"], made["license_no"], made["name"]) == ("5A", "L-SX-810310", agency(310)["name"])
    rows = await brought(service, csv_file([agency(310), agency(311)]), CSV, mode="create")
    assert [row["outcome"] for row in rows] == ["refused", "created"]
    rows = await brought(service, csv_file([agency(311), agency(312)]), CSV, mode="update")
    assert [row["outcome"] for row in rows] == ["unchanged", "refused"]
    rows = await brought(service, csv_file([agency(310, kind="ota_platform", business_scope="")]), CSV)
    assert [one["field"] for one in rows[0]["reasons"]] == ["kind"]


async def test_other_regions_are_refused_alike_whether_the_key_is_there_or_not(service: Service) -> None:
    await brought(service, csv_file([agency(320)]), CSV)
    datong = service.who("140200", sub="officer-datong")
    raw = csv_file(
        [agency(320), agency(321), agency(322, region="140213", key=key(322)), agency(320, region="140213")]
    )
    made = await send(service, raw, CSV, who=datong)
    await finished(service, made, datong)
    rows = await report(service, made, datong)
    assert rows[0]["reasons"] == rows[1]["reasons"] != []
    assert rows[2]["outcome"] == "created"
    assert rows[3]["outcome"] == "refused"  # a key twice in one file
    made = await send(service, csv_file([agency(320, region="140213")]), CSV, who=datong)
    await finished(service, made, datong)
    assert (await report(service, made, datong))[0]["outcome"] == "refused"
    known = await send(service, csv_file([agency(320), agency(399)]), CSV, who=datong, mode="update")
    await finished(service, known, datong)
    first, second = await report(service, known, datong)
    assert first["reasons"] == second["reasons"]
    await service.get(f"/imports/{made['id']}", 404)
    answer = await service.http.get(f"/api/v1/credit/imports/{made['id']}/report.csv", headers=service.who())
    assert answer.status_code == 404


async def test_persons_are_encrypted_in_staging_and_masked_in_reports(service: Service) -> None:
    number = resident_id(Random(5), "140105")
    row = {
        "类别": "导游",
        "导游证号": guide_card("140100", 800_330),
        "姓名": "赵样例丁",
        "地区": "140105",
        "身份证号": number,
        "电话": "+8614200000330",
    }
    broken = {"类别": "导游员", "姓名": "钱样例戊", "身份证号": number, "电话": "14200000331"}
    made = await send(service, csv_file([row, broken]), CSV)
    await finished(service, made)
    rows = await report(service, made)
    assert [one["outcome"] for one in rows] == ["created", "refused"]
    async with service.app.state.db.session() as session:
        stored = (
            await session.execute(
                text("SELECT import_rows::text FROM import_rows WHERE import_id = :id"), {"id": made["id"]}
            )
        ).scalars()
        kept = "".join(stored)
    shown = json.dumps(rows, ensure_ascii=False)
    for secret in ("赵样例丁", "钱样例戊", number, "14200000330", "14200000331"):
        assert secret not in kept + shown
    assert rows[0]["name"] == "赵***" or rows[0]["name"].startswith("赵*")
    again = await brought(service, csv_file([row]), CSV)
    assert again[0]["outcome"] == "unchanged"
    moved = await brought(service, csv_file([row | {"电话": "14200000332"}]), CSV)
    assert moved[0]["outcome"] == "updated"
    masked = row | {"姓名": "赵***", "身份证号": "140***********14", "电话": "142****0332"}
    assert (await brought(service, csv_file([masked]), CSV))[0]["outcome"] == "unchanged"


async def test_reports_defuse_formulas(service: Service) -> None:
    rows = [agency(340, name="=1+1样例（虚构）"), agency(341, name="@SUM样例（虚构）")]
    made = await send(service, csv_file(rows), CSV)
    await finished(service, made)
    answer = await service.http.get(
        f"/api/v1/credit/imports/{made['id']}/report.csv",
        headers=service.who() | {"Accept-Language": "en"},
    )
    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [one["name"][:2] for one in table] == ["'=", "'@"]
    assert all(armless(defused(word)) == word for word in ("=x", "+1", "-", "@", "a", "'q", ""))
    found = await service.get("/subjects", key=key(340))
    assert found["items"][0]["name"] == "=1+1样例（虚构）"
    back = csv_file([agency(340, name="'=1+1样例（虚构）")])
    assert (await brought(service, back, CSV))[0]["outcome"] == "unchanged"


async def test_the_template_is_accepted_as_it_is(service: Service) -> None:
    for extension, kind in (("csv", CSV), ("xlsx", XLSX), ("ndjson", NDJSON)):
        answer = await service.http.get(f"/api/v1/credit/imports/template.{extension}", headers=service.who())
        assert answer.status_code == 200, answer.text
        rows = await brought(service, answer.content, kind)
        assert [row["outcome"] for row in rows] in (["created"] * 2, ["unchanged"] * 2), rows


async def test_cancelling_keeps_what_was_applied(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.imports.worker.MAX_ROWS", 20)
    worker: ImportWorker = service.app.state.import_worker
    worker._limit = 20
    raw = csv_file([agency(n) for n in range(1_000, 1_400)])
    made = await send(service, raw, CSV)
    same = await send(service, raw, CSV, 200)
    assert same["id"] == made["id"]
    await asyncio.sleep(0.05)
    cancelled = await service.post(f"/imports/{made['id']}/cancel", {}, 200)
    assert cancelled["state"] == "cancelled"
    await asyncio.sleep(0.1)
    rows = await report(service, made)
    applied = [row for row in rows if row["outcome"] == "created"]
    assert len(applied) == (await service.get(f"/imports/{made['id']}"))["created"] < 400
    closed = await service.post(f"/imports/{made['id']}/cancel", {}, 409)
    assert closed["type"] == "/problems/import-closed"
    rest = await brought(service, raw, CSV)
    outcomes = [row["outcome"] for row in rest]
    assert (outcomes.count("unchanged"), outcomes.count("created")) == (len(applied), 400 - len(applied))


async def test_what_waited_for_a_key_is_applied(service: Service) -> None:
    event = {
        "case_id": str(uuid4()),
        "case_number": "IMP-1",
        "subject_key": key(350),
        "region": "140105",
        "authority": "演示机关",
        "confirmed_on": "2026-11-01",
        "responsibility": "main",
        "problem_codes": [],
    }
    fields = ViolationConfirmed.model_fields
    event = {name: value for name, value in event.items() if name in fields}
    async with service.app.state.db.session() as session:
        await IntakeService(session, service.app.state.env).take(uuid4(), "violation_confirmed", event)
    (row,) = await brought(service, csv_file([agency(350)]), CSV)
    async with service.app.state.db.session() as session:
        states = (
            await session.execute(
                text("SELECT state FROM parked_events WHERE subject_key = :key"), {"key": key(350)}
            )
        ).scalars()
        assert list(states) == ["applied"]
    facts = await service.get(f"/subjects/{row['id']}/facts")
    assert len(facts["items"]) == 1


async def test_a_chunk_that_dies_leaves_neither_effects_nor_cursor(service: Service) -> None:
    """What kill -9 leaves: an open transaction that nobody commits. Another goes on from the cursor."""
    database: Database = service.app.state.db
    worker: ImportWorker = service.app.state.import_worker
    made = await send(service, csv_file([agency(n) for n in range(1_500, 1_530)]), CSV, dry_run=True)
    await finished(service, made)
    async with database.session() as session:
        await session.execute(
            text("UPDATE imports SET state = 'staging', dry_run = false, cursor = 1 WHERE id = :id"),
            {"id": made["id"]},
        )
        await session.execute(
            text("UPDATE import_rows SET outcome = NULL WHERE import_id = :id"), {"id": made["id"]}
        )
        await session.execute(
            text("UPDATE imports SET created = 0, unchanged = 0 WHERE id = :id"), {"id": made["id"]}
        )
    async with database.sessions() as dying:
        await dying.begin()
        await dying.execute(text("UPDATE imports SET state = 'applying' WHERE id = :id"), {"id": made["id"]})
        assert await ImportService(dying, service.app.state.env).advance(10) == 10
        assert not await worker.step()
        await dying.rollback()
    async with database.session() as session:
        assert not await session.scalar(
            text("SELECT count(*) FROM subjects WHERE key = ANY(:keys)"),
            {"keys": [key(n) for n in range(1_500, 1_530)]},
        )
        await session.execute(
            text("UPDATE imports SET state = 'applying' WHERE id = :id"), {"id": made["id"]}
        )
    worker.bell.set()
    assert (await finished(service, made))["created"] == 30


async def test_expired_rows_are_forgotten(service: Service) -> None:
    made = await send(service, csv_file([agency(360)]), CSV, dry_run=True)
    await finished(service, made)
    async with service.app.state.db.session() as session:
        await session.execute(
            text("UPDATE imports SET expires_at = '2026-01-01' WHERE id = :id"), {"id": made["id"]}
        )
        assert await ImportService(session, service.app.state.env).purge(10) == 1
    assert (await service.get(f"/imports/{made['id']}"))["state"] == "expired"
    answer = await service.http.get(f"/api/v1/credit/imports/{made['id']}/report.csv", headers=service.who())
    assert answer.status_code == 410


async def test_only_an_officer_brings_files_and_only_of_known_kinds(service: Service) -> None:
    raw = csv_file([agency(370)])
    await send(service, raw, {"Content-Type": "application/pdf"}, 415)
    await send(service, raw, CSV, 403, service.who(scopes=["credit:read"]))
    own = service.who(subject_id="01900000-0000-7000-8000-000000000000")
    await send(service, raw, CSV, 403, own)
    await send(service, b"", CSV, 422)
    await send(service, b"kind,key\n", CSV, 422)
    await send(service, b"name\nx\n", CSV, 422)
    await send(service, b"kind,kind\nx,y\n", CSV, 422)
    await send(service, b"kind,key\n" + b"x" * 200_000, CSV, 422)
    await send(service, b'"kind,name\ntravel_agency,open', CSV, 422)
    await send(service, b"\xff\xfe\x00k", CSV, 422)
    problem = await send(service, b"kind,what\nx,y\n", CSV, 422)
    assert (problem["type"], "what" in problem["detail"]) == ("/problems/file-refused", True)
    many = ",".join(["kind", *(f"c{n}" for n in range(100))]).encode()
    await send(service, many, CSV, 422)
    async with service.app.state.db.session() as session:
        assert not await session.scalar(text("SELECT count(*) FROM imports WHERE state = 'staging'"))


async def test_the_limit_of_this_route_is_its_own(service: Service) -> None:
    settings = service.app.state.settings
    assert settings.max_body_bytes < 3_000_000 < settings.max_import_bytes
    rows = [agency(380, level="")] + [{"kind": "", "name": "填" * 190} for _ in range(5_000)]
    raw = csv_file(rows)
    assert len(raw) > settings.max_body_bytes
    made = await send(service, raw, CSV, dry_run=True)
    assert made["valid"] == 1 and made["total"] == 5_001
    await finished(service, made)
    answer = await service.http.post(
        "/api/v1/credit/subjects", content=b" " * 2_500_000, headers=service.who()
    )
    assert answer.status_code == 413


def _zip(parts: dict[str, bytes], claim: int | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    raw = file.getvalue()
    if claim is None:
        return raw
    # Lie about the size in every directory entry.
    out, at = bytearray(raw), 0
    while (at := out.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into("<I", out, at + 24, claim)
        at += 4
    return bytes(out)


def _sheet(body: bytes) -> bytes:
    whole = xlsx_file([["kind"], ["travel_agency"]])
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    space = b'xmlns="http:' + b'//schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts["xl/worksheets/sheet1.xml"] = (
        b"<worksheet " + space + b"><sheetData>" + body + b"</sheetData></worksheet>"
    )
    return _zip(parts)


HARMFUL = {
    "no zip": b"PK nothing",
    "no workbook": _zip({"a.txt": b"x"}),
    "far corner": _sheet(
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "far column": _sheet(b'<row r="1"><c r="XFD1"><v>1</v></c></row>'),
    "wide without places": _sheet(b"<row>" + b"<c/>" * 16_000 + b"<c><v>1</v></c></row>"),
    "long without places": _sheet(b"<row/>" * 300_000 + b"<row><c><v>1</v></c></row>"),
    "entities": _zip({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'}),
    "bomb": _zip({"xl/workbook.xml": b"<a>" + b" " * 6_000_000 + b"</a>"}),
    "bomb that lies": _zip({"xl/workbook.xml": b"<a>" + b" " * 6_000_000 + b"</a>"}, claim=100),
    "hidden sheet": _zip({"xl/workbook.xml": b"<a/>", "xl/media/p.png": b"<worksheet><sheetData/>"}),
    "broken stream": _zip({"xl/workbook.xml": b"<a/>" * 9})[:-30],
    "huge cell": xlsx_file([["kind", "name"], ["travel_agency", "x" * 20_000]]),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_files_made_to_harm_are_refused_before_they_unfold(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MAX_INFLATED", 5_000_000)
    with pytest.raises((FileRefused, PayloadTooLarge)):
        list(read_rows(HARMFUL[name], "xlsx", 200_000))


def test_the_gateway_lets_a_file_pass() -> None:
    name = route_class("POST", PATH, anonymous=False)
    limit = GatewaySettings.model_fields["bulk_body_bytes"].default
    assert (name, limit >= Settings.model_fields["max_import_bytes"].default) == ("bulk", True)


def test_too_many_rows_are_refused() -> None:
    raw = b"kind\n" + b"travel_agency\n" * 11
    with pytest.raises(PayloadTooLarge):
        list(read_rows(raw, "csv", 10))
