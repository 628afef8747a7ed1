"""A small service of its own, with routes that go wrong in every way a real one could."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import pytest
from common.auth import Principal
from common.clock import SystemClock
from common.db import include, new_registry
from common.idempotency import TABLES
from common.problems import TooManyRequests, Unavailable
from common.settings import ServiceSettings
from common.testing import TokenMint, api_client, test_settings
from common.web import Model, Requires, ServiceRouter, SessionDep, create_service_app, problem_response
from fastapi import Depends, FastAPI, Form, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import AwareDatetime, Field
from sqlalchemy import text
from sqlmodel import Field as Column
from sqlmodel import SQLModel
from tourtrust.runtime.postgres import PostgresServer

SCOPE = "credit:write"


class Base(SQLModel, registry=new_registry()):
    """The metadata of this service."""


class Note(Base, table=True):
    __tablename__ = "notes"
    id: int | None = Column(default=None, primary_key=True)
    words: str


include(Base.metadata, *TABLES)


class Fine(Model):
    kind: Literal["fine"]
    fen: int


class Nested(Model):
    kind: Literal["nested"]
    parts: list[Fine]


class Body(Model):
    words: str = "x"
    day: date | None = None
    at: AwareDatetime | None = None
    hour: time | None = None
    span: timedelta | None = None
    number: int | None = None
    either: int | list[Fine] | None = None
    tagged: Annotated[Fine | Nested, Field(discriminator="kind")] | None = None
    by_name: dict[str, Fine] | None = None
    by_number: dict[int, int] | None = None
    type: bool | None = None


Writer = Annotated[Principal, Depends(Requires(SCOPE))]
router = ServiceRouter(prefix="/edge")


@router.post("/echo")
async def echo(body: Body, actor: Writer) -> Body:
    return body


@router.get("/search")
async def search(
    session: SessionDep,
    q: str = "",
    at: datetime | None = None,
    day: date | None = None,
    tags: Annotated[list[str] | None, Query()] = None,
) -> list[str]:
    await session.execute(text("SELECT 1 FROM notes WHERE words = :q"), {"q": q})
    return tags or []


@router.get("/things/{name}")
async def thing(name: str, session: SessionDep) -> str:
    await session.execute(text("SELECT 1 FROM notes WHERE words = :q"), {"q": name})
    return name


@router.post("/notes", status_code=201)
async def write(
    body: Body, request: Request, response: Response, actor: Writer, session: SessionDep, then: str = ""
) -> Any:
    """Write a note, then do what `then` says."""
    note = Note(words=body.words)
    session.add(note)
    await session.flush()
    match then:
        case "orphan":
            await session.execute(text("INSERT INTO child VALUES (99)"))
        case "die":
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        case "lose":
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            async with request.app.state.db.session() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await asyncio.sleep(0.1)
        case "sleep":
            await session.execute(text("SELECT pg_sleep(30)"))
        case "file":
            return FileResponse(__file__)
        case "busy":
            return problem_response(TooManyRequests(1), request)
        case "down":
            return problem_response(Unavailable(), request)
    response.headers["Location"] = f"/edge/notes/{note.id}"
    return {"id": note.id}


@router.post("/serial", status_code=201)
async def serial(body: Body, actor: Writer, session: SessionDep) -> dict[str, int]:
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
    found = await session.scalar(text("SELECT count(*) FROM notes"))
    await asyncio.sleep(0.2)
    session.add(Note(words=body.words))
    return {"found": int(found)}


@router.post("/upload", max_body_size=30_000)
async def upload(actor: Writer, file: UploadFile, note: Annotated[str, Form()]) -> int:
    return len(await file.read())


@router.post("/broken")
async def broken(body: Body, actor: Writer, session: SessionDep, how: str) -> Body:
    match how:
        case "raise":
            raise RuntimeError(f"about {body.words}")
        case "sql":
            await session.execute(text("SELECT nothing FROM notes WHERE words = :q"), {"q": body.words})
    return {"number": body.words}  # type: ignore[return-value]


PUBLIC = frozenset({"GET /edge/search", "GET /edge/things/{name}"})


@dataclass
class Edge:
    """The running service and its caller."""

    app: FastAPI
    http: httpx.AsyncClient
    mint: TokenMint

    def who(self, **claims: Any) -> dict[str, str]:
        return self.mint.headers(scopes=claims.pop("scopes", [SCOPE]), **claims)

    async def notes(self, words: str) -> int:
        """How many notes say `words`."""
        async with self.app.state.db.session() as session:
            return int(
                await session.scalar(text("SELECT count(*) FROM notes WHERE words = :w"), {"w": words})
            )


@pytest.fixture(scope="module")
async def edge(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Edge]:
    """One service for a file: tests of other files may kill the server under its connections."""
    folder: Path = tmp_path_factory.mktemp("edge")
    database = postgres.create_database("edge_" + request.module.__name__.rpartition(".")[2])
    settings = test_settings(ServiceSettings, folder, database, max_body_bytes=10_000)
    mint = TokenMint()
    app: FastAPI = create_service_app(
        name="edge",
        title="Edge",
        settings=settings,
        migrations=None,
        routers=[router],
        public=PUBLIC,
        verifier=mint.verifier(SystemClock()),
    )
    async with app.state.db.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(text("CREATE TABLE parent (id int PRIMARY KEY)"))
        await connection.execute(
            text("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        )
    async with api_client(app, mint.headers(scopes=[SCOPE])) as http:
        yield Edge(app, http, mint)
