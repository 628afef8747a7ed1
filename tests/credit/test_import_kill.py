"""`kill -9` of workers in the middle of an import: nothing is lost, nothing is done twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from common.auth import Principal
from common.testing import ServiceDatabase, test_settings
from credit.config import Settings
from credit.imports.rules import Mode
from credit.imports.schemas import ImportView
from credit.imports.staging import Stager
from credit.imports.worker import ImportWorker
from credit.seed.names import unified_code
from sqlalchemy import text

from .populations import Stage, stage

RUNNER = Path(__file__).with_name("run_imports.py")
OFFICER = Principal(
    sub="officer",
    client_id="tests",
    kind="officer",
    scopes=frozenset({"credit:write"}),
    regions=("140000",),
    department=None,
    subject_id=None,
    jti="tests",
)


def rows(count: int) -> bytes:
    keys = (unified_code("91", "140105", 850_000 + n) for n in range(count))
    lines = (f"travel_agency,{key},太原中断样例{n}旅行社（虚构）,140105" for n, key in enumerate(keys))
    return "\n".join(["kind,key,name,region", *lines]).encode()


async def begin(running: Stage, folder: Path) -> Process:
    url = running.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    keys = (str(folder / "keyring.json"), str(folder / "log.key"), running.env.log.origin)
    return await asyncio.create_subprocess_exec(sys.executable, str(RUNNER), url, *keys)


async def one(running: Stage, query: str, **given: Any) -> Any:
    async with running.database.session() as session:
        return (await session.execute(text(query), given)).one()


async def applied(running: Stage, import_id: UUID) -> int:
    found: int = (await one(running, "SELECT created FROM imports WHERE id = :id", id=import_id))[0]
    return found


async def beyond(running: Stage, import_id: UUID, count: int) -> int:
    for _ in range(6_000):
        if (done := await applied(running, import_id)) > count:
            return done
        await asyncio.sleep(0.005)
    raise AssertionError("the workers do not get on")


@pytest.mark.full
async def test_another_worker_finishes_what_killed_ones_began(
    credit_database: ServiceDatabase, tmp_path: Path
) -> None:
    count, kills = 2_000, 3
    async with stage(credit_database, tmp_path) as running:
        stager = Stager(running.database, running.env, test_settings(Settings, tmp_path, "postgresql://-"))
        answer, _ = await stager.stage(OFFICER, rows(count), "csv", Mode.UPSERT, dry_run=False)
        made = ImportView.model_validate_json(answer.body)
        done = 0
        for kill in range(1, kills + 1):
            worker = await begin(running, tmp_path)
            done = await beyond(running, made.id, max(done, count * kill // (kills + 2)))
            worker.send_signal(signal.SIGKILL)
            assert await worker.wait() == -signal.SIGKILL
        assert 0 < await applied(running, made.id) < count
        last = ImportWorker(running.database, running.env)
        for _ in range(1_000):
            if await one(running, "SELECT state FROM imports WHERE id = :id", id=made.id) == ("done",):
                break
            # The server may still hold the transaction of the one that was killed.
            if not await last.step():
                await asyncio.sleep(0.05)
        found = await one(running, "SELECT state, created, refused FROM imports WHERE id = :id", id=made.id)
        assert tuple(found) == ("done", count, 0)
        assert tuple(await one(running, EVERYTHING, id=made.id)) == (count,) * 6 + (2 * count,) * 2


EVERYTHING = """
    SELECT (SELECT count(*) FROM subjects),
        (SELECT count(*) FROM import_rows AS r JOIN subjects AS s ON s.id = r.subject_id AND s.key = r.key
            WHERE r.import_id = :id AND r.outcome = 'created'),
        (SELECT count(*) FROM published_grades AS g JOIN subjects AS s
            ON (g.subject_id, g.version, g.grade) = (s.id, s.grade_version, s.grade)),
        (SELECT count(*) FROM published_grades),
        (SELECT count(*) FROM ledger_promises AS p JOIN published_grades AS g
            ON p.id = 'grade:' || g.subject_id AND p.document_hash = decode(g.result_hash, 'hex')),
        (SELECT count(*) FROM ledger_queue),
        (SELECT count(*) FROM outbox),
        (SELECT count(DISTINCT (aggregate_id, aggregate_version)) FROM outbox)
"""
