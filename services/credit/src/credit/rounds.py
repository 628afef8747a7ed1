"""Work that falls due without a request: grades that change by the calendar, draws whose time has passed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from common.db import Database
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from credit.background import is_outage, report, step_for_ever
from credit.boards.work import BoardWork
from credit.certificates.service import CertificateService
from credit.commitments.service import CommitmentService
from credit.deposits.cover import CoverService
from credit.deposits.service import DepositService
from credit.draws.service import DrawService
from credit.environment import Environment
from credit.facts.showings import Showings
from credit.hazards.service import HazardService
from credit.honours.deeds import HonourDeeds
from credit.imports.service import ImportService
from credit.inspections.service import InspectionService
from credit.listings.service import ListingService
from credit.objections.service import ObjectionService
from credit.scorecards.service import CardService
from credit.scoring.service import ScoringService
from credit.supervision.service import SupervisionService
from credit.sweeps.service import SweepService
from credit.warnings.service import WarningService

__all__ = ["do_round", "rounds"]

log = structlog.get_logger(__name__)

CHUNK = 100
PAUSE = 5.0

Work = Callable[[AsyncSession, Environment], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Singly:
    """Work that is done piece by piece, each in a transaction of its own.

    `find` gives the keys of at most `CHUNK` pieces behind one, in order, and keeps no lock; `do` locks a
    piece, says whether it did it, and passes by what another process holds. `goes_on`: a piece takes many
    steps, so after some were taken it is asked again whether any is left.
    """

    find: Callable[[AsyncSession, Environment, Any], Awaitable[Sequence[Any]]]
    do: Callable[[AsyncSession, Environment, Any], Awaitable[bool]]
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """Work whose chunk is done in one transaction, because many at once are far cheaper than each alone.

    A chunk that fails is done again piece by piece. `do` locks those of the keys that are still due, passes
    by what another process holds, and says how many it did.
    """

    find: Callable[[AsyncSession, Environment, Any], Awaitable[Sequence[Any]]]
    do: Callable[[AsyncSession, Environment, Sequence[Any]], Awaitable[int]]


async def _due_grades(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await ScoringService(session, env).due(after, CHUNK)


async def _rescore(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await ScoringService(session, env).rescore_due([subject_id for _, subject_id in keys])


async def _begun_scorecards(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await CardService(session, env).begun(after, CHUNK)


async def _take_up(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await CardService(session, env).take_up(keys)


async def _waiting_draws(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await DrawService(session, env).waiting(after, CHUNK)


async def _advance_draw(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await DrawService(session, env).advance(key)


async def _due_supervision(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await SupervisionService(session, env).due(after, CHUNK)


async def _refresh(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await SupervisionService(session, env).refresh_due(keys)


async def _boards(session: AsyncSession, env: Environment) -> int:
    return await BoardWork(session, env).step(CHUNK)


async def _due_honours(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await HonourDeeds(session, env).due(after, CHUNK)


async def _watch(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await HonourDeeds(session, env).watch(keys)


async def _unfinished_sweeps(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await SweepService(session, env).unfinished(after, CHUNK)


async def _sweep(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await SweepService(session, env).sweep(key)


async def _overdue_warnings(session: AsyncSession, env: Environment) -> int:
    return await WarningService(session, env).escalate_overdue(CHUNK)


async def _expired_imports(session: AsyncSession, env: Environment) -> int:
    return await ImportService(session, env).purge(CHUNK)


async def _expired_listings(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await ListingService(session, env).expired(after, CHUNK)


async def _remove_expired(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await ListingService(session, env).remove_expired(key[1])


async def _missed_top_ups(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await DepositService(session, env).missed(after, CHUNK)


async def _tell_missed(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await DepositService(session, env).tell_missed(key)


async def _changed_cover(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await CoverService(session, env).changed(after, CHUNK)


async def _tell_cover(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await CoverService(session, env).tell_due(key)


async def _ripples(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await ObjectionService(session, env).ripples(after, CHUNK)


async def _advance_ripple(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await ObjectionService(session, env).advance_ripple(key)


async def _changed_showings(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await Showings(session, env).changing(after, CHUNK)


async def _show_anew(session: AsyncSession, env: Environment, key: Any) -> bool:
    await Showings(session, env).look_again(key)
    return True


async def _undermined_certificates(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await CertificateService(session, env).undermined(after, CHUNK)


async def _withdraw(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await CertificateService(session, env).withdraw_undermined(keys)


async def _certificates_to_look_at(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await CertificateService(session, env).to_look_at(after, CHUNK)


async def _look_at_certificate(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await CertificateService(session, env).look_at(key)


async def _late_hazards(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await HazardService(session, env).late(after, CHUNK)


async def _notice_late(session: AsyncSession, env: Environment, key: Any) -> bool:
    return await HazardService(session, env).notice_late(*key)


async def _publications_near(session: AsyncSession, env: Environment) -> int:
    return await InspectionService(session, env).remind(CHUNK)


async def _due_commitments(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
    return await CommitmentService(session, env).over(after, CHUNK)


async def _fall_due(session: AsyncSession, env: Environment, keys: Sequence[Any]) -> int:
    return await CommitmentService(session, env).fall_due(keys)


DUE: dict[str, Work | Singly | Together] = {
    "ripples": Singly(_ripples, _advance_ripple),
    "begun_scorecards": Together(_begun_scorecards, _take_up),
    "changed_grades": Together(_due_grades, _rescore),
    "waiting_draws": Singly(_waiting_draws, _advance_draw),
    "late_hazards": Singly(_late_hazards, _notice_late),
    "publications_near": _publications_near,
    "missed_top_ups": Singly(_missed_top_ups, _tell_missed),
    "changed_cover": Singly(_changed_cover, _tell_cover),
    "expired_listings": Singly(_expired_listings, _remove_expired),
    "due_commitments": Together(_due_commitments, _fall_due),
    "supervision": Together(_due_supervision, _refresh),
    "boards": _boards,
    "honours": Together(_due_honours, _watch),
    "warning_sweeps": Singly(_unfinished_sweeps, _sweep, goes_on=True),
    "overdue_warnings": _overdue_warnings,
    "expired_imports": _expired_imports,
    "changed_showings": Singly(_changed_showings, _show_anew),
    "undermined_certificates": Together(_undermined_certificates, _withdraw),
    "overtaken_certificates": Singly(_certificates_to_look_at, _look_at_certificate),
}
"""What falls due, by name, at most about `CHUNK` pieces of each a round.

What stands here as a plain function is one statement, asks no rule of a piece, or passes over pieces that
fail by itself (`boards`).
"""


async def do_round(database: Database, env: Environment) -> bool:
    """One chunk of each kind of due work, each in a transaction of its own; says whether there may be more.

    Work that fails is told and tried again in the next round. It keeps no other kind of work from being done,
    and a piece that fails no other piece of its kind.
    """
    more = False
    for name, work in DUE.items():
        try:
            if isinstance(work, Singly):
                done = await _singly(database, env, name, work)
                if work.goes_on and done:
                    async with database.session() as session:
                        more = more or bool(await work.find(session, env, None))
            elif isinstance(work, Together):
                done = await _together(database, env, name, work)
            else:
                async with database.session() as session:
                    done = await work(session, env)
        except Exception as error:
            # Whatever it is: a fault in one kind of work must not stop the others.
            report(f"rounds: {name}", error)
            continue
        if done:
            log.info("round", work=name, done=done)
        more = more or done >= CHUNK
    return more


async def _together(database: Database, env: Environment, name: str, work: Together) -> int:
    """A chunk in one transaction; if that fails for another reason than an outage, piece by piece."""
    async with database.session() as session:
        keys = await work.find(session, env, None)
    if not keys:
        return 0
    try:
        async with database.session() as session:
            return await work.do(session, env, keys)
    except Exception as error:
        if is_outage(error):
            raise

    async def one(session: AsyncSession, env: Environment, key: Any) -> bool:
        return await work.do(session, env, [key]) > 0

    return await _singly(database, env, name, Singly(work.find, one))


async def _singly(database: Database, env: Environment, name: str, work: Singly) -> int:
    """One chunk of pieces, and further ones in place of those that fail; gives how many were done.

    A piece that fails is told and counted, and tried again in every round: it stays due. It holds back no
    other, and the round goes on behind it until it has done a chunk or seen all.
    """
    done, after = 0, None
    while True:
        async with database.session() as session:
            keys = await work.find(session, env, after)
        failed = 0
        for key in keys:
            try:
                async with database.session() as session:
                    done += await work.do(session, env, key)
            except Exception as error:
                # As in `do_round`: a fault in one piece must not stop the others.
                report(f"rounds: {name}: {key}", error)
                failed += 1
        if not failed or len(keys) < CHUNK or done >= CHUNK:
            return done
        after = keys[-1]


@asynccontextmanager
async def rounds(app: Starlette) -> AsyncIterator[None]:
    """The lifespan part that makes rounds until the service stops. Several processes share the work."""
    task = asyncio.create_task(_run(app), name="rounds of credit")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _run(app: Starlette) -> None:
    await step_for_ever("rounds", lambda: do_round(app.state.db, app.state.env), PAUSE)
