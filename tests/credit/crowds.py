"""Many agencies of one city about whom there is something to find, and what is to be found about each."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from common.clock import china_date
from common.db import Database, new_id
from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject
from credit.warnings.rules import Hit, latest_cluster

from .populations import START

TODAY = china_date(START)
QUARTER = (date(2026, 7, 1), date(2026, 9, 30))


@dataclass
class Found:
    """Whom the nightly search has to warn about, by rule, and what a board run has to rank."""

    warned: dict[str, set[UUID]] = field(default_factory=dict)
    arrivals: dict[UUID, int] = field(default_factory=dict)
    complained: dict[UUID, int] = field(default_factory=dict)


async def crowd(
    database: Database, chance: Random, count: int, region: str = "141002", today: date = TODAY
) -> Found:
    """Agencies with complaints, fines, licences that end and groups received; nothing is scored yet.

    `today` is the day of the search.
    """
    found = Found({"W-COMPLAINTS": set(), "P-MIN-5": set(), "W-LICENCE-DUE": set()})
    async with database.session() as session:
        for number in range(count):
            subject = _agency(chance, number, region)
            recent = [_ago(chance, 50) for _ in range(chance.randrange(6))]
            old = [_within(chance) for _ in range(chance.randrange(5))]
            fines = [_ago(chance, 700) for _ in range(chance.randrange(4))]
            groups = chance.randrange(1, 400)
            session.add(subject)
            await session.flush()
            session.add_all(_fact(subject, "VALID_COMPLAINT", day, MAIN) for day in recent + old)
            session.add_all(
                _fact(subject, "PENALTY_FINE_LARGE", day, {"amount_fen": 9_000_000}) for day in fines
            )
            session.add(_fact(subject, "GROUP_ARRIVALS", _within(chance), {"count": groups}))
            found.arrivals[subject.id], found.complained[subject.id] = groups, len(old)
            for rule, whether in (
                ("W-COMPLAINTS", _together(recent + old, 3, 3, today)),
                ("P-MIN-5", _together(fines, 12, 2, today)),
                ("W-LICENCE-DUE", subject.license_expires_on is not None),
            ):
                if whether:
                    found.warned[rule].add(subject.id)
    return found


def _together(days: list[date], months: int, at_least: int, today: date) -> bool:
    return latest_cluster([Hit(new_id(), day) for day in days], months, at_least, today) is not None


MAIN = {"responsibility": "main", "problem_codes": ["P02.1"]}


def _ago(chance: Random, days: int) -> date:
    return TODAY - timedelta(days=chance.randrange(1, days))


def _within(chance: Random) -> date:
    return QUARTER[0] + timedelta(days=chance.randrange((QUARTER[1] - QUARTER[0]).days + 1))


def _agency(chance: Random, number: int, region: str) -> Subject:
    born = START - timedelta(days=2000)
    ends = TODAY + timedelta(days=chance.randrange(1, 59)) if chance.random() < 0.5 else None
    return Subject(
        id=new_id(),
        kind="travel_agency",
        key=None,
        name=f"临汾人群样例{number}（虚构）",
        name_search=f"临汾人群样例{number}",
        name_grams=[],
        region=region,
        business_scope=[],
        status="active",
        license_expires_on=ends,
        created_at=born,
        updated_at=born,
        last_recorded_at=born,
    )


def _fact(subject: Subject, code: str, day: date, payload: dict[str, Any]) -> Fact:
    fact_id = new_id()
    subject.last_recorded_at += timedelta(hours=1)
    return Fact(
        id=fact_id,
        version=1,
        subject_id=subject.id,
        action=Action.RECORD,
        code=code,
        occurred_on=day,
        recorded_at=subject.last_recorded_at,
        recorded_by="test",
        source_kind="other",
        source_authority="临汾市文化和旅游局（演示）",
        source_reference=str(fact_id),
        payload=payload,
        evidence=[],
        content_hash="0" * 64,
        correction=None,
    )
