"""The HTTP edge: access first, strict bodies, one transaction, idempotent writes, problems for everything."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import pytest
from common.auth import Principal
from common.clock import SystemClock
from common.db import Database, SchemaError, check_database, include, new_registry
from common.idempotency import TABLES
from common.problems import StateConflict, Text
from common.settings import ServiceSettings
from common.testing import TokenMint, api_client, test_settings
from common.web import Model, Requires, ServiceRouter, SessionDep, create_service_app, problem_response
from common.web.errors import field_errors
from fastapi import Depends, Request, Response
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import text
from sqlmodel import Field as Column
from sqlmodel import SQLModel
from tourtrust.runtime.postgres import PostgresServer


class Base(SQLModel, registry=new_registry()):
    """The metadata of a service made up for this test."""


class Note(Base, table=True):
    """A row that the test service writes."""

    __tablename__ = "notes"
    id: int | None = Column(default=None, primary_key=True)
    words: str


class NoteIn(Model):
    words: str = Field(min_length=1, max_length=20)
    count: int = 0
    loud: bool = False
    extra: dict[str, Any] = Field(default_factory=dict)


class Refused(StateConflict):
    type = "/problems/refused"
    title = Text("拒绝", "Refused")


Writer = Annotated[Principal, Depends(Requires("credit:write"))]
router = ServiceRouter(prefix="/api/v1/test")


@router.post("/notes", status_code=201)
async def write_note(body: NoteIn, actor: Writer, session: SessionDep) -> dict[str, int]:
    note = Note(words=body.words)
    session.add(note)
    await session.flush()
    assert note.id is not None
    return {"id": note.id}


@router.post("/slow", status_code=201)
async def write_slowly(body: NoteIn, actor: Writer, session: SessionDep) -> dict[str, int]:
    session.add(Note(words=body.words))
    await session.flush()
    await asyncio.sleep(0.5)
    return {"id": 1}


@router.post("/refusals")
async def refuse_with_trace(
    body: NoteIn, request: Request, actor: Writer, session: SessionDep, raises: bool = False
) -> Response:
    session.add(Note(words=body.words))
    if raises:
        raise Refused
    return problem_response(Refused(), request)


@router.get("/open")
async def read_open(limit: int = 5) -> dict[str, int]:
    return {"limit": limit}


PUBLIC = frozenset({"GET /api/v1/test/open"})
include(Base.metadata, *TABLES)


@pytest.fixture(scope="module")
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
async def client(
    postgres: PostgresServer, tmp_path: Path, mint: TokenMint, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    url = postgres.create_database(f"web_{abs(hash(request.node.name))}")
    settings = test_settings(ServiceSettings, tmp_path, url, max_body_bytes=10_000)
    app = create_service_app(
        name="test",
        title="Test",
        settings=settings,
        migrations=None,
        routers=[router],
        public=PUBLIC,
        verifier=mint.verifier(SystemClock()),
    )
    async with app.state.db.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with api_client(app, mint.headers(scopes=["credit:write"])) as http:
        http.app = app  # type: ignore[attr-defined]
        yield http


async def count(client: httpx.AsyncClient) -> int:
    async with client.app.state.db.session() as session:  # type: ignore[attr-defined]
        return int(await session.scalar(text("SELECT count(*) FROM notes")))


async def test_a_write_answers_after_its_commit(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/test/notes", json={"words": "你好"})
    assert answer.status_code == 201
    assert await count(client) == 1
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"words": "a"', 400, "malformed-body"),
        (b'{"words": NaN}', 400, "malformed-body"),
        (b'{"words": "a", "extra": {"x": 1e999}}', 400, "malformed-body"),
        (b'{"words": "a", "extra": {"x": Infinity}}', 400, "malformed-body"),
        (b'{"words": "a", "words": "b"}', 400, "malformed-body"),
        (b'{"words": "a\\u0000b"}', 400, "malformed-body"),
        (b'{"words": "\\ud800"}', 400, "malformed-body"),
        (b'{"words": "\xff"}', 400, "malformed-body"),
        (b'{"words": "a", "extra": ' + b'{"x":' * 200 + b"1" + b"}" * 201, 400, "malformed-body"),
        (b"[" * 9000, 400, "malformed-body"),
        (b'{"words": "a", "count": ' + b"9" * 5000 + b"}", 400, "malformed-body"),
        (b'{"words": "a", "count": true}', 422, "invalid-payload"),
        (b'{"words": "a", "count": "5"}', 422, "invalid-payload"),
        (b'{"words": "a", "loud": 1}', 422, "invalid-payload"),
        (b'{"words": "a", "unknown": 1}', 422, "invalid-payload"),
        (b'{"words": ""}', 422, "invalid-payload"),
        (b"[]", 422, "invalid-payload"),
        (b"", 422, "invalid-payload"),
        (b'{"words": "' + b"a" * 20_000 + b'"}', 413, "payload-too-large"),
    ],
)
async def test_bad_bodies_are_refused_and_store_nothing(
    client: httpx.AsyncClient, body: bytes, status: int, kind: str
) -> None:
    answer = await client.post(
        "/api/v1/test/notes", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert await count(client) == 0


async def test_errors_name_the_field_in_both_languages(client: httpx.AsyncClient) -> None:
    body = {"words": "a", "unknown/field": 1}
    chinese = (await client.post("/api/v1/test/notes", json=body)).json()
    english = (
        await client.post("/api/v1/test/notes", json=body, headers={"Accept-Language": "en-GB,zh;q=0.5"})
    ).json()
    assert chinese["errors"] == [{"pointer": "/unknown~1field", "detail": "未知字段"}]
    assert english["errors"][0]["detail"] == "Extra inputs are not permitted"
    query = (await client.get("/api/v1/test/open", params={"limit": "x"})).json()
    assert query["errors"] == [{"pointer": "query/limit", "detail": "须为整数"}]


def test_the_choices_of_a_field_are_joined_in_the_language_of_the_text() -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Literal["csv", "xlsx", "a or b"]).validate_python("pdf")
    detail = field_errors(refused.value.errors())[0].detail
    assert detail.zh == "须为下列之一：'csv', 'xlsx', 'a or b'"
    assert detail.en == "Input should be 'csv', 'xlsx' or 'a or b'"


async def test_only_json_is_read_as_json(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/test/notes", content=b"a=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_access_is_judged_before_the_body(client: httpx.AsyncClient, mint: TokenMint) -> None:
    nobody = await client.post("/api/v1/test/notes", content=b"{", headers={"Authorization": ""})
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    wrong = await client.post("/api/v1/test/notes", content=b"{", headers=mint.headers(scopes=["admin"]))
    assert wrong.status_code == 403
    late = mint.headers(scopes=["credit:write"], lifetime=-1)
    assert (await client.post("/api/v1/test/notes", json={"words": "a"}, headers=late)).status_code == 401
    foreign = TokenMint().headers(scopes=["credit:write"])
    assert (await client.post("/api/v1/test/notes", json={"words": "a"}, headers=foreign)).status_code == 401
    assert (await client.get("/api/v1/test/open", headers={"Authorization": ""})).status_code == 200


async def test_a_returned_problem_keeps_its_trace_and_a_raised_one_does_not(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.post("/api/v1/test/refusals", json={"words": "a"})).status_code == 409
    assert await count(client) == 1
    raised = await client.post("/api/v1/test/refusals?raises=true", json={"words": "a"})
    assert raised.status_code == 409
    assert await count(client) == 1


async def test_the_same_key_and_body_give_the_same_answer_once(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = await client.post("/api/v1/test/notes", json={"words": "a"}, headers=key)
    again = await client.post("/api/v1/test/notes", json={"words": "a"}, headers=key)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post("/api/v1/test/notes", json={"words": "b"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert await count(client) == 1


async def test_another_caller_may_use_the_same_key(client: httpx.AsyncClient, mint: TokenMint) -> None:
    key = {"Idempotency-Key": "order-1"}
    await client.post("/api/v1/test/notes", json={"words": "a"}, headers=key)
    other = mint.headers(scopes=["credit:write"], sub="officer-2") | key
    assert (await client.post("/api/v1/test/notes", json={"words": "b"}, headers=other)).status_code == 201
    barred = mint.headers(scopes=["admin"]) | key
    assert (await client.post("/api/v1/test/notes", json={"words": "a"}, headers=barred)).status_code == 403
    assert await count(client) == 2


async def test_a_key_in_use_is_told_to_wait(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *(client.post("/api/v1/test/slow", json={"words": "a"}, headers=key) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert all(a.headers["retry-after"] for a in answers if a.status_code == 409)
    assert await count(client) == 1


async def test_kept_answers_are_not_readable_in_the_database(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/test/notes", json={"words": "a"}, headers={"Idempotency-Key": "k"})
    async with client.app.state.db.session() as session:  # type: ignore[attr-defined]
        kept = await session.scalar(text("SELECT answer FROM idempotency"))
    assert '"id"' not in kept and "status" not in kept


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/nothing")).json()["type"] == "/problems/not-found"
    assert (await client.get("/api/v1/test/notes")).json()["type"] == "/problems/method-not-allowed"


async def test_readiness_waits_for_nothing_that_hangs(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:  # with the real three seconds: a shorter time would fail healthy checks on a busy machine
    async def hang() -> None:
        await asyncio.sleep(3600)

    state = client.app.state  # type: ignore[attr-defined]
    monkeypatch.setitem(state.readiness, "slow", hang)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (200, {"slow": "TimeoutError"})

    class Hung:
        async def __aenter__(self) -> None:
            await hang()

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(state.db, "session", Hung)
    assert (await client.get("/readyz")).status_code == 503


async def test_a_dead_database_is_a_503(client: httpx.AsyncClient, postgres: PostgresServer) -> None:
    assert (await client.get("/readyz")).status_code == 200
    postgres.kill()
    try:
        answers = [
            (await client.post("/api/v1/test/notes", json={"words": "a"})).status_code for _ in range(8)
        ]
        assert set(answers) == {503}
        assert (await client.get("/readyz")).status_code == 503
    finally:
        postgres.start()
    for _ in range(50):
        if (await client.post("/api/v1/test/notes", json={"words": "a"})).status_code == 201:
            break
        await asyncio.sleep(0.1)
    assert await count(client) == 1


def test_a_route_that_is_neither_protected_nor_public_stops_the_start(tmp_path: Path) -> None:
    forgotten = ServiceRouter()

    @forgotten.get("/forgotten")
    async def read() -> dict[str, str]:
        return {}

    settings = test_settings(ServiceSettings, tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(ValueError, match="GET /forgotten"):
        create_service_app(name="test", title="Test", settings=settings, migrations=None, routers=[forgotten])


async def test_openapi_tells_access_of_every_operation(client: httpx.AsyncClient) -> None:
    paths = client.app.state.openapi["paths"]  # type: ignore[attr-defined]
    assert paths["/api/v1/test/notes"]["post"]["security"] == [{"token": ["credit:write"]}]
    assert paths["/api/v1/test/open"]["get"]["security"] == []
    assert "401" in paths["/api/v1/test/notes"]["post"]["responses"]
    assert "HTTPValidationError" not in json.dumps(client.app.state.openapi)  # type: ignore[attr-defined]


async def test_a_locale_without_chinese_letters_is_refused(postgres: PostgresServer) -> None:
    postgres.sql("CREATE DATABASE plain_c TEMPLATE template0 LOCALE 'C'")
    database = Database(postgres.url("plain_c"))
    with pytest.raises(SchemaError, match=r"C\.UTF-8"):
        await check_database(database, None)
    await database.dispose()
