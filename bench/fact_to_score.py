"""From a fact accepted over HTTP to its grade: POST /facts, then GET /subjects/{id}/score with it inside.

The load is open: a fact is due every hundredth of a second whether or not the ones before were answered, and
its time counts from the instant at which it was due. The service runs in processes of its own on an embedded
PostgreSQL, called directly, without the gateway. A second, closed round shows how many facts a second the
service sustains.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import secrets
import shutil
import socket
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from common.clock import SystemClock
from common.db import migrations_folder
from common.ledger.signer import create_log_key
from common.migrations import migrate
from common.testing import TokenMint, test_settings
from credit.config import Settings
from credit.main import create_app
from credit.seed.names import unified_code
from tourtrust.runtime.postgres import PostgresServer

SUBJECTS = 200
RATE = 100
SECONDS = 6
PROCESSES = 2
CODES = ("VALID_COMPLAINT", "PENALTY_WARNING", "COMMENDATION")


def _serve(settings: Settings, mint: TokenMint, listener: socket.socket) -> None:
    app = create_app(settings, verifier=mint.verifier(SystemClock()))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", loop="uvloop", http="httptools", lifespan="on")
    )
    uvloop.run(server.serve(sockets=[listener]))


class Caller:
    """A client that records facts and reads the score that follows."""

    def __init__(self, http: httpx.AsyncClient, subjects: list[str]) -> None:
        self._http, self._subjects = http, subjects
        self._serial = 0

    async def once(self, due: float) -> tuple[float, float]:
        """Seconds from `due` to the fact accepted, and to the score that holds it."""
        self._serial += 1
        subject = random.choice(self._subjects)
        day = (datetime.now(UTC) - timedelta(days=random.randrange(1, 700))).date()
        body = {
            "subject_id": subject,
            "code": random.choice(CODES),
            "occurred_on": day.isoformat(),
            "source": {"kind": "other", "authority": "演示机关", "reference": f"B-{id(self)}-{self._serial}"},
        }
        answer = await self._http.post("/facts", json=body)
        assert answer.status_code == 201, answer.text
        accepted = time.perf_counter() - due
        fact = answer.json()
        score = (
            await self._http.get(f"/subjects/{subject}/score", params={"valid_at": fact["occurred_on"]})
        ).json()
        counted = {item["fact_id"] for item in score["result"]["contributions"]}
        assert fact["id"] in counted, score
        return accepted, time.perf_counter() - due


async def _open_loop(caller: Caller, seconds: float) -> list[tuple[float, float]]:
    began, tasks = time.perf_counter() + 0.1, []
    for number in range(int(RATE * seconds)):
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(caller.once(due)))
    return list(await asyncio.gather(*tasks))


async def _closed_loop(caller: Caller, seconds: float, workers: int = 8) -> float:
    until, done = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await caller.once(time.perf_counter())
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return done / (time.perf_counter() - began)


async def _measure(port: int, mint: TokenMint) -> dict[str, Any]:
    headers = mint.headers(scopes=["credit:read", "credit:write"])
    limits = httpx.Limits(max_connections=64)
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=30) as http:
        for _ in range(300):
            try:
                if (await http.get("/readyz")).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
        http.base_url = httpx.URL(f"{base}/api/v1/credit")
        subjects = []
        for number in range(SUBJECTS):
            body = {
                "kind": "travel_agency",
                "key": unified_code("91", "140105", 800_000 + number),
                "name": f"样例{number}（虚构）",
                "region": "140105",
            }
            answer = await http.post("/subjects", json=body)
            assert answer.status_code == 201, answer.text
            subjects.append(answer.json()["id"])
        caller = Caller(http, subjects)
        await _open_loop(caller, 1)
        times = await _open_loop(caller, SECONDS)
        sustained = await _closed_loop(caller, 4)
    accepted, readable = (statistics.quantiles([pair[n] for pair in times], n=100) for n in (0, 1))
    return {
        "p50_ms": round(readable[49] * 1000, 1),
        "p99_ms": round(readable[98] * 1000, 1),
        "accepted_p50_ms": round(accepted[49] * 1000, 1),
        "accepted_p99_ms": round(accepted[98] * 1000, 1),
        "offered_per_s": RATE,
        "sustained_per_s": round(sustained),
        "processes": PROCESSES,
    }


def run() -> dict[str, Any]:
    """Start PostgreSQL and the service, and measure."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    home.chmod(0o755)
    server = PostgresServer(home / "postgres", password=secrets.token_hex(16))
    processes: list[Any] = []
    listener = socket.socket()
    try:
        server.start()
        url = server.create_database("tourtrust_credit")
        migrate(url, migrations_folder("credit"))
        create_log_key(home / "log.key", "tourtrust.example/credit")
        settings = test_settings(
            Settings, home, url, log_origin="tourtrust.example/credit", log_key_file=home / "log.key"
        )
        mint = TokenMint(SystemClock())
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        fork = multiprocessing.get_context("fork")
        for _ in range(PROCESSES):
            process = fork.Process(target=_serve, args=(settings, mint, listener), daemon=True)
            process.start()
            processes.append(process)
        return uvloop.run(_measure(listener.getsockname()[1], mint))
    finally:
        for process in processes:
            process.terminate()
            process.join(10)
        listener.close()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = run()
    if arguments.json:
        print(json.dumps(result))
        return
    rate = result["offered_per_s"]
    print(f"fact to score     p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms at {rate}/s")
    print(f"accepted          p50 {result['accepted_p50_ms']} ms, p99 {result['accepted_p99_ms']} ms")
    print(f"sustained         {result['sustained_per_s']} facts/s, {result['processes']} processes")


if __name__ == "__main__":
    main()
