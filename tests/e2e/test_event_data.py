"""What credit tells of a subject is what its neighbours read: the real data through the real handlers."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from common.db import migrations_folder, new_id
from common.events import Event, Subscription
from common.testing import ServiceDatabase
from complaints.events import SUBSCRIPTIONS as COMPLAINTS
from contracts.events import SUBSCRIPTIONS as CONTRACTS
from credit.publishing import subject_data
from credit.scoring.publication import grade_changed_data
from sqlalchemy import text
from tourtrust.runtime.postgres import PostgresServer

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


@dataclass
class Agency:
    """A subject as credit's tables hold it, as far as it is told to others."""

    id: UUID = field(default_factory=new_id)
    kind: str = "travel_agency"
    key: str | None = "911401059999990157"
    name: str = "山西晋样例旅行社有限公司（虚构）"
    license_no: str | None = "L-SX-990001"
    business_scope: list[str] = field(default_factory=lambda: ["domestic", "inbound"])
    region: str = "140105"
    status: str = "active"
    tier: str | None = "A"
    merged_into: UUID | None = None


@pytest.mark.parametrize(("service", "subscriptions"), [("contracts", CONTRACTS), ("complaints", COMPLAINTS)])
async def test_a_neighbour_reads_what_credit_tells(
    postgres: PostgresServer, service: str, subscriptions: tuple[Subscription, ...]
) -> None:
    database = ServiceDatabase(postgres, service, migrations_folder(service))
    await database.build()
    agency: Any = Agency()
    grade: Any = SimpleNamespace(
        grade="B",
        tier="B",
        version=2,
        cause="fact",
        fact_id=new_id(),
        valid_at=date(2026, 11, 23),
        result_hash="0" * 64,
    )
    told = {
        "subject_registered": subject_data(agency),
        "grade_changed": grade_changed_data(agency, grade, "A", "A"),
    }
    context: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))
    async with database.session() as session:
        for version, (name, data) in enumerate(told.items(), start=1):
            type_ = f"tourtrust.credit.{name}.v1"
            event = Event(new_id(), type_, "/tourtrust/credit", str(agency.id), version, NOW, dict(data))
            handler = next(sub for sub in subscriptions if type_ in sub.types)
            await handler.handle(session, event, context)
        row = (await session.execute(text("SELECT * FROM subjects"))).mappings().one()
    assert (row["key"], row["name"], row["region"]) == (agency.key, agency.name, agency.region)
    assert (row["grade"], row["tier"], row["scope"]) == ("B", "B", agency.business_scope)
