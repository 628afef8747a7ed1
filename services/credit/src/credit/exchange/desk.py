"""The part of the service that talks to other systems. No call is made while a transaction is open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import structlog
from common import audit
from common.auth import Principal
from common.db import Database
from starlette.applications import Starlette

from credit.background import report, step_for_ever
from credit.config import Settings
from credit.environment import Environment

from .adapters import Adapter, ExchangeFailed, HttpAdapter, NullAdapter, RecordedAdapter
from .collecting import Collector
from .errors import ExchangeUnavailable
from .rules import System
from .schemas import Reconciliation
from .sending import Sending
from .service import ExchangeService

__all__ = ["ExchangeDesk", "adapters_of", "exchanging"]

log = structlog.get_logger(__name__)

PAUSE = 5.0
COLLECTED = 200
SENT = 20
LONGEST = 30.0


def adapters_of(settings: Settings) -> dict[System, Adapter]:
    """The adapter of each system: a real or a recorded one where the settings name it, else none."""
    found: dict[System, Adapter] = {}
    for system in System:
        target = settings.exchange.get(system)
        if target is None:
            found[system] = NullAdapter()
        elif target.folder is not None:
            found[system] = RecordedAdapter(target.folder)
        else:
            token = target.token_file.read_text(encoding="utf-8").strip() if target.token_file else ""
            found[system] = HttpAdapter(target.url or "", token)
    return found


class ExchangeDesk:
    """Collects, sends, fetches and applies, a little at a time."""

    def __init__(self, database: Database, env: Environment, adapters: Mapping[System, Adapter]) -> None:
        self._database, self._env, self.adapters = database, env, adapters

    async def round(self) -> None:
        """One round: collect what changed, send what waits, fetch and apply what others decided.

        While no system is connected nothing is collected; the feed keeps it until one is. The systems are
        served beside one another: one that fails keeps none waiting, one that hangs keeps the next round
        waiting, for `LONGEST` seconds, the record that is being sent then and two fetches at most.
        """
        more = any(adapter.connected for adapter in self.adapters.values())
        while more:
            async with self._database.session() as session:
                more = await Collector(session, self._env).collect(COLLECTED)
        connected = {system: one for system, one in self.adapters.items() if one.connected}
        served = await asyncio.gather(
            *(self._serve(system, adapter) for system, adapter in connected.items()), return_exceptions=True
        )
        for system, outcome in zip(connected, served, strict=True):
            if isinstance(outcome, Exception):
                report(f"exchange: {system}", outcome)
        applied = True
        while applied:
            async with self._database.session() as session:
                applied = await ExchangeService(session, self._env).apply_next()

    async def reconcile(self, actor: Principal, system: System, day: date) -> Reconciliation:
        """Ask the other side what it holds of a day, then compare; who asked is audited.

        Raises:
            ExchangeUnavailable: not connected, or no answer.
        """
        try:
            theirs = await self.adapters[system].records(day)
            decided = await self.adapters[system].decided(day)
        except ExchangeFailed as error:
            raise ExchangeUnavailable from error
        async with self._database.session() as session:
            result = await ExchangeService(session, self._env).reconcile(actor, system, day, theirs, decided)
            await audit.record(
                session,
                actor=actor,
                action="exchange.reconcile",
                target=f"exchange:{system}",
                details={"day": day.isoformat(), "agrees": result.agrees},
                now=self._env.clock.now(),
            )
        return result

    async def _serve(self, system: System, adapter: Adapter) -> None:
        if await self._send(system, adapter):
            await self._fetch(system, adapter)

    async def _send(self, system: System, adapter: Adapter) -> bool:
        """Send what waits; False when nobody is there.

        For at most `LONGEST` seconds and the record that is being sent then: so no claim outlives its first
        pause, after which another process would send the record again. Where nobody seemed to be there, the
        system is asked for decisions. Who still answers that is not away: what the record met was about that
        record, counts as its attempt, and keeps no other record waiting. Who says that it takes no more for
        now says nothing of the record: it and all behind it wait.
        """
        clock = asyncio.get_running_loop()
        until = clock.time() + LONGEST
        while True:
            async with self._database.session() as session:
                claimed = await Sending(session, self._env).claim(system, SENT)
            for place, (record_id, body) in enumerate(claimed):
                if clock.time() > until:
                    await self._give_back([one for one, _ in claimed[place:]])
                    return True
                answer, failure = None, None
                try:
                    answer = await adapter.send(body)
                except ExchangeFailed as error:
                    failure = str(error)
                    if error.full or (error.away and not await self._fetch(system, adapter)):
                        async with self._database.session() as session:
                            await Sending(session, self._env).unreached(record_id, failure)
                        await self._give_back([one for one, _ in claimed[place + 1 :]])
                        log.warning("exchange_away", system=system, reason=failure)
                        return error.full
                async with self._database.session() as session:
                    await Sending(session, self._env).settle(record_id, answer, failure)
            if len(claimed) < SENT:
                return True

    async def _give_back(self, claimed: Sequence[UUID]) -> None:
        async with self._database.session() as session:
            await Sending(session, self._env).release(claimed)

    async def _fetch(self, system: System, adapter: Adapter) -> bool:
        """Fetch decisions; whether anybody was there."""
        async with self._database.session() as session:
            after = await ExchangeService(session, self._env).read_up_to(system)
        try:
            page = await adapter.decisions(after)
        except ExchangeFailed as error:
            log.warning("decisions_not_fetched", system=system, reason=str(error))
            return not error.away
        if page.items or page.next_after:
            async with self._database.session() as session:
                await ExchangeService(session, self._env).take(system, page, after)
        return True

    async def run(self) -> None:
        """Make rounds for ever; whatever fails is tried in the next one."""
        await step_for_ever("exchange", self._step, PAUSE)

    async def _step(self) -> bool:
        await self.round()
        return False


@asynccontextmanager
async def exchanging(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that exchanges records (`app.state.exchange`)."""
    state = app.state
    state.exchange = ExchangeDesk(state.db, state.env, adapters_of(state.settings))
    task = asyncio.create_task(state.exchange.run(), name="exchange of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
