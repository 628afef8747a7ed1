"""The trail: written with the act, impossible to change, every tampering found."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from common.audit import (
    AUDIT,
    append_only_ddl,
    drop_append_only_ddl,
    heads,
    record,
    record_reveal,
    verify_chain,
)
from common.auth import Principal
from common.db import Database
from common.problems import InvalidPayload
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


async def write(database: Database, actor: Principal, count: int = 1, **details: Any) -> None:
    for n in range(count):
        async with database.session() as session:
            await record(
                session, actor=actor, action="case.accept", target=f"case:{n}", details=details, now=NOW
            )


async def count(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(AUDIT)) or 0


async def tamper(database: Database, statement: str) -> None:
    """What an intruder with the owner's rights would do."""
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        await connection.execute(text(statement))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER append_only"))


async def test_entries_chain_and_hold(database: Database, actor: Principal) -> None:
    async with database.session() as session:
        for n in range(5):
            await record(session, actor=actor, action="case.accept", target=f"case:{n}", now=NOW)
    async with database.session() as session:
        report = await verify_chain(session)
        rows = (await session.execute(select(AUDIT).order_by(AUDIT.c.position))).mappings().all()
    assert report.intact and report.entries == 5 and len(report.heads) == 1
    assert [row["position"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["actor"] == "officer-1" and rows[0]["department"] == "140100-WLJ"
    assert report.heads[0].hash == rows[-1]["hash"].hex()


async def test_the_hash_can_be_computed_by_another_program(database: Database, actor: Principal) -> None:
    await write(database, actor, fields=["phone"])
    async with database.session() as session:
        row = (await session.execute(select(AUDIT))).mappings().one()
    entry = {
        "id": str(row["id"]),
        "recorded_at": "2026-11-23T02:00:00.123456+00:00",
        "actor": "officer-1",
        "actor_kind": "officer",
        "client_id": "department",
        "department": "140100-WLJ",
        "action": "case.accept",
        "target": "case:0",
        "purpose": None,
        "details": {"fields": ["phone"]},
    }
    start = sha256(f"tourtrust audit lane {row['lane']}".encode()).digest()
    assert sha256(start + sha256(rfc8785.dumps(entry)).digest()).digest() == row["hash"]


async def test_an_entry_stands_or_falls_with_its_act(database: Database, actor: Principal) -> None:
    with pytest.raises(RuntimeError):
        async with database.session() as session:
            await record(session, actor=actor, action="case.accept", target="case:1", now=NOW)
            raise RuntimeError
    assert await count(database) == 0
    async with database.session() as session:
        await record(session, actor=actor, action="a", target="t:1", now=NOW)
        savepoint = await session.begin_nested()
        await record(session, actor=actor, action="b", target="t:2", now=NOW)
        await savepoint.rollback()
        await record(session, actor=actor, action="c", target="t:3", now=NOW)
    async with database.session() as session:
        assert (await verify_chain(session)).intact
    assert await count(database) == 2


async def test_many_writers_at_once_make_whole_chains(database: Database, actor: Principal) -> None:
    async def act(n: int) -> None:
        async with database.session() as session:
            for k in range(3):
                await record(session, actor=actor, action="case.accept", target=f"case:{n}-{k}", now=NOW)
                await asyncio.sleep(0)
            if n % 5 == 0:
                await session.rollback()

    await asyncio.gather(*(act(n) for n in range(40)))  # as many as the pool gives connections at once
    async with database.session() as session:
        report = await verify_chain(session)
    assert report.intact and report.entries == 96


async def test_an_open_transaction_holds_nobody_back(database: Database, actor: Principal) -> None:
    async with database.session() as slow:
        await record(slow, actor=actor, action="slow", target="t:0", now=NOW)
        async with asyncio.timeout(20):
            await write(database, actor, 20)
    async with database.session() as session:
        report = await verify_chain(session)
    assert report.intact and report.entries == 21 and len(report.heads) > 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM audit WHERE false"],
)
async def test_the_table_refuses_change(database: Database, actor: Principal, statement: str) -> None:
    await write(database, actor)
    with pytest.raises(IntegrityError, match="append-only"):
        async with database.session() as session:
            await session.execute(text(statement))
    assert await count(database) == 1


async def test_the_way_back_opens_the_table(database: Database) -> None:
    async with database.engine.connect() as connection:
        for statement in drop_append_only_ddl("audit"):
            await connection.execute(text(statement))
        await connection.execute(text("DELETE FROM audit"))
        await connection.rollback()
    with pytest.raises(ValueError, match="plain"):
        append_only_ddl("audit; DROP TABLE facts")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET actor = 'somebody' WHERE position = 2", "entry 2 was changed"),
        ("UPDATE audit SET purpose = 'x' WHERE position = 1", "entry 1 was changed"),
        ("UPDATE audit SET details = '{\"a\": 2}' WHERE position = 3", "entry 3 was changed"),
        (
            "UPDATE audit SET recorded_at = recorded_at + interval '1 us' WHERE position = 3",
            "entry 3 was changed",
        ),
        ("UPDATE audit SET lane = (lane + 1) % 64", "entry 1 was changed"),
        ("DELETE FROM audit WHERE position = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE position = 1", "entry 1 is missing"),
        ("DELETE FROM audit WHERE position >= 3", "entries after 2 were cut off"),
        ("DELETE FROM audit", "entries after 0 were cut off"),
    ],
)
async def test_tampering_is_found(database: Database, actor: Principal, statement: str, told: str) -> None:
    async with database.session() as session:
        for _ in range(4):
            await record(session, actor=actor, action="x", target="t:1", details={"a": 1}, now=NOW)
    async with database.session() as session:
        known = await heads(session)
        assert (await verify_chain(session, known)).intact
    await tamper(database, statement)
    async with database.session() as session:
        report = await verify_chain(session, known)
    assert not report.intact
    assert any(told in found.en for found in report.breaks)


async def test_a_rewritten_chain_does_not_match_a_known_head(database: Database, actor: Principal) -> None:
    await write(database, actor)
    async with database.session() as session:
        [known] = await heads(session)
    await tamper(database, "DELETE FROM audit")
    async with database.session() as session:
        session.info["audit_lane"] = known.lane
        await record(session, actor=actor, action="other", target="t:1", now=NOW)
    async with database.session() as session:
        report = await verify_chain(session, [known])
        assert (await verify_chain(session)).intact
    assert [found.en for found in report.breaks] == [f"audit lane {known.lane}: entry 1 was replaced"]


async def test_who_saw_what(database: Database, actor: Principal) -> None:
    subject = f"subject:{uuid4()}"
    async with database.session() as session:
        await record_reveal(
            session, actor=actor, target=subject, fields=["phone", "name"], purpose=" 联系投诉人 ", now=NOW
        )
    async with database.session() as session:
        row = (await session.execute(select(AUDIT))).mappings().one()
    assert (row["action"], row["target"], row["purpose"]) == ("pii.reveal", subject, "联系投诉人")
    assert row["details"] == {"fields": ["name", "phone"]}
    with pytest.raises(InvalidPayload):
        async with database.session() as session:
            await record_reveal(session, actor=actor, target=subject, fields=["name"], purpose="  ", now=NOW)


async def test_what_is_no_json_is_refused(database: Database, actor: Principal) -> None:
    for wrong in ({"a": object()}, {"a": 2**60}, {"a": float("nan")}):
        async with database.session() as session:
            with pytest.raises(ValueError, match="no JSON"):
                await record(session, actor=actor, action="x", target="t", details=wrong, now=NOW)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab键"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.dictionaries(st.sampled_from(["a", "b"]), json_values))
async def test_any_json_is_read_back_as_it_was_hashed(
    database: Database, actor: Principal, details: dict[str, Any]
) -> None:
    async with database.session() as session:
        await record(session, actor=actor, action="x", target="t", details=details, now=NOW)
    async with database.session() as session:
        assert (await verify_chain(session)).intact
