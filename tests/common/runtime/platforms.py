"""Running `tourtrust up` as a person would: as a process, read by its output, ended by signals."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("common", "gateway", "credit", "complaints", "contracts", "tourtrust")
COMMAND = [sys.executable, "-P", "-m", "tourtrust", "up"]


class Up:
    """One `tourtrust up`, in a folder, on a port."""

    def __init__(
        self,
        home: Path,
        port: int,
        *options: str,
        uid: int | None = None,
        command: list[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.port = port
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*(command or COMMAND), "--data-dir", str(home), "--port", str(port), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
            env={**_environment(uid), **(env or {})},
        )
        self.ready_after = 0.0

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise

    def wait_ready(self) -> None:
        """Read the output until the line that says so; a platform that does not get there ends by itself."""
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        self.ready_after = time.monotonic() - self.started
        assert line == f"ready http://127.0.0.1:{self.port}\n", line + self.process.stderr.read()

    def children(self) -> dict[str, int]:
        """Name and pid of each child, as the platform notes them."""
        return {
            item["name"]: item["pid"] for item in json.loads((self.home / "children.json").read_text("utf-8"))
        }

    def running(self) -> dict[str, Any]:
        """The addresses of this run."""
        facts: dict[str, Any] = json.loads((self.home / "running.json").read_text("utf-8"))
        return facts

    def status(self, path: str = "/readyz") -> int:
        """The gateway's answer; 0 when there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0


def _environment(uid: int | None) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    if uid is None:
        return kept | {"HOME": os.environ.get("HOME", "/")}
    # Another interpreter than ours may run it: it finds our packages where we find them.
    sources = [str(Path(str(spec.origin)).parents[1]) for name in PACKAGES if (spec := find_spec(name))]
    path = [kept.get("PYTHONPATH", ""), *sources, sysconfig.get_path("purelib")]
    return kept | {"HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(filter(None, path))}


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether something comes to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def alive(pids: Mapping[str, int]) -> dict[str, int]:
    """Those of the processes that still run (a zombie does not)."""
    found = {}
    for name, pid in pids.items():
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found[name] = pid
        except psutil.NoSuchProcess:
            continue
    return found
