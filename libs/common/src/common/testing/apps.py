"""Running a service's app inside a test."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from common.crypto import generate_keyring
from common.settings import ServiceSettings

__all__ = ["api_client", "test_settings"]

Settings = TypeVar("Settings", bound=ServiceSettings)


def test_settings(kind: type[Settings], directory: Path, database_url: str, **options: Any) -> Settings:
    """Settings of a service for one test: its database, and a keyring of its own in `directory`."""
    keyring = directory / "keyring.json"
    if not keyring.exists():
        keyring.write_text(json.dumps(generate_keyring()), encoding="ascii")
        keyring.chmod(0o600)
    values: dict[str, Any] = {
        "environment": "development",
        "database_url": database_url,
        "keyring_file": keyring,
        "database_pool_size": 5,
        "log_level": "WARNING",
    }
    return kind(**(values | options))


test_settings.__test__ = False  # type: ignore[attr-defined]


@asynccontextmanager
async def api_client(
    app: FastAPI, headers: Mapping[str, str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client on `app`, with its lifespan running."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://test",
            headers=dict(headers or {}),
        ) as client,
    ):
        yield client
