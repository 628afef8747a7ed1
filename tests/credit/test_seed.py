"""The demo province in small: whole, spread over the grades, true to the engine, the same each time."""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from common.calendar import add_months
from common.clock import FrozenClock
from common.db import Database, migrations_folder
from common.identifiers import check_resident_id, check_uscc
from common.ledger.signer import create_log_key
from common.regions import covers, exists
from common.seeding import DEMO_SUBJECT_IDS, SeedPlan
from common.testing import ServiceDatabase, test_settings
from credit.config import Settings
from credit.facts.repository import FactRepository
from credit.scoring.rules import ScoredSubject, find_paths, score
from credit.seed import seed
from credit.seed.firms import firms, guides
from credit.seed.histories import happenings
from credit.subjects.models import Subject
from sqlalchemy import func, select, text
from sqlmodel import col

from .cases import CARD, fact
from .conftest import ORIGIN, START

PLAN = SeedPlan(agencies=60, guides=40, hotels=6, scenic_areas=5)
TODAY = date(2026, 11, 23)


class Bar:
    def __init__(self) -> None:
        self.total = self.done = 0

    def start(self, task: str, total: int) -> None:
        self.total += total

    def advance(self, steps: int = 1) -> None:
        self.done += steps


async def province(server: Any, folder: Path) -> tuple[Database, Bar]:
    database = ServiceDatabase(server, "credit_seed", migrations_folder("credit"))
    await database.build()
    url = await database.copy()
    create_log_key(folder / "log.key", ORIGIN)
    FrozenClock.set(folder / "clock", START)
    settings = test_settings(
        Settings, folder, url, log_origin=ORIGIN, log_key_file=folder / "log.key", clock_file=folder / "clock"
    )
    bar = Bar()
    await seed(settings, PLAN, bar)
    await seed(settings, PLAN, Bar())
    return Database(url), bar


@pytest.fixture(scope="module")
async def seeded(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    database, bar = await province(postgres, tmp_path_factory.mktemp("seed"))
    assert bar.done == bar.total == 60 + 40 + 6 + 5 + 1 + 6 + 12 + 3 + 3
    yield database
    await database.dispose()


@pytest.mark.parametrize("months", [12, 36])
def test_a_listing_of_the_past_lasts_as_long_as_the_policy_says(months: int) -> None:
    first, last = date(2021, 1, 1), date(2026, 11, 1)
    lives = [happenings(Random(n), "travel_agency", first, last, months) for n in range(400)]
    found = [
        (listed.occurred_on, removed.occurred_on)
        for life in lives
        for listed in life
        for removed in life
        if listed.code == "SERIOUS_LISTED" and removed.code == "SERIOUS_LISTING_REMOVED"
        if sum(one.code == "SERIOUS_LISTED" for one in life) == 1
    ]
    assert found and all(off == add_months(on, months) + timedelta(days=1) for on, off in found)


async def test_all_kinds_are_there_in_real_divisions(seeded: Database) -> None:
    async with seeded.session() as session:
        counts: dict[str, int] = dict(
            (await session.execute(select(col(Subject.kind), func.count()).group_by(col(Subject.kind)))).all()
        )
        regions = set(await session.scalars(select(col(Subject.region))))
        names = list(
            await session.scalars(select(col(Subject.name)).where(col(Subject.name_cipher).is_(None)))
        )
    assert counts == {
        "travel_agency": 60,
        "tour_guide": 40,
        "star_hotel": 6,
        "scenic_area": 5,
        "ota_platform": 1,
        "agency_branch": 6,
        "natural_person": 12,
        "homestay": 3,
        "unlicensed_operator": 3,
    }
    assert all(exists(region) and covers("140000", region) for region in regions)
    assert all("虚构" in name for name in names)


async def test_the_stored_grades_are_what_the_engine_says(seeded: Database) -> None:
    async with seeded.session() as session:
        agencies = (
            await session.execute(select(Subject).where(col(Subject.kind) == "travel_agency"))
        ).scalars()
        grades = set()
        for agency in agencies:
            versions = await FactRepository(session).versions_of(agency.id)
            subject = ScoredSubject(agency.id, agency.kind, agency.region)
            result = score(subject, versions, TODAY, agency.last_recorded_at, CARD)
            assert (agency.score, agency.grade, agency.tier) == (result.value, result.grade, result.tier)
            assert agency.next_change_on == (result.next_change.on if result.next_change else None)
            assert len(versions) <= 24
            grades.add(agency.grade)
        assert len(grades) >= 3
        history = (await session.execute(text(HISTORY))).all()
    assert all(row.grade == row.last for row in history)


HISTORY = """
SELECT s.grade, (SELECT g.grade FROM published_grades g WHERE g.subject_id = s.id
                 ORDER BY version DESC LIMIT 1) AS last
FROM subjects s WHERE s.kind = 'travel_agency'
"""


async def test_the_sample_agency_stands_just_above_the_edge_and_can_come_back(seeded: Database) -> None:
    async with seeded.session() as session:
        agency = await session.get_one(Subject, DEMO_SUBJECT_IDS["sample_agency"])
        versions = await FactRepository(session).versions_of(agency.id)
    assert (agency.key, agency.license_no, agency.region) == ("911401059999990157", "L-SX-990001", "140105")
    assert (agency.score, agency.grade) == (92, "A")
    subject = ScoredSubject(agency.id, agency.kind, agency.region)
    worse = [*versions, fact(1, "VALID_COMPLAINT", TODAY), fact(2, "PENALTY_FINE_SMALL", TODAY)]
    result = score(subject, worse, TODAY, agency.last_recorded_at, CARD)
    assert (result.value, result.grade) == (86, "B")
    [waiting, earning] = find_paths(subject, worse, TODAY, agency.last_recorded_at, CARD)
    assert waiting.on > earning.on == TODAY


async def test_one_event_per_subject_and_a_log_entry_per_grade(seeded: Database) -> None:
    async with seeded.session() as session:
        events: dict[str, int] = dict(
            (await session.execute(text("SELECT type, count(*) FROM outbox GROUP BY type"))).all()
        )
        grades = await session.scalar(text("SELECT count(*) FROM published_grades"))
        promises = await session.scalar(text("SELECT count(*) FROM ledger_promises"))
        private = await session.scalar(
            text(
                "SELECT count(*) FROM outbox WHERE data ->> 'kind' = 'tour_guide'"
                " AND data ->> 'name' IS NOT NULL"
            )
        )
    assert events == {"tourtrust.credit.subject_registered.v1": 136, "tourtrust.credit.grade_changed.v1": 121}
    assert grades == promises
    assert private == 0


async def test_papers_are_in_order_and_nothing_falls_due_at_once(seeded: Database) -> None:
    async with seeded.session() as session:
        counts = {
            table: await session.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in (
                "qualifications",
                "liability_policies",
                "risk_classes",
                "relations",
                "subject_traces",
            )
        }
        unpaid = await session.scalar(text(UNPAID))
        due = await session.scalar(
            text("SELECT count(*) FROM liability_watches WHERE next_on <= :today"), {"today": TODAY}
        )
        posts = await session.scalar(text(POSTS))
    assert counts == {
        "qualifications": 40,
        "liability_policies": 60,
        "risk_classes": 60,
        "relations": 18,
        "subject_traces": 9,
    }
    assert (unpaid, due, posts) == (0, 0, 12)


async def test_what_a_listing_brings_is_told_by_the_next_round(seeded: Database) -> None:
    async with seeded.session() as session:
        listed = "SELECT DISTINCT subject_id FROM facts WHERE code = 'SERIOUS_LISTED'"
        due = "SELECT subject_id FROM supervision_states WHERE next_change_on <= :today"
        found = set(await session.scalars(text(listed)))
        told = set(await session.scalars(text(due), {"today": TODAY}))
    assert found and found <= told


UNPAID = """
SELECT count(*) FROM subjects s WHERE kind = 'travel_agency' AND NOT EXISTS (
    SELECT FROM deposit_entries e WHERE e.subject_id = s.id AND kind = 'payment' AND amount_fen =
        CASE WHEN 'outbound' = ANY(s.business_scope) THEN 140000000 ELSE 20000000 END)
"""
POSTS = """
SELECT count(*) FROM relations r JOIN subjects p ON p.id = r.from_id JOIN subjects a ON a.id = r.to_id
WHERE r.kind = 'legal_representative' AND p.kind = 'natural_person' AND a.kind = 'travel_agency'
"""


def test_the_same_plan_gives_the_same_province_and_valid_numbers() -> None:
    assert list(firms(PLAN)) == list(firms(PLAN))
    assert list(guides(PLAN)) == list(guides(PLAN))
    assert list(firms(SeedPlan(seed=1))) != list(firms(SeedPlan(seed=2)))
    whole = SeedPlan()
    keys = [firm.key for firm in firms(whole)]
    assert len(set(keys)) == len(keys) == 939 + 1 + 234 + 237
    licences = [firm.license_no for firm in firms(whole) if firm.license_no]
    assert len(set(licences)) == len(licences) == 939
    for key in keys:
        assert check_uscc(key or "") == key
    for guide in guides(PLAN):
        assert check_resident_id(guide.id_number or "").number == guide.id_number
