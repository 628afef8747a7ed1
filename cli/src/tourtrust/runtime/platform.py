"""The whole platform as one thing: start it, keep it, stop it."""

import contextlib
import errno
import json
import logging
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common.clock import FrozenClock

from tourtrust.runtime import nursery
from tourtrust.runtime.apps import (
    FACTORIES,
    WITNESS_FACTORY,
    AppProcess,
    Backing,
    Ports,
    app_environments,
    external_backing,
    witness_environment,
)
from tourtrust.runtime.errors import StartError
from tourtrust.runtime.home import Home, disk_full, write_private
from tourtrust.runtime.nats import NatsServer, service_user
from tourtrust.runtime.nursery import Fork
from tourtrust.runtime.postgres import PostgresServer
from tourtrust.runtime.processes import free_port, port_is_free
from tourtrust.runtime.supervisor import Supervisor
from tourtrust.runtime.vault import LOGS, SERVICES, Vault

__all__ = ["DEMO_INSTANT", "Options", "running_platform"]

logger = logging.getLogger("tourtrust.up")

DEMO_INSTANT = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


@dataclass(frozen=True)
class Options:
    """What a person may choose. A port of 0 means: any free one."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    small: bool = False
    external: bool = False
    postgres_port: int = 0
    nats_port: int = 0
    credit_port: int = 0
    complaints_port: int = 0
    contracts_port: int = 0
    witness_port: int = 0

    @property
    def base_url(self) -> str:
        """Where people and programs find the platform."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_platform(
    options: Options, *, environ: dict[str, str] | None = None, say: Callable[[str], None] = logger.info
) -> Iterator[Supervisor]:
    """The platform, ready, until the block ends; then all its processes have ended too.

    SIGTERM ends the block as Ctrl-C does, by KeyboardInterrupt.

    Raises:
        StartError: with the reason, in both languages.
    """
    home = Home(options.home)
    supervisor = Supervisor(home.note_children)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, supervisor.interrupt)
    try:
        with home.locked():
            try:
                _start(options, home, supervisor, dict(os.environ if environ is None else environ), say)
                yield supervisor
            finally:
                supervisor.stop()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(home.root) from error
        raise


def _start(
    options: Options, home: Home, supervisor: Supervisor, environ: dict[str, str], say: Callable[[str], None]
) -> None:
    ports = _choose_ports(options)
    _keep_kind(home, options.demo)
    if options.demo and not home.clock.exists():
        FrozenClock.set(home.clock, DEMO_INSTANT)
    vault = Vault.open(home.secrets)
    nursery.prepare()
    if options.external:
        backing = external_backing(environ)
    else:
        say("启动 PostgreSQL 与 NATS / starting PostgreSQL and NATS")
        backing = _embedded(options, home, vault, supervisor)
    # Imported only now: the start is quicker when the two processes do their imports side by side.
    from tourtrust.runtime.schema import bring_to_head

    migrated = bring_to_head(backing.direct, home.logs)
    if migrated:
        say(f"数据库已迁移 / migrated: {', '.join(migrated)}")
    environments = app_environments(
        home=home,
        vault=vault,
        ports=ports,
        backing=backing,
        base_url=options.base_url,
        demo=options.demo,
        environ=environ,
    )
    home.note_running({"base_url": options.base_url, "demo": options.demo, "environments": environments})
    write_private(home.witness_logs, vault.witness_logs())
    _seed(home, vault, options, environ, say)
    say("启动应用 / starting the applications")
    apps = [
        AppProcess(
            service,
            FACTORIES[service],
            env=environments[service],
            host=options.host if service == "gateway" else "127.0.0.1",
            port=getattr(ports, service),
            log=home.logs / f"{service}.log",
        )
        for service in SERVICES
    ]
    witness = AppProcess(
        "witness",
        WITNESS_FACTORY,
        env=witness_environment(home, vault, options.demo, environ),
        port=ports.witness,
        log=home.logs / "witness.log",
        health="/healthz",
    )
    supervisor.start(witness, *apps, seconds=180)
    keys = vault.log_keys(_checkpoints(ports))
    home.log_keys.write_text(json.dumps(keys, indent=1) + "\n", "utf-8")


def _checkpoints(ports: Ports) -> dict[str, str]:
    """The present checkpoint of each log."""
    found = {}
    for service in LOGS:
        address = f"{ports.url(service)}/api/v1/{service}/log/checkpoint"
        request = urllib.request.urlopen  # the address is our own, on loopback
        with contextlib.suppress(OSError), request(address, timeout=5) as answer:
            found[service] = answer.read().decode("utf-8")
    return found


def _choose_ports(options: Options) -> Ports:
    """The ports of the applications; a chosen one must be free.

    Raises:
        StartError: somebody listens there already.
    """
    chosen = {"gateway": options.port}
    chosen |= {
        name: getattr(options, f"{name}_port") for name in ("credit", "complaints", "contracts", "witness")
    }
    servers = {} if options.external else {"postgres": options.postgres_port, "nats": options.nats_port}
    for name, port in (chosen | servers).items():
        host = options.host if name == "gateway" else "127.0.0.1"
        if port and not port_is_free(port, host):
            option = "--port" if name == "gateway" else f"--{name}-port"
            raise StartError(
                f"端口 {port} 已被占用({name});请用 {option} 换一个",
                f"port {port} is taken ({name}); choose another with {option}",
            )
    return Ports(**{name: port or free_port() for name, port in chosen.items()})


def _keep_kind(home: Home, demo: bool) -> None:
    """A directory is for the demo or for real work, for ever: the demo's clock stands still."""
    marker = home.root / "kind"
    kind = "demo" if demo else "work"
    if not marker.exists():
        marker.write_text(kind + "\n", "ascii")
    if marker.read_text("ascii").strip() == kind:
        return
    if demo:
        raise StartError(
            f"目录 {home.root} 存放的是正式数据,不能用 --demo 启动;请换一个目录",
            f"{home.root} holds real data and cannot start with --demo; choose another folder",
        )
    raise StartError(
        f"目录 {home.root} 存放的是演示数据;请加上 --demo,或换一个目录",
        f"{home.root} holds a demo; start it with --demo, or choose another folder",
    )


def _embedded(options: Options, home: Home, vault: Vault, supervisor: Supervisor) -> Backing:
    """PostgreSQL with a database and role per service, and NATS with a user per service."""
    postgres = PostgresServer(
        home.postgres(), password=vault.superuser, port=options.postgres_port, log=home.logs / "postgres.log"
    )
    nats = NatsServer(
        home.root / "nats",
        port=options.nats_port,
        users=tuple(service_user(service, vault.nats[service]) for service in SERVICES),
        log=home.logs / "nats.log",
    )
    postgres.prepare()
    supervisor.start(postgres, nats, seconds=60)
    if options.demo and home.seeding.exists():
        # The first load was cut short. A demo holds nothing of value, so it begins again.
        for service in SERVICES:
            postgres.drop_database(f"tourtrust_{service}")
    addresses = {
        service: postgres.create_database(
            f"tourtrust_{service}", owner=service, password=vault.database[service]
        )
        for service in SERVICES
    }
    users = {
        service: {"URL": nats.url, "USER": service, "PASSWORD": vault.nats[service]} for service in SERVICES
    }
    return Backing(addresses, addresses, users)


def _first_data(root: Path, demo: bool, small: bool) -> None:
    from tourtrust.seeding import seed_first

    seed_first(Home(root), demo=demo, small=small)


def _seed(
    home: Home, vault: Vault, options: Options, environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Give the services their OAuth clients, and the demo its people and its province; once per directory."""
    wanted = json.dumps({"demo": options.demo, "clients": sorted(vault.client)})
    if not home.seeded.exists() or home.seeded.read_text("utf-8") != wanted:
        say("写入初始数据 / loading the first data")
        home.seeding.touch()
        work = Fork("seeding", _first_data, home.root, options.demo, options.small, env=environ)
        if work.wait() != 0:
            raise StartError(
                "初始数据写入失败(原因见上)", "loading the first data failed; the reason is above"
            )
        home.seeded.write_text(wanted, "utf-8")
        home.seeding.unlink()
    if options.demo:
        credentials = json.loads(home.demo_credentials.read_text("utf-8"))
        if credentials["base_url"] != options.base_url:
            text = json.dumps({**credentials, "base_url": options.base_url}, ensure_ascii=False, indent=1)
            write_private(home.demo_credentials, text + "\n")
