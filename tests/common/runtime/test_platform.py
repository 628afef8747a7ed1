"""`tourtrust up` as a whole: ready, watched, one instance, clean ends, kept data, as root and as a user."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from tourtrust.runtime.errors import StartError
from tourtrust.runtime.home import Home, fresh_demo_home
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer
from tourtrust.runtime.processes import free_port
from tourtrust.runtime.vault import Vault

from tests.common.runtime.platforms import COMMAND, Up, alive, eventually

CHILDREN = {"postgres", "nats", "witness", "gateway", "credit", "complaints", "contracts"}
SERVERS = {"postgres", "nats"}
STRANGER = next(user.pw_uid for user in pwd.getpwall() if user.pw_uid not in {0, 65534})


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="tourtrust-up-"))
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def platform(home: Path) -> Iterator[Up]:
    with Up(home, free_port()) as up:
        up.wait_ready()
        yield up


def test_it_is_ready_with_all_its_children_and_closed_secrets(platform: Up) -> None:
    assert platform.status() == 200
    assert set(platform.children()) == CHILDREN
    assert (platform.home / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (platform.home / "secrets").iterdir()} == {0o600}
    assert (platform.home / "running.json").stat().st_mode & 0o777 == 0o600
    uid = psutil.Process(platform.children()["postgres"]).uids().effective
    assert uid != 0


def test_no_password_stands_on_a_command_line(platform: Up) -> None:
    passwords = Vault.open(platform.home / "secrets")
    words = [passwords.superuser, *passwords.database.values(), *passwords.nats.values()]
    for pid in platform.children().values():
        line = " ".join(psutil.Process(pid).cmdline())
        assert not [word for word in words if word in line]


def test_a_second_instance_on_the_folder_is_refused(platform: Up) -> None:
    with Up(platform.home, free_port()) as second:
        out, err = second.process.communicate(timeout=30)
        assert (second.process.returncode, out) == (1, "")
        assert "正被" in err and "is in use by process" in err
    assert platform.status() == 200


def test_a_taken_port_is_named(home: Path) -> None:
    other = Path(tempfile.mkdtemp(prefix="tourtrust-port-"))
    with socket.socket() as taken, Up(other, _listen(taken)) as up:
        out, err = up.process.communicate(timeout=30)
        assert (up.process.returncode, out) == (1, "")
        assert f"端口 {up.port} 已被占用" in err and f"port {up.port} is taken" in err
    shutil.rmtree(other)


def _listen(server: socket.socket) -> int:
    server.bind(("127.0.0.1", 0))
    server.listen()
    return int(server.getsockname()[1])


@pytest.mark.parametrize("name", sorted(CHILDREN))
def test_a_killed_child_comes_back(platform: Up, name: str) -> None:
    before = platform.children()[name]
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: platform.children().get(name, before) != before)
    assert eventually(lambda: platform.status() == 200)
    assert eventually(lambda: set(alive(platform.children())) == CHILDREN)


def test_the_death_of_the_common_parent_is_survived(platform: Up) -> None:
    """The applications are forks of one process; they end with it, and all come back."""
    (nursery,) = {
        psutil.Process(pid).ppid() for name, pid in platform.children().items() if name not in SERVERS
    }
    before = platform.children()
    os.kill(nursery, signal.SIGKILL)
    apps = CHILDREN - SERVERS
    assert eventually(
        lambda: all(platform.children().get(name, before[name]) != before[name] for name in apps)
    )
    assert eventually(lambda: platform.status() == 200 and set(alive(platform.children())) == CHILDREN)
    assert all(platform.children()[name] == before[name] for name in SERVERS)


async def test_it_stops_cleanly_and_starts_again_with_its_data(platform: Up) -> None:
    url = platform.running()["environments"]["credit"]["CREDIT_DATABASE_URL"]
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept_by_test (id int); INSERT INTO kept_by_test VALUES (42)")
    await connection.close()
    children = platform.children()
    platform.process.send_signal(signal.SIGTERM)
    assert platform.process.wait(60) == 0
    assert alive(children) == {}
    assert not (platform.home / "running.json").exists()

    with Up(platform.home, free_port()) as again:
        again.wait_ready()
        print(f"prepared folder: ready after {again.ready_after:.1f} s")
        url = again.running()["environments"]["credit"]["CREDIT_DATABASE_URL"]
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT id FROM kept_by_test") == 42
        await connection.execute("DROP TABLE kept_by_test")
        await connection.close()

        # Killed without a chance to clean up: nothing of it goes on running, and the folder starts again.
        children = again.children()
        again.process.kill()
        again.process.wait()
        assert eventually(lambda: alive(children) == {}, 30), alive(children)

    with Up(platform.home, free_port()) as third:
        third.wait_ready()
        assert third.status() == 200


def test_another_major_version_of_postgres_is_refused(platform: Up, home: Path) -> None:
    assert platform.process.poll() is not None
    version = home / "postgres" / "data" / "PG_VERSION"
    original = version.read_text("ascii")
    version.write_text("14\n", "ascii")
    try:
        with Up(home, free_port()) as up:
            _, err = up.process.communicate(timeout=30)
            assert up.process.returncode == 1
            assert "属于 PostgreSQL 14" in err and "belongs to PostgreSQL 14" in err
    finally:
        version.write_text(original, "ascii")


def test_a_folder_for_work_never_becomes_a_demo(platform: Up, home: Path) -> None:
    assert platform.process.poll() is not None
    with Up(home, free_port(), "--demo") as up:
        _, err = up.process.communicate(timeout=30)
        assert up.process.returncode == 1
        assert "正式数据" in err and "holds real data" in err
    with pytest.raises(StartError), fresh_demo_home(home, keep=True):
        pass
    assert (home / "postgres").exists()


def test_a_lost_secret_is_not_replaced(platform: Up, home: Path) -> None:
    assert platform.process.poll() is not None
    keyring = home / "secrets" / "credit.keyring.json"
    kept = keyring.read_text("utf-8")
    keyring.unlink()
    with pytest.raises(StartError, match=r"credit\.keyring\.json"):
        Vault.open(home / "secrets")
    keyring.write_text(kept, "utf-8")


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tourtrust.runtime.home.NEEDED_BYTES", 1 << 60)
    with pytest.raises(StartError, match="the disk is full"), Home(tmp_path / "home").locked():
        pass


def test_external_servers_that_are_not_named_are_asked_for(tmp_path: Path) -> None:
    with Up(tmp_path / "home", free_port(), "--external") as up:
        _, err = up.process.communicate(timeout=30)
        assert up.process.returncode == 1
        assert "CREDIT_DATABASE_URL" in err and "NATS_URL" in err


def test_external_servers_are_used_and_left_alone(
    tmp_path: Path, postgres: PostgresServer, nats: NatsServer
) -> None:
    names = ("gateway", "credit", "complaints", "contracts")
    env = {
        f"{name.upper()}_DATABASE_URL": postgres.create_database(f"external_{name}", owner=f"external_{name}")
        for name in names
    }
    with Up(tmp_path / "home", free_port(), "--external", env=env | {"NATS_URL": nats.url}) as up:
        up.wait_ready()
        children = up.children()
        assert set(children) == CHILDREN - {"postgres", "nats"}
        url = up.running()["environments"]["credit"]["CREDIT_DATABASE_URL"]
        assert url == env["CREDIT_DATABASE_URL"]
    assert alive(children) == {}
    assert postgres.sql("SELECT 1;", database="external_credit") == "1"


def test_an_interrupted_start_leaves_nothing_behind(tmp_path: Path) -> None:
    with Up(tmp_path / "home", free_port()) as up:
        assert eventually((up.home / "children.json").exists, 30)
        children = up.children()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(60) == 0
    assert alive(children) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must step down; everybody else is a user already")
def test_under_root_a_closed_folder_keeps_its_cluster_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = Home(closed / "home")
    with home.locked():
        place = home.postgres()
    assert not place.is_relative_to(closed)
    assert home.postgres() == place


@pytest.mark.skipif(os.geteuid() != 0, reason="this test run is an ordinary user's already")
def test_an_ordinary_user_runs_it_too() -> None:
    interpreter = _interpreter_for(STRANGER)
    if interpreter is None:
        pytest.skip("no Python that an ordinary user can reach on this machine")
    home = Path(tempfile.mkdtemp(prefix="tourtrust-user-"))
    os.chown(home, STRANGER, STRANGER)
    command = [interpreter, *COMMAND[1:]]
    try:
        with Up(home, free_port(), uid=STRANGER, command=command) as up:
            up.wait_ready()
            assert {psutil.Process(pid).uids().effective for pid in up.children().values()} == {STRANGER}
            children = up.children()
        assert alive(children) == {}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _interpreter_for(uid: int) -> str | None:
    """A Python of our version that the user can run, this one if possible."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        with contextlib.suppress(OSError):
            command = [candidate, "-c", ""]
            outcome = subprocess.run(command, user=uid, group=uid, extra_groups=[], cwd="/", check=False)
            if outcome.returncode == 0:
                return candidate
    return None


def test_the_command_is_found_from_any_folder() -> None:
    outcome = subprocess.run([*COMMAND[:-1], "--help"], cwd="/", capture_output=True, text=True, check=False)
    assert outcome.returncode == 0
    assert "up" in outcome.stdout
