"""The data directory: its layout, the lock that gives it to one instance, and what a dead instance left."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil

from tourtrust.runtime.errors import StartError

__all__ = [
    "SYSTEM_HOME",
    "Home",
    "default_demo_home",
    "default_home",
    "disk_full",
    "fresh_demo_home",
    "write_private",
]

SYSTEM_HOME = Path("/var/lib/tourtrust")
NEEDED_BYTES = 256 * 1024 * 1024


def default_home() -> Path:
    """Where data lie when nobody says otherwise: the system's folder under root, else the user's own."""
    if os.geteuid() == 0:
        return SYSTEM_HOME
    share = os.environ.get("XDG_DATA_HOME")
    return (Path(share) if share else Path.home() / ".local" / "share") / "tourtrust"


def default_demo_home() -> Path:
    """Where `tourtrust demo` keeps its data."""
    return default_home() / "demo"


@contextmanager
def fresh_demo_home(chosen: Path | None, *, keep: bool) -> Iterator[Path]:
    """An empty folder for one demo. Only a folder that a demo made is ever emptied; kept afterwards on wish.

    Raises:
        StartError: the chosen folder holds something that is no demo.
    """
    if chosen is None and not keep:
        root = Path(tempfile.mkdtemp(prefix="tourtrust-demo-"))
    else:
        root = (chosen or default_demo_home()).absolute()
        if root.exists() and any(root.iterdir()):
            kind = root / "kind"
            if not kind.exists() or kind.read_text("ascii").strip() != "demo":
                raise StartError(
                    f"{root} 不是演示数据目录,不予清空", f"{root} is no demo folder; it is not emptied"
                )
            home = Home(root)
            with home.locked():
                home.empty()
    try:
        yield root
    finally:
        if not keep:
            Home(root).empty()


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read; it appears whole or not at all."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


class Home:
    """One data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.secrets = self.root / "secrets"
        self.logs = self.root / "logs"
        self.clock = self.root / "clock"
        self.demo_credentials = self.root / "demo-credentials.json"
        self.witness_logs = self.root / "witness-logs.txt"
        self.log_keys = self.root / "log-keys.json"
        self.seeding = self.root / "seeding"
        self.seeded = self.root / "seeded"
        self._children = self.root / "children.json"
        self._running = self.root / "running.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for this process. The kernel frees it when we die, however we die.

        Raises:
            StartError: it cannot be made or written, another instance holds it, or the disk is full.
        """
        with self._opened_lock() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                owner = lock.read().strip() or "?"
                raise StartError(
                    f"目录 {self.root} 正被进程 {owner} 使用;请先停止它,或用 --data-dir 另选",
                    f"{self.root} is in use by process {owner}; "
                    "stop it or choose another folder with --data-dir",
                ) from error
            lock.seek(0)
            lock.truncate()
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self._check_space()
            self._end_stale_children()
            try:
                yield
            finally:
                self._running.unlink(missing_ok=True)

    def postgres(self) -> Path:
        """The folder of the cluster: in the data directory, or elsewhere when `nobody` cannot get there.

        Under root PostgreSQL runs as `nobody`. A directory below root's home is closed to `nobody`, so its
        cluster stands in the system's folder under the directory's own random id.
        """
        marker = self.root / "cluster"
        if marker.exists():
            return Path(marker.read_text("utf-8").strip())
        place = self.root / "postgres"
        if os.geteuid() == 0 and not _passable(self.root):
            place = SYSTEM_HOME / "clusters" / secrets.token_hex(8)
            place.parent.mkdir(parents=True, exist_ok=True)
            for folder in (SYSTEM_HOME, place.parent):
                folder.chmod(0o711)
        marker.write_text(f"{place}\n", "utf-8")
        return place

    def empty(self) -> None:
        """Remove everything in the folder, its cluster included, and the folder itself."""
        shutil.rmtree(self.postgres(), ignore_errors=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def note_children(self, pids: Mapping[str, int]) -> None:
        """Write down who our children are, so that the next start can end those that outlived us."""
        entries = []
        for name, pid in pids.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                entries.append({"name": name, "pid": pid, "born": psutil.Process(pid).create_time()})
        write_private(self._children, json.dumps(entries))

    def note_running(self, facts: Mapping[str, Any]) -> None:
        """Write down the addresses of this run, for the commands that work beside it."""
        write_private(self._running, json.dumps(facts, indent=1))

    def running(self) -> dict[str, Any] | None:
        """The facts of the instance that runs now, or None."""
        try:
            facts: dict[str, Any] = json.loads(self._running.read_text("utf-8"))
        except OSError:
            return None
        with self._opened_lock() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return facts
        return None

    @contextmanager
    def _opened_lock(self) -> Iterator[IO[str]]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (self.secrets, self.logs):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
            if os.geteuid() == 0:
                # `nobody` must be able to pass through to its cluster; what is secret has its own mode.
                self.root.chmod(0o711)
            lock = (self.root / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise self._unusable(error) from error
        with lock:
            lock.seek(0)
            yield lock

    def _unusable(self, error: OSError) -> StartError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return disk_full(self.root)
        return StartError(
            f"无法使用目录 {self.root}:{error.strerror};请用 --data-dir 另选目录",
            f"{self.root} cannot be used ({error.strerror}); choose another folder with --data-dir",
        )

    def _check_space(self) -> None:
        if shutil.disk_usage(self.root).free < NEEDED_BYTES:
            raise disk_full(self.root)

    def _end_stale_children(self) -> None:
        """End the children of an instance that was killed: known by pid and birth, never by name."""
        try:
            entries = json.loads(self._children.read_text("utf-8"))
        except (OSError, ValueError):
            return
        stale = []
        for entry in entries:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["born"]) < 1:
                    process.send_signal(signal.SIGINT if entry["name"] == "postgres" else signal.SIGTERM)
                    stale.append(process)
        _, stubborn = psutil.wait_procs(stale, timeout=15)
        for process in stubborn:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(stubborn, timeout=5)
        self._children.unlink(missing_ok=True)


def disk_full(root: Path) -> StartError:
    """Why a start stops when there is no room."""
    return StartError(
        f"磁盘已满:{root} 所在磁盘至少需要 {NEEDED_BYTES >> 20} MB 可用空间",
        f"the disk is full: {root} needs at least {NEEDED_BYTES >> 20} MB of free space",
    )


def _passable(folder: Path) -> bool:
    """Whether `nobody` can pass through to `folder`."""
    outcome = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)],
        user="nobody",
        group=65534,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return outcome.returncode == 0
