"""Whatever breaks inside: the caller learns that it failed, the operator where, and nobody what was in it."""

import asyncio
import json
import logging

import httpx
import pytest
import structlog
from common.db import Database
from common.telemetry import REQUESTS, library_formatter
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .conftest import Edge

SECRET = "王样例的手机号"


@pytest.mark.parametrize(
    ("then", "status", "kind"),
    [
        ("orphan", 409, "state-conflict"),
        ("die", 503, "unavailable"),
        ("lose", 503, "unavailable"),
    ],
)
async def test_a_commit_that_fails_is_never_a_201(edge: Edge, then: str, status: int, kind: str) -> None:
    answer = await edge.http.post(f"/edge/notes?then={then}", json={"words": then})
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert await edge.notes(then) == 0


async def test_of_two_transactions_that_cannot_both_be_one_may_try_again(edge: Edge) -> None:
    answers = await asyncio.gather(
        *(edge.http.post("/edge/serial", json={"words": "serial"}) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 503]
    assert {answer.headers.get("retry-after") for answer in answers} == {None, "2"}
    assert await edge.notes("serial") == 1


async def test_a_cancelled_request_leaves_nothing_behind(edge: Edge) -> None:
    request = asyncio.create_task(edge.http.post("/edge/notes?then=sleep", json={"words": "gone"}))
    await asyncio.sleep(0.3)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await edge.notes("gone") == 0
    assert edge.app.state.db.engine.pool.checkedout() == 0


@pytest.mark.parametrize("how", ["raise", "sql", "answer"])
async def test_our_mistakes_are_a_plain_500_and_their_log_quotes_nobody(
    edge: Edge, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    processors = structlog.get_config()["processors"]
    with structlog.testing.capture_logs(processors=processors[:-1]) as lines:
        answer = await edge.http.post(f"/edge/broken?how={how}", json={"words": SECRET})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert SECRET not in answer.text
    line = next(line for line in lines if "exception" in line)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["exception"][0]["at"]
    assert SECRET not in json.dumps(lines, ensure_ascii=False, default=str)
    assert SECRET not in "".join(capsys.readouterr())


def test_lines_of_libraries_are_json_without_messages_of_exceptions() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(library_formatter())
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        record = logging.LogRecord("lib", logging.ERROR, "", 1, "failed %s", ("here",), None)
        record.exc_info = (ValueError, error, error.__traceback__)
    line = json.loads(handler.format(record))
    assert line["event"] == "failed here"
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert SECRET not in json.dumps(line, ensure_ascii=False)


async def test_spans_and_numbers_tell_the_route_and_never_the_query(edge: Edge) -> None:
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    spans = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    await edge.http.get("/edge/search", params={"q": SECRET})
    await edge.http.get(f"/edge/things/{SECRET}")
    await edge.http.request("BREW", f"/edge/{SECRET}")
    spans.shutdown()
    finished = spans.get_finished_spans()
    assert [span.name for span in finished] == [
        "GET /edge/search",
        "GET /edge/things/{name}",
        "other -",
    ]
    assert SECRET not in "".join(span.to_json(indent=None) for span in finished)
    labels = {tuple(sample.labels.values()) for metric in REQUESTS.collect() for sample in metric.samples}
    assert ("edge", "other", "-", "404") in labels
    assert not any(SECRET in value or "BREW" in value for label in labels for value in label)


async def test_an_id_of_the_callers_is_kept_if_it_is_one(edge: Edge) -> None:
    for offered, kept in (("abcd-1234", True), ("short", False), ("x" * 65, False), ("abcd 1234", False)):
        answer = await edge.http.get("/edge/search", headers={"X-Request-Id": offered})
        assert (answer.headers["x-request-id"] == offered) is kept
    assert "request_id" not in structlog.contextvars.get_contextvars()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a@127.0.0.1:1/x",
        "postgresql://a@nowhere.invalid:5432/x",
        "postgresql:///x?host=/nowhere",
    ],
)
async def test_a_database_out_of_reach_is_a_503(edge: Edge, url: str) -> None:
    real, edge.app.state.db = edge.app.state.db, Database(url)
    try:
        answer = await edge.http.get("/edge/search")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (await edge.http.get("/readyz")).status_code == 503
    finally:
        await edge.app.state.db.dispose()
        edge.app.state.db = real


async def test_a_part_whose_check_breaks_is_named_not_raised(edge: Edge) -> None:
    async def check() -> str | None:
        raise OSError

    edge.app.state.readiness["part"] = check
    answer = await edge.http.get("/readyz")
    del edge.app.state.readiness["part"]
    assert (answer.status_code, answer.json()["degraded"]) == (200, {"part": "OSError"})


async def test_who_leaves_while_sending_is_no_error_of_ours(edge: Edge) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError("nobody is there to read")

    app: FastAPI = edge.app
    headers = edge.who() | {"Content-Type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/edge/echo",
        "raw_path": b"/edge/echo",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
        "root_path": "",
    }
    with structlog.testing.capture_logs() as lines:
        await app(scope, receive, send)
    assert lines == []


async def test_problems_speak_the_readers_language(edge: Edge) -> None:
    for method, path, zh, en in (
        ("GET", "/nowhere", "没有此路径", "There is no such path"),
        ("PUT", "/edge/search", "不支持的方法", "Method not allowed"),
    ):
        for language, detail in ((None, zh), ("en-US,en;q=0.9,zh;q=nan", en), ("en;q=0.1,zh;q=0.2", zh)):
            headers = {"Accept-Language": language} if language else {}
            answer: httpx.Response = await edge.http.request(method, path, headers=headers)
            assert answer.json()["detail"] == detail
