"""From a fact accepted over HTTP to its grade: recorded, then its subject's score of today with it inside.

The load is open: at each rate facts are due at even distances whether or not the ones before were answered,
and the time of one counts from the instant at which it was due, until its grade was read. What is refused
(a busy service says 503) or not done `GRACE` seconds after the last was due counts as the longest, so the
benchmark ends whatever the load. A rate is kept up when all was done with a 99th percentile below `LIMIT`.

Facts come in two ways. In batches, as another authority hands them over: what was due in a quarter of a
second goes into one POST /facts:batch, waiting for it counts, and the score of the last subject is read
before any of the batch counts as readable. Singly, as officers enter them: POST /facts and a read for each;
shown are the highest rate that was kept up, how many pairs of calls a second a closed round sustains, and
what processor time one costs. The service runs in processes of its own on an embedded PostgreSQL, called
directly, without the gateway; the caller shares the processors with both.
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
GATHERED_S = 0.25
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

    def _fact(self) -> dict[str, Any]:
        self._serial += 1
        day = (datetime.now(UTC) - timedelta(days=random.randrange(1, 300))).date()
        return {
            "subject_id": random.choice(self._subjects),
            "code": random.choice(CODES),
            "occurred_on": day.isoformat(),
            "source": {"kind": "other", "authority": "演示机关", "reference": f"B-{id(self)}-{self._serial}"},
        }

    async def _read(self, subject: str, fact_id: str) -> None:
        async with self._http.get(f"{PREFIX}/subjects/{subject}/score") as answer:
            score = await answer.json()
        assert fact_id in {item["fact_id"] for item in score["result"]["contributions"]}, score

    async def once(self, due: float) -> list[tuple[float, float]]:
        """Seconds from `due` to the fact accepted, and to the score that holds it."""
        body = self._fact()
        async with self._http.post(f"{PREFIX}/facts", json=body) as answer:
            assert answer.status == 201, await answer.text()
            fact = await answer.json()
        accepted = time.perf_counter() - due
        await self._read(body["subject_id"], fact["id"])
        return [(accepted, time.perf_counter() - due)]

    async def many(self, due: list[float]) -> list[tuple[float, float]]:
        """As `once` for facts due at these instants, recorded in one batch; the last one's score is read."""
        facts = [self._fact() for _ in due]
        async with self._http.post(f"{PREFIX}/facts:batch", json={"facts": facts}) as answer:
            assert answer.status == 200, await answer.text()
            told = await answer.json()
        assert told["recorded"] == len(facts), told
        accepted = time.perf_counter()
        await self._read(facts[-1]["subject_id"], told["items"][-1]["id"])
        readable = time.perf_counter()
        return [(accepted - one, readable - one) for one in due]


async def _open_loop(caller: Caller, rate: int, gathered: float | None = None) -> dict[str, Any]:
    """Facts at one rate for a while, singly or gathered for so many seconds."""
    count, began = rate * SECONDS, time.perf_counter() + 0.1
    moments = [began + number / rate for number in range(count)]
    size = 1 if gathered is None else round(rate * gathered)
    tasks = []
    for first in range(0, count, size):
        due = moments[first : first + size]
        await asyncio.sleep(max(0.0, due[-1] - time.perf_counter()))
        work = caller.once(due[0]) if gathered is None else caller.many(due)
        tasks.append(asyncio.create_task(work))
    done, late = await asyncio.wait(tasks, timeout=GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    finished = [pair for task in done if task.exception() is None for pair in task.result()]
    pairs = finished + [(GRACE + SECONDS,) * 2] * (count - len(finished))
    accepted, readable = (statistics.quantiles([pair[n] for pair in pairs], n=100) for n in (0, 1))
    return {
        "rate_per_s": rate,
        "done": len(finished),
        "of": count,
        "p50_ms": round(readable[49] * 1000, 1),
        "p99_ms": round(readable[98] * 1000, 1),
        "accepted_p50_ms": round(accepted[49] * 1000, 1),
        "accepted_p99_ms": round(accepted[98] * 1000, 1),
        "kept_up": len(finished) == count and readable[98] < LIMIT,
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
        before = _cpu(services, database)
        asked = await _open_loop(caller, ASKED, GATHERED_S)
        spent_many = [now - then for now, then in zip(_cpu(services, database), before, strict=True)]
        rates = [await _open_loop(caller, rate) for rate in RATES]
    kept = max((one for one in rates if one["kept_up"]), key=lambda one: one["rate_per_s"], default=None)
    return {
        "p50_ms": asked["p50_ms"],
        "p99_ms": asked["p99_ms"],
        "accepted_p50_ms": asked["accepted_p50_ms"],
        "accepted_p99_ms": asked["accepted_p99_ms"],
        "offered_per_s": ASKED,
        "batch_of": round(ASKED * GATHERED_S),
        "done_at_offered": f"{asked['done']}/{asked['of']}",
        "cpu_ms_per_fact": round(sum(spent_many) / asked["of"] * 1000, 1),
        "singly_kept_up_per_s": kept["rate_per_s"] if kept else 0,
        "singly_kept_up_p50_ms": kept["p50_ms"] if kept else None,
        "singly_kept_up_p99_ms": kept["p99_ms"] if kept else None,
        "singly_p99_ms_at_offered": rates[-1]["p99_ms"],
        "singly_sustained_per_s": round(sustained),
        "singly_service_cpu_ms_per_fact": round(spent[0] / done * 1000, 1),
        "singly_database_cpu_ms_per_fact": round(spent[1] / done * 1000, 1),
        "processes": PROCESSES,
        "singly_rates": rates,
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
    rate, size = result["offered_per_s"], result["batch_of"]
    print(
        f"fact to score     p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms at {rate}/s, {size} a batch"
    )
    print(f"accepted          p50 {result['accepted_p50_ms']} ms, p99 {result['accepted_p99_ms']} ms")
    print(f"processor time    {result['cpu_ms_per_fact']} ms a fact, service and PostgreSQL")
    print(
        f"singly            kept up {result['singly_kept_up_per_s']}/s with p50"
        f" {result['singly_kept_up_p50_ms']} ms, p99 {result['singly_kept_up_p99_ms']} ms;"
        f" p99 {result['singly_p99_ms_at_offered']} ms at {rate}/s"
    )
    print(f"sustained         {result['singly_sustained_per_s']} facts/s, {result['processes']} processes")
    print(
        f"processor time    {result['singly_service_cpu_ms_per_fact']} ms in the service and"
        f" {result['singly_database_cpu_ms_per_fact']} ms in PostgreSQL, for a fact and its score"
    )


if __name__ == "__main__":
    main()
