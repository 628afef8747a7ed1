"""What went on from what a wrong fact had touched: visits, campaigns, reliance on certificates, records sent.

These look at what is listed already, so they come after it. Each gives what is found and, where there may be
more, the mark to go on from.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.campaigns.repository import CampaignRepository
from credit.certificates.service import CertificateService
from credit.environment import Environment
from credit.exchange.models import ExchangeRecord
from credit.exchange.repository import ExchangeRepository
from credit.exchange.rules import RecordKind, RecordState
from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.inspections.models import Inspection
from credit.inspections.repository import InspectionRepository

from .models import Objection
from .repository import ObjectionRepository

__all__ = ["Onward"]

_FACT = "F-"


class Onward:
    """Looks for what followed from what is listed."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._objections = ObjectionRepository(session)
        self._inspections = InspectionRepository(session)
        self._campaigns = CampaignRepository(session)
        self._certificates = CertificateService(session, env)
        self._exchange = ExchangeRepository(session)

    async def visits(
        self, objection: Objection, facts: Mapping[UUID, Fact], after: UUID | None, limit: int
    ) -> tuple[list[Affected], UUID | None]:
        """Visits that a listed draw or warning, or the case behind a fact, called for, and their campaigns.

        A visit stands; who orders or pays it looks at its reason again. The figures of a campaign counted it.
        """
        subject = objection.subject_id
        draws = [row[0] for row in await self._objections.targets(objection.id, "draw", subject)]
        warnings = [row[0] for row in await self._objections.targets(objection.id, "warning", subject)]
        sources = {fact.source_reference for fact in facts.values()}
        references = {*map(str, (*facts, *warnings)), *sources}
        rows = await self._inspections.brought_by(subject, draws, list(facts), references, after, limit)
        found = [_visit(row, row.fact_id in facts) for row in rows]
        joined = {row.campaign_id for row in rows if row.campaign_id is not None}
        for campaign in await self._campaigns.of_ids(sorted(joined)):
            what = Text(
                f"专项行动“{campaign.name}”的统计计入了该次检查",
                f"the figures of the campaign {campaign.name} count that visit",
            )
            at = campaign.closed_at or campaign.created_at
            found.append(Affected("campaign", campaign.id, campaign.number, at, what, was=campaign.state))
        return found, rows[-1].id if len(rows) == limit else None

    async def reliances(
        self,
        objection: Objection,
        facts: Mapping[UUID, Fact],
        since: datetime,
        after: UUID | None,
        limit: int,
    ) -> tuple[list[Affected], UUID | None]:
        """Who relied on certificates that these facts entered."""
        return await self._certificates.relied_on(objection.subject_id, list(facts), since, after, limit)

    async def sent(
        self, objection: Objection, facts: Mapping[UUID, Fact], after: UUID | None, limit: int
    ) -> tuple[list[Affected], UUID | None]:
        """Records that other systems have, or are to get, of these facts, their listings and wrong grades.

        They are corrected by the record that follows from the putting right, until the remedy is due.
        """
        subject = objection.subject_id
        listings = await self._objections.targets(objection.id, "listing", subject)
        numbers = {f"{_FACT}{one}" for one in facts} | {row[1] for row in listings if row[1]}
        numbers |= {
            fact.source_reference.split("#")[0]
            for fact in facts.values()
            if fact.source_kind == SourceKind.LISTING
        }
        grades = await self._objections.wrong_grades(objection.id, subject)
        rows = await self._exchange.sent_about(subject, numbers, grades, after, limit)
        found = [_record(row) for row in rows if not _puts_right(row, facts)]
        return found, rows[-1].id if len(rows) == limit else None


def _visit(row: Inspection, recorded: bool) -> Affected:
    why = Text("因该信息的影响而安排", "was ordered because of what the fact had touched")
    if recorded:
        why = Text("的结果即该信息", "had this fact as its result")
    return Affected(
        kind="inspection",
        id=row.id,
        number=row.number,
        at=row.created_at,
        what=Text(f"检查 {row.number} {why.zh}", f"inspection {row.number} {why.en}"),
        was=row.state,
    )


def _record(row: ExchangeRecord) -> Affected:
    place = f"{row.our_number}/{row.version}"
    if row.state == RecordState.ACCEPTED:
        what = Text(
            f"已报送 {row.system} 并被接收（{place}），须在更正期限内一并更正",
            f"{row.system} accepted the record {place}, which is to be put right there by the due day",
        )
    else:
        what = Text(f"待报送或者未被 {row.system} 接收（{place}）", f"{row.system} has not accepted {place}")
    return Affected(
        kind="exchange",
        id=row.id,
        number=row.our_number[:64],
        at=row.settled_at or row.created_at,
        what=what,
        was=row.content["content"].get("grade") if row.kind == RecordKind.GRADE else row.state,
    )


def _puts_right(row: ExchangeRecord, facts: Mapping[UUID, Fact]) -> bool:
    """Whether a record is the very one by which a fact was put right."""
    for fact_id, latest in facts.items():
        if row.our_number == f"{_FACT}{fact_id}":
            told = int(row.content["content"].get("fact_version", 0))
            return latest.action in (Action.REVOKE, Action.AMEND) and told >= latest.version
    return False
