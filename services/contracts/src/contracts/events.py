"""What contracts says and hears.

Says: `contract_registered`, `contract_completed`, `price_alert_raised`. Hears from credit:
`subject_registered`, `subject_updated` (with the measures of supervision, where they changed),
`grade_changed`. Events carry ids and codes, never a document and
nothing personal.
"""

from datetime import datetime
from typing import Any

from common.events import Event, HandlerContext, Subscription, publish
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.price_alerts.models import PriceAlert
from contracts.registrations.models import Contract
from contracts.subjects import service as subjects

__all__ = ["SERVICE", "SUBSCRIPTIONS", "announce_contract", "announce_price_alert"]

SERVICE = "contracts"


async def announce_contract(session: AsyncSession, name: str, contract: Contract, now: datetime) -> None:
    """Say that a contract was registered or completed."""
    data: dict[str, Any] = {
        "contract_no": contract.contract_no,
        "version": contract.version,
        "contract_type": contract.contract_type,
        "agency_key": contract.agency_key,
        "platform_key": contract.platform_key,
        "region": contract.region,
        "departure_on": contract.departure_on.isoformat(),
        "return_on": contract.return_on.isoformat(),
        "headcount": contract.headcount,
    }
    await publish(
        session,
        service=SERVICE,
        name=name,
        aggregate_id=contract.contract_no,
        aggregate_version=contract.revision,
        data=data,
        now=now,
    )


async def announce_price_alert(session: AsyncSession, alert: PriceAlert, now: datetime) -> None:
    """Say that a document looks unreasonably cheap: a lead for officers, never a fact."""
    data = {
        "alert_id": str(alert.id),
        "contract_no": alert.contract_no,
        "platform_key": alert.platform_key,
        "agency_key": alert.agency_key,
        "rule_ids": alert.rule_ids,
        "ratio": None if alert.ratio is None else float(alert.ratio),
        "occurred_on": alert.occurred_on.isoformat(),
        "document_hash": alert.document_hash.hex(),
        "region": alert.region,
    }
    await publish(
        session,
        service=SERVICE,
        name="price_alert_raised",
        aggregate_id=alert.id,
        aggregate_version=1,
        data=data,
        now=now,
    )


async def on_credit(session: AsyncSession, event: Event, context: HandlerContext) -> None:
    """Keep the copy of subjects up to date."""
    now = context.clock.now()
    if event.type.endswith(".grade_changed.v1"):
        await subjects.learn_grade(session, version=event.version, data=event.data, now=now)
    else:
        await subjects.learn_subject(session, version=event.version, data=event.data, now=now)


SUBSCRIPTIONS = (
    Subscription(
        consumer="contracts-from-credit",
        types=(
            "tourtrust.credit.subject_registered.v1",
            "tourtrust.credit.subject_updated.v1",
            "tourtrust.credit.grade_changed.v1",
        ),
        handle=on_credit,
    ),
)
