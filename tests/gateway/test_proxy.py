"""The proxy over real sockets: bytes unchanged, nothing forged, nothing sent twice, nobody left waiting."""

import asyncio
import hashlib
import json
import os
import resource
import time

import httpx
import pytest

from .conftest import RawServer, served

PATH = "/api/v1/credit/echo"


@pytest.fixture
async def http(stand):
    async with httpx.AsyncClient(base_url=stand.url, timeout=20) as client:
        yield client


async def test_method_path_query_and_body_arrive_byte_for_byte(stand, http):
    body = os.urandom(50_000)
    answer = await http.request(
        "PATCH",
        "/api/v1/credit/a%2Fb/%E5%A4%AA;x=1//echo?b=2&a=%20&a=",
        content=body,
        headers=stand.headers(),
    )
    seen = stand.neighbour.requests[-1]
    assert (answer.status_code, answer.content) == (200, body)
    assert seen["method"] == "PATCH"
    assert seen["raw_path"] == b"/api/v1/credit/a%2Fb/%E5%A4%AA;x=1//echo"
    assert seen["query"] == b"b=2&a=%20&a="
    assert seen["body"] == body


async def test_answer_keeps_its_headers_with_duplicates_and_loses_hop_by_hop_ones(stand, http):
    answer = await http.get(PATH, headers=stand.headers())
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-one"] == "1"
    assert "x-gone" not in answer.headers
    assert len(answer.headers.get_list("date")) == 1
    assert len(answer.headers.get_list("server")) == 1


async def test_encoded_bodies_are_not_decoded(stand, http):
    async with http.stream("GET", "/api/v1/credit/zipped", headers=stand.headers()) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert raw == b"\x1f\x8bnot really gzip"
    assert answer.headers["content-encoding"] == "gzip"


async def test_not_modified_and_head_have_no_body(stand, http):
    unchanged = await http.get("/api/v1/credit/unchanged", headers=stand.headers())
    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, '"1"')
    head = await http.head(PATH, headers=stand.headers())
    assert (head.status_code, head.content) == (200, b"")


async def test_forged_identity_and_forwarding_headers_never_arrive(stand, http):
    forged = {
        "X-User-Id": "admin",
        "X_User": "admin",
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Host": "evil",
        "Forwarded": "for=1.2.3.4",
        "X-Real-IP": "1.2.3.4",
        "Remote-User": "admin",
        "X-Scopes": "admin",
        "Proxy-Authorization": "Basic x",
        "TE": "trailers",
        "Connection": "close, x-secret",
        "X-Secret": "1",
        "X-Plain": "stays",
    }
    await http.get(PATH, headers=stand.headers() | forged)
    seen = dict(stand.neighbour.requests[-1]["headers"])
    for name in (
        "x-user-id",
        "x_user",
        "x-real-ip",
        "remote-user",
        "x-scopes",
        "te",
        "x-secret",
        "proxy-authorization",
    ):
        assert name.encode() not in seen
    assert seen[b"x-plain"] == b"stays"
    assert seen[b"x-forwarded-for"] == b"127.0.0.1"
    assert b"evil" not in b"".join(seen.values())
    assert seen[b"forwarded"].startswith(b"for=127.0.0.1;proto=http")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"),
        (b"Content-Length: +5\r\n", b"hello"),
        (b"Content-Length: 5, 5\r\n", b"hello"),
        (b"Content-Length: -1\r\n", b""),
        (b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"Host: other\r\n", b""),
        (b"Authorization: Bearer x\r\n", b""),
        (b"Bad Header: x\r\n", b""),
        (b"X-Latin: \xe9\r\n", b""),
    ],
)
def test_ambiguous_framing_is_refused_and_reaches_nobody(stand, framing, body):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stand.token()}\r\n".encode()
    answer = stand.raw(head + framing + b"\r\n" + body, patience=2)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert stand.neighbour.requests == []


def test_strange_targets_and_methods_are_refused(stand):
    token = stand.token().encode()
    for line, status in (
        (b"TRACE /api/v1/credit/echo HTTP/1.1", b"405"),
        (b"GET /api/v1/credit/" + b"a" * 20_000 + b" HTTP/1.1", b"400"),
        (b"GET /api/v1/credit/../../oauth/token HTTP/1.1", b"200"),
    ):
        answer = stand.raw(
            line + b"\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
        )
        assert answer.split(b" ")[1] == status, line
    assert stand.neighbour.requests[-1]["raw_path"] == b"/api/v1/credit/../../oauth/token"


async def test_prefixes_end_at_a_segment(stand, http):
    for path in ("/api/v1/creditor/x", "/api/v1/credit%2Fecho", "/api/v1", "/API/v1/credit/echo"):
        answer = await http.get(path, headers=stand.headers())
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert stand.neighbour.requests == []


async def test_paths_between_services_do_not_exist_outside(stand, http):
    for path in (
        "/api/v1/credit/internal/echo",
        "/api/v1/credit/%69nternal/echo",
        "/api/v1/credit/internal%2Fecho",
    ):
        answer = await http.get(path, headers=stand.headers(scopes=("internal:credit",)))
        assert answer.status_code == 404
    assert stand.neighbour.requests == []


async def test_body_over_the_limit_is_413_declared_or_not(stand, http):
    async def chunks():
        for _ in range(40):
            yield b"x" * 10_000

    declared = await http.post(PATH, content=b"x" * 400_000, headers=stand.headers())
    assert (declared.status_code, declared.json()["limit"]) == (413, 300_000)
    assert stand.neighbour.requests == []
    streamed = await http.post("/api/v1/credit/swallow", content=chunks(), headers=stand.headers())
    assert (streamed.status_code, streamed.json()["type"]) == (413, "/problems/payload-too-large")


async def test_big_bodies_stream_both_ways_without_being_held(stand):
    """60 MB up and down at once: the client writes and reads side by side, as NDJSON batches do."""
    pieces, piece = 60, os.urandom(1_000_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    head = (
        f"POST /api/v1/credit/duplex:import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stand.token()}\r\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def upload() -> None:
        writer.write(head.encode() + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(pieces):
            writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    uploading = asyncio.create_task(upload())
    received = await asyncio.wait_for(_dechunked(reader), 60)
    await uploading
    writer.close()
    assert received == hashlib.sha256(piece * pieces).hexdigest()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


async def _dechunked(reader: asyncio.StreamReader) -> str:
    assert b" 200 " in await reader.readline()
    while (await reader.readline()).strip():
        pass
    digest = hashlib.sha256()
    while size := int(await reader.readline(), 16):
        digest.update(await reader.readexactly(size))
        await reader.readline()
    return digest.hexdigest()


async def test_answers_stream_as_they_come(stand, http):
    started = time.monotonic()
    async with http.stream("GET", "/api/v1/credit/stream", headers=stand.headers()) as answer:
        async for line in answer.aiter_lines():
            if line == "5":
                break
    assert time.monotonic() - started < 5
    stand.neighbour.aborted.set()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_client_that_leaves_aborts_the_service(stand, method):
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    length = b"Content-Length: 2\r\n" if method == "POST" else b""
    token = stand.token()
    writer.write(
        f"{method} /api/v1/credit/slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n".encode()
        + length
        + b"\r\n"
        + (b"{}" if method == "POST" else b"")
    )
    await writer.drain()
    assert await asyncio.to_thread(stand.neighbour.started.wait, 5)
    writer.close()
    assert await asyncio.to_thread(stand.neighbour.aborted.wait, 5)
    assert len(stand.neighbour.requests) == 1
    del reader


async def test_client_that_leaves_in_the_middle_of_a_large_body_aborts_the_service(stand):
    _, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    head = f"POST /api/v1/credit/swallow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stand.token()}\r\n"
    writer.write(head.encode() + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000)
    await writer.drain()
    assert await asyncio.to_thread(stand.neighbour.started.wait, 5)
    writer.close()
    assert await asyncio.to_thread(stand.neighbour.aborted.wait, 5)


async def test_client_that_leaves_in_the_middle_of_a_small_body_starts_nothing(stand):
    _, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stand.token()}\r\n"
    writer.write(head.encode() + b"Content-Length: 2000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.3)
    assert stand.neighbour.requests == []


def test_client_that_stops_sending_gets_408(stand):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stand.token()}\r\n"
    answer = stand.raw(head.encode() + b"Content-Length: 2000\r\n\r\nx", patience=4)
    assert b" 408 " in answer.split(b"\r\n")[0]


async def test_slow_service_is_504_and_a_missing_one_503(stand, http):
    slow = await http.post("/api/v1/credit/slow", headers=stand.headers())
    assert (slow.status_code, slow.json()["type"]) == (504, "/problems/gateway-timeout")
    for language, word in (("en", "cannot be reached"), ("zh-CN", "无法连接")):
        gone = await http.get(
            "/api/v1/complaints/cases", headers=stand.headers() | {"Accept-Language": language}
        )
        assert (gone.status_code, gone.json()["type"]) == (503, "/problems/unavailable")
        assert word in gone.json()["detail"]
        assert "retry-after" in gone.headers


@pytest.fixture
async def broken(gateway_database, tmp_path):
    """A gateway before a server that misbehaves: call it with the reply and how many to answer well first."""
    from common.testing import test_settings
    from gateway.config import Settings
    from gateway.main import create_app

    from .conftest import Neighbour, Stand

    open_parts = []
    url = await gateway_database.copy()

    def start(reply, keep=0):
        server = RawServer(reply, keep)
        settings = test_settings(
            Settings, tmp_path, url, credit_url=f"http://127.0.0.1:{server.port}", answer_seconds=1
        )
        app = create_app(settings)
        context = served(app)
        open_parts.append((context, server))
        return Stand(context.__enter__(), Neighbour(), app, tmp_path), server

    yield start
    for context, server in open_parts:
        context.__exit__(None, None, None)
        server.close()
    await gateway_database.drop(url)


@pytest.mark.parametrize(
    "reply", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", b"HTTP/1.1 2"]
)
async def test_broken_answers_are_502(broken, reply):
    stand, _ = broken(reply)
    async with httpx.AsyncClient(base_url=stand.url) as http:
        answer = await http.post(PATH, headers=stand.headers(), content=b"{}")
    assert (answer.status_code, answer.json()["type"]) == (502, "/problems/bad-gateway")


async def test_answer_that_breaks_off_breaks_the_connection(broken):
    stand, _ = broken(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    async with httpx.AsyncClient(base_url=stand.url) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(PATH, headers=stand.headers())


@pytest.mark.parametrize(
    ("method", "times"), [("GET", 2), ("HEAD", 2), ("PUT", 1), ("DELETE", 1), ("POST", 1), ("PATCH", 1)]
)
async def test_only_reads_are_sent_twice_when_a_kept_connection_dies(broken, method, times):
    stand, server = broken(b"", keep=1)
    async with httpx.AsyncClient(base_url=stand.url) as http:
        warm = await http.get(PATH, headers=stand.headers())
        assert warm.status_code == 200
        server.seen.clear()
        server.keep = 0
        answer = await http.request(method, PATH, headers=stand.headers())
    assert answer.status_code == 502
    assert len(server.seen) == times


async def test_requests_without_a_token_reach_public_operations_only(stand, http):
    for path, status in (
        ("/api/v1/credit/public/subjects/echo", 200),
        ("/api/v1/credit/log/tile/0/x001/echo", 200),
        ("/api/v1/credit/subjects/1", 401),
        ("/api/v1/credit/public/subjects/a/b", 401),
        ("/api/v1/credit/unheard", 401),
    ):
        answer = await http.get(path)
        assert answer.status_code == status, path
        if status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await http.post("/api/v1/credit/public/subjects/echo")).status_code == 401
    assert (await http.head("/api/v1/credit/public/subjects/echo")).status_code == 200
    assert (await http.get("/api/v1/complaints/public/x")).status_code == 503


async def test_every_answer_carries_ids_and_limits(stand, http):
    for path, headers in (
        (PATH, stand.headers()),
        (PATH, {}),
        ("/nothing", {}),
        ("/healthz", {}),
        ("/docs", {}),
    ):
        answer = await http.get(path, headers=headers)
        assert len(answer.headers.get_list("x-request-id")) == 1
        assert answer.headers["ratelimit-policy"].count(";q=") == 1
        assert ";r=" in answer.headers["ratelimit"]
        assert answer.headers["traceparent"].startswith("00-")


async def test_request_id_and_trace_are_passed_on_when_well_formed(stand, http):
    good = {
        "X-Request-Id": "my-request-1",
        "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        "tracestate": "k=v",
    }
    answer = await http.get(PATH, headers=stand.headers() | good)
    seen = dict(stand.neighbour.requests[-1]["headers"])
    assert answer.headers["x-request-id"] == "my-request-1" == seen[b"x-request-id"].decode()
    assert seen[b"traceparent"].split(b"-")[1] == b"a" * 32
    assert seen[b"tracestate"] == b"k=v"
    bad = {
        "X-Request-Id": 'short"<',
        "traceparent": "00-" + "0" * 32 + "-" + "b" * 16 + "-01",
        "tracestate": "k=v",
    }
    answer = await http.get(PATH, headers=stand.headers() | bad)
    seen = dict(stand.neighbour.requests[-1]["headers"])
    assert answer.headers["x-request-id"] == seen[b"x-request-id"].decode() != bad["X-Request-Id"]
    assert seen[b"traceparent"].split(b"-")[1] != b"0" * 32
    assert b"tracestate" not in seen


async def test_catalogue_holds_all_services_and_the_page_only_local_assets(stand, http):
    document = (await http.get("/openapi.json")).json()
    assert "/oauth/token" in document["paths"]
    subject = document["paths"]["/api/v1/credit/subjects/{id}"]["get"]
    assert subject["responses"]["200"]["$ref"] == "#/components/responses/credit.Thing"
    assert "credit.Problem" in document["components"]["schemas"]
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    page = await http.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "//" not in page.text.replace("<!doctype", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "page.css"):
        assert f"/docs/{asset}" in page.text
        assert (await http.get(f"/docs/{asset}")).status_code == 200
    assert (await http.get("/docs/..%2Fmain.py")).status_code == 404


async def test_readiness_names_services_that_are_away(stand, http):
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["degraded"]) == {"complaints"}


async def test_metrics_are_for_direct_neighbours_only(stand, http):
    assert (await http.get("/metrics")).status_code == 200
    assert "tourtrust_requests_total" in (await http.get("/metrics")).text
    for header in ("X-Forwarded-For", "Forwarded"):
        assert (await http.get("/metrics", headers={header: "127.0.0.1"})).status_code == 404


def test_small_fuzz_never_finds_500(stand):
    import random

    chance = random.Random(20261123)
    pieces = [
        b"GET",
        b"POST",
        b" ",
        b"/",
        b"/api/v1/credit",
        b"\r\n",
        b":",
        b"Host: x",
        b"%",
        b"\x00",
        b"\xff",
        b"{",
        b"HTTP/1.1",
    ]
    pieces += [
        b"Content-Length: 3",
        b"Transfer-Encoding: chunked",
        b"Authorization: Bearer a.b.c",
        b"?",
        b"#",
        b"\t",
        b"Expect: 100-continue",
    ]
    for _ in range(150):
        head = (
            chance.choice([b"GET ", b"POST ", b"PUT "])
            + b"/api/v1/credit/"
            + chance.choice(pieces)
            + b" HTTP/1.1\r\nHost: x\r\n"
        )
        body = b"".join(chance.choice(pieces) for _ in range(chance.randrange(8)))
        answer = stand.raw(head + body + b"\r\nConnection: close\r\n\r\n", patience=0.3)
        assert b"HTTP/1.1 5" not in answer or b" 503 " in answer.split(b"\r\n")[0], (head, body, answer[:200])


def test_json_problem_shape(stand):
    answer = stand.raw(b"GET /api/v1/credit/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["instance"] == "/api/v1/credit/x"
