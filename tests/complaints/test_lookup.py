"""The tourist's own view: secret, limited, and silent about what was wrong."""

import time
from datetime import date
from statistics import median

import httpx
from complaints.numbers import (
    case_number,
    code_hash,
    code_matches,
    is_case_number,
    new_lookup_code,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.complaints.conftest import ROOT, World

LOOKUP = f"{ROOT}/public/complaints/lookup"
WRONG = "AAAAA-AAAAA-AAAAA-AAAAA"


async def ask(world: World, number: str, code: str, address: str = "203.0.113.7") -> httpx.Response:
    return await world.http.post(
        LOOKUP, json={"number": number, "code": code}, headers={"X-Forwarded-For": address}
    )


async def test_number_and_code_open_the_view(world: World) -> None:
    filed = await world.file()
    seen = await ask(world, filed["number"], filed["lookup_code"])
    assert seen.status_code == 200
    assert seen.headers["cache-control"] == "no-store"
    view = seen.json()
    assert (view["state"], view["department"], view["hotline"]) == ("received", "WL", "12345")
    assert [deadline["due_on"] for deadline in view["deadlines"]] == ["2026-11-25"]
    assert view["allowed_events"] == ["withdraw"]
    for secret in ("王样例", "14200000001", "蜂蜜店"):
        assert secret not in seen.text
    lenient = filed["lookup_code"].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert (await ask(world, filed["number"].lower(), lenient)).status_code == 200


async def test_a_wrong_number_and_a_wrong_code_look_the_same(world: World) -> None:
    filed = await world.file()
    nowhere = await ask(world, "TS140105202611239999XX", filed["lookup_code"])
    wrong = await ask(world, filed["number"], WRONG)
    assert (nowhere.status_code, wrong.status_code) == (404, 404)
    assert nowhere.json() == wrong.json()
    same = {"content-type", "content-length", "cache-control"}
    assert {k: v for k, v in nowhere.headers.items() if k in same} == {
        k: v for k, v in wrong.headers.items() if k in same
    }


async def test_both_take_the_same_time(world: World) -> None:
    """Medians of interleaved trials; the work is one count, one read and one hash comparison either way."""
    world.app.state.settings.__dict__["lookups_per_number"] = 10_000
    world.app.state.settings.__dict__["lookups_per_address"] = 10_000
    filed = await world.file()
    took: dict[str, list[float]] = {"number": [], "code": []}
    for _ in range(60):
        for kind, number in (("number", "TS14010520261123000019"), ("code", filed["number"])):
            start = time.perf_counter()
            await ask(world, number, WRONG)
            took[kind].append(time.perf_counter() - start)
    first, second = median(took["number"]), median(took["code"])
    assert abs(first - second) < 0.35 * max(first, second)


async def test_lookups_are_limited_per_number_and_per_address(world: World) -> None:
    filed = await world.file()
    limit = world.app.state.settings.lookups_per_number
    for place in range(limit):
        assert (await ask(world, filed["number"], WRONG, f"203.0.113.{place}")).status_code == 404
    barred = await ask(world, filed["number"], filed["lookup_code"], "203.0.113.200")
    assert barred.status_code == 429
    assert int(barred.headers["retry-after"]) > 0
    unknown = [
        (await ask(world, f"TS1401052026112300{n:03d}", WRONG, "198.51.100.9")).status_code
        for n in range(world.app.state.settings.lookups_per_address + 1)
    ]
    assert unknown[-2:] == [404, 429]
    async with world.app.state.db.session() as session:
        rows = (await session.execute(text("SELECT subject, key_index FROM lookup_attempts"))).all()
    assert all("203.0.113" not in row[1] and filed["number"] not in row[1] for row in rows)


async def test_only_failures_count_and_the_window_runs_on_real_time(world: World) -> None:
    filed = await world.file()
    for _ in range(world.app.state.settings.lookups_per_number + 2):
        assert (await ask(world, filed["number"], filed["lookup_code"])).status_code == 200
    async with world.app.state.db.session() as session:
        rows = (
            await session.execute(
                text("SELECT count, now() - window_start < interval '1 hour' FROM lookup_attempts")
            )
        ).all()
    assert {tuple(row) for row in rows} == {(0, True)}


async def test_the_tourist_withdraws_and_supplements(world: World) -> None:
    filed = await world.file()
    secret = {"number": filed["number"], "code": filed["lookup_code"]}
    early = await world.post(
        "/public/complaints/events", secret | {"event": "supplement", "note": "补充合同照片"}, None
    )
    assert early.status_code == 409
    assert early.json()["allowed"] == ["withdraw"]
    await world.act(filed["id"], "ask_supplement", note="请补充合同")
    given = await world.post(
        "/public/complaints/events", secret | {"event": "supplement", "note": "合同照片已附"}, None
    )
    assert given.status_code == 200
    assert given.json()["state"] == "received"
    gone = await world.post(
        "/public/complaints/events", secret | {"event": "withdraw", "note": "已经和解"}, None
    )
    assert gone.json()["state"] == "withdrawn"
    wrong = await world.post(
        "/public/complaints/events",
        {"number": filed["number"], "code": WRONG, "event": "withdraw", "note": "不是我"},
        None,
    )
    assert wrong.status_code == 404
    forbidden = await world.post(
        "/public/complaints/events", secret | {"event": "accept", "note": "自己受理"}, None
    )
    assert forbidden.status_code == 422


async def test_broken_lookups_are_422(world: World) -> None:
    for body in ({}, {"number": "x", "code": "y"}, {"number": "TS1401052026", "code": None}):
        assert (await world.post("/public/complaints/lookup", body, None)).status_code == 422


@given(st.integers(1, 99_999), st.integers(0, 21), st.integers(1, 35))
def test_one_wrong_letter_breaks_a_number(serial: int, place: int, shift: int) -> None:
    number = case_number("TS", "140105", date(2026, 11, 23), serial)
    assert is_case_number(number)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    at = place % len(number)
    other = letters[(letters.index(number[at]) + shift) % 36]
    assert not is_case_number(number[:at] + other + number[at + 1 :])


def test_codes_match_only_themselves() -> None:
    codes = {new_lookup_code() for _ in range(200)}
    assert len(codes) == 200
    code = codes.pop()
    assert code_matches(code, code_hash(code))
    assert not code_matches(code, code_hash(codes.pop()))
    assert not code_matches(code, None)
