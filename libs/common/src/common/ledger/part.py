"""The log as part of a running service: `lifespan_parts=[ledger_part()]`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from common.db import Database
from common.ledger.cosigner import Cosigner, WitnessClient
from common.ledger.note import Algorithm, VerifierKey
from common.ledger.sequencer import Sequencer, direct_engine
from common.ledger.sequencing import lag
from common.ledger.signer import LogSigner, MissingKey
from common.ledger.status import LogStatus

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["ledger_part"]

WITNESS_TIMEOUT = 5.0


def ledger_part(
    checkpoint_after: Collection[str] = (),
) -> Callable[["Starlette"], AbstractAsyncContextManager[None]]:
    """Runs the sequencer and the cosigner beside the service, and sets `app.state.log` for `append`.

    For each entry of an event in `checkpoint_after` there is a checkpoint whose last leaf it is.

    Needs the settings `log_origin` and `log_key_file`; with `witness_url` also `witness_key`. Reports to
    readiness under "ledger".

    Raises (at start):
        MissingKey: a setting is missing, or the key file does not hold a key of the origin.
    """

    @asynccontextmanager
    async def part(app: "Starlette") -> AsyncIterator[None]:
        settings = app.state.settings
        if not settings.log_origin or not settings.log_key_file:
            raise MissingKey("a log needs log_origin and log_key_file")
        if settings.witness_url and not settings.witness_key:
            raise MissingKey("a witness needs witness_key, its verifier key")
        signer = LogSigner(settings.log_origin, settings.log_key_file, app.state.keyring)
        status = LogStatus(app.state.name)
        engine = direct_engine(settings.relay_database_url)
        app.state.log = signer
        app.state.log_status = status
        app.state.readiness["ledger"] = _readiness(app, status)
        async with httpx.AsyncClient(timeout=WITNESS_TIMEOUT) as http:
            witness = _witness(settings.witness_url, settings.witness_key, http)
            make_cosigner = _maker(app.state.db, witness, status) if witness else None
            sequencer = Sequencer(engine, signer, app.state.clock, status, make_cosigner, checkpoint_after)
            running = asyncio.create_task(sequencer.run())
            try:
                yield
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
                await engine.dispose()

    return part


def _witness(url: str | None, key: str | None, http: httpx.AsyncClient) -> WitnessClient | None:
    if not url or not key:
        return None
    verifier = VerifierKey.parse(key)
    if verifier.algorithm is not Algorithm.COSIGNATURE:
        raise MissingKey("witness_key is not the key of a witness")
    return WitnessClient(url, verifier, http)


def _maker(database: Database, witness: WitnessClient, status: LogStatus) -> Callable[[], Cosigner]:
    return lambda: Cosigner(database, witness, status)


def _readiness(app: "Starlette", status: LogStatus) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        if (lack := status.lack()) is not None:
            return lack
        async with app.state.db.session() as session:
            behind = await lag(session, app.state.clock.now())
        return f"{behind.overdue} promises have expired" if behind.overdue else None

    return check
