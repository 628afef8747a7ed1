"""Importing subjects: rows a second from the bytes of a file to the last row applied, graded and announced.

The floor is a raw COPY of the very same finished rows into a table of the same shape, with its indexes and
checks, on the same server in the same run.
"""

import argparse
import asyncio
import csv
import io
import json
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import uvloop
from common.auth import Principal
from common.clock import SystemClock
from common.crypto import Keyring, generate_keyring
from common.db import Database, migrations_folder
from common.ledger import LogSigner
from common.ledger.signer import create_log_key
from common.migrations import migrate
from credit.config import Settings
from credit.environment import Environment
from credit.imports.rules import Mode
from credit.imports.staging import Stager
from credit.imports.worker import ImportWorker
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.seed.names import agency_name, guide_card, person_name, phone_number, resident_id, unified_code
from tourtrust.runtime.postgres import PostgresServer

ROWS = 25_000
ORIGIN = "tourtrust.example/credit"


def file_of(rows: int) -> bytes:
    """A csv of one agency to twenty guides, as a province has them."""
    chance = Random(20261123)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["kind", "key", "name", "region", "business_scope", "id_number", "phone"])
    for n in range(rows):
        if n % 20 == 0:
            name = agency_name(chance, "太原", n)
            row = ["travel_agency", unified_code("91", "140105", n), name, "140105", "domestic", "", ""]
        else:
            person = [person_name(chance), "140105", "", resident_id(chance, "140105"), phone_number(chance)]
            row = ["tour_guide", guide_card("140100", n), *person]
        writer.writerow(row)
    return text.getvalue().encode()


def environment(home: Path, url: str) -> tuple[Environment, Settings]:
    """What the service works with, without its web edge."""
    keyring_file = home / "keyring.json"
    keyring_file.write_text(json.dumps(generate_keyring()), encoding="ascii")
    keyring_file.chmod(0o600)
    create_log_key(home / "log.key", ORIGIN)
    options: dict[str, Any] = {
        "environment": "development",
        "database_url": url,
        "keyring_file": keyring_file,
        "log_origin": ORIGIN,
        "log_key_file": home / "log.key",
    }
    settings = Settings(**options)
    keyring = Keyring.from_file(keyring_file)
    signer = LogSigner(ORIGIN, home / "log.key", keyring)
    return Environment(SystemClock(), keyring, Rulebook.load(FOLDER), signer), settings


async def import_once(database: Database, env: Environment, settings: Settings, raw: bytes) -> float:
    """Seconds from the bytes to the last row."""
    actor = Principal(
        sub="bench",
        client_id="bench",
        kind="officer",
        scopes=frozenset({"credit:write"}),
        regions=("140000",),
        department=None,
        subject_id=None,
        jti="bench",
    )
    stager, worker = Stager(database, env, settings), ImportWorker(database, env)
    began = time.perf_counter()
    await stager.stage(actor, raw, "csv", Mode.UPSERT, dry_run=False)
    while await worker.step():
        pass
    return time.perf_counter() - began


async def copy_once(connection: asyncpg.Connection) -> float:
    """Seconds of a COPY of the finished rows into a table of the same shape."""
    await connection.execute("DROP TABLE IF EXISTS copied")
    await connection.execute("CREATE TABLE copied (LIKE subjects INCLUDING ALL)")
    names = [
        row["column_name"]
        for row in await connection.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'subjects' AND table_schema = 'public' ORDER BY ordinal_position"
        )
    ]
    records = [tuple(row) for row in await connection.fetch(f"SELECT {', '.join(names)} FROM subjects")]
    began = time.perf_counter()
    await connection.copy_records_to_table("copied", records=records, columns=names)
    return time.perf_counter() - began


async def _measure(postgres: PostgresServer, home: Path) -> dict[str, Any]:
    url = postgres.create_database("import")
    await asyncio.to_thread(migrate, url, migrations_folder("credit"))
    env, settings = environment(home, url)
    database = Database(url, pool_size=2)
    ours = await import_once(database, env, settings, file_of(ROWS))
    await database.dispose()
    connection = await asyncpg.connect(url)
    count = await connection.fetchval("SELECT count(*) FROM subjects")
    if count != ROWS:
        raise RuntimeError(f"{count} of {ROWS} rows were imported")
    floor = await copy_once(connection)
    await connection.close()
    return {
        "rows_per_s": round(ROWS / ours),
        "copy_rows_per_s": round(ROWS / floor),
        "ratio_to_copy": round(floor / ours, 4),
        "rows": ROWS,
    }


def run() -> dict[str, Any]:
    """Start PostgreSQL as the embedded platform does, and measure."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    home.chmod(0o755)
    postgres = PostgresServer(home / "postgres", password=secrets.token_hex(16))
    try:
        postgres.start()
        return uvloop.run(_measure(postgres, home))
    finally:
        postgres.stop()
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
    print(f"imported   {result['rows_per_s']} rows/s of {result['rows']}, graded and announced")
    print(f"raw COPY   {result['copy_rows_per_s']} rows/s of the same rows")
    print(f"ratio      {result['ratio_to_copy']}")


if __name__ == "__main__":
    main()
