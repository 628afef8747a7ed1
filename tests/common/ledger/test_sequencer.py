"""The sequencer under load, killed, doubled, and cut off from its database."""

import asyncio
import random
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from common.clock import SystemClock
from common.ledger import append, find_leaf, get_receipt
from common.ledger.entries import Entry
from common.ledger.models import checkpoints, promises, queue
from common.ledger.sequencer import Sequencer, direct_engine
from common.ledger.status import LogStatus
from common.ledger.store import consistency_proof, latest_checkpoint, load_entries
from common.ledger.strict import hash_document
from common.ledger.tree import check_consistency
from common.ledger.verify import verify_receipt
from sqlalchemy import func, select

from . import naive
from .conftest import until

PROGRAM = Path(__file__).with_name("run_log.py")


@asynccontextmanager
async def running(log, clock=None, checkpoint_after=()):
    """A sequencer in this process."""
    status = LogStatus("test")
    engine = direct_engine(log.url)
    sequencer = Sequencer(
        engine, log.signer, clock or SystemClock(), status, checkpoint_after=checkpoint_after
    )
    task = asyncio.create_task(sequencer.run())
    try:
        yield status
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()


async def start_process(log, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), log.url, str(log.signer.key_file), *arguments
    )


async def until_drained(log, leaves: int, seconds: float = 20) -> None:
    """Wait until the log holds `leaves` entries and the queue none."""

    async def drained() -> bool:
        async with log.database.session() as session:
            waiting = await session.scalar(select(func.count()).select_from(queue))
            head = await latest_checkpoint(session)
        return waiting == 0 and head is not None and head.size >= leaves

    await until(drained, seconds)


async def check_whole(log, expected: set[str]) -> None:
    """Each expected entry stands once, without gaps; each checkpoint is the RFC root."""
    async with log.database.session() as session:
        head = await latest_checkpoint(session)
        entries = await load_entries(session, 0, head.size)
        signed = (
            await session.execute(select(checkpoints.c.size, checkpoints.c.root).order_by(checkpoints.c.size))
        ).all()
        placed = {
            row.id: row.leaf_index
            for row in await session.execute(select(promises.c.id, promises.c.leaf_index))
        }
        assert len(entries) == head.size == len(expected)
        decoded = [Entry.decode(entry).id for entry in entries]
        assert len(set(decoded)) == len(decoded) and set(decoded) == expected
        assert placed == {name: index for index, name in enumerate(decoded)}
        for size, root in signed:
            assert root == naive.mth(entries[:size])
            check_consistency(
                size, head.size, root, head.root, await consistency_proof(session, size, head.size)
            )
        key = str(log.signer.newest().verifier)
        for name in random.sample(sorted(expected), min(20, len(expected))):
            receipt = await get_receipt(session, log=log.signer, id=name, version=1)
            verify_receipt(receipt.encode(), key)


async def test_inclusion_within_a_second(stored_log):
    async with running(stored_log):
        await until_drained(stored_log, 0)
        began = asyncio.get_running_loop().time()
        await stored_log.append(0)
        await until_drained(stored_log, 1)
        assert asyncio.get_running_loop().time() - began < 1.0
    await check_whole(stored_log, {"entry-0"})


@pytest.mark.parametrize(
    "failure", [asyncpg.InternalClientError("another operation is in progress"), RuntimeError("unforeseen")]
)
async def test_no_failure_ends_the_sequencer(stored_log, monkeypatch, failure):
    failures = [failure]

    async def listen(connection, *arguments):
        if failures:
            raise failures.pop()
        return await add_listener(connection, *arguments)

    add_listener = asyncpg.Connection.add_listener
    monkeypatch.setattr(asyncpg.Connection, "add_listener", listen)
    async with running(stored_log) as status:
        await stored_log.append(0)
        await until_drained(stored_log, 1)
        assert not failures and status.trouble is None


async def test_a_checkpoint_ends_with_each_entry_of_an_event_that_asks_for_one(stored_log):
    """However many wait when the sequencer comes, none stands behind such an entry in its checkpoint."""
    events = ("plain", "mark", "plain", "plain", "mark", "mark", "plain")
    async with stored_log.database.session() as session:
        for number, event in enumerate(events):
            await append(
                session,
                log=stored_log.signer,
                id=f"entry-{number}",
                version=1,
                event=event,
                document_hash=hash_document({"n": number}),
                now=datetime.now(UTC),
            )
    async with running(stored_log, checkpoint_after=("mark",)):
        await until_drained(stored_log, len(events))
    await check_whole(stored_log, {f"entry-{number}" for number in range(len(events))})
    async with stored_log.database.session() as session:
        sizes = set((await session.execute(select(checkpoints.c.size))).scalars())
        ends = {
            await find_leaf(session, f"entry-{n}", 1) for n, event in enumerate(events) if event == "mark"
        }
    assert {end + 1 for end in ends} == {2, 5, 6} and {2, 5, 6} <= sizes
    assert sizes == {0, 2, 5, 6, 7}


async def test_many_writers_and_a_sequencer_that_is_killed(stored_log):
    chance = random.Random(20261123)
    expected: set[str] = set()

    async def write(writer: int) -> None:
        for number in range(60):
            value = writer * 1000 + number
            await stored_log.append(value)
            expected.add(f"entry-{value}")
            await asyncio.sleep(chance.random() * 0.05)

    writers = asyncio.gather(*(write(writer) for writer in range(8)))
    for _ in range(4):
        process = await start_process(stored_log)
        await asyncio.sleep(1.0 + chance.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await writers
    process = await start_process(stored_log)
    await until_drained(stored_log, len(expected))
    process.terminate()
    await process.wait()
    assert len(expected) == 480
    await check_whole(stored_log, expected)


async def test_a_batch_killed_at_its_last_moment_leaves_nothing(stored_log):
    """The database ends the leader's session when all is written and nothing committed."""
    async with running(stored_log):
        await until_drained(stored_log, 0)
        admin = await asyncpg.connect(stored_log.url)
        try:
            # The next checkpoint waits for this lock, after leaves and tiles are written.
            blocker = admin.transaction()
            await blocker.start()
            await admin.execute("LOCK TABLE ledger_checkpoints IN EXCLUSIVE MODE")
            await stored_log.append(1)

            async def waiting() -> int | None:
                return await admin.fetchval(
                    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'ledger_checkpoints'::regclass"
                )

            await until(waiting)
            await admin.execute("SELECT pg_terminate_backend($1)", await waiting())
            await blocker.rollback()
        finally:
            await admin.close()
        await until_drained(stored_log, 1)
    await check_whole(stored_log, {"entry-1"})


async def test_two_sequencers_write_one_log(stored_log):
    async with running(stored_log) as first, running(stored_log) as second:
        for number in range(40):
            await stored_log.append(number)
        await until_drained(stored_log, 40)
        assert sorted([first.leading, second.leading]) == [False, True]
    await check_whole(stored_log, {f"entry-{number}" for number in range(40)})


async def test_the_second_takes_over(stored_log):
    leader = await start_process(stored_log)
    await stored_log.append(0)
    await until_drained(stored_log, 1)
    async with running(stored_log) as other:
        await stored_log.append(1)
        await until_drained(stored_log, 2)
        assert not other.leading
        leader.send_signal(signal.SIGKILL)
        await leader.wait()
        await stored_log.append(2)
        await until_drained(stored_log, 3)
        assert other.leading
    await check_whole(stored_log, {"entry-0", "entry-1", "entry-2"})


class Ahead:
    """A clock two minutes ahead of the appender's."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=2)


async def test_expired_promises_raise_the_alarm(stored_log):
    from common.telemetry import ALERTS

    def alarms() -> float:
        return ALERTS.labels(service="test", alert="ledger-promise-expired")._value.get()

    before = alarms()
    await stored_log.append(0)
    async with running(stored_log, Ahead()):
        await until_drained(stored_log, 1)

        async def raised() -> bool:
            return alarms() > before

        await until(raised)


async def test_a_missing_key_stops_the_log_and_its_return_heals_it(stored_log):
    await stored_log.append(0)
    good = stored_log.signer.key_file.read_text()
    async with running(stored_log) as status:
        await until_drained(stored_log, 1)
        stored_log.signer.key_file.unlink()
        async with stored_log.database.session() as session:
            await session.execute(
                queue.insert().values(
                    id="raw",
                    version=1,
                    event="e",
                    entry=Entry("raw", 1, "e", bytes(32)).encode(),
                    include_by=datetime.now(UTC),
                )
            )

        async def stopped() -> bool:
            return status.trouble is not None

        await until(stopped)
        stored_log.signer.key_file.write_text(good)
        await until_drained(stored_log, 2)
        assert status.lack() is None


@pytest.mark.full
async def test_many_crash_rounds(stored_log):
    """Twenty-five kills at random moments, with a backlog, and entries whose writers commit out of order."""
    chance = random.Random(7)
    expected: set[str] = set()
    number = 0
    for _ in range(25):
        process = await start_process(stored_log)
        for _ in range(30):
            await stored_log.append(number)
            expected.add(f"entry-{number}")
            number += 1
        await asyncio.sleep(0.6 + chance.random())
        process.send_signal(signal.SIGKILL)
        await process.wait()
    process = await start_process(stored_log)
    await until_drained(stored_log, len(expected))
    process.terminate()
    await process.wait()
    await check_whole(stored_log, expected)
