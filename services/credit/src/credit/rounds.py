"""Work that falls due without a request: grades that change by the calendar, draws whose time has passed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

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


_Service = TypeVar("_Service")
_Done = TypeVar("_Done")
_Of = Callable[[AsyncSession, Environment], _Service]


def _find(
    service: _Of[_Service], find: Callable[[_Service, Any, int], Awaitable[Sequence[Any]]]
) -> Callable[[AsyncSession, Environment, Any], Awaitable[Sequence[Any]]]:
    async def found(session: AsyncSession, env: Environment, after: Any) -> Sequence[Any]:
        return await find(service(session, env), after, CHUNK)

    return found


def _do(
    service: _Of[_Service], do: Callable[[_Service, Any], Awaitable[_Done]]
) -> Callable[[AsyncSession, Environment, Any], Awaitable[_Done]]:
    async def done(session: AsyncSession, env: Environment, what: Any) -> _Done:
        return await do(service(session, env), what)

    return done


def _chunk(service: _Of[_Service], do: Callable[[_Service, int], Awaitable[int]]) -> Work:
    async def done(session: AsyncSession, env: Environment) -> int:
        return await do(service(session, env), CHUNK)

    return done


async def _show_anew(showings: Showings, subject_id: Any) -> bool:
    await showings.look_again(subject_id)
    return True


DUE: dict[str, Work | Singly | Together] = {
    "ripples": Singly(
        _find(ObjectionService, ObjectionService.ripples),
        _do(ObjectionService, ObjectionService.advance_ripple),
    ),
    "begun_scorecards": Together(
        _find(CardService, CardService.begun), _do(CardService, CardService.take_up)
    ),
    "changed_grades": Together(
        _find(ScoringService, ScoringService.due),
        _do(ScoringService, lambda grades, keys: grades.rescore_due([subject_id for _, subject_id in keys])),
    ),
    "waiting_draws": Singly(_find(DrawService, DrawService.waiting), _do(DrawService, DrawService.advance)),
    "late_hazards": Singly(
        _find(HazardService, HazardService.late),
        _do(HazardService, lambda hazards, key: hazards.notice_late(*key)),
    ),
    "publications_near": _chunk(InspectionService, InspectionService.remind),
    "missed_top_ups": Singly(
        _find(DepositService, DepositService.missed), _do(DepositService, DepositService.tell_missed)
    ),
    "changed_cover": Singly(
        _find(CoverService, CoverService.changed), _do(CoverService, CoverService.tell_due)
    ),
    "expired_listings": Singly(
        _find(ListingService, ListingService.expired),
        _do(ListingService, lambda listings, key: listings.remove_expired(key[1])),
    ),
    "due_commitments": Together(
        _find(CommitmentService, CommitmentService.over), _do(CommitmentService, CommitmentService.fall_due)
    ),
    "supervision": Together(
        _find(SupervisionService, SupervisionService.due),
        _do(SupervisionService, SupervisionService.refresh_due),
    ),
    "boards": _chunk(BoardWork, BoardWork.step),
    "honours": Together(_find(HonourDeeds, HonourDeeds.due), _do(HonourDeeds, HonourDeeds.watch)),
    "warning_sweeps": Singly(
        _find(SweepService, SweepService.unfinished), _do(SweepService, SweepService.sweep), goes_on=True
    ),
    "overdue_warnings": _chunk(WarningService, WarningService.escalate_overdue),
    "expired_imports": _chunk(ImportService, ImportService.purge),
    "changed_showings": Singly(_find(Showings, Showings.changing), _do(Showings, _show_anew)),
    "undermined_certificates": Together(
        _find(CertificateService, CertificateService.undermined),
        _do(CertificateService, CertificateService.withdraw_undermined),
    ),
    "overtaken_certificates": Singly(
        _find(CertificateService, CertificateService.to_look_at),
        _do(CertificateService, CertificateService.look_at),
    ),
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
    """One chunk of pieces, and further ones in place of those that are not done; gives how many were.

    A piece that fails is told and counted, and tried again in every round: it stays due, as does one that
    waits, such as a draw for its witness. It holds back no other, and the round goes on behind it until it
    has done a chunk or seen all.
    """
    done, after = 0, None
    while True:
        async with database.session() as session:
            keys = await work.find(session, env, after)
        left = 0
        for key in keys:
            try:
                async with database.session() as session:
                    did = await work.do(session, env, key)
            except Exception as error:
                # As in `do_round`: a fault in one piece must not stop the others.
                report(f"rounds: {name}: {key}", error)
                did = False
            done += did
            left += not did
        if not left or len(keys) < CHUNK or done >= CHUNK:
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
