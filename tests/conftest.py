"""Real servers for the tests: one PostgreSQL and one NATS per test process, in a folder of their own."""

import gc
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from common.web import app as web_app
from fastapi import FastAPI, routing
from fastapi.routing import RouteContext, iter_route_contexts
from hypothesis import settings
from tourtrust.runtime.nats import NatsServer
from tourtrust.runtime.postgres import PostgresServer

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
"""The same examples in every run: what a machine elsewhere finds can be found again here."""


gc.set_threshold(50_000, 20, 100)
SHARED_MEMORY = Path("/dev/shm")
ROOM = 8 << 30
"""What the servers of all test processes may come to need together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files as `make test` hands them to two workers: the one of few tests that takes minutes first, then
    those of many tests, so that neither worker ends long after the other."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.name != "test_kill.py", -tests[item.path]))


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look at it after every few tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def documents_made_once() -> Iterator[None]:
    """The OpenAPI document of an app, made once for the same routes: credit's costs three seconds.

    A route is the same when it is the same object; those that the house itself makes anew for each app
    (health, the log) are all alike.
    """

    def identity(route: RouteContext) -> object:
        endpoint: Any = route.endpoint
        own = endpoint.__module__.startswith("common.web.")
        return endpoint.__qualname__ if own else id(route.original_route)

    made: dict[Any, tuple[list[Any], dict[str, Any]]] = {}
    make = web_app.document

    def document(app: FastAPI) -> dict[str, Any]:
        routes = list(iter_route_contexts(app.routes))
        names = [(route.path, frozenset(route.methods or ()), identity(route)) for route in routes]
        key = (app.title, app.version, tuple(names))
        if key not in made:
            made[key] = (routes, make(app))  # the routes too, so that none of the ids is used again
        return made[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web_app, "document", document)
        yield


@pytest.fixture(scope="session", autouse=True)
def routes_made_once() -> Iterator[None]:
    """What FastAPI works out of a route that an app includes, kept for the next app that includes it alike.

    The reading of all signatures again was most of what a new app cost. No test replaces dependencies, so a
    kept route knows no app of which it could ask for replacements. Routes made inside a function are new in
    every app.
    """
    made: dict[int, list[tuple[Any, Any]]] = {}
    kind: Any = routing._EffectiveRouteContext
    make = kind.from_api_route

    def from_api_route(*, original_route: Any, include_context: Any) -> Any:
        if "<locals>" in original_route.endpoint.__qualname__:
            return make(original_route=original_route, include_context=include_context)
        how = replace(include_context, dependency_overrides_provider=None)
        kept = made.setdefault(id(original_route), [])  # what is kept holds the route, so no id is used again
        for before, context in kept:
            if before == how:
                return context
        kept.append((how, make(original_route=original_route, include_context=how)))
        return kept[-1][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "from_api_route", from_api_route)
        yield


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """A folder that `nobody` can reach (pytest's own temporary folders are closed to it under root).

    In memory where there is room: databases are made and dropped by the hundred.
    """
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free >= ROOM
    home = Path(tempfile.mkdtemp(prefix="tourtrust-test-", dir=SHARED_MEMORY if roomy else None))
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
