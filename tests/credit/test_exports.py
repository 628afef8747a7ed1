"""Exports and the feed of changes: round trip, masks, regions, audit, an order in which nothing is lost."""

import csv
import io
import json
from random import Random
from typing import Any

import pytest
from common import audit
from common.events import publish
from credit.exports.repository import ExportRepository
from credit.imports.service import actor_of
from credit.seed.names import resident_id
from sqlalchemy import select, text

from .conftest import Service
from .listing import listed, opened
from .test_imports import CSV, NDJSON, XLSX, agency, brought, csv_file

KINDS = {"csv": CSV, "xlsx": XLSX, "ndjson": NDJSON}
TAIYUAN = "140100"


async def taken(
    service: Service, name: str, who: Any = None, expect: int = 200, **params: Any
) -> list[dict[str, Any]]:
    answer = await service.http.get(
        f"/api/v1/credit/exports/{name}.ndjson", params=params, headers=who or service.who()
    )
    assert answer.status_code == expect, answer.text
    return [json.loads(line) for line in answer.text.splitlines()] if expect == 200 else []


@pytest.fixture(scope="module")
async def filled(service: Service) -> Service:
    await brought(service, csv_file([agency(n, level="=4A") for n in range(2_000, 2_010)]), CSV)
    person = {"id_number": resident_id(Random(9), "140105"), "phone": "+8614200000900"}
    await service.subject(
        kind="tour_guide", key=service.card(), name="孙样例己", region="140105", person=person
    )
    await service.subject(kind="natural_person", key=None, name="周样例庚", region="140105", person=person)
    await service.subject(kind="scenic_area", key=None, name="无码样例景区（虚构）", region="140105")
    await service.subject(region="140213", name="大同样例旅行社（虚构）", key=service.key("140213"))
    return service


@pytest.mark.parametrize("format", KINDS)
async def test_what_was_exported_can_be_imported_and_changes_nothing(filled: Service, format: str) -> None:
    answer = await filled.http.get(f"/api/v1/credit/exports/subjects.{format}", headers=filled.who())
    assert answer.status_code == 200, answer.text
    count = int(answer.headers["x-rows"])
    rows = await brought(filled, answer.content, KINDS[format])
    assert [(row["outcome"], row["reasons"]) for row in rows] == [("unchanged", [])] * count
    assert count >= 14


async def test_an_export_goes_on_beyond_what_is_read_at_once(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await taken(filled, "subjects")
    monkeypatch.setattr("credit.exports.repository._BUFFER", 4)
    assert await taken(filled, "subjects") == whole
    assert len(whole) > 12


async def test_exports_are_masked_defused_limited_and_audited(filled: Service) -> None:
    answer = await filled.http.get("/api/v1/credit/exports/subjects.csv", headers=filled.who(TAIYUAN))
    assert "attachment" in answer.headers["content-disposition"]
    for secret in ("孙样例己", "周样例庚", "14200000900", resident_id(Random(9), "140105")):
        assert secret not in answer.text
    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {row["行政区划代码"][:4] for row in table} == {"1401"}
    assert {row["等级"] for row in table if row["等级"]} == {"'=4A"}
    async with filled.app.state.db.session() as session:
        kept = (
            await session.execute(
                select(audit.AUDIT.c.details, audit.AUDIT.c.actor)
                .where(audit.AUDIT.c.action == "export")
                .order_by(audit.AUDIT.c.recorded_at.desc(), audit.AUDIT.c.position.desc())
            )
        ).all()
    details = [row[0] for row in kept if row[0]["sha256"] == answer.headers["x-content-sha256"]]
    assert details[0]["rows"] == len(table) and details[0]["regions"] == [TAIYUAN]
    assert await taken(filled, "subjects", filled.who(TAIYUAN), region="140200") == []
    assert {row["kind"] for row in await taken(filled, "subjects", kind="tour_guide")} == {"tour_guide"}
    await taken(filled, "subjects", None, 422, region="149999")
    await taken(filled, "nothing", None, 422)


async def test_an_agency_takes_only_itself_and_no_clues(filled: Service) -> None:
    own = await filled.subject(name="自取样例旅行社（虚构）")
    who = filled.who(scopes=["credit:read"], kind="agency", subject_id=own["id"])
    assert [row["id"] for row in await taken(filled, "subjects", who)] == [own["id"]]
    assert [row["grade"] for row in await taken(filled, "grades", who)] == ["A"]
    await taken(filled, "warnings", who, 403)
    await taken(filled, "warnings", filled.who(kind="client"), 403)
    assert isinstance(await taken(filled, "warnings"), list)


async def test_only_published_facts_go_out(filled: Service) -> None:
    made = await filled.subject(name="事实样例旅行社（虚构）")
    shown = await filled.fact(made, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await filled.fact(made, "PENALTY_WARNING", "2026-10-02")
    gone = await filled.fact(made, "PENALTY_FINE_LARGE", "2026-10-03", payload={"amount_fen": 6_000_000})
    await filled.fact(made, "PENALTY_FINE_LARGE", "2020-10-03", payload={"amount_fen": 6_000_000})
    correction = {"action": "revoke", "reason": "复议撤销", "authority": "演示机关", "reference": "X-1"}
    await filled.post(f"/facts/{gone['id']}/corrections", correction)
    rows = [row for row in await taken(filled, "facts") if row["subject_id"] == made["id"]]
    assert [(row["fact_id"], row["code"], row["status"]) for row in rows] == [
        (shown["id"], "PENALTY_FINE_LARGE", "standing")
    ]
    assert rows[0]["shown_until"] == "2027-10-01"


async def test_listings_go_out_with_their_list_and_flag_to_whom_they_concern(filled: Service) -> None:
    firm = await filled.subject(name="名单样例旅行社（虚构）")
    serious, draft = await listed(filled, subject_id=firm["id"]), await opened(filled)
    own = filled.who(scopes=["credit:read"], kind="agency", subject_id=firm["id"])
    [row] = await taken(filled, "listings", own)
    assert (row["listing_id"], row["list"], row["state"]) == (serious["id"], "serious", "listed")
    assert (row["objected"], row["subject_id"]) == (False, firm["id"])
    everything = {one["listing_id"] for one in await taken(filled, "listings")}
    assert {serious["id"], draft["id"]} <= everything
    client = {one["listing_id"] for one in await taken(filled, "listings", filled.who(kind="client"))}
    assert serious["id"] in client and draft["id"] not in client
    assert await taken(filled, "listings", filled.who("140200")) == []


@pytest.mark.parametrize("name", ["boards", "inspections", "honours"])
async def test_other_tables_have_their_columns_and_keep_to_the_region(filled: Service, name: str) -> None:
    answer = await filled.http.get(f"/api/v1/credit/exports/{name}.csv", headers=filled.who())
    assert answer.status_code == 200, answer.text
    assert answer.text.removeprefix("\ufeff").startswith("主体编号,代码,名称")
    assert all(row["region"].startswith("1401") for row in await taken(filled, name, filled.who(TAIYUAN)))


async def feed(service: Service, who: Any = None, after: str | None = None) -> tuple[list[Any], str]:
    items: list[Any] = []
    while True:
        params = {"limit": "7"} | ({"after": after} if after else {})
        page = await service.get("/changes", who=who, **params)
        items += page["items"]
        after = page["next_after"]
        if not page["more"]:
            assert after is not None
            return items, after


async def test_the_feed_tells_every_change_once_and_goes_on_where_it_was_left(filled: Service) -> None:
    _, place = await feed(filled)
    made = await filled.subject(name="变动样例旅行社（虚构）")
    await filled.fact(made, "PENALTY_FINE_LARGE", "2026-10-05", payload={"amount_fen": 5_000_000})
    await filled.fact(made, "PENALTY_WARNING", "2026-10-05")
    items, end = await feed(filled, after=place)
    assert {item["about"] for item in items} == {made["id"]}
    said = [item["type"] for item in items]
    assert said[0] == "subject_registered" and said.count("fact_recorded") == 1
    assert [item["version"] for item in items] == sorted(item["version"] for item in items)
    assert (await feed(filled, after=end))[0] == []
    assert (await feed(filled, filled.who("140200"), place))[0] == []
    own = filled.who(scopes=["credit:read"], kind="agency", subject_id=made["id"])
    assert [item["id"] for item in (await feed(filled, own, place))[0]] == [item["id"] for item in items]
    assert "孙样例己" not in json.dumps((await feed(filled))[0], ensure_ascii=False)
    await filled.get("/changes", 422, after="x")
    await filled.get("/changes", 422, after="WzEsIngiLDFd")


async def test_a_transaction_that_commits_late_is_not_lost(filled: Service) -> None:
    database = filled.app.state.db
    _, place = await feed(filled)

    async def say(session: Any, about: str) -> None:
        data = {"subject_id": about, "region": "140105"}
        now = filled.app.state.clock.now()
        await publish(
            session,
            service="credit",
            name="subject_updated",
            aggregate_id=about,
            aggregate_version=1,
            data=data,
            now=now,
        )

    async with database.sessions() as slow:
        await slow.begin()
        await say(slow, "early")
        async with database.session() as quick:
            await say(quick, "late")
        held, middle = await feed(filled, after=place)
        assert "late" not in [item["about"] for item in held]
        await slow.commit()
    items, _ = await feed(filled, after=middle)
    assert [item["about"] for item in [*held, *items] if item["about"] in {"early", "late"}] == [
        "early",
        "late",
    ]


async def test_rows_of_a_restored_epoch_come_first(filled: Service) -> None:
    database = filled.app.state.db
    async with database.sessions() as session:
        await session.begin()
        before = await session.scalar(text("SELECT coalesce((SELECT epoch FROM event_epoch), 1)"))
        await session.execute(
            text(
                "UPDATE outbox SET xid = '9223372036854775000'::xid8"
                " WHERE seq = (SELECT max(seq) FROM outbox)"
            )
        )
        await session.execute(text("DELETE FROM event_epoch"))
        await session.execute(
            text("INSERT INTO event_epoch (single, epoch) VALUES (true, :epoch)"), {"epoch": before + 1}
        )
        rows = await ExportRepository(session).changes(_principal(), ["x"], ("y",), [], None, 100_000)
        assert rows[-1].at.xid == 9223372036854775000
        await session.rollback()


def _principal() -> Any:
    return actor_of(
        {
            "sub": "x",
            "client_id": "x",
            "kind": "officer",
            "regions": ["140000"],
            "department": None,
            "jti": "x",
        }
    )
