"""The nightly search: a chunk a transaction, nobody held back by one who fails; locks in one order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from credit.rounds import do_round
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.sweeps import service as sweeps
from credit.sweeps.repository import SweepRepository
from credit.sweeps.service import SweepService
from credit.warnings.service import WarningService
from sqlalchemy import text

from .conftest import START, Service
from .listing import REASONS
from .test_warnings import WRITER, of, rule

LICENCE = ("W-LICENCE-DUE", "000000", "1")


@pytest.fixture
async def clock(service: Service) -> AsyncIterator[Any]:
    """Moves the clock on by days, and back when the test is over."""
    yield lambda days: service.at(START + timedelta(days=days))
    service.at(START)


async def swept(service: Service, key: tuple[str, str, str]) -> bool:
    async with service.app.state.db.session() as session:
        search = SweepService(session, service.app.state.env)
        return key in await search.unfinished(None, 100) and await search.sweep(key)


async def ending(service: Service, count: int) -> list[dict[str, Any]]:
    return [
        await service.subject(licensed_on="2020-01-01", license_expires_on="2027-02-01") for _ in range(count)
    ]


async def test_a_transaction_holds_one_chunk_even_where_nothing_is_found(
    service: Service, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    made = await ending(service, 3)
    clock(14)
    steps = 0
    while await swept(service, LICENCE):
        steps += 1
        warned = [bool(await of(service, one, rule=LICENCE[0])) for one in made]
        assert sum(warned) <= 2 * steps
    assert steps == 2 and all(warned)
    clock(15)
    assert await swept(service, LICENCE) and not await swept(service, LICENCE), "what was seen is not read"


async def test_a_subject_that_fails_is_told_passed_over_and_found_the_next_night(
    service: Service, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(sweeps, "report", lambda work, error: told.append(work))
    poisoned, *sound = await ending(service, 3)
    right = WarningService.raise_by

    async def raise_by(self: WarningService, subject: Subject, *given: Any) -> int:
        if str(subject.id) == poisoned["id"]:
            await right(self, subject, *given)
            raise KeyError("a fault of the program")
        return await right(self, subject, *given)

    monkeypatch.setattr(WarningService, "raise_by", raise_by)
    clock(16)
    while await swept(service, LICENCE):
        pass
    assert all([await of(service, one, rule=LICENCE[0]) for one in sound])
    assert await of(service, poisoned, rule=LICENCE[0]) == []
    assert told == [f"sweep W-LICENCE-DUE: {poisoned['id']}"]
    monkeypatch.undo()
    clock(17)
    while await swept(service, LICENCE):
        pass
    assert len(await of(service, poisoned, rule=LICENCE[0])) == 1


async def test_the_groups_of_peers_are_looked_up_once_a_night(
    service: Service, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for region in ("140300", "140400", "140500"):
        hotel = await service.subject(kind="star_hotel", region=region, key=service.key(region))
        await service.fact(hotel, "VALID_COMPLAINT", "2026-11-02")
    asked: list[str] = []
    groups, counts = SweepRepository.groups, SweepRepository.counts

    async def all_groups(self: SweepRepository, *given: Any) -> Any:
        asked.append("groups")
        return await groups(self, *given)

    async def of_one(self: SweepRepository, kind: str, city: str, *given: Any) -> Any:
        asked.append(city)
        return await counts(self, kind, city, *given)

    monkeypatch.setattr(SweepRepository, "groups", all_groups)
    monkeypatch.setattr(SweepRepository, "counts", of_one)
    clock(39)
    while await do_round(service.app.state.db, service.app.state.env):
        pass
    assert asked.count("groups") == 1 and {"1403", "1404", "1405"} <= set(asked)


async def test_a_dry_run_waits_for_nobody(service: Service) -> None:
    made = await service.subject()
    for day in ("2026-10-01", "2026-11-01"):
        await service.fact(made, "PENALTY_WARNING", day)
    body = rule(id="W-DRY-RUN")
    async with service.app.state.db.session() as session:
        await SubjectRepository(session).lock(UUID(made["id"]), None)
        who = service.who(scopes=WRITER, sub="admin")
        answer = await asyncio.wait_for(
            service.http.put("/api/v1/credit/warning-rules", json=body, headers=who), 10
        )
    assert answer.json()["would_warn_today"] == 1


async def test_a_draft_locks_persons_in_order_whatever_the_order_they_are_named_in(service: Service) -> None:
    firm = await service.subject()
    first, second = [await service.subject(kind="natural_person", key=None, name=f"次序{n}") for n in "甲乙"]
    proof = {"role": "principal", "evidence": await service.proof(firm)}
    named = [proof | {"subject_id": one["id"]} for one in (second, first)]
    facts = [
        (await service.fact(one, "PENALTY_WARNING", "2026-05-01"))["id"] for one in (firm, first, second)
    ]
    body = {"subject_id": firm["id"], "condition": "SEV-T-3", "reasons": REASONS}
    async with service.app.state.db.session() as session:
        await SubjectRepository(session).lock(UUID(first["id"]), None)
        draft = asyncio.create_task(service.post("/listings", body | {"persons": named, "fact_ids": facts}))
        await asyncio.sleep(0.4)
        assert not draft.done()
        free = text("SELECT id FROM subjects WHERE id = :id FOR UPDATE NOWAIT")
        assert (await session.execute(free, {"id": second["id"]})).first() is not None
    assert len(await draft) == 3
