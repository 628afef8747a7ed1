"""The contracts service on a real database, with tokens, subjects and a log key of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from common.clock import FrozenClock
from common.db import Database, migrations_folder
from common.ledger.signer import create_log_key
from common.seeding import DEMO_SUBJECT_IDS
from common.testing import ServiceDatabase, TokenMint, api_client, test_settings
from contracts.config import Settings
from contracts.main import create_app
from contracts.subjects.service import learn_subject
from fastapi import FastAPI
from sqlalchemy import text

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ORIGIN = "tourtrust.example/contracts"
SUBJECTS = (
    ("ota_platform", "ota_platform", "911401089999990318", "样例出行平台（虚构）", None, []),
    (
        "sample_agency",
        "travel_agency",
        "911401059999990157",
        "山西晋样例旅行社有限公司（虚构）",
        "L-SX-990001",
        ["domestic", "inbound"],
    ),
    (
        "lowprice_agency",
        "travel_agency",
        "91140213999999058C",
        "大同低价样例旅行社有限公司（虚构）",
        "L-SX-990003",
        ["domestic", "inbound"],
    ),
)


@dataclass
class World:
    """A running service: its client, its database, its callers."""

    app: FastAPI
    client: httpx.AsyncClient
    db: Database
    mint: TokenMint
    clock_file: Path
    log_key: str

    def ota(self, **options: Any) -> dict[str, str]:
        """The platform of the samples."""
        values: dict[str, Any] = {
            "kind": "client",
            "scopes": ["contracts:submit", "contracts:read"],
            "sub": "ota",
            "client_id": "ota",
            "regions": [],
            "subject_id": str(DEMO_SUBJECT_IDS["ota_platform"]),
        }
        return self.mint.headers(**(values | options))

    def agency(self, name: str = "sample_agency") -> dict[str, str]:
        """A travel agency."""
        return self.mint.headers(
            kind="agency",
            scopes=["contracts:read"],
            sub=name,
            regions=[],
            subject_id=str(DEMO_SUBJECT_IDS[name]),
        )

    def officer(self, *regions: str, scopes: tuple[str, ...] = ("contracts:supervise",)) -> dict[str, str]:
        """An officer of these regions."""
        return self.mint.headers(kind="officer", scopes=list(scopes), regions=list(regions))

    def service(self) -> dict[str, str]:
        """Another service."""
        return self.mint.headers(
            kind="service", scopes=["internal:contracts"], sub="service-complaints", regions=[]
        )

    def set_clock(self, now: datetime) -> None:
        """Move the clock."""
        FrozenClock.set(self.clock_file, now)

    async def submit(self, document: Any, **options: Any) -> httpx.Response:
        """Register a document as the platform."""
        headers = self.ota() | options.pop("headers", {})
        return await self.client.post(
            "/api/v1/contracts/contracts", json=document, headers=headers, **options
        )

    async def count(self, table: str, where: str = "true") -> int:
        """How many rows a table has."""
        async with self.db.session() as session:
            number: int = await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}"))
        return number

    async def events(self, name: str) -> list[dict[str, Any]]:
        """The data of the events in the outbox."""
        async with self.db.session() as session:
            rows = await session.scalars(
                text("SELECT data FROM outbox WHERE type = :type ORDER BY seq"),
                {"type": f"tourtrust.contracts.{name}.v1"},
            )
        return list(rows)


@pytest.fixture(scope="session")
async def template(postgres: Any) -> ServiceDatabase:
    database = ServiceDatabase(postgres, "contracts", migrations_folder("contracts"))
    await database.build()
    return database


@asynccontextmanager
async def running(template: ServiceDatabase, folder: Path, **options: Any) -> AsyncIterator[World]:
    url = await template.copy()
    clock_file = folder / "clock"
    FrozenClock.set(clock_file, NOW)
    verifier_key = create_log_key(folder / "log.key", ORIGIN)
    settings = test_settings(
        Settings,
        folder,
        url,
        clock_file=clock_file,
        log_origin=ORIGIN,
        log_key_file=folder / "log.key",
        **options,
    )
    mint = TokenMint(settings.clock())
    app = create_app(settings, verifier=mint.verifier(settings.clock()))
    try:
        async with api_client(app) as client:
            async with app.state.db.session() as session:
                for name, kind, key, title, licence, scope in SUBJECTS:
                    data = {
                        "subject_id": str(DEMO_SUBJECT_IDS[name]),
                        "kind": kind,
                        "key": key,
                        "name": title,
                        "license_no": licence,
                        "scope": scope,
                        "region": key[2:8],
                        "status": "active",
                        "tier": None,
                    }
                    await learn_subject(session, version=1, data=data, now=NOW)
            yield World(app, client, app.state.db, mint, clock_file, str(verifier_key))
    finally:
        await template.drop(url)


@pytest.fixture
async def world(template: ServiceDatabase, tmp_path: Path) -> AsyncIterator[World]:
    async with running(template, tmp_path) as ready:
        yield ready
