"""Use cases of reports: the year of a region, and how its departments kept their deadlines."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

import rfc8785
from common import regions
from common.auth import Principal
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.hazards.rules import DueStep
from credit.sheets import Column, SheetFormat, TableFile, write_table
from credit.warnings.service import WarningService

from .duties import Done, of_hazard, of_honour, of_listing, of_objection, of_repair, of_warning
from .errors import ReportNotFound
from .repository import ReportRepository
from .rules import Duty, Measure, Span, measured, span_of, unit_prefix
from .schemas import Line, Scorecard, ScorecardRow, YearlyReport
from .wording import DUTIES, PRECISION, SECTIONS, item_word, mark_word

__all__ = ["ReportService"]

_LINES = (
    Column("section", Text("部分", "section")),
    Column("item", Text("项目", "item")),
    Column("mark", Text("分类", "mark")),
    Column("value", Text("本年", "value")),
    Column("before", Text("上年", "before")),
    Column("section_name", Text("部分名称", "section_name")),
    Column("item_name", Text("项目名称", "item_name")),
    Column("mark_name", Text("分类名称", "mark_name")),
)
_ROWS = (
    Column("region", Text("行政区划代码", "region")),
    Column("region_name", Text("地区", "region_name")),
    Column("duty", Text("事项", "duty")),
    Column("due", Text("应办", "due")),
    Column("on_time", Text("按期", "on_time")),
    Column("late", Text("逾期办结", "late")),
    Column("overdue", Text("逾期未办", "overdue")),
    Column("rate_bp", Text("按期率（万分比）", "rate_bp")),
    Column("duty_name", Text("事项名称", "duty_name")),
)
_JUDGED = ("confirmed", "false_alarm", "no_action")


class ReportService:
    """Reports over what was known at a moment, by default now."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._reports = ReportRepository(session)

    async def yearly(
        self, actor: Principal, region: str, year: int, known_at: datetime | None
    ) -> YearlyReport:
        """The year of a region beside the year before.

        Subjects stand where they stood at the end of the span; grades are those published by then. Acts are
        counted in the year in which they were done.

        Raises:
            ReportNotFound: the region is not the caller's.
            InvalidPayload: a year or moment that has not come.
        """
        moment = self._moment(actor, region, year, known_at)
        span = span_of(year, moment)
        present = await self._numbers(region, span)
        before = await self._numbers(region, span_of(year - 1, moment))
        lines = [
            Line(
                section=key[0], item=key[1], mark=key[2], value=present.get(key, 0), before=before.get(key, 0)
            )
            for key in sorted(present.keys() | before.keys())
        ]
        rules = sorted({line.item for line in lines if line.section == "warnings"})
        report = YearlyReport(
            region=region,
            region_name=regions.full_name(region),
            year=year,
            last_day=span.last,
            known_at=moment,
            lines=lines,
            precision_bp={rule: _precision(present, rule) for rule in rules},
            sha256="",
        )
        return report.model_copy(update={"sha256": _hash(report)})

    async def scorecard(
        self, actor: Principal, region: str, year: int, known_at: datetime | None
    ) -> Scorecard:
        """How the units below a region kept what fell due within a year.

        Duties are told by the steps taken by the moment of knowledge: more time that was given after a day
        had passed takes no lateness away, and what is done later changes no earlier report. Listings,
        repairs, objections and honours are due by the rules they run under. Raises as `yearly`.
        """
        moment = self._moment(actor, region, year, known_at)
        span = span_of(year, moment)
        digits = unit_prefix(region)
        measures = [
            Measure(one.duty, one.region[:digits].ljust(6, "0"), one.due_on, one.done_on)
            for one in await self._measures(region, span)
        ]
        rows = [
            ScorecardRow(
                region=unit,
                region_name=regions.name_of(unit),
                duty=duty,
                due=kept.due,
                on_time=kept.on_time,
                late=kept.late,
                overdue=kept.overdue,
                rate_bp=kept.rate_bp,
            )
            for (unit, duty), kept in sorted(measured(measures, span).items())
        ]
        card = Scorecard(
            region=region,
            region_name=regions.full_name(region),
            year=year,
            last_day=span.last,
            known_at=moment,
            rows=rows,
            sha256="",
        )
        return card.model_copy(update={"sha256": _hash(card)})

    async def yearly_file(self, report: YearlyReport, format: SheetFormat, language: str) -> TableFile:
        """The lines of a report as a file, with the names of its codes and the precision of each rule."""
        return await write_table(format, _LINES, self._lines(report, language), language)

    async def scorecard_file(self, card: Scorecard, format: SheetFormat, language: str) -> TableFile:
        """The rows of a scorecard as a file, with the names of its duties."""
        return await write_table(format, _ROWS, _rows(card, language), language)

    async def _lines(self, report: YearlyReport, language: str) -> AsyncIterator[list[Any]]:
        book = self._env.rulebook
        rules = await WarningService(self._session, self._env).rules()
        named = {
            "facts": {code: one.name for code, one in book.catalogue(report.last_day).by_code.items()},
            "warnings": {rule.id: rule.name for rule in rules.holding(report.last_day)},
        }
        told: list[tuple[str, str, str, int, int | None]] = [
            (one.section, one.item, one.mark, one.value, one.before) for one in report.lines
        ]
        precise = [(rule, bp) for rule, bp in sorted(report.precision_bp.items()) if bp is not None]
        told += [("warnings", rule, PRECISION, bp, None) for rule, bp in precise]
        for section, item, mark, value, before in told:
            words = (
                SECTIONS[section],
                item_word(section, item, named.get(section, {})),
                mark_word(section, mark),
            )
            yield [section, item, mark, value, before, *(word.render(language) for word in words)]

    def _moment(self, actor: Principal, region: str, year: int, known_at: datetime | None) -> datetime:
        if actor.subject_id is not None or not regions.exists(region) or not actor.covers(region):
            raise ReportNotFound
        now = self._env.clock.now()
        moment = known_at or now
        if moment > now:
            raise InvalidPayload.at("query/known_at", Text("不得晚于当前时刻", "Must not lie in the future"))
        if span_of(year, moment).last < date(year, 1, 1):
            raise InvalidPayload.at("query/year", Text("该年度尚未开始", "That year has not begun"))
        return moment

    async def _numbers(self, region: str, span: Span) -> dict[tuple[str, str, str], int]:
        reads = {
            "subjects": self._reports.subjects,
            "movements": self._reports.movements,
            "facts": self._reports.facts,
            "warnings": self._reports.warnings,
            "inspections": self._reports.inspections,
            "listings": self._reports.listings,
            "repairs": self._reports.repairs,
            "objections": self._reports.objections,
        }
        found: dict[tuple[str, str, str], int] = {}
        for section, read in reads.items():
            for item, mark, count in await read(region, span):
                found[section, item, mark] = count
        return found

    async def _measures(self, region: str, span: Span) -> list[Measure]:
        found = [
            Measure(Duty.INSPECTION_PUBLISHED, *row)
            for row in await self._reports.inspection_days(region, span)
        ]
        for row in await self._reports.warning_days(region, span):
            found += of_warning(*row)
        for (_, place), rows in _by_record(await self._reports.hazard_steps(region, span), 2):
            found += of_hazard(place, [_due_step(*row) for row in rows])
        found += await self._procedures(region, span)
        return found

    async def _procedures(self, region: str, span: Span) -> list[Measure]:
        """The duties of listings, repairs, objections and honours, each by the policy that it runs under."""
        book, found = self._env.rulebook, list[Measure]()
        for (_, place, opened, on_list), rows in _by_record(
            await self._reports.listing_steps(region, span), 4
        ):
            lists = book.lists.find("credit-lists", on=opened, region=place)
            if lists is not None:
                steps = [Done(event, day) for event, day in rows]
                found += of_listing(place, lists.of(on_list), steps, span.last)
        for (_, place), rows in _by_record(await self._reports.repair_steps(region, span), 2):
            steps = [Done(*row) for row in rows]
            clock = book.repair_clocks.find("repair-order7", on=steps[0].on, region=place)
            if clock is not None:
                found += of_repair(place, clock, steps, span.last)
        objections = await self._reports.objection_steps(region, span)
        for (_, place, *policy, filed), rows in _by_record(objections, 6):
            steps = [Done(*row) for row in rows]
            found += of_objection(place, book.objections.get(*policy), filed, steps, span.last)
        honours = await self._reports.honour_steps(region, span)
        for (_, place, *policy, applied), rows in _by_record(honours, 6):
            acts = [Done(act, day) for act, day in rows if act is not None]
            found += of_honour(place, book.honours.get(*policy), applied, acts)
        return found


def _by_record(rows: Sequence[Any], width: int) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """Rows in the order of their records, as (what stands for the record, its steps)."""
    for head, steps in groupby(rows, lambda row: tuple(row[:width])):
        yield head, [tuple(row[width:]) for row in steps]


def _due_step(act: str, data: Mapping[str, Any], day: date) -> DueStep:
    set_for = data.get("to") if act == "extended" else data.get("due_on")
    # A late hazard that is noticed names the day it has missed: that is no new day.
    moves = act in ("ordered", "extended", "rechecked") and set_for not in (None, "None")
    ends = act == "handed_over" or (act == "rechecked" and data.get("passed") is True)
    return DueStep(day, date.fromisoformat(str(set_for)) if moves else None, ends)


def _precision(numbers: dict[tuple[str, str, str], int], rule: str) -> int | None:
    judged = sum(numbers.get(("warnings", rule, outcome), 0) for outcome in _JUDGED)
    confirmed = numbers.get(("warnings", rule, "confirmed"), 0)
    return confirmed * 10_000 // judged if judged else None


def _hash(report: YearlyReport | Scorecard) -> str:
    return sha256(rfc8785.dumps(report.model_dump(mode="json", exclude={"sha256"}))).hexdigest()


async def _rows(card: Scorecard, language: str) -> AsyncIterator[list[Any]]:
    for row in card.rows:
        yield [*row.model_dump().values(), DUTIES[Duty(row.duty)].render(language)]
