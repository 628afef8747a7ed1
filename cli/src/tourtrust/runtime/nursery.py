"""Our Python processes as forks of one process that has imported what all of them need.

Importing it takes about two seconds of processor time; five applications that each import it would make the
start of the platform wait for the processor, not for the work.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

from tourtrust.runtime.processes import tie_to_parent

__all__ = ["Fork", "prepare"]


def prepare() -> None:
    """Begin importing, in the process that will fork, while the caller goes on with other things."""
    multiprocessing.set_forkserver_preload(["tourtrust.runtime.tied", "tourtrust.runtime.preload"])
    forkserver.ensure_running()


class Fork:
    """A function of ours that runs as a process of its own.

    It has a session, an environment and a log of its own (without a log it writes where we write). It
    speaks like `subprocess.Popen` as far as the supervisor needs.
    """

    def __init__(
        self,
        name: str,
        work: Callable[..., None],
        *arguments: object,
        env: Mapping[str, str],
        log: Path | None = None,
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        self._process: BaseProcess = context.Process(
            target=_become, args=(name, dict(env), log, work, arguments), name=name, daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._process.pid or 0)

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def wait(self) -> int:
        """Wait for its end, and say how it ended."""
        self._process.join()
        return int(self._process.exitcode or 0)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def end(self, patience: float) -> None:
        """Ask it to end, and make it end after `patience` seconds."""
        self._process.terminate()
        self._process.join(patience)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def _become(
    name: str,
    env: Mapping[str, str],
    log: Path | None,
    work: Callable[..., None],
    arguments: tuple[object, ...],
) -> None:
    """In the fork: take on what makes this process itself, and work."""
    os.setsid()
    tie_to_parent(signal.SIGTERM, name=f"tt-{name}")
    if log is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(env)
    work(*arguments)
