"""Rescoring a population: the 100-point sample with caps, expiry, duties and veto, in sets by the database.

Beside it, in turns on the same tables, a plain SQL aggregate: the latest version of each fact, its points by
code, summed and inserted as one row for each subject, without windows, caps, vetoes, grades or next days.
Ours is the run as the service does it: a trial in chunks of a transaction each, one result row for each
subject. Both over N subjects and over 4N, 20 facts each. The quickest round of each counts: the one that
other work on the machine disturbed least. A card that says more than sets can hold goes to the engine and has
a ratio of its own; so has a run for the record that finds nothing changed.
"""

import argparse
import json
import random
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import uvloop
from common.clock import SystemClock
from common.crypto import Keyring, generate_keyring
from common.db import Database, migrations_folder, new_id
from common.ledger import LogSigner
from common.ledger.signer import create_log_key
from common.migrations import migrate
from credit.environment import Environment
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.runs.models import ScoringRun
from credit.runs.rules import Purpose
from credit.runs.service import RunService
from credit.runs.worker import work_off
from credit.scoring.rules.cards import CardBook
from credit.scoring.rules.scorecard import Scorecard
from tourtrust.runtime.postgres import PostgresServer

SUBJECTS = 15_000  # and 60,000 with 4N: the travel agencies of the nation
FACTS = 20
ROUNDS = 15
SECONDS = 20.0
RARE = {"SERIOUS_LISTED": 1, "SERIOUS_LISTING_REMOVED": 1, "REPAIRED": 1}
PLAIN = """
INSERT INTO plain (subject_id, points)
SELECT f.subject_id, sum(p.points)
FROM facts f JOIN plain_points p ON p.code = f.code
WHERE f.action <> 'revoke'
  AND NOT EXISTS (SELECT 1 FROM facts g WHERE g.version > 1 AND g.id = f.id AND g.version = f.version + 1)
GROUP BY f.subject_id
"""


async def fill(url: str, codes: list[str], count: int) -> None:
    """Add subjects with facts of five years, one in twenty corrected."""
    chance, now = random.Random(count), datetime.now(UTC) - timedelta(days=1)
    today = now.date()
    weights = [RARE.get(code, 20) for code in codes]
    subjects: list[tuple[Any, ...]] = []
    facts: list[tuple[Any, ...]] = []
    for number in range(count):
        subject = new_id()
        subjects.append(
            (subject, "travel_agency", f"样例{number}", f"样例{number}", [], "140105", [], "active")
        )
        first = new_id()
        for serial in range(FACTS):
            fact, code = new_id() if serial else first, chance.choices(codes, weights)[0]
            payload = json.dumps({"fact_id": str(first)} if code == "REPAIRED" else {})
            for version in (1, 2) if chance.random() < 0.05 else (1,):
                action = "record" if version == 1 else chance.choice(["amend", "revoke"])
                day: date = today - timedelta(days=chance.randrange(1800))
                stamp = now + timedelta(milliseconds=2 * serial + version)
                facts.append(
                    (fact, version, subject, action, code, day, stamp, f"{subject} {serial}", payload)
                )
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE TEMP TABLE s (id uuid, kind text, name text, search text, grams text[], region text,"
        " scope text[], status text); CREATE TEMP TABLE f (id uuid, version int, subject uuid, action text,"
        " code text, day date, stamp timestamptz, reference text, payload text)"
    )
    await connection.copy_records_to_table("s", records=subjects)
    await connection.copy_records_to_table("f", records=facts)
    await connection.execute(
        "INSERT INTO subjects (id, kind, name, name_search, name_grams, region, business_scope, status,"
        " version, grade_version, created_at, updated_at, last_recorded_at)"
        " SELECT id, kind, name, search, grams, region, scope, status, 1, 0, now(), now(), now() FROM s;"
        "INSERT INTO facts (id, version, subject_id, action, code, occurred_on, recorded_at, recorded_by,"
        " source_kind, source_authority, source_reference, payload, evidence, content_hash, correction)"
        " SELECT id, version, subject, action, code, day, stamp, 'bench', 'other', '演示机关', reference,"
        " payload::jsonb, '[]', repeat('0', 64), CASE WHEN version > 1 THEN '{}'::jsonb END FROM f"
        " ORDER BY stamp"
    )
    await connection.execute("DROP TABLE s, f")
    await connection.execute("ANALYZE")
    await connection.close()


async def plain_tables(url: str, card: Scorecard) -> None:
    """The tables of the plain aggregate."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE TABLE plain (subject_id uuid PRIMARY KEY, points numeric NOT NULL);"
        "CREATE TABLE plain_points (code text PRIMARY KEY, points numeric NOT NULL)"
    )
    points = [(code, rule.points) for rule in card.rules for code in rule.codes]
    await connection.executemany("INSERT INTO plain_points VALUES ($1, $2)", points)
    await connection.execute("ANALYZE plain_points")
    await connection.close()


async def plain(connection: asyncpg.Connection) -> float:
    """Seconds of the plain aggregate, committed."""
    await connection.execute("TRUNCATE plain")
    began = time.perf_counter()
    await connection.execute(PLAIN)
    return time.perf_counter() - began


async def run_once(database: Database, env: Environment, purpose: Purpose) -> tuple[float, ScoringRun]:
    """Seconds of a run from its first chunk to its end, and the run."""
    async with database.session() as session:
        service = RunService(session, env)
        ordered = await service.start(purpose, "140000", ["travel_agency"], by="bench", reason="bench")
    began = time.perf_counter()
    await work_off(database, env)
    seconds = time.perf_counter() - began
    async with database.session() as session:
        run = await session.get_one(ScoringRun, ordered.id)
    assert (run.state, run.done) == ("done", run.total) and run.total, run.failure
    return seconds, run


@contextmanager
def peak(server: PostgresServer) -> Iterator[list[float]]:
    """The most memory, in MB, that this process and the backends of the server had of their own meanwhile."""
    told, stop = [0.0], threading.Event()
    me, servers = psutil.Process(), [p for p in psutil.process_iter(["name"]) if p.info["name"] == "postgres"]
    del server

    def watch() -> None:
        while not stop.wait(0.02):
            private = 0
            for one in [me, *servers]:
                try:
                    memory = one.memory_info()
                except psutil.NoSuchProcess:
                    continue
                private += memory.rss - memory.shared
            told[0] = max(told[0], private / 2**20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


async def measure(server: PostgresServer, url: str, env: Environment) -> dict[str, Any]:
    """Ours against plain, in turns."""
    database, connection = (
        Database(url, pool_size=3),
        await asyncpg.connect(url, server_settings={"jit": "off"}),
    )
    count = await connection.fetchval("SELECT count(*) FROM subjects")
    ours: list[float] = []
    theirs: list[float] = []
    await run_once(database, env, Purpose.DRY_RUN)
    with peak(server) as memory:
        began = time.perf_counter()
        while len(ours) < ROUNDS or time.perf_counter() - began < SECONDS:
            theirs.append(await plain(connection))
            seconds, run = await run_once(database, env, Purpose.DRY_RUN)
            assert run.methods["travel_agency"]["method"] == "set"
            ours.append(seconds)
            await connection.execute("TRUNCATE scoring_results")
    await connection.close()
    await database.dispose()
    return {
        "plain": min(theirs),
        "ratio": round(min(ours) / min(theirs), 2),
        "per_subject_us": round(min(ours) / count * 1e6, 1),
        "peak_mb": round(memory[0], 1),
    }


async def _measure(server: PostgresServer, url: str, home: Path, subjects: int) -> dict[str, Any]:
    rulebook = Rulebook.load(FOLDER)
    card = next(one for one in rulebook.scorecards if one.id == "agency-100-sample")
    odd = Scorecard.parse(card.content | {"id": "odd", "readings": {"rounding": "half_even_once"}})
    create_log_key(home / "log.key", "tourtrust.example/credit")
    keys = home / "keyring.json"
    keys.write_text(json.dumps(generate_keyring()), encoding="ascii")
    keys.chmod(0o600)
    keyring = Keyring.from_file(keys)
    log = LogSigner("tourtrust.example/credit", home / "log.key", keyring)
    env = Environment(SystemClock(), keyring, rulebook, log)
    other = Environment(SystemClock(), keyring, rulebook, log)
    other.shelf.keep(None, CardBook([odd]))
    codes = sorted(card.codes)
    await plain_tables(url, card)
    await fill(url, codes, subjects)
    small = await measure(server, url, env)
    database = Database(url, pool_size=3)
    by_engine, run = await run_once(database, other, Purpose.DRY_RUN)
    assert run.methods["travel_agency"]["method"] == "engine"
    first, run = await run_once(database, env, Purpose.RESCORE)
    assert (run.changed, run.differing) == (subjects, 0)
    settled, run = await run_once(database, env, Purpose.RESCORE)
    assert run.changed == 0
    await database.dispose()
    await fill(url, codes, 3 * subjects)
    large = await measure(server, url, env)
    return {
        "ratio_to_sql": small["ratio"],
        "ratio_to_sql_4n": large["ratio"],
        "per_subject_us": small["per_subject_us"],
        "per_subject_us_4n": large["per_subject_us"],
        "peak_mb": small["peak_mb"],
        "peak_mb_4n": large["peak_mb"],
        "engine_ratio_to_sql": round(by_engine / small["plain"], 1),
        "settled_ratio_to_sql": round(settled / small["plain"], 2),
        "first_grades_per_s": round(subjects / first),
        "subjects": subjects,
    }


def run(subjects: int = SUBJECTS) -> dict[str, Any]:
    """Start PostgreSQL as the embedded platform does, and measure."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    home.chmod(0o755)
    server = PostgresServer(home / "postgres", password=secrets.token_hex(16))
    try:
        server.start()
        url = server.create_database("tourtrust_credit")
        migrate(url, migrations_folder("credit"))
        return uvloop.run(_measure(server, url, home, subjects))
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    arguments = parser.parse_args()
    result = run(arguments.subjects)
    if arguments.json:
        print(json.dumps(result))
        return
    many = 4 * result["subjects"]
    print(
        f"{result['subjects']} subjects     {result['ratio_to_sql']} times a plain aggregate,"
        f" {result['per_subject_us']} us a subject, {result['peak_mb']} MB"
    )
    print(
        f"{many} subjects    {result['ratio_to_sql_4n']} times, {result['per_subject_us_4n']} us,"
        f" {result['peak_mb_4n']} MB"
    )
    print(f"by the engine     {result['engine_ratio_to_sql']} times")
    print(f"nothing changed   {result['settled_ratio_to_sql']} times")
    print(f"first grades      {result['first_grades_per_s']} a second, published")


if __name__ == "__main__":
    main()
