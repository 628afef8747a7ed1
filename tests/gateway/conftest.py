"""A gateway on a real PostgreSQL, in front of a real HTTP server that remembers what reached it."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from common.db import migrations_folder
from common.testing import ServiceDatabase, api_client, test_settings
from gateway.config import Settings
from gateway.identity import passwords
from gateway.identity.admin import Admin, Principal
from gateway.main import create_app
from gateway.proxy.protocol import BoundedProtocol
from pwdlib.hashers.argon2 import Argon2Hasher

PASSWORD = "a long enough password"
SECRET = "a-client-secret"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class MovingClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.instant = datetime.now(UTC)

    def now(self) -> datetime:
        return self.instant

    def move(self, **amount: float) -> None:
        self.instant += timedelta(**amount)


class ClockedSettings(Settings):
    """Settings with a clock that is neither real nor the demonstration's."""

    moving: Any = None

    def clock(self) -> MovingClock:
        return self.moving


@pytest.fixture(scope="session")
async def gateway_database(postgres) -> ServiceDatabase:
    database = ServiceDatabase(postgres, "gateway", migrations_folder("gateway"))
    await database.build()
    return database


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def settings(gateway_database, tmp_path, clock) -> AsyncIterator[ClockedSettings]:
    """Settings on a database of the test's own."""
    url = await gateway_database.copy()
    yield test_settings(
        ClockedSettings,
        tmp_path,
        url,
        moving=clock,
        key_lead_seconds=0,
        poll_seconds=0.2,
        credit_url="http://127.0.0.1:9",
    )
    await gateway_database.drop(url)


@pytest.fixture
async def admin(settings) -> AsyncIterator[Admin]:
    async with Admin(settings) as opened:
        yield opened


@pytest.fixture
def app(settings):
    return create_app(settings)


@pytest.fixture
async def client(app):
    """The gateway without a network, for identity."""
    async with api_client(app) as http:
        yield http


@pytest.fixture
async def officer(admin) -> str:
    await admin.create_user(
        "officer",
        PASSWORD,
        Principal("officer", ("credit:read", "credit:write"), ("140000",), "WL"),
        totp_secret=TOTP,
    )
    return "officer"


@pytest.fixture
async def ota(admin) -> str:
    await admin.create_client(
        "ota", "OTA", Principal("client", ("contracts:read", "contracts:submit")), secret=SECRET
    )
    return "ota"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(app: Any, *, lifespan: str = "on", **options: Any) -> Iterator[str]:
    """`app` under uvicorn in a thread, on a port of its own."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=port,
            loop="uvloop",
            http=BoundedProtocol,
            lifespan=lifespan,
            log_level="critical",
            proxy_headers=False,
            **options,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        threading.Event().wait(0.05)
    assert server.started
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


class Neighbour:
    """An ASGI service that records requests and does by its path what the test needs."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.aborted = threading.Event()
        self.started = threading.Event()
        self.document = {
            "openapi": "3.1.0",
            "info": {"title": "credit", "version": "1"},
            "paths": {
                "/api/v1/credit/public/subjects/{key}": {
                    "get": {"security": [], "responses": {}, "operationId": "p"}
                },
                "/api/v1/credit/log/tile/{rest}": {"get": {"security": [], "responses": {}}},
                "/api/v1/credit/subjects/{id}": {
                    "get": {
                        "security": [{"token": ["credit:read"]}],
                        "responses": {"200": {"$ref": "#/components/responses/Thing"}},
                    }
                },
            },
            "components": {
                "schemas": {"Problem": {"type": "object"}},
                "responses": {"Thing": {"description": "x"}},
            },
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        path = scope["path"]
        headers = [(b"content-type", b"application/json")]
        if path == "/openapi.json":
            await answer(send, 200, headers, json.dumps(self.document).encode())
            return
        if path == "/readyz":
            await answer(send, 200, headers, b"{}")
            return
        record = {
            "method": scope["method"],
            "raw_path": scope["raw_path"],
            "query": scope["query_string"],
            "headers": scope["headers"],
        }
        self.requests.append(record)
        last = path.rsplit("/", 1)[-1].partition(":")[0]
        await getattr(self, f"on_{last}", self.on_echo)(record, receive, send)

    async def on_echo(self, record: Any, receive: Any, send: Any) -> None:
        record["body"] = await whole(receive)
        headers = [
            (b"x-one", b"1"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"connection", b"x-gone"),
            (b"x-gone", b"1"),
        ]
        await answer(send, 200, headers, record["body"])

    async def on_zipped(self, record: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, [(b"content-encoding", b"gzip")], b"\x1f\x8bnot really gzip")

    async def on_unchanged(self, record: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", b'"1"')]})
        await send({"type": "http.response.body"})

    async def on_stream(self, record: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.started.set()
        for number in range(1000):
            await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
            await asyncio.sleep(0.02)
            if self.aborted.is_set():
                return

    async def on_duplex(self, record: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.aborted.set()
                return
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})

    async def on_slow(self, record: Any, receive: Any, send: Any) -> None:
        await whole(receive)
        self.started.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.aborted.set()

    async def on_swallow(self, record: Any, receive: Any, send: Any) -> None:
        seen = 0
        self.started.set()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.aborted.set()
                return
            seen += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        await answer(send, 200, [], str(seen).encode())


async def whole(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send: Any, status: int, headers: Any, body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


class RawServer:
    """A TCP server that answers each connection's first request line with the bytes a test chose."""

    def __init__(self, reply: bytes | None, keep: int = 0) -> None:
        self.reply = reply
        self.keep = keep
        self.seen: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            served = 0
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    request += chunk
                self.seen.append(request)
                if served < self.keep:
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    served += 1
                    continue
                if self.reply is None:
                    threading.Event().wait(30)
                elif self.reply:
                    connection.sendall(self.reply)
                return

    def close(self) -> None:
        self.listener.close()


class Stand:
    """A running gateway with its neighbour, and tokens for it."""

    def __init__(self, url: str, neighbour: Neighbour, app: Any, folder: Path) -> None:
        self.url, self.neighbour, self.app, self.folder = url, neighbour, app, folder
        self.port = int(url.rsplit(":", 1)[1])

    def token(self, *, sub: str = "officer-1", scopes: tuple[str, ...] = ("credit:read",)) -> str:
        from gateway.tokens.rules import Grant

        grant = Grant(sub, "test", "officer", scopes, ("140000",))
        return self.app.state.token_issuer.issue(grant, datetime.now(UTC)).token

    def headers(self, **options: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**options)}"}

    def raw(self, request: bytes, *, patience: float = 5) -> bytes:
        """Send bytes as they are, and give what comes back until the gateway closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            connection.sendall(request)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except TimeoutError:
                pass
            return received


@pytest.fixture(scope="module")
def neighbour() -> Neighbour:
    return Neighbour()


@pytest.fixture(scope="module")
async def stand(gateway_database, tmp_path_factory, neighbour) -> AsyncIterator[Stand]:
    url = await gateway_database.copy()
    folder = tmp_path_factory.mktemp("stand")
    with served(neighbour, lifespan="off") as upstream:
        settings = test_settings(
            Settings,
            folder,
            url,
            credit_url=upstream,
            contracts_url=upstream,
            complaints_url="http://127.0.0.1:9",
            proxy_body_bytes=300_000,
            bulk_body_bytes=80_000_000,
            answer_seconds=1.5,
            client_seconds=1.5,
            poll_seconds=0.2,
            key_lead_seconds=0,
            token_issuer="http://gateway.test",
        )
        app = create_app(settings)
        with served(app) as address:
            yield Stand(address, neighbour, app, folder)
    await gateway_database.drop(url)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id as in production, but without its cost."""
    monkeypatch.setattr(
        passwords, "Argon2Hasher", lambda: Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    )


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Forget what the neighbour saw before."""
    if "neighbour" in request.fixturenames or "stand" in request.fixturenames:
        seen: Neighbour = request.getfixturevalue("neighbour")
        seen.requests.clear()
        seen.aborted.clear()
        seen.started.clear()
