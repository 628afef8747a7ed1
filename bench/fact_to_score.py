"""From a fact accepted over HTTP to its grade: POST /facts, then GET /subjects/{id}/score with it inside.

The load is open: at each rate facts are due at even distances whether or not the ones before were answered,
and the time of one counts from the instant at which it was due, until its grade was read. What is not done
`GRACE` seconds after the last was due is given up and counts as the longest, so the benchmark ends whatever
the load. A rate is kept up when nothing was given up and the 99th percentile is below `LIMIT`. Shown are the
percentiles at the rate asked for, with how many facts were done, and at the highest rate that was kept up; a
closed round shows how many pairs of calls a second the service sustains, and what processor time one costs.
The service runs in processes of its own on an embedded PostgreSQL, called directly, without the gateway; the
caller shares the processors with both.
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

import aiohttp
import psutil
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
RATES = (25, 50, 75, 100)
ASKED = 100
SECONDS = 4
GRACE = 4.0
LIMIT = 1.0
PROCESSES = 2
PREFIX = "/api/v1/credit"
CODES = ("VALID_COMPLAINT", "PENALTY_WARNING", "COMMENDATION")


def _serve(settings: Settings, mint: TokenMint, listener: socket.socket) -> None:
    app = create_app(settings, verifier=mint.verifier(SystemClock()))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", loop="uvloop", http="httptools", lifespan="on")
    )
    uvloop.run(server.serve(sockets=[listener]))


class Caller:
    """A client that records facts and reads the score that follows."""

    def __init__(self, http: aiohttp.ClientSession, subjects: list[str]) -> None:
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
        async with self._http.post(f"{PREFIX}/facts", json=body) as answer:
            assert answer.status == 201, await answer.text()
            fact = await answer.json()
        accepted = time.perf_counter() - due
        path, params = f"{PREFIX}/subjects/{subject}/score", {"valid_at": fact["occurred_on"]}
        async with self._http.get(path, params=params) as answer:
            score = await answer.json()
        counted = {item["fact_id"] for item in score["result"]["contributions"]}
        assert fact["id"] in counted, score
        return accepted, time.perf_counter() - due


async def _open_loop(caller: Caller, rate: int) -> dict[str, Any]:
    """Facts at one rate for a while; what is not done some time after the last was due is given up."""
    count, began = rate * SECONDS, time.perf_counter() + 0.1
    tasks = []
    for number in range(count):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(caller.once(due)))
    done, late = await asyncio.wait(tasks, timeout=GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    pairs = [task.result() for task in done] + [(GRACE + SECONDS,) * 2] * len(late)
    accepted, readable = (statistics.quantiles([pair[n] for pair in pairs], n=100) for n in (0, 1))
    return {
        "rate_per_s": rate,
        "done": len(done),
        "of": count,
        "p50_ms": round(readable[49] * 1000, 1),
        "p99_ms": round(readable[98] * 1000, 1),
        "accepted_p50_ms": round(accepted[49] * 1000, 1),
        "accepted_p99_ms": round(accepted[98] * 1000, 1),
        "kept_up": not late and readable[98] < LIMIT,
    }


async def _closed_loop(caller: Caller, seconds: float, workers: int = 8) -> tuple[float, int]:
    until, done = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await caller.once(time.perf_counter())
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return done / (time.perf_counter() - began), done


def _cpu(services: list[int], database: int) -> tuple[float, float]:
    """Seconds of processor time so far: of the services, and of the database with all its backends."""
    times = [
        sum(sum(one.cpu_times()[:2]) for one in found if one.is_running())
        for found in (
            [psutil.Process(pid) for pid in services],
            [psutil.Process(database), *psutil.Process(database).children(recursive=True)],
        )
    ]
    return times[0], times[1]


async def _measure(port: int, mint: TokenMint, services: list[int], database: int) -> dict[str, Any]:
    headers = mint.headers(scopes=["credit:read", "credit:write"])
    base, timeout = f"http://127.0.0.1:{port}", aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=32)
    async with aiohttp.ClientSession(base, headers=headers, connector=connector, timeout=timeout) as http:
        for _ in range(300):
            try:
                async with http.get("/readyz") as answer:
                    if answer.status == 200:
                        break
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
        subjects = []
        for number in range(SUBJECTS):
            body = {
                "kind": "travel_agency",
                "key": unified_code("91", "140105", 800_000 + number),
                "name": f"样例{number}（虚构）",
                "region": "140105",
            }
            async with http.post(f"{PREFIX}/subjects", json=body) as answer:
                assert answer.status == 201, await answer.text()
                subjects.append((await answer.json())["id"])
        caller = Caller(http, subjects)
        await _closed_loop(caller, 1)
        before = _cpu(services, database)
        sustained, done = await _closed_loop(caller, 4)
        spent = [after - earlier for after, earlier in zip(_cpu(services, database), before, strict=True)]
        rates = [await _open_loop(caller, rate) for rate in RATES]
    asked = next(one for one in rates if one["rate_per_s"] == ASKED)
    kept = max((one for one in rates if one["kept_up"]), key=lambda one: one["rate_per_s"], default=None)
    return {
        "p50_ms": asked["p50_ms"],
        "p99_ms": asked["p99_ms"],
        "accepted_p50_ms": asked["accepted_p50_ms"],
        "accepted_p99_ms": asked["accepted_p99_ms"],
        "offered_per_s": ASKED,
        "done_at_offered": f"{asked['done']}/{asked['of']}",
        "kept_up_per_s": kept["rate_per_s"] if kept else 0,
        "kept_up_p50_ms": kept["p50_ms"] if kept else None,
        "kept_up_p99_ms": kept["p99_ms"] if kept else None,
        "sustained_per_s": round(sustained),
        "service_cpu_ms_per_fact": round(spent[0] / done * 1000, 1),
        "database_cpu_ms_per_fact": round(spent[1] / done * 1000, 1),
        "processes": PROCESSES,
        "rates": rates,
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
        assert server.process is not None
        pids = [process.pid for process in processes]
        return uvloop.run(_measure(listener.getsockname()[1], mint, pids, server.process.pid))
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
    print(
        f"kept up           {result['kept_up_per_s']}/s with p50 {result['kept_up_p50_ms']} ms,"
        f" p99 {result['kept_up_p99_ms']} ms"
    )
    print(f"sustained         {result['sustained_per_s']} facts/s, {result['processes']} processes")
    print(
        f"processor time    {result['service_cpu_ms_per_fact']} ms in the service and"
        f" {result['database_cpu_ms_per_fact']} ms in PostgreSQL, for a fact and its score"
    )


if __name__ == "__main__":
    main()
