"""What every part that works in the background does when its work fails: say so, count it, and go on."""

from asyncio import CancelledError, sleep
from collections.abc import Awaitable, Callable

import structlog
from common.db import sqlstate
from common.problems import Problem
from common.telemetry import ALERTS
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

__all__ = ["is_outage", "report", "step_for_ever"]

log = structlog.get_logger(__name__)


def report(work: str, error: Exception) -> None:
    """A line in the log; with the traceback and an alert when it is no outage but something unforeseen.

    An outage of the database or the network passes by itself and shows in `/readyz`; a fault of the program
    does not, so somebody has to look.
    """
    state = sqlstate(error) if isinstance(error, DBAPIError) else None
    if is_outage(error):
        log.warning("work_failed", work=work, kind=type(error).__name__, sqlstate=state)
        return
    ALERTS.labels("credit", "background-work-failed").inc()
    log.error(
        "work_failed",
        work=work,
        kind=type(error).__name__,
        sqlstate=state,
        exc_info=None if isinstance(error, SQLAlchemyError | Problem) else error,
    )


def is_outage(error: Exception) -> bool:
    """Whether the same work may well succeed later: the server or the network was away, or two collided."""
    if isinstance(error, DBAPIError):
        state = sqlstate(error)
        return state is None or state[:2] in {"08", "40", "53", "55", "57"}
    return isinstance(error, OSError)


async def step_for_ever(work: str, step: Callable[[], Awaitable[bool]], pause: float) -> None:
    """Do steps until cancelled, with a pause where a step says that nothing is left, or fails."""
    while True:
        more = False
        try:
            more = await step()
        except CancelledError:
            raise
        except Exception as error:
            # Whatever it is: the next step may be other work.
            report(work, error)
        if not more:
            await sleep(pause)
