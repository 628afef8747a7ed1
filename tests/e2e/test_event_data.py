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
from credit.policies import FOLDER
from credit.publishing import subject_data
from credit.rulebook.rules import Rulebook
from credit.scoring.publication import grade_changed_data
from credit.supervision.rules import SELF, Listed, announced, restrictions_of
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
    regraded: Any = Agency(id=agency.id, tier="B")
    grade: Any = SimpleNamespace(
        grade="B",
        tier="B",
        version=2,
        cause="fact",
        fact_id=new_id(),
        valid_at=date(2026, 11, 23),
        result_hash="0" * 64,
    )
    book = Rulebook.load(FOLDER).restrictions.in_force(on=NOW.date(), region=agency.region)
    listed = Listed(agency.id, agency.kind, "serious", "SEV-T-2", SELF, date(2026, 3, 1), "MD-1")
    restrictions = announced(restrictions_of(book, [listed]))
    supervision = {"tier": "C", "measures": [], "restrictions": restrictions}
    told = {
        "subject_registered": subject_data(agency),
        "grade_changed": grade_changed_data(agency, grade, "A", "A"),
        "subject_updated": subject_data(regraded) | {"supervision": supervision},
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
    kept = {one["measure"]: one for one in row["measures"]}
    assert set(kept) == {one["measure"] for one in restrictions} >= {"M-SEV-2", "M-SEV-3", "M-SEV-4"}
    assert (kept["M-SEV-3"]["starts_on"], kept["M-SEV-3"]["ends_on"]) == ("2026-03-01", "2029-03-01")
    assert kept["M-SEV-3"]["basis"] and row["measures_version"] == 3
