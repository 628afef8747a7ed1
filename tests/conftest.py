"""Real servers for the tests: one PostgreSQL and one NATS per test process, in a folder of their own."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
"""The same examples in every run: what a machine elsewhere finds can be found again here."""


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """A folder that `nobody` can reach (pytest's own temporary folders are closed to it under root)."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-test-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_home: Path) -> Iterator[PostgresServer]:
    """PostgreSQL 18 without fsync; `.create_database(name)`, `.dsn`, `.stop()`, `.start()`, `.kill()`."""
    server = PostgresServer(server_home / "postgres", password=secrets.token_hex(16), durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nats(server_home: Path) -> Iterator[NatsServer]:
    """A real NATS with JetStream, open to all users; `.url`, `.stop()`, `.start()`, `.kill()`."""
    server = NatsServer(server_home / "nats", durable=False)
    server.start()
    yield server
    server.stop()
