"""The complaints service on a real database, with tokens, a movable clock and a stand-in for contracts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from common.clock import FrozenClock
from common.db import migrations_folder
from common.problems import Unavailable
from common.seeding import DEMO_SUBJECT_IDS
from common.testing import ServiceDatabase, TokenMint, api_client, test_settings
from complaints.clients.contracts import ContractFacts
from complaints.config import Settings
from complaints.main import create_app
from complaints.subjects.repository import SubjectRepository
from fastapi import FastAPI
from tourtrust.runtime.postgres import PostgresServer

from tests.complaints.narratives import N02

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AGENCY = DEMO_SUBJECT_IDS["sample_agency"]
AGENCY_KEY = "911401059999990157"
AGENCY_NAME = "山西晋样例旅行社有限公司（虚构）"
CONTRACT_NO = "1400002026111001000000015"
ROOT = "/api/v1/complaints"


@dataclass
class Contracts:
    """A stand-in for the contracts service: what it knows, and whether it answers."""

    known: dict[str, ContractFacts] = field(default_factory=dict)
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def find(self, contract_no: str) -> ContractFacts | None:
        self.asked.append(contract_no)
        if self.down:
            raise Unavailable
        return self.known.get(contract_no)


@dataclass
class World:
    """One running service with its clock, its neighbour and callers of every kind."""

    app: FastAPI
    http: httpx.AsyncClient
    mint: TokenMint
    contracts: Contracts
    clock_file: Path

    def now(self, instant: datetime) -> None:
        FrozenClock.set(self.clock_file, instant)

    def headers(self, who: str) -> dict[str, str]:
        options: dict[str, dict[str, Any]] = {
            "tourist": {"scopes": ["complaints:file"], "kind": "tourist", "sub": "guest-1", "regions": []},
            "officer": {"scopes": ["complaints:handle"], "regions": ["140100"], "sub": "officer-taiyuan"},
            "supervisor": {
                "scopes": ["complaints:handle", "complaints:supervise", "pii:reveal"],
                "regions": ["140000"],
                "sub": "officer-province",
            },
            "datong": {"scopes": ["complaints:handle"], "regions": ["140200"], "sub": "officer-datong"},
            "agency": {
                "scopes": ["complaints:respond"],
                "kind": "agency",
                "regions": [],
                "subject_id": str(AGENCY),
                "sub": "agency-1",
            },
            "other_agency": {
                "scopes": ["complaints:respond"],
                "kind": "agency",
                "regions": [],
                "subject_id": str(DEMO_SUBJECT_IDS["ground_agency"]),
                "sub": "agency-2",
            },
            "enforcer": {"scopes": ["enforcement:handle"], "regions": ["140100"], "sub": "enforcer-1"},
            "approver": {"scopes": ["enforcement:handle"], "regions": ["140000"], "sub": "enforcer-2"},
            "stranger": {"scopes": ["credit:read"], "sub": "stranger"},
        }
        return self.mint.headers(**options[who])

    async def post(self, path: str, body: Any, who: str | None = "officer", **headers: str) -> httpx.Response:
        own = self.headers(who) if who else {}
        return await self.http.post(f"{ROOT}{path}", json=body, headers=own | headers)

    async def get(self, path: str, who: str | None = "officer", **query: Any) -> httpx.Response:
        return await self.http.get(f"{ROOT}{path}", params=query, headers=self.headers(who) if who else {})

    async def file(self, **changes: Any) -> dict[str, Any]:
        answer = await self.post("/complaints", complaint(**changes), "tourist")
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def act(self, case_id: str, event: str, who: str = "officer", **fields: Any) -> dict[str, Any]:
        answer = await self.post(f"/cases/{case_id}/events", {"event": event, **fields}, who)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def complaint(**changes: Any) -> dict[str, Any]:
    """A complaint of the sample agency's tourist; `changes` replaces parts of it."""
    return {
        "text": N02.text.replace("五月二日", "十一月十二日").replace("虚构山水国旅", AGENCY_NAME),
        "complainant": {
            "name": "王样例",
            "phone": "14200000001",
            "id_number": "140100198506159952",
            "address": "山西省太原市样例路8号（虚构）",
        },
        "respondent": {"name": AGENCY_NAME, "key": AGENCY_KEY},
        "contract_no": CONTRACT_NO,
        "places": {"contract_signed": "140105", "respondent": "140105", "incident": "140603"},
        "claim": {"amount_fen": 100_000, "wish": "按合同赔偿"},
        "channel": "web",
    } | changes


@pytest.fixture(scope="session")
async def template(postgres: PostgresServer) -> ServiceDatabase:
    database = ServiceDatabase(postgres, "complaints", migrations_folder("complaints"))
    await database.build()
    return database


@asynccontextmanager
async def running(template: ServiceDatabase, folder: Path, **options: Any) -> AsyncIterator[World]:
    """The service on a copy of the database."""
    url = await template.copy()
    clock_file = folder / "clock"
    clock = FrozenClock.set(clock_file, NOW)
    mint = TokenMint(clock)
    contracts = Contracts(
        {
            CONTRACT_NO: ContractFacts(
                contract_no=CONTRACT_NO,
                status="completed",
                contract_type="domestic_group",
                agency_key=AGENCY_KEY,
                region="140105",
                departure_on=date(2026, 11, 12),
                return_on=date(2026, 11, 14),
                total_fen=872_000,
            )
        }
    )
    settings = test_settings(Settings, folder, url, clock_file=clock_file, **options)
    app = create_app(settings, verifier=mint.verifier(clock), contracts=contracts)
    async with api_client(app) as http:
        async with app.state.db.session() as session:
            await add_subject(session, AGENCY, AGENCY_KEY, AGENCY_NAME)
        yield World(app, http, mint, contracts, clock_file)
    await template.drop(url)


@pytest.fixture
async def world(template: ServiceDatabase, tmp_path: Path) -> AsyncIterator[World]:
    async with running(template, tmp_path) as ready:
        yield ready


async def add_subject(session: Any, subject_id: UUID, key: str, name: str, region: str = "140105") -> None:
    await SubjectRepository(session).store(
        subject_id,
        1,
        {
            "kind": "travel_agency",
            "key": key,
            "name": name,
            "license_no": "L-SX-990001",
            "scope": ["domestic"],
            "region": region,
            "status": "active",
            "tier": "B",
        },
    )
