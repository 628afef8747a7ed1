"""The applications: what each is told by its environment, and each as a watched process."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.home import Home
from tourtrust.runtime.nursery import Fork
from tourtrust.runtime.processes import Running
from tourtrust.runtime.vault import LOGS, ORIGIN, SERVICES, Vault

__all__ = [
    "AppProcess",
    "Backing",
    "Ports",
    "app_environments",
    "external_backing",
    "external_databases",
    "witness_environment",
]

FACTORIES = {service: f"{service}.main:create_app" for service in SERVICES}
WITNESS_FACTORY = "common.web.witness:create_app"
HTTP_PROTOCOLS = {FACTORIES["gateway"]: "gateway.proxy.protocol:BoundedProtocol"}
"""The gateway bounds what strangers send; behind it uvicorn's own protocol will do."""


@dataclass(frozen=True)
class Ports:
    """The TCP port of each application."""

    gateway: int
    credit: int
    complaints: int
    contracts: int
    witness: int

    def url(self, name: str) -> str:
        """Where the application of that name answers."""
        return f"http://127.0.0.1:{getattr(self, name)}"


@dataclass(frozen=True)
class Backing:
    """The servers behind the applications, by service: addresses and, for NATS, credentials."""

    database: Mapping[str, str]
    direct: Mapping[str, str]
    nats: Mapping[str, Mapping[str, str]]


def external_databases(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The databases that the environment names, by service: for the application, and direct.

    Raises:
        StartError: an address is missing or is no PostgreSQL address.
    """
    _require(environ, [f"{service.upper()}_DATABASE_URL" for service in SERVICES])
    pooled = {service: environ[f"{service.upper()}_DATABASE_URL"] for service in SERVICES}
    direct = {
        service: environ.get(f"{service.upper()}_DIRECT_DATABASE_URL") or pooled[service]
        for service in SERVICES
    }
    for service, url in (*pooled.items(), *direct.items()):
        if urlsplit(url).scheme not in {"postgresql", "postgres"}:
            raise StartError(
                f"{service} 的数据库地址必须以 postgresql:// 开头",
                f"{service}'s database address must begin with postgresql://",
            )
    return pooled, direct


def external_backing(environ: Mapping[str, str]) -> Backing:
    """The servers that the environment names.

    Raises:
        StartError: an address is missing or is not of its kind.
    """
    _require(environ, [*(f"{service.upper()}_DATABASE_URL" for service in SERVICES), "NATS_URL"])
    pooled, direct = external_databases(environ)
    nats = {}
    for service in SERVICES:
        facts = {"URL": environ.get(f"{service.upper()}_NATS_URL") or environ["NATS_URL"]}
        for part in ("USER", "PASSWORD"):
            value = environ.get(f"{service.upper()}_NATS_{part}") or environ.get(f"NATS_{part}")
            if value:
                facts[part] = value
        nats[service] = facts
    return Backing(pooled, direct, nats)


def _require(environ: Mapping[str, str], names: list[str]) -> None:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise StartError(
            f"缺少环境变量:{'、'.join(missing)}", f"missing in the environment: {', '.join(missing)}"
        )


def app_environments(
    *,
    home: Home,
    vault: Vault,
    ports: Ports,
    backing: Backing,
    base_url: str,
    demo: bool,
    environ: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """The environment of each application. What the caller's environment sets for a service wins."""
    witness = vault.verifier(vault.witness_key)
    environments = {}
    for service in SERVICES:
        prefix = f"{service.upper()}_"
        values = {
            "ENVIRONMENT": "development" if demo else "production",
            "KEYRING_FILE": str(vault.keyring(service)),
            "TOKEN_ISSUER": base_url,
            "JWKS_URL": f"{ports.url('gateway')}/.well-known/jwks.json",
            "TOKEN_URL": f"{ports.url('gateway')}/oauth/token",
            "SERVICE_CLIENT_ID": f"service-{service}",
            "SERVICE_CLIENT_SECRET": vault.client[service],
            **{f"{other.upper()}_URL": ports.url(other) for other in SERVICES if other != service},
        }
        if service in LOGS:
            values |= {
                "LOG_ORIGIN": f"{ORIGIN}/{service}",
                "LOG_KEY_FILE": str(vault.log_key(service)),
                "WITNESS_URL": ports.url("witness"),
                "WITNESS_KEY": witness,
            }
        if demo:
            values["CLOCK_FILE"] = str(home.clock)
        environment = {prefix + name: value for name, value in values.items()}
        environment |= {name: value for name, value in environ.items() if name.startswith(prefix)}
        servers = {
            "DATABASE_URL": backing.database[service],
            "DIRECT_DATABASE_URL": backing.direct[service],
            **{f"NATS_{part}": value for part, value in backing.nats[service].items()},
        }
        environments[service] = (
            _base(environ) | environment | {prefix + name: v for name, v in servers.items()}
        )
    return environments


def witness_environment(home: Home, vault: Vault, demo: bool, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the witness: its own key, the public keys of the logs it watches, its own memory."""
    values = {
        "WITNESS_KEY_FILE": str(vault.witness_key),
        "WITNESS_STATE_FILE": str(home.root / "witness.json"),
        "WITNESS_LOGS_FILE": str(home.witness_logs),
    }
    if demo:
        values |= {"WITNESS_CLOCK_FILE": str(home.clock), "WITNESS_ENVIRONMENT": "development"}
    return _base(environ) | values


def _base(environ: Mapping[str, str]) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "PYTHONPATH")
    return {
        **{name: environ[name] for name in kept if name in environ},
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


class AppProcess:
    """One application under uvicorn."""

    stateless = True

    def __init__(
        self,
        name: str,
        factory: str,
        *,
        env: Mapping[str, str],
        port: int,
        log: Path,
        host: str = "127.0.0.1",
        health: str = "/readyz",
    ) -> None:
        """`health` is the path that answers 200 once the application can work."""
        self.name = name
        self.factory = factory
        self.env = env
        self.host = host
        self.port = port
        self.log = log
        self.health = health
        self.process: Fork | None = None

    def launch(self) -> Running:
        """Start the process without waiting for it."""
        self.process = Fork(self.name, _serve, self.factory, self.host, self.port, env=self.env, log=self.log)
        return self.process

    def ready(self) -> bool:
        """Whether its health path answers 200."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        try:
            with urllib.request.urlopen(f"http://{host}:{self.port}{self.health}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        """Let it finish what it answers, then end it."""
        if self.process is not None:
            self.process.end(patience=12)
            self.process = None


def _serve(factory: str, host: str, port: int) -> None:
    import uvicorn

    uvicorn.run(
        factory,
        factory=True,
        host=host,
        port=port,
        loop="uvloop",
        http=HTTP_PROTOCOLS.get(factory, "httptools"),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
