"""First data for demonstrations and loads, through the service's own code.

There is always one demo contract of the sample agency, departed on 2026-11-12 and completed; with
`plan.contracts` also so many synthetic ones for the agencies that the copy of subjects knows. Seeding again
gives the same contracts: each has its own order number.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.clock import Clock, china_date
from common.crypto import Keyring
from common.db import Database
from common.ledger import LogSigner
from common.ledger.signer import MissingKey
from common.seeding import Progress, SeedPlan
from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from contracts.config import Settings
from contracts.documents.schemas import Submission
from contracts.policies import Library, load_library
from contracts.registrations import repository
from contracts.registrations.reading import ContractReader
from contracts.registrations.rules import Status
from contracts.registrations.schemas import Milestone
from contracts.registrations.service import Filing, Refusal, Registrar
from contracts.subjects.models import Subject
from contracts.synthetic import Platform, Seller, Trip, build_contract, synthetic_trip

__all__ = ["DEMO_ORDER_NO", "demo_document", "seed"]

DEMO_ORDER_NO = "OTA20261101000001"
PLATFORM = Platform("911401089999990318", "样例出行平台（虚构）")
SAMPLE_AGENCY = Seller(
    "911401059999990157", "山西晋样例旅行社有限公司（虚构）", "L-SX-990001", ("domestic", "inbound")
)
DEMO_TRIP = Trip(
    departs_on=date(2026, 11, 12),
    days=(
        (("忻州市", "测试湖", 8000, 120),),
        (("应县", "木塔", 5000, 60),),
        (("平遥", "平遥古城", 12500, 180),),
    ),
    adults=2,
    order_no=DEMO_ORDER_NO,
    tour_code="SXJY-20261112-D",
    signed_on=date(2026, 11, 1),
    adult_price_fen=150_000,
)
CHUNK = 25
PATIENCE_SECONDS = 60


def demo_document() -> dict[str, Any]:
    """The document of the demo contract: three days, two adults, 3,000 yuan."""
    return build_contract(PLATFORM, SAMPLE_AGENCY, DEMO_TRIP)


@dataclass(frozen=True, slots=True)
class _Parts:
    library: Library
    keyring: Keyring
    log: LogSigner
    clock: Clock

    async def register(self, session: AsyncSession, document: dict[str, Any]) -> str:
        """Register a document, and complete it if its trip is over; gives its number."""
        registrar = Registrar(session, self.library, self.keyring, self.log, self.clock)
        outcome = await registrar.register(Filing.of(Submission.model_validate(document), document))
        if isinstance(outcome, Refusal):
            rules = ", ".join(finding.rule_id for finding in outcome.findings)
            raise RuntimeError(f"a synthetic contract breaks the rules {rules}")
        contract = await repository.lock_contract(session, outcome.contract_no, true())
        if contract is None:
            raise RuntimeError(f"{outcome.contract_no} is not there")
        today = china_date(self.clock.now())
        if contract.return_on < today and contract.status != Status.COMPLETED:
            reader = ContractReader(session, self.library, self.keyring, self.log, self.clock)
            milestone = Milestone.model_construct(occurred_on=contract.return_on)
            await reader.complete_contract(contract, milestone)
        return outcome.contract_no


async def seed(settings: Settings, plan: SeedPlan, progress: Progress) -> dict[str, Any]:
    """Make the demo contract and `plan.contracts` synthetic ones.

    Raises:
        MissingKey: the log has no key file yet.
    """
    if not settings.log_origin or not settings.log_key_file:
        raise MissingKey("a log needs log_origin and log_key_file")
    keyring = Keyring.from_file(settings.keyring_file)
    log = LogSigner(settings.log_origin, settings.log_key_file, keyring)
    parts = _Parts(load_library(), keyring, log, settings.clock())
    database = Database(settings.database_url, statement_cache=settings.database_statement_cache, pool_size=2)
    try:
        progress.start("contracts", 1 + plan.contracts)
        async with database.session() as session:
            demo = await parts.register(session, demo_document())
        progress.advance()
        if plan.contracts:
            await _synthetic(database, parts, plan, progress)
    finally:
        await database.dispose()
    return {"demo_contract_no": demo, "demo_order_no": DEMO_ORDER_NO, "contracts": 1 + plan.contracts}


async def _synthetic(database: Database, parts: _Parts, plan: SeedPlan, progress: Progress) -> None:
    sellers = await _sellers(database, plan)
    today = china_date(parts.clock.now())
    for start in range(0, plan.contracts, CHUNK):
        numbers = range(start, min(start + CHUNK, plan.contracts))
        async with database.session() as session:
            for number in numbers:
                trip = synthetic_trip(plan.seed, number, today)
                document = build_contract(PLATFORM, sellers[number % len(sellers)], trip)
                await parts.register(session, document)
        progress.advance(len(numbers))


async def _sellers(database: Database, plan: SeedPlan) -> list[Seller]:
    """The agencies of the copy, in the order of their codes, once it has arrived; else the sample agency."""
    known = -1
    for _ in range(PATIENCE_SECONDS):
        async with database.session() as session:
            count = await session.scalar(
                select(func.count()).select_from(Subject).where(col(Subject.kind) == "travel_agency")
            )
        if count and (count >= plan.agencies or count == known):
            break
        known = count or 0
        await asyncio.sleep(1)
    async with database.session() as session:
        rows = await session.scalars(
            select(Subject)
            .where(
                col(Subject.kind) == "travel_agency",
                col(Subject.status) == "active",
                col(Subject.scope).contains(["domestic"]),
                col(Subject.key).is_not(None),
                col(Subject.license_no).regexp_match("^L-[A-Z]{2,4}-(CJ)?[0-9]{5,6}$"),
            )
            .order_by(col(Subject.key))
        )
        sellers = [
            Seller(row.key, row.name or "旅行社（虚构）", row.license_no, tuple(row.scope))
            for row in rows
            if row.key and row.license_no
        ]
    return sellers or [SAMPLE_AGENCY]
