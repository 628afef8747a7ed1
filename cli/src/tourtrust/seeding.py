"""First data and synthetic data, by the services' own `seed` modules, with progress bars."""

import asyncio
import importlib
import json
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from common.seeding import SeedPlan
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tourtrust.console import err
from tourtrust.runtime.home import Home, write_private
from tourtrust.runtime.vault import SERVICES, Vault

__all__ = ["SMALL_PROVINCE", "register_services", "seed_first", "seed_services", "settings_of"]

SMALL_PROVINCE = SeedPlan(agencies=40, guides=120, hotels=10, scenic_areas=10)
ORDER = ("credit", "contracts", "complaints")


class Bars:
    """The progress of one service on the terminal; what `common.seeding.Progress` asks for."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
        )
        self._task: Any = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def start(self, task: str, total: int) -> None:
        """Begin a bar of `total` steps."""
        self._task = self._bars.add_task(f"{self._service}: {task}", total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the present bar on."""
        self._bars.advance(self._task, steps)


def seed_services(environments: Mapping[str, Mapping[str, str]], plan: SeedPlan) -> dict[str, Any]:
    """Run the `seed` of each service on the databases that `environments` name.

    Returns:
        What the services tell of the data they made, such as the number of the demo contract.
    """
    told: dict[str, Any] = {}
    for service in ORDER:
        settings = settings_of(service, environments[service])
        module = importlib.import_module(f"{service}.seed")
        with Bars(service) as bars:
            told |= asyncio.run(module.seed(settings, plan, bars)) or {}
    return told


def seed_first(home: Home, *, demo: bool, small: bool) -> None:
    """The OAuth clients of the services, and for the demo its clients, users and province."""
    running = home.running()
    if running is None:
        raise RuntimeError(f"no platform is starting on {home.root}")
    environments = running["environments"]
    vault = Vault.open(home.secrets)
    identity = importlib.import_module("gateway.seed")
    settings = settings_of("gateway", environments["gateway"])
    credentials = asyncio.run(identity.seed_identity(settings, service_secrets=vault.client, demo=demo))
    if demo:
        told = seed_services(environments, SMALL_PROVINCE if small else SeedPlan())
        content = {"base_url": running["base_url"], **credentials, "demo": told}
        write_private(home.demo_credentials, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def register_services(environment: Mapping[str, str]) -> list[str]:
    """Make the OAuth client of each service whose secret the environment holds; gives those services."""
    found = {service: environment.get(f"{service.upper()}_SERVICE_CLIENT_SECRET", "") for service in SERVICES}
    given = {service: secret for service, secret in found.items() if secret}
    identity = importlib.import_module("gateway.seed")
    settings = settings_of("gateway", environment)
    asyncio.run(identity.seed_identity(settings, service_secrets=given, demo=False))
    return list(given)


def settings_of(service: str, environment: Mapping[str, str]) -> Any:
    """The service's own settings, built from its environment as the service itself builds them."""
    os.environ.update(environment)
    return importlib.import_module(f"{service}.config").Settings()
