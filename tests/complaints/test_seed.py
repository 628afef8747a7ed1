"""Synthetic complaints: lawful histories, the same for the same plan, never twice."""

from pathlib import Path

from common.clock import FrozenClock
from common.seeding import SeedPlan
from common.testing import ServiceDatabase, test_settings
from complaints.cases.rules import EVENTS, Event, State
from complaints.config import Settings
from complaints.numbers import is_case_number
from complaints.seed import seed
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.complaints.conftest import NOW


class Silent:
    """A progress bar that counts."""

    done = 0

    def start(self, task: str, total: int) -> None:
        self.done = 0

    def advance(self, steps: int = 1) -> None:
        self.done += steps


async def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        found = [tuple(row) for row in await connection.execute(text(query))]
    await engine.dispose()
    return found


async def test_a_plan_gives_its_complaints_once(template: ServiceDatabase, tmp_path: Path) -> None:
    first, second = await template.copy(), await template.copy()
    clock_file = tmp_path / "clock"
    FrozenClock.set(clock_file, NOW)
    plan = SeedPlan(complaints=120, years=3, seed=7)
    query = "SELECT number, state, categories::text, received_on, next_due_on FROM cases ORDER BY id"
    for url in (first, second):
        bar = Silent()
        await seed(test_settings(Settings, tmp_path, url, clock_file=clock_file), plan, bar)
        assert bar.done == 120
    made = await rows(first, query)
    assert made == await rows(second, query)
    await seed(test_settings(Settings, tmp_path, first, clock_file=clock_file), plan, Silent())
    assert await rows(first, query) == made
    assert all(is_case_number(str(row[0])) for row in made)
    assert len({row[1] for row in made}) >= 6
    assert {row[0] for row in await rows(first, "SELECT DISTINCT rule_set FROM cases")} == {
        "TCM_2010",
        "TCM_2026",
    }
    assert (await rows(first, "SELECT count(*) FROM outbox"))[0][0] == 120
    steps = await rows(first, "SELECT event, from_state, to_state FROM case_events WHERE event <> 'submit'")
    for event, before, after in steps:
        rule = EVENTS[Event(str(event))]
        assert State(str(before)) in rule.sources
        assert rule.to in {None, State(str(after))}
    for url in (first, second):
        await template.drop(url)


async def test_no_complaints_asked_none_made(template: ServiceDatabase, tmp_path: Path) -> None:
    url = await template.copy()
    await seed(test_settings(Settings, tmp_path, url), SeedPlan(complaints=0), Silent())
    assert (await rows(url, "SELECT count(*) FROM cases"))[0][0] == 0
    await template.drop(url)
