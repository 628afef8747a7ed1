"""The one writer of a log: leads by an advisory lock and turns the queue into the tree.

Lock and batches use the same direct connection, so a leader that lost its lock has lost its transaction too,
and two leaders cannot write. Everything of a batch commits together; killing the process at any moment leaves
the tree as it was last signed and the queue with what is still to do.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from common.clock import Clock
from common.db import DRIVER_ERRORS
from common.ledger.cosigner import Cosigner
from common.ledger.errors import Refused
from common.ledger.sequencing import BATCH, Batch, lag, sequence, start_log
from common.ledger.signer import LogSigner, MissingKey
from common.ledger.status import LogStatus
from common.ledger.store import CHANNEL
from common.problems import Text
from common.settings import async_url

__all__ = ["Sequencer", "direct_engine"]

LEADER_LOCK = 0x5454_4C45_4447_4500
POLL_SECONDS = 1.0
GATHER_SECONDS = 0.2
RETRY_SECONDS = 1.0
GREETING_SECONDS = 10.0

LEAVES = Counter("tourtrust_ledger_leaves_total", "Leaves written to the log", ["service"])
LATE = Counter("tourtrust_ledger_late_leaves_total", "Leaves written after their promise", ["service"])
WAITING = Gauge("tourtrust_ledger_waiting", "Entries waiting to be sequenced", ["service"])
OVERDUE = Gauge("tourtrust_ledger_overdue", "Waiting entries whose promise has expired", ["service"])

log = structlog.get_logger(__name__)


def direct_engine(url: str) -> AsyncEngine:
    """Unpooled connections whose server notices a vanished peer, and frees its lock, within half a minute."""
    return create_async_engine(
        async_url(url),
        poolclass=NullPool,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "timezone": "UTC",
                "jit": "off",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        },
    )


class Sequencer:
    """Leads if it can, stands by if another does, and comes back after every failure of the database."""

    def __init__(
        self,
        engine: AsyncEngine,
        signer: LogSigner,
        clock: Clock,
        status: LogStatus,
        make_cosigner: Callable[[], Cosigner] | None = None,
        checkpoint_after: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._status = status
        self._make_cosigner = make_cosigner
        self._checkpoint_after = checkpoint_after
        self._overdue = 0

    async def run(self) -> None:
        """Never returns by itself; cancel it to stop."""
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._stand_by(connection)
                    await self._lead(connection)
            except (SQLAlchemyError, *DRIVER_ERRORS, OSError) as error:
                self._trouble(Text("日志数据库不可用", "the log's database does not answer"), error)
            except (Refused, MissingKey) as error:
                self._trouble(Text(f"日志无法签名：{error}", f"the log cannot sign: {error}"), error)
            except Exception as error:
                # Nothing else would tell that the log stands still; what it signed is committed or gone.
                self._trouble(Text("日志程序出错", "the log's program failed"), error)
            finally:
                self._status.leading = False
            await asyncio.sleep(RETRY_SECONDS)

    def _trouble(self, detail: Text, error: Exception) -> None:
        if self._status.trouble is None:
            self._status.alert("ledger-stopped")
            log.error("ledger.stopped", reason=detail.en, error=type(error).__name__)
        self._status.trouble = detail

    async def _stand_by(self, connection: AsyncConnection) -> None:
        """Wait for the lock; it belongs to the connection, and goes with it."""
        while not await connection.scalar(select(func.pg_try_advisory_lock(LEADER_LOCK))):
            await connection.rollback()
            self._status.trouble = None
            await asyncio.sleep(POLL_SECONDS)
        await connection.commit()

    async def _lead(self, connection: AsyncConnection) -> None:
        async with connection.begin():
            await start_log(connection, self._signer, self._clock.now())
        rung = asyncio.Event()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener(CHANNEL, lambda *_: rung.set())
        self._status.leading = True
        cosigner = self._make_cosigner() if self._make_cosigner else None
        carrying = asyncio.create_task(cosigner.run()) if cosigner else None
        try:
            if cosigner:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GREETING_SECONDS):
                        await cosigner.greeted.wait()
            while True:
                batch = await self._batch(connection)
                if batch and cosigner:
                    cosigner.wake.set()
                if batch is None or batch.count < BATCH:
                    await self._rest(rung, POLL_SECONDS if batch is None else GATHER_SECONDS)
        finally:
            if carrying:
                carrying.cancel()
                await asyncio.gather(carrying, return_exceptions=True)

    async def _batch(self, connection: AsyncConnection) -> Batch | None:
        """One transaction; none while the log is halted."""
        now = self._clock.now()
        batch = None
        if self._status.halted is None:
            async with connection.begin():
                batch = await sequence(connection, self._signer, now, checkpoint_after=self._checkpoint_after)
            self._status.trouble = None
        if batch:
            LEAVES.labels(self._status.service).inc(batch.count)
            LATE.labels(self._status.service).inc(batch.late)
            if batch.late:
                self._alert_expired(batch.late)
        else:
            await self._watch_promises(connection)
        return batch

    async def _watch_promises(self, connection: AsyncConnection) -> None:
        async with connection.begin():
            behind = await lag(connection, self._clock.now())
        WAITING.labels(self._status.service).set(behind.waiting)
        OVERDUE.labels(self._status.service).set(behind.overdue)
        if behind.overdue > self._overdue:
            self._alert_expired(behind.overdue)
        self._overdue = behind.overdue

    def _alert_expired(self, count: int) -> None:
        self._status.alert("ledger-promise-expired")
        log.error("ledger.promise_expired", count=count)

    @staticmethod
    async def _rest(rung: asyncio.Event, seconds: float) -> None:
        """Gather entries for `seconds` after a batch; when idle, until one comes."""
        if seconds == GATHER_SECONDS:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancellation
                await rung.wait()
        rung.clear()
