"""The times and sizes the consumers work with, and the sessions they work in."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["Sessions", "Tuning"]


class Sessions(Protocol):
    """What gives one transaction per session; `common.db.Database` does."""

    def session(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class Tuning:
    """Times in seconds and sizes. A batch stays below 64 savepoints, as many as PostgreSQL keeps at hand."""

    ack_wait: float = 5.0
    batch: int = 60
    wait: float = 5.0
    max_attempts: int = 8
    first_delay: float = 1.0
    longest_delay: float = 300.0
    poll: float = 1.0
    statement_timeout: float = 15.0
