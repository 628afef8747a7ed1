"""What is sent is taken as it stands or refused with its true place; nothing is guessed."""

import json
import time
from typing import Any

import pytest
from common.problems import MalformedBody
from common.web.body import MAX_DEPTH, strict_json

from .conftest import Edge


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("day", 5),
        ("day", 86400),
        ("day", "86400"),
        ("day", "20260101"),
        ("day", True),
        ("at", 5),
        ("at", "1700000000"),
        ("at", 1.5),
        ("at", "2026-01-01T00:00:00"),
        ("hour", 5),
        ("span", 5),
        ("number", 1.0),
        ("number", True),
        ("number", "1"),
        ("type", 1),
    ],
)
async def test_nothing_is_guessed(edge: Edge, field: str, value: Any) -> None:
    answer = await edge.http.post("/edge/echo", json={field: value})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_plain_values_are_taken(edge: Edge) -> None:
    body = {
        "day": "2026-01-01",
        "at": "2026-01-01T00:00:00+08:00",
        "hour": "08:30:00",
        "span": "P1D",
        "number": 5,
        "by_number": {"7": 1},
        "type": True,
    }
    answer = await edge.http.post("/edge/echo", json=body)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in body} == body


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"tagged": {"kind": "fine", "fen": "x"}}, ["/tagged/fen"]),
        ({"tagged": {"kind": "nested", "parts": [{"kind": "fine", "fen": 1}, {}]}}, None),
        ({"tagged": {"kind": "z"}}, ["/tagged"]),
        ({"either": [{"kind": "fine", "fen": "x"}]}, ["/either", "/either/0/fen"]),
        ({"either": "z"}, ["/either", "/either"]),
        ({"by_name": {"a/~b": {"kind": "fine"}}}, ["/by_name/a~1~0b/fen"]),
        ({"by_name": {"a": {"kind": "fine", "fen": 1, "x": 1}}}, ["/by_name/a/x"]),
        ({"by_number": {"a": 1}}, ["/by_number/a"]),
        ([], [""]),
    ],
)
async def test_pointers_lead_to_the_place_in_the_body(
    edge: Edge, body: Any, pointers: list[str] | None
) -> None:
    errors = (await edge.http.post("/edge/echo", json=body)).json()["errors"]
    if pointers is None:
        pointers = ["/tagged/parts/1/kind", "/tagged/parts/1/fen"]
    assert [error["pointer"] for error in errors] == pointers


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("q=%00", "query/q"),
        ("%00=q", "query/?"),
        ("q=%ff", "query"),
        ("q=%ed%a0%80", "query"),
        ("q=a&q=b", "query/q"),
        ("at=5", "query/at"),
        ("at=20260101", "query/at"),
        ("day=86400", "query/day"),
    ],
)
async def test_a_query_is_read_as_strictly(edge: Edge, query: str, pointer: str) -> None:
    answer = await edge.http.get(f"/edge/search?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_lists_may_repeat_and_paths_hold_no_nul(edge: Edge) -> None:
    assert (await edge.http.get("/edge/search?tags=a&tags=b")).json() == ["a", "b"]
    assert (await edge.http.get("/edge/things/%E4%BD%A0%2B%25")).json() == "你+%"
    assert (await edge.http.get("/edge/things/a%00b")).json()["type"] == "/problems/not-found"


async def test_a_field_named_twice_may_have_any_name(edge: Edge) -> None:
    raw = rb'{"\ud800": 1, "\ud800": 2}'
    answer = await edge.http.post("/edge/echo", content=raw, headers={"Content-Type": "application/json"})
    assert answer.json()["type"] == "/problems/malformed-body"


@pytest.mark.parametrize(
    "raw",
    [
        b"{" + b"".join(b'"%x":1,' % i for i in range(150_000)) + b'"z":1,"z":1}',
        b"[" + b"[]," * 600_000 + b"0" + b"]" * 2,
    ],
)
def test_hostile_bodies_are_refused_in_little_time(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MalformedBody):
        strict_json(raw)
    assert time.process_time() - started < 5


def test_depth_and_escapes_are_judged_exactly() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert strict_json(deep) == json.loads(deep)
    with pytest.raises(MalformedBody):
        strict_json(b"[" + deep + b"]")
    assert strict_json(rb'["\\u0000", "\ud83d\ude00"]') == ["\\u0000", "😀"]
    for raw in (rb'{"a\u0000": 1}', rb'["\uDC00"]', b"[-1e999]"):
        with pytest.raises(MalformedBody):
            strict_json(raw)


async def test_bodies_have_a_limit_also_in_chunks_and_forms(edge: Edge) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 1000

    for content in (chunks(), b" " * 20_000):
        answer = await edge.http.post(
            "/edge/echo", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413
    for size, status in ((20_000, 200), (40_000, 413)):
        answer = await edge.http.post("/edge/upload", files={"file": b"a" * size}, data={"note": "x"})
        assert answer.status_code == status, answer.text
    garbage = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await edge.http.post("/edge/upload", content=b"garbage", headers=garbage)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-body")
