"""The copy of subjects: newer takes over, older is ignored, in whatever order events come."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from common.events import Event, HandlerContext
from complaints.events import SUBSCRIPTIONS
from complaints.subjects.models import Subject

from tests.complaints.conftest import World

SUBJECT = UUID("01900000-0000-7000-8000-00000000abcd")


def event(name: str, version: int, /, **data: Any) -> Event:
    return Event(
        id=uuid4(),
        type=f"tourtrust.credit.{name}.v1",
        source="credit",
        subject=str(SUBJECT),
        version=version,
        time=datetime(2026, 11, 23, tzinfo=UTC),
        data={"subject_id": str(SUBJECT), **data},
    )


def registered(version: int, name: str, tier: str | None = "B") -> Event:
    return event(
        "subject_updated" if version > 1 else "subject_registered",
        version,
        kind="travel_agency",
        key="911401069999990404",
        name=name,
        license_no=None,
        scope=["domestic"],
        region="140106",
        status="active",
        tier=tier,
    )


async def take(world: World, *events: Event) -> Subject:
    subscription = SUBSCRIPTIONS[0]
    context = HandlerContext(
        world.app.state.clock, world.app.state.settings, world.app.state.keyring, world.app.state
    )
    async with world.app.state.db.session() as session:
        for each in events:
            assert each.type in subscription.types
            await subscription.handle(session, each, context)
    async with world.app.state.db.session() as session:
        found = await session.get(Subject, SUBJECT)
    assert found is not None
    return found


async def test_a_newer_version_takes_over_and_an_older_does_not(world: World) -> None:
    subject = await take(world, registered(3, "新名称（虚构）"), registered(2, "旧名称（虚构）"))
    assert (subject.name, subject.version) == ("新名称（虚构）", 3)
    again = await take(world, registered(3, "重放（虚构）"), registered(4, "再新（虚构）"))
    assert (again.name, again.version) == ("再新（虚构）", 4)


async def test_grades_and_subjects_may_come_in_either_order(world: World) -> None:
    first = await take(
        world,
        event("grade_changed", 5, to_grade="C", to_tier="C", from_grade="B"),
        registered(1, "样例（虚构）"),
    )
    assert (first.grade, first.name) == ("C", "样例（虚构）")
    later = await take(world, event("grade_changed", 4, to_grade="A", to_tier="A"))
    assert later.grade == "C"
    newest = await take(world, event("grade_changed", 6, to_grade="B", to_tier="B"))
    assert (newest.grade, newest.tier) == ("B", "B")


async def test_a_copied_subject_gives_a_complaint_its_place(world: World) -> None:
    await take(world, registered(1, "样例（虚构）"))
    filed = await world.file(
        respondent={"key": "911401059999990157"}, places={"contract_signed": "140213"}, contract_no=None
    )
    assert filed["routing"]["jurisdiction"] == "140105"
