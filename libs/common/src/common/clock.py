"""Where time comes from. Rules take dates as arguments; everything else asks one injected clock."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["CHINA", "Clock", "FrozenClock", "SystemClock", "china_date"]

CHINA = ZoneInfo("Asia/Shanghai")


def china_date(instant: datetime) -> date:
    """The Chinese calendar day of an aware instant."""
    return instant.astimezone(CHINA).date()


class Clock(Protocol):
    """Gives the present instant, aware, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock for demonstrations that several processes share through a file.

    The file holds the instant and the real second at which it was set. The day stands still, but the clock
    creeps on by a millisecond for every real second, so that what happens later also has a later instant.
    """

    CREEP = 0.001

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = (0, 0)
        self._base = datetime.min.replace(tzinfo=UTC)
        self._set_at = 0.0

    def now(self) -> datetime:
        """The instant the file stands at, plus the creep since it was set."""
        file = self._path.stat()
        version = (file.st_mtime_ns, file.st_ino)
        if version != self._version:
            instant, set_at = self._path.read_text(encoding="ascii").split()
            self._base, self._set_at = datetime.fromisoformat(instant).astimezone(UTC), float(set_at)
            self._version = version
        return self._base + timedelta(seconds=max(0.0, time.time() - self._set_at) * self.CREEP)

    @classmethod
    def set(cls, path: Path, instant: datetime) -> "FrozenClock":
        """Move the clock in `path` to `instant`; readers see it at their next question.

        Raises:
            ValueError: `instant` has no time zone.
        """
        if instant.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        temporary = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}")
        temporary.write_text(f"{instant.astimezone(UTC).isoformat()} {time.time():.6f}\n", encoding="ascii")
        temporary.replace(path)
        return cls(path)
