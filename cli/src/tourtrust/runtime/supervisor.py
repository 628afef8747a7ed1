"""Watches the children: whoever dies is started again, with growing patience; all end when we end."""

import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.processes import Running, tail

__all__ = ["Child", "Supervisor"]

logger = logging.getLogger("tourtrust.up")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STEADY_AFTER = 30.0


class Child(Protocol):
    """Something that runs as one process of ours."""

    name: str
    stateless: bool
    log: Path

    @property
    def process(self) -> Running | None: ...

    def launch(self) -> Running: ...
    def ready(self) -> bool: ...
    def stop(self) -> None: ...


class _Watch:
    """One child and how often it fell."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.pause = FIRST_PAUSE
        self.started_at = 0.0
        self.retry_at: float | None = None

    def launch(self) -> None:
        self.child.launch()
        self.started_at = time.monotonic()
        self.retry_at = None

    def fell(self) -> bool:
        """Note a death once; True when it is new."""
        process = self.child.process
        if process is None or self.retry_at is not None or process.poll() is None:
            return False
        if time.monotonic() - self.started_at > STEADY_AFTER:
            self.pause = FIRST_PAUSE
        self.retry_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return True


class Supervisor:
    """Starts children in order, keeps them alive, stops them in reverse order."""

    def __init__(self, note: Callable[[dict[str, int]], None]) -> None:
        """`note` is told name and pid of all living children whenever one starts."""
        self._watches: list[_Watch] = []
        self._note = note
        self._interrupted = False

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """The handler of SIGINT and SIGTERM: end by KeyboardInterrupt.

        An exception that is raised inside a callback of the interpreter's can be lost there; so the wish is
        also written down, and the next look after the children ends too.
        """
        self._interrupted = True
        raise KeyboardInterrupt

    def start(self, *children: Child, seconds: float) -> None:
        """Start children together and wait for all of them.

        Raises:
            StartError: one ended or was not ready in time.
        """
        for child in children:
            watch = _Watch(child)
            self._watches.append(watch)
            watch.launch()
        self._tell()
        deadline = time.monotonic() + seconds
        waiting = list(children)
        while waiting:
            self._heed()
            for child in list(waiting):
                if child.process is None or child.process.poll() is not None:
                    raise _failed(child)
                if child.ready():
                    waiting.remove(child)
            if waiting and time.monotonic() > deadline:
                raise _failed(waiting[0])
            time.sleep(0.05)

    def keep(self) -> None:
        """Watch until interrupted."""
        while True:
            self.tend()
            time.sleep(0.1)

    def tend(self) -> None:
        """Look after every child once."""
        self._heed()
        for watch in self._watches:
            if watch.fell():
                process = watch.child.process
                logger.warning(
                    "%s ended with %s, starting again",
                    watch.child.name,
                    process.returncode if process else "?",
                )
            if watch.retry_at is not None and time.monotonic() >= watch.retry_at:
                watch.launch()
                self._tell()

    def stop(self) -> None:
        """End all children: applications together, then each server, last started first."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for watch in reversed(self._watches):
            process = watch.child.process
            if watch.child.stateless and process is not None and process.poll() is None:
                process.terminate()
        for watch in reversed(self._watches):
            watch.child.stop()
        self._watches.clear()

    def _heed(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def _tell(self) -> None:
        self._note(
            {
                watch.child.name: watch.child.process.pid
                for watch in self._watches
                if watch.child.process is not None
            }
        )


def _failed(child: Child) -> StartError:
    return StartError(
        f"{child.name} 未能启动,日志 {child.log} 的结尾:\n{tail(child.log)}",
        f"{child.name} did not start; the end of its log is above, the rest in {child.log}",
    )
