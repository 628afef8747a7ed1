"""A credit service that runs as a process of its own and is killed again and again."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
from common.clock import FrozenClock
from common.db import Database
from common.ledger.signer import create_log_key, create_witness_key
from common.testing import ServiceDatabase, TokenMint
from fastapi import FastAPI
from sqlalchemy import text
from tourtrust.runtime.processes import free_port

from .conftest import ORIGIN, START, Service, running_witness

RUNNER = Path(__file__).with_name("run_service.py")
SMALL = {
    "subjects_at_once": 50,
    "rows_at_once": 250,
    "moments_at_once": 3,
    "hits_at_once": 20,
    "pieces_at_once": 10,
}


@dataclass
class Mortal:
    """The service, its process, and the database as it is however the process ends."""

    service: Service
    database: Database
    given: Path
    chance: Random = field(default_factory=lambda: Random(20261123))
    process: Process | None = None
    killed: int = 0

    async def start(self) -> None:
        said = self.given.with_name("said")
        with said.open("wb") as stderr:
            command = (sys.executable, str(RUNNER), str(self.given))
            self.process = await asyncio.create_subprocess_exec(*command, stderr=stderr)
        answer = "no answer"
        for _ in range(2_400):
            assert self.process.returncode is None, said.read_text("utf-8")
            try:
                ready = await self.service.http.get("/readyz")
            except httpx.HTTPError:
                pass
            else:
                if ready.status_code == 200:
                    return
                answer = ready.text
            await asyncio.sleep(0.05)
        raise AssertionError(f"the service does not get ready: {answer}; {said.read_text('utf-8')}")

    async def kill(self) -> None:
        """`kill -9`, without a word of warning."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL
        self.killed += 1

    async def kill_amid(
        self,
        reached: Callable[[], Awaitable[int]],
        total: int,
        kills: int,
        going_on: Callable[[], Awaitable[bool]],
    ) -> list[int]:
        """Kill the service so many times on the way to `total`, each time at a random moment, and start it.

        Gives how far it was each time; the work must not have been over then.
        """
        seen = []
        for kill in range(1, kills + 1):
            threshold = total * kill // (kills + 1)
            await self.until(lambda: _beyond(reached, threshold), 300)  # noqa: B023  (awaited at once)
            await asyncio.sleep(self.chance.random() * 0.05)
            await self.kill()
            assert await going_on(), f"over before it was killed for the {kill}. time"
            seen.append(await reached())
            await self.start()
        return seen

    async def until(self, holds: Callable[[], Awaitable[bool]], seconds: float = 120) -> None:
        for _ in range(int(seconds / 0.01)):
            if await holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("waited in vain")

    async def one(self, query: str, **given: Any) -> Any:
        """The only row of a query, as a tuple."""
        async with self.database.session() as session:
            return tuple((await session.execute(text(query), given)).one())

    async def number(self, query: str, **given: Any) -> Any:
        return (await self.one(query, **given))[0]

    async def rows(self, query: str, **given: Any) -> list[tuple[Any, ...]]:
        async with self.database.session() as session:
            return [tuple(row) for row in await session.execute(text(query), given)]

    async def try_post(self, path: str, body: Any, who: dict[str, str], key: str) -> httpx.Response | None:
        """One POST; None when the service died over it."""
        try:
            return await self.service.http.post(
                f"/api/v1/credit{path}", json=body, headers=who | {"Idempotency-Key": key}
            )
        except httpx.HTTPError:
            return None


async def _beyond(reached: Callable[[], Awaitable[int]], threshold: int) -> bool:
    return await reached() > threshold


@asynccontextmanager
async def mortal_service(server: ServiceDatabase, nats_url: str, folder: Path) -> AsyncIterator[Mortal]:
    """The service on a copy of the database, with its log, a witness and the bus."""
    log_key = create_log_key(folder / "log.key", ORIGIN)
    witness_key = create_witness_key(folder / "witness.key", "witness.example/w1")
    logs_file, clock_file, port = folder / "logs", folder / "clock", free_port()
    logs_file.write_text(f"{log_key}\n", encoding="ascii")
    FrozenClock.set(clock_file, START)
    mint = TokenMint(FrozenClock(clock_file))
    url = await server.copy()
    async with (
        running_witness(folder, logs_file) as witness_url,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        given = {
            "folder": str(folder),
            "url": url,
            "clock_file": str(clock_file),
            "port": port,
            "key": mint.key.as_dict(private=True),
            "options": {
                "log_origin": ORIGIN,
                "log_key_file": str(folder / "log.key"),
                "witness_url": witness_url,
                "witness_key": str(witness_key),
                "nats_url": nats_url,
            },
        }
        file = folder / "given.json"
        file.write_text(json.dumps(given | SMALL), encoding="utf-8")
        service = Service(FastAPI(), http, mint, clock_file, log_key, witness_key)
        mortal = Mortal(service, Database(url, pool_size=3), file)
        try:
            await mortal.start()
            yield mortal
        finally:
            if mortal.process is not None and mortal.process.returncode is None:
                mortal.process.kill()
                await mortal.process.wait()
            await mortal.database.dispose()
            await server.drop(url)
