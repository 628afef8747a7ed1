"""From a commit to an effect: order, duplicates, failures, many at once, replay."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from common.db import new_id
from common.events import (
    Event,
    HandlerContext,
    NewEvent,
    Subscription,
    event_type,
    is_stale,
    publish,
    publish_many,
    redrive,
    replay,
)
from common.events.envelope import subject_for
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .conftest import Bench, until
from .node import NAME, change, recorder


async def test_event_is_a_cloudevent_on_its_own_subject(bench: Bench, client: Client) -> None:
    node = bench.node(bench.source)
    heard = await client.subscribe(f"ev.{bench.source}.>")
    async with node.part():
        await until(lambda: _well(node))
        async with node.db.session() as session:
            id_ = await change(session, bench.source, "thing-a")
        message = await heard.next_msg(timeout=5)
    document = json.loads(message.data)
    assert document.pop("time").endswith("Z")
    assert document == {
        "specversion": "1.0",
        "id": str(id_),
        "source": f"/tourtrust/{bench.source}",
        "type": f"tourtrust.{bench.source}.thing_changed.v1",
        "subject": "thing-a",
        "datacontenttype": "application/json",
        "aggregateversion": 1,
        "data": {"version": 1},
    }
    assert message.headers is not None
    assert message.headers["Nats-Msg-Id"] == str(id_)
    assert message.subject == subject_for(document["type"], "thing-a")


async def test_effects_once_and_in_order(bench: Bench) -> None:
    node = bench.node(bench.source, recorder("flow", bench.source))
    async with node.part():
        for n in range(60):
            async with node.db.session() as session:
                await change(session, bench.source, f"thing-{n % 5}")
        await bench.settled()
        assert await node.lack() is None
    await bench.assert_once_in_order()
    assert await bench.count("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL") == 60


async def test_a_commit_wakes_the_relay_without_waiting_for_the_poll(bench: Bench) -> None:
    node = bench.node(bench.source, recorder("awake", bench.source))
    async with node.part():
        async with node.db.session() as session:
            await change(session, bench.source, "warm")
        await bench.settled()
        took = []
        for _ in range(5):
            began = asyncio.get_running_loop().time()
            async with node.db.session() as session:
                await change(session, bench.source, "quick")
            await bench.settled()
            took.append(asyncio.get_running_loop().time() - began)
    assert sorted(took)[2] < 0.25


async def test_a_refused_transaction_says_nothing(bench: Bench) -> None:
    node = bench.node(bench.source)
    with pytest.raises(RuntimeError, match="refused"):
        async with node.db.session() as session:
            await change(session, bench.source, "ghost")
            raise RuntimeError("refused")
    assert await bench.count("SELECT count(*) FROM outbox") == 0


async def test_publish_many_copies_within_the_transaction(bench: Bench) -> None:
    node = bench.node(bench.source, recorder("many", bench.source))
    events = [
        NewEvent(NAME, f"thing-{n % 100}", n // 100 + 1, {"名": "样例"}, datetime.now(UTC))
        for n in range(1500)
    ]
    with pytest.raises(RuntimeError, match="refused"):
        async with node.db.session() as session:
            assert await publish_many(session, service=bench.source, events=events) == 1500
            raise RuntimeError("refused")
    assert await bench.count("SELECT count(*) FROM outbox") == 0
    async with node.db.session() as session:
        await publish_many(session, service=bench.source, events=events)
    async with node.part():
        await bench.settled()
    await bench.assert_once_in_order()


@pytest.mark.parametrize(
    ("name", "data"),
    [("Wrong", {}), ("has space", {}), ("big", {"x": "样" * 100_000}), ("nan", {"x": float("nan")})],
)
async def test_what_cannot_be_an_event_is_refused_at_once(
    bench: Bench, name: str, data: dict[str, object]
) -> None:
    node = bench.node(bench.source)
    async with node.db.session() as session:
        with pytest.raises(ValueError):
            await publish(
                session,
                service=bench.source,
                name=name,
                aggregate_id=new_id(),
                aggregate_version=1,
                data=data,
                now=datetime.now(UTC),
            )


async def test_a_failing_event_holds_its_aggregate_and_no_other(bench: Bench) -> None:
    failures = {"thing-1": 2}

    async def handle(session: AsyncSession, event: Event, context: HandlerContext) -> None:
        await recorder("f", bench.source).handle(session, event, context)
        if failures.get(event.subject, 0) > 0:
            failures[event.subject] -= 1
            raise RuntimeError("not yet")

    node = bench.node(bench.source, Subscription("failing", (event_type(bench.source, NAME),), handle))
    async with node.db.session() as session:
        for n in range(12):
            await change(session, bench.source, f"thing-{n % 3}")
    async with node.part():
        await bench.settled()
    await bench.assert_once_in_order()
    effects = await bench.effects()
    assert [thing for thing, _ in effects][-4:] == ["thing-1"] * 4
    assert await bench.count("SELECT count(*) FROM inbox_held") == 0
    assert await bench.count("SELECT count(*) FROM inbox WHERE handled_at IS NULL") == 0


async def test_a_poisonous_event_is_parked_reported_and_can_be_driven_again(bench: Bench) -> None:
    poisonous = True

    async def handle(session: AsyncSession, event: Event, context: HandlerContext) -> None:
        known = await session.scalar(
            text("SELECT max(version) FROM effect WHERE thing = :thing"), {"thing": event.subject}
        )
        if poisonous and event.version == 1:
            await session.execute(text("SELECT 1 / 0"))
        if not is_stale(event, known):
            await recorder("p", bench.source).handle(session, event, context)

    node = bench.node(bench.source, Subscription("parking", (event_type(bench.source, NAME),), handle))
    async with node.db.session() as session:
        for _ in range(3):
            await change(session, bench.source, "thing-p")
    async with node.part():
        await until(lambda: _has(bench, "SELECT count(*) FROM effect", 2))
        assert await bench.effects() == [("thing-p", 2), ("thing-p", 3)]
        row = await bench.connection.fetchrow("SELECT * FROM inbox_held")
        assert row is not None
        assert row["parked_at"] is not None and row["attempts"] == 4
        assert row["error"].startswith("DBAPIError 22012")
        assert "1 / 0" not in row["error"]
        await until(lambda: _says(node, "1 events are parked"))
        poisonous = False
        async with node.db.session() as session:
            assert await redrive(session, "parking") == 1
        await until(lambda: _has(bench, "SELECT count(*) FROM inbox_held", 0))
        await until(lambda: _well(node))
    assert await bench.effects() == [("thing-p", 2), ("thing-p", 3)]  # version 1 came too late to matter


async def test_a_commit_that_is_refused_hurts_only_its_event(bench: Bench) -> None:
    async def handle(session: AsyncSession, event: Event, context: HandlerContext) -> None:
        await recorder("d", bench.source).handle(session, event, context)
        if event.subject == "thing-1":
            await session.execute(text("INSERT INTO pair VALUES (1, 2)"))  # a deferred key without its parent

    node = bench.node(bench.source, Subscription("deferred", (event_type(bench.source, NAME),), handle))
    async with node.db.session() as session:
        for n in range(6):
            await change(session, bench.source, f"thing-{n % 3}")
    async with node.part():
        await until(lambda: _has(bench, "SELECT count(*) FROM inbox_held WHERE parked_at IS NOT NULL", 2))
    assert sorted(await bench.effects()) == [("thing-0", 1), ("thing-0", 2), ("thing-2", 1), ("thing-2", 2)]


async def test_duplicates_and_forgeries_have_no_effect(bench: Bench, client: Client) -> None:
    node = bench.node(bench.source, recorder("dup", bench.source))
    js = client.jetstream()
    async with node.part():
        async with node.db.session() as session:
            await change(session, bench.source, "thing-a")
        await bench.settled()
        message = await js.get_last_msg("EVENTS", f"ev.{bench.source}.*.{NAME}")
        assert message.subject is not None and message.data is not None
        await js.publish(message.subject, message.data)  # the same event, past the bus's own check
        forged = json.loads(message.data) | {"id": str(new_id()), "source": "/tourtrust/credit"}
        await js.publish(message.subject, json.dumps(forged).encode())
        await js.publish(message.subject, b"\xff not an event")
        async with node.db.session() as session:
            await change(session, bench.source, "thing-b")
        await bench.settled()
    assert await bench.effects() == [("thing-a", 1), ("thing-b", 1)]


async def test_replay_reaches_a_new_consumer_and_no_old_one(bench: Bench, client: Client) -> None:
    node = bench.node(bench.source, recorder("old", bench.source))
    js = client.jetstream()
    async with node.part():
        for n in range(6):
            async with node.db.session() as session:
                await change(session, bench.source, f"thing-{n % 2}")
        await bench.settled("old")
        await js.purge_stream("EVENTS", subject=f"ev.{bench.source}.>")
    later = bench.node(bench.source, recorder("old", bench.source), recorder("new", bench.source))
    async with later.part():
        sent = await replay(node.db, js, service=bench.source, aggregate_id="thing-0")
        assert sent == 3
        sent = await replay(
            node.db, js, service=bench.source, types=[event_type(bench.source, NAME)], until=datetime.now(UTC)
        )
        assert sent == 6
        await bench.settled("new")
    assert len(await bench.effects("old")) == 6
    assert sorted(await bench.effects("new")) == sorted(await bench.effects("old"))


async def test_without_a_bus_events_wait_and_readiness_says_so(bench: Bench) -> None:
    node = bench.node(bench.source)
    node.nats_url = None
    async with node.part():
        async with node.db.session() as session:
            id_ = await change(session, bench.source, "thing-a")
        await until(lambda: _says(node, "no event bus is configured"))
    assert isinstance(id_, UUID)
    assert await bench.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1


async def _has(bench: Bench, query: str, count: int) -> bool:
    return await bench.count(query) == count


async def _well(node: object) -> bool:
    return await node.lack() is None  # type: ignore[attr-defined]


async def _says(node: object, words: str) -> bool:
    return words in (await node.lack() or "")  # type: ignore[attr-defined]
