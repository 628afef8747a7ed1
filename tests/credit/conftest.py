"""A credit service on a real database, with its log, a real witness and a clock that the test holds."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from common.clock import FrozenClock, china_date
from common.db import migrations_folder, new_id
from common.ledger.note import VerifierKey
from common.ledger.signer import create_log_key, create_witness_key
from common.testing import ServiceDatabase, TokenMint, api_client, test_settings
from common.web.witness import WitnessSettings
from common.web.witness import create_app as create_witness
from credit.config import Settings
from credit.facts.schemas import FactIn
from credit.facts.service import FactService
from credit.main import create_app
from credit.seed.names import guide_card, unified_code
from credit.subjects.repository import SubjectRepository
from fastapi import FastAPI

START = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
ORIGIN = "tourtrust.example/credit"
ALL = ["credit:read", "credit:write", "inspections:run", "pii:reveal"]


@dataclass
class Service:
    """The running service and who may call it."""

    app: FastAPI
    http: httpx.AsyncClient
    mint: TokenMint
    clock_file: Path
    log_key: VerifierKey
    witness_key: VerifierKey
    serial: int = 0

    def at(self, instant: datetime) -> None:
        FrozenClock.set(self.clock_file, instant)

    def who(self, *regions: str, scopes: list[str] | None = None, **claims: Any) -> dict[str, str]:
        return self.mint.headers(scopes=scopes or ALL, regions=list(regions) or ["140000"], **claims)

    def key(self, region: str = "140105") -> str:
        self.serial += 1
        return unified_code("91", region, 700_000 + self.serial)

    def card(self) -> str:
        self.serial += 1
        return guide_card("140100", 700_000 + self.serial)

    async def subject(self, **fields: Any) -> dict[str, Any]:
        region = fields.get("region", "140105")
        body = {
            "kind": "travel_agency",
            "key": self.key(region),
            "name": "测试样例旅行社（虚构）",
            "region": region,
        }
        answer = await self.http.post("/api/v1/credit/subjects", json=body | fields, headers=self.who())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def fact_body(self, subject: dict[str, Any], code: str, day: str, **fields: Any) -> dict[str, Any]:
        self.serial += 1
        return {
            "subject_id": subject["id"],
            "code": code,
            "occurred_on": day,
            "source": {"kind": "other", "authority": "演示机关", "reference": f"T-{self.serial}"},
        } | fields

    async def fact(self, subject: dict[str, Any], code: str, day: str, **fields: Any) -> dict[str, Any]:
        body = self.fact_body(subject, code, day, **fields)
        answer = await self.http.post("/api/v1/credit/facts", json=body, headers=self.who())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def on_duty(self, *staff: str, region: str = "140000", **fields: Any) -> list[str]:
        """Inspectors of the library, entered unless they are in it already; gives their staff ids."""
        for one in staff:
            body = {"staff_id": one, "name": "检查员（虚构）", "department": "综合执法队", "region": region}
            body |= {"card_no": f"JC-{one}", "active_from": "2026-01-01"} | fields
            made = await self.http.post("/api/v1/credit/inspectors", json=body, headers=self.who())
            assert made.status_code in {201, 409}, made.text
        return list(staff)

    async def uploaded(self, subject: dict[str, Any], name: str = "书面材料.txt") -> str:
        """The hash of a file of a subject that an officer has uploaded."""
        url = f"/api/v1/credit/subjects/{subject['id']}/evidence"
        file = {"file": (name, f"{name}（虚构）".encode(), "text/plain")}
        sent = await self.http.post(url, files=file, headers=self.who())
        assert sent.status_code in {200, 201}, sent.text
        hashed: str = sent.json()["sha256"]
        return hashed

    async def paper(self, subject: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """The reference of a new paper of the subject's own, uploaded, on which an officer acts for it."""
        hashed = await self.uploaded(subject, f"书面材料{new_id()}.txt")
        return {"number": "书面申请2026年第1号", "sha256": hashed} | fields

    async def proof(self, subject: dict[str, Any], name: str = "证明材料") -> list[dict[str, str]]:
        """Uploaded evidence, as requests name it."""
        return [{"sha256": await self.uploaded(subject), "name": name}]

    async def by_room(
        self, subject: dict[str, Any], code: str, day: str, room: str = "", **fields: Any
    ) -> dict[str, Any]:
        """A fact whose code belongs to a procedure, as its room records it.

        With `room="merge"` as a merger brings it: a listing that has no record here.
        """
        body, env = self.fact_body(subject, code, day, **fields), self.app.state.env
        kind = env.rulebook.catalogue(china_date(env.clock.now())).by_code[code]
        body["source"] = body["source"] | {"kind": room or kind.recorded_by[0]}
        async with self.app.state.db.session() as session:
            row = await SubjectRepository(session).lock(UUID(subject["id"]), None)
            assert row is not None
            wanted = FactIn.model_validate_json(json.dumps(body))
            fact, _ = await FactService(session, env).record_for(row, wanted, by="room")
            fact_id = fact.id
        made: dict[str, Any] = (await self.get(f"/facts/{fact_id}/versions"))[-1]
        return made

    async def get(
        self, path: str, expect: int = 200, who: dict[str, str] | None = None, **params: Any
    ) -> Any:
        headers = self.who() if who is None else who
        answer = await self.http.get(f"/api/v1/credit{path}", params=params, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, expect: int = 201, who: dict[str, str] | None = None) -> Any:
        headers = self.who() if who is None else who
        answer = await self.http.post(f"/api/v1/credit{path}", json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()


@pytest.fixture(scope="session")
async def credit_database(postgres: Any) -> AsyncIterator[ServiceDatabase]:
    database = ServiceDatabase(postgres, "credit", migrations_folder("credit"))
    await database.build()
    yield database


@asynccontextmanager
async def running_witness(folder: Path, logs_file: Path) -> AsyncIterator[str]:
    """A real witness on a port of its own."""
    settings = WitnessSettings(
        environment="development",
        key_file=folder / "witness.key",
        state_file=folder / "witness.json",
        logs_file=logs_file,
        clock_file=folder / "clock",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            create_witness(settings), host="127.0.0.1", port=port, log_level="error", lifespan="on"
        )
    )
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn offers no event)
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def running_service(database: ServiceDatabase, folder: Path, **options: Any) -> AsyncIterator[Service]:
    """The service on a copy of the database."""
    log_key = create_log_key(folder / "log.key", ORIGIN)
    witness_key = create_witness_key(folder / "witness.key", "witness.example/w1")
    logs_file = folder / "logs"
    logs_file.write_text(f"{log_key}\n", encoding="ascii")
    clock_file = folder / "clock"
    FrozenClock.set(clock_file, START)
    url = await database.copy()
    async with running_witness(folder, logs_file) as witness_url:
        settings = test_settings(
            Settings,
            folder,
            url,
            log_origin=ORIGIN,
            log_key_file=folder / "log.key",
            clock_file=clock_file,
            witness_url=witness_url,
            witness_key=str(witness_key),
            **options,
        )
        mint = TokenMint(FrozenClock(clock_file))
        app = create_app(settings, verifier=mint.verifier(FrozenClock(clock_file)))
        async with api_client(app) as http:
            yield Service(app, http, mint, clock_file, log_key, witness_key)
    await database.drop(url)


@pytest.fixture(scope="module")
async def service(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    async with running_service(credit_database, tmp_path_factory.mktemp("credit")) as running:
        yield running
