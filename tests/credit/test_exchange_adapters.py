"""The adapters of the exchange, and its rules of pauses and of comparing."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from credit.config import ExchangeTarget, Settings
from credit.exchange.adapters import ExchangeFailed, HttpAdapter, NullAdapter, RecordedAdapter
from credit.exchange.rules import compared, next_attempt
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from .exchanging import TOLD

RECORDED = Path(__file__).parent / "data" / "exchange"
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
KEYS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), st.sampled_from("xy"))


@given(KEYS, KEYS)
def test_both_sides_are_told_apart_wholly(
    ours: dict[tuple[str, int], str], theirs: dict[tuple[str, int], str]
) -> None:
    result = compared(ours, theirs)
    assert len(result.missing_there) == len(ours.keys() - theirs.keys())
    assert len(result.missing_here) == len(theirs.keys() - ours.keys())
    assert result.agrees == (ours == theirs)


def test_pauses_grow_and_end() -> None:
    minutes = [1, 5, 30]
    assert [next_attempt(n, minutes, NOW) for n in (1, 3)] == [
        NOW + timedelta(minutes=1),
        NOW + timedelta(minutes=30),
    ]
    assert next_attempt(4, minutes, NOW) is None


async def test_the_http_adapter_speaks_the_documented_shape() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/x/records" and request.method == "POST":
            return httpx.Response(201, json={"state": "accepted", "their_number": "T1", "new": 1})
        if request.url.path == "/x/decisions" and "day" in request.url.params:
            return httpx.Response(200, json={"items": [TOLD]})
        if request.url.path == "/x/decisions":
            return httpx.Response(200, json={"items": [], "next_after": "7"})
        if request.url.params.get("after") is None:
            item = {"our_number": "F-1", "version": 1, "region": "140100", "sha256": "a"}
            return httpx.Response(200, json={"items": [item], "next_after": "2"})
        return httpx.Response(200, json={"items": []})

    adapter = HttpAdapter("http://other.example/x", "secret", httpx.MockTransport(answer))
    record = {"kind": "record", "our_number": "F-1", "version": 1}
    assert (await adapter.send(record)).their_number == "T1"
    assert (await adapter.decisions(None)).next_after == "7"
    assert [one.our_number for one in await adapter.records(date(2026, 11, 23))] == ["F-1"]
    assert [one.their_number for one in await adapter.decided(date(2026, 11, 23))] == ["N-1"]
    assert seen[0].headers["authorization"] == "Bearer secret" and seen[0].headers["idempotency-key"]
    assert json.loads(seen[0].content) == record


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(500),
        httpx.Response(200, text="no json"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"state": "maybe"}),
    ],
)
async def test_whatever_else_the_other_side_says_is_a_failure(broken: httpx.Response) -> None:
    adapter = HttpAdapter("http://other.example", "s", httpx.MockTransport(lambda request: broken))
    with pytest.raises(ExchangeFailed):
        await adapter.send({"kind": "record", "our_number": "F-1", "version": 1})


async def test_recordings_answer_by_kind_and_nothing_is_made_up() -> None:
    adapter = RecordedAdapter(RECORDED)
    said = await adapter.send({"kind": "grade", "our_number": "G-1", "version": 3})
    assert (said.state, said.their_number) == ("accepted", "Q-G-1-3")
    refused = await adapter.send({"kind": "listing", "our_number": "L", "version": 1})
    assert (refused.state, refused.reason) == ("refused", "主体不在本系统")
    with pytest.raises(ExchangeFailed):
        await adapter.records(date(2026, 11, 23))
    with pytest.raises(ExchangeFailed):
        await NullAdapter().send({})
    assert (await NullAdapter().decisions("x")).next_after == "x"


def test_production_refuses_recordings(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"database_url": "postgresql://x/y", "keyring_file": tmp_path / "k"}
    target = ExchangeTarget(folder=RECORDED)
    with pytest.raises(ValidationError):
        Settings(environment="production", exchange={"national": target}, **fields)
    Settings(environment="development", exchange={"national": target}, **fields)
    with pytest.raises(ValidationError):
        ExchangeTarget()


@pytest.mark.parametrize(("status", "away"), [(503, True), (401, True), (429, True), (400, False)])
async def test_only_what_is_not_about_the_record_is_an_outage(status: int, away: bool) -> None:
    adapter = HttpAdapter("http://other.example", "s", httpx.MockTransport(lambda _: httpx.Response(status)))
    with pytest.raises(ExchangeFailed) as failed:
        await adapter.send({"kind": "record", "our_number": "F-1", "version": 1})
    assert (failed.value.away, failed.value.full) == (away, status == 429)


async def test_no_answer_in_time_is_an_outage() -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(ExchangeFailed) as failed:
        await HttpAdapter("http://other.example", "s", httpx.MockTransport(hang)).decisions(None)
    assert failed.value.away


async def test_an_answer_that_drips_in_for_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in b'{"items": []}':
                await asyncio.sleep(0.02)
                yield bytes([part])

    monkeypatch.setattr("credit.exchange.adapters._ANSWERED_WITHIN", 0.05)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    with pytest.raises(ExchangeFailed) as failed:
        await HttpAdapter("http://other.example", "s", transport).decisions(None)
    assert failed.value.away
