"""Child processes: started in their own session, tied to our life, ended without leaving orphans."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

__all__ = [
    "Account",
    "end",
    "free_port",
    "port_is_free",
    "spawn",
    "tail",
    "unprivileged_account",
    "wait_until",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_prctl: Any = getattr(ctypes.CDLL(None), "prctl", None)


class Running(Protocol):
    """A process of ours, whatever started it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...


@dataclass(frozen=True)
class Account:
    """The user and group that a child runs as."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for a child that must not be root: `nobody` under root, else None (stay who we are)."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(entry.pw_uid, entry.pw_gid)


def tie_to_parent(death_signal: int, name: str = "") -> None:
    """Have the kernel send this process `death_signal` when its parent dies, `kill -9` included.

    Linux only; elsewhere the process ids noted for the next start end what was left. The tie is to the thread
    that started this process, so children are started from the main thread. `name` is shown by `ps`.
    """
    if not sys.platform.startswith("linux"):
        return
    _prctl(_PR_SET_PDEATHSIG, death_signal)
    if name:
        _prctl(_PR_SET_NAME, ctypes.create_string_buffer(name.encode()[:15]))


def _tie(death_signal: int) -> Callable[[], None] | None:
    """The same as a hook for a child before its exec; it ends at once when the parent is gone already."""
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()

    def tie() -> None:
        _prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child whose output is appended to `log` and which does not outlive this process."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd or "/",
            start_new_session=True,
            preexec_fn=_tie(death_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def end(process: subprocess.Popen[bytes], how: int = signal.SIGTERM, patience: float = 15.0) -> None:
    """Ask the child to end by the signal `how`; after `patience` seconds its whole session is killed."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now (a socket in TIME_WAIT does not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until `ready()` holds; False when the child ended or the time ran out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if ready():
            return True
        time.sleep(0.03)
    return False


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])
