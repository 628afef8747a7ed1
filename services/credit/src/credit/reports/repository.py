"""Every select of reports: set-based, and bounded by instants, so that what comes later changes nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from common.auth import region_prefix
from sqlalchemy import ColumnElement, Date, and_, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.facts.models import Fact
from credit.hazards.models import Hazard, HazardAct
from credit.honours.models import Honour, HonourAct
from credit.inspections.models import Inspection, InspectionAct
from credit.listings.models import Listing, ListingEvent
from credit.objections.models import Objection, ObjectionAct
from credit.repairs.models import Repair, RepairEvent
from credit.scoring.models import PublishedGrade
from credit.subjects.models import Subject, SubjectMerge, SubjectState
from credit.subjects.rules import MergeAct
from credit.warnings.models import Warning, WarningAct

from .rules import Span

__all__ = ["ReportRepository"]

Count = tuple[str, str, int]
_UNRATED = "unrated"


def _region_at(moment: datetime) -> ColumnElement[str]:
    """Where a subject stood at a moment: its present region, unless it has moved since."""
    then = (
        select(col(SubjectState.region))
        .where(col(SubjectState.subject_id) == col(Subject.id), col(SubjectState.until_at) > moment)
        .order_by(col(SubjectState.until_at))
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(then, col(Subject.region))


def _inside(region: str, moment: datetime) -> ColumnElement[bool]:
    return _region_at(moment).like(f"{region_prefix(region)}%")


def _merged_at(moment: datetime) -> ColumnElement[bool]:
    """Whether a subject was merged into another at a moment, whatever has happened since."""
    last = (
        select(col(SubjectMerge.act))
        .where(col(SubjectMerge.subject_id) == col(Subject.id), col(SubjectMerge.done_at) < moment)
        .order_by(col(SubjectMerge.done_at).desc(), col(SubjectMerge.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(last, MergeAct.UNMERGE.value) == MergeAct.MERGE.value


def _within(column: Any, span: Span) -> ColumnElement[bool]:
    return and_(column >= span.begin, column < span.end)


def _day(instant: Any) -> ColumnElement[date]:
    return cast(func.timezone("Asia/Shanghai", instant), Date)


class ReportRepository:
    """Counts in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def subjects(self, region: str, span: Span) -> list[Count]:
        """(kind, grade, how many) at the end of the span."""
        grade = (
            select(col(PublishedGrade.grade))
            .where(
                col(PublishedGrade.subject_id) == col(Subject.id),
                col(PublishedGrade.published_at) < span.end,
            )
            .order_by(col(PublishedGrade.version).desc())
            .limit(1)
            .scalar_subquery()
        )
        held = (
            select(col(Subject.kind).label("kind"), func.coalesce(grade, _UNRATED).label("grade"))
            .where(
                col(Subject.created_at) < span.end,
                ~_merged_at(span.end),
                _inside(region, span.end),
            )
            .subquery()
        )
        return await self._counts(
            select(held.c.kind, held.c.grade, func.count()).group_by(held.c.kind, held.c.grade)
        )

    async def movements(self, region: str, span: Span) -> list[Count]:
        """(kind, "from>to", how many) of the grades published within the span."""
        before = (
            func.lag(col(PublishedGrade.grade))
            .over(partition_by=col(PublishedGrade.subject_id), order_by=col(PublishedGrade.version))
            .label("before")
        )
        turns = select(
            col(PublishedGrade.subject_id),
            col(PublishedGrade.published_at),
            col(PublishedGrade.grade).label("after"),
            before,
        ).subquery()
        mark = func.coalesce(turns.c.before, "-").concat(">").concat(turns.c.after)
        return await self._counts(
            select(col(Subject.kind), mark, func.count())
            .join(turns, turns.c.subject_id == col(Subject.id))
            .where(_within(turns.c.published_at, span), _inside(region, span.end))
            .group_by(col(Subject.kind), mark)
        )

    async def facts(self, region: str, span: Span) -> list[Count]:
        """(code, action, how many) of the versions recorded within the span."""
        return await self._counts(
            select(col(Fact.code), col(Fact.action), func.count())
            .join(Subject, col(Subject.id) == col(Fact.subject_id))
            .where(_within(col(Fact.recorded_at), span), _inside(region, span.end))
            .group_by(col(Fact.code), col(Fact.action))
        )

    async def warnings(self, region: str, span: Span) -> list[Count]:
        """(rule, "raised" or outcome, how many)."""
        raised = await self._counts(
            select(col(Warning.rule_id), literal("raised"), func.count())
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(_within(col(Warning.raised_at), span), _inside(region, span.end))
            .group_by(col(Warning.rule_id))
        )
        resolved = await self._counts(
            select(col(Warning.rule_id), col(WarningAct.outcome), func.count())
            .join(WarningAct, col(WarningAct.warning_id) == col(Warning.id))
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(
                col(WarningAct.act) == "resolve",
                col(WarningAct.outcome).is_not(None),
                _within(col(WarningAct.done_at), span),
                _inside(region, span.end),
            )
            .group_by(col(Warning.rule_id), col(WarningAct.outcome))
        )
        return raised + resolved

    async def inspections(self, region: str, span: Span) -> list[Count]:
        """(kind, result, how many) finished, and (kind, "published", how many)."""
        prefix = f"{region_prefix(region)}%"
        result = col(InspectionAct.data)["result"].astext
        finished = await self._counts(
            select(col(Inspection.kind), result, func.count())
            .join(InspectionAct, col(InspectionAct.inspection_id) == col(Inspection.id))
            .where(
                col(InspectionAct.act) == "finished",
                _within(col(InspectionAct.done_at), span),
                col(Inspection.region).like(prefix),
            )
            .group_by(col(Inspection.kind), result)
        )
        published = await self._counts(
            select(col(Inspection.kind), literal("published"), func.count())
            .where(_within(col(Inspection.published_at), span), col(Inspection.region).like(prefix))
            .group_by(col(Inspection.kind))
        )
        return finished + published

    async def listings(self, region: str, span: Span) -> list[Count]:
        """(list, event, how many)."""
        return await self._counts(
            select(col(Listing.on_list), col(ListingEvent.event), func.count())
            .join(ListingEvent, col(ListingEvent.listing_id) == col(Listing.id))
            .where(
                _within(col(ListingEvent.done_at), span),
                col(Listing.authority_region).like(f"{region_prefix(region)}%"),
            )
            .group_by(col(Listing.on_list), col(ListingEvent.event))
        )

    async def repairs(self, region: str, span: Span) -> list[Count]:
        """("repair", event, how many)."""
        return await self._counts(
            select(literal("repair"), col(RepairEvent.event), func.count())
            .join(Repair, col(Repair.id) == col(RepairEvent.repair_id))
            .where(
                _within(col(RepairEvent.done_at), span),
                col(Repair.authority_region).like(f"{region_prefix(region)}%"),
            )
            .group_by(col(RepairEvent.event))
        )

    async def objections(self, region: str, span: Span) -> list[Count]:
        """(target, event, how many)."""
        return await self._counts(
            select(col(Objection.target), col(ObjectionAct.event), func.count())
            .join(ObjectionAct, col(ObjectionAct.objection_id) == col(Objection.id))
            .where(
                _within(col(ObjectionAct.done_at), span),
                col(Objection.region).like(f"{region_prefix(region)}%"),
            )
            .group_by(col(Objection.target), col(ObjectionAct.event))
        )

    async def listing_steps(self, region: str, span: Span) -> Sequence[Any]:
        """(id, region, opened, list, event, day) of every step of listings taken by then, in order."""
        return await self._rows(
            select(
                col(Listing.id),
                col(Listing.authority_region),
                col(Listing.opened_on),
                col(Listing.on_list),
                col(ListingEvent.event),
                col(ListingEvent.on_day),
            )
            .join(ListingEvent, col(ListingEvent.listing_id) == col(Listing.id))
            .where(
                col(Listing.authority_region).like(f"{region_prefix(region)}%"),
                col(ListingEvent.done_at) < span.end,
            )
            .order_by(col(Listing.id), col(ListingEvent.version))
        )

    async def repair_steps(self, region: str, span: Span) -> Sequence[Any]:
        """(id, region, event, day, state after) of every step of repairs taken by then, in order."""
        return await self._rows(
            select(
                col(Repair.id),
                col(Repair.authority_region),
                col(RepairEvent.event),
                col(RepairEvent.on_day),
                col(RepairEvent.state),
            )
            .join(RepairEvent, col(RepairEvent.repair_id) == col(Repair.id))
            .where(
                col(Repair.authority_region).like(f"{region_prefix(region)}%"),
                col(RepairEvent.done_at) < span.end,
            )
            .order_by(col(Repair.id), col(RepairEvent.version))
        )

    async def objection_steps(self, region: str, span: Span) -> Sequence[Any]:
        """(id, region, policy, its version and region, filed, event, day) of steps by then, in order."""
        return await self._rows(
            select(
                col(Objection.id),
                col(Objection.region),
                col(Objection.policy_id),
                col(Objection.policy_version),
                col(Objection.policy_region),
                col(Objection.filed_on),
                col(ObjectionAct.event),
                _day(col(ObjectionAct.done_at)),
            )
            .join(ObjectionAct, col(ObjectionAct.objection_id) == col(Objection.id))
            .where(
                col(Objection.region).like(f"{region_prefix(region)}%"),
                col(ObjectionAct.done_at) < span.end,
            )
            .order_by(col(Objection.id), col(ObjectionAct.version))
        )

    async def honour_steps(self, region: str, span: Span) -> Sequence[Any]:
        """(id, region, policy, its version and region, applied, act, day) of honours applied for by then.

        In order; act and day are null where nothing was done yet.
        """
        return await self._rows(
            select(
                col(Honour.id),
                col(Honour.region),
                col(Honour.policy_id),
                col(Honour.policy_version),
                col(Honour.policy_region),
                _day(col(Honour.applied_at)),
                col(HonourAct.act),
                _day(col(HonourAct.done_at)),
            )
            .outerjoin(
                HonourAct,
                and_(col(HonourAct.honour_id) == col(Honour.id), col(HonourAct.done_at) < span.end),
            )
            .where(
                col(Honour.region).like(f"{region_prefix(region)}%"),
                col(Honour.applied_at) < span.end,
            )
            .order_by(col(Honour.id), col(HonourAct.version))
        )

    async def hazard_steps(self, region: str, span: Span) -> Sequence[Any]:
        """(id, region, act, data, day) of every step of hazards taken by then, in order."""
        return await self._rows(
            select(
                col(Hazard.id),
                col(Hazard.region),
                col(HazardAct.act),
                col(HazardAct.data),
                _day(col(HazardAct.done_at)),
            )
            .join(HazardAct, col(HazardAct.hazard_id) == col(Hazard.id))
            .where(
                col(Hazard.region).like(f"{region_prefix(region)}%"),
                col(HazardAct.done_at) < span.end,
            )
            .order_by(col(Hazard.id), col(HazardAct.version))
        )

    async def warning_days(self, region: str, span: Span) -> Sequence[Any]:
        """(region, acknowledge by, acknowledged, resolve by, resolved) of warnings."""

        def done(act: str) -> Any:
            return (
                select(func.min(_day(col(WarningAct.done_at))))
                .where(
                    col(WarningAct.warning_id) == col(Warning.id),
                    col(WarningAct.act) == act,
                    col(WarningAct.done_at) < span.end,
                )
                .scalar_subquery()
            )

        place = _region_at(span.end)
        return await self._rows(
            select(
                place,
                col(Warning.acknowledge_by),
                done("acknowledge"),
                col(Warning.resolve_by),
                done("resolve"),
            )
            .join(Subject, col(Subject.id) == col(Warning.subject_id))
            .where(place.like(f"{region_prefix(region)}%"), col(Warning.raised_at) < span.end)
        )

    async def inspection_days(self, region: str, span: Span) -> Sequence[Any]:
        """(region, publish by, published) of inspections."""
        return await self._rows(
            select(
                col(Inspection.region),
                col(Inspection.publish_by),
                case(
                    (col(Inspection.published_at) < span.end, _day(col(Inspection.published_at))),
                    else_=None,
                ),
            ).where(
                col(Inspection.region).like(f"{region_prefix(region)}%"),
                col(Inspection.publish_by).between(span.first, span.last),
            )
        )

    async def _counts(self, query: Any) -> list[Count]:
        return [(str(row[0]), str(row[1]), row[2]) for row in await self._session.execute(query)]

    async def _rows(self, query: Any) -> Sequence[Any]:
        return (await self._session.execute(query)).all()
