"""Two processes on one database whose clocks differ: what was answered for a moment stays as it was."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from common.clock import FrozenClock
from common.testing import ServiceDatabase, api_client
from credit.main import create_app

from .conftest import START, Service, running_service
from .test_present_cards import published
from .test_scorecards import card

SKEW = timedelta(seconds=2)
Pair = tuple[Service, Service]


@pytest.fixture(scope="module")
async def pair(
    credit_database: ServiceDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    """A process, and another whose clock is two seconds behind."""
    folder = tmp_path_factory.mktemp("skewed")
    async with running_service(credit_database, folder) as ahead:
        settings = ahead.app.state.settings.model_copy(update={"clock_file": folder / "clock-behind"})
        behind = replace(ahead, clock_file=settings.clock_file)
        behind.at(START - SKEW)
        behind.app = create_app(settings, verifier=ahead.mint.verifier(FrozenClock(ahead.clock_file)))
        async with api_client(behind.app) as behind.http:
            yield ahead, behind


def minute(pair: Pair, minutes: int) -> str:
    """Sets both clocks; gives a moment that lies in the past of the first and the future of the second."""
    now = START + timedelta(minutes=minutes)
    pair[0].at(now)
    pair[1].at(now - SKEW)
    return (now - SKEW / 2).isoformat()


@pytest.mark.parametrize(("minutes", "path"), [(1, "score"), (2, "facts")])
async def test_a_fact_lies_behind_every_moment_that_was_asked_for(
    pair: Pair, minutes: int, path: str
) -> None:
    ahead, behind = pair
    subject = await ahead.subject()
    asked = {"path": f"/subjects/{subject['id']}/{path}", "known_at": minute(pair, minutes)}
    before = await ahead.get(**asked)
    await behind.fact(subject, "PENALTY_SUSPENSION", "2026-05-01")
    assert await ahead.get(**asked) == before


async def test_a_change_of_the_subject_lies_behind_it_too(pair: Pair) -> None:
    ahead, behind = pair
    subject = await ahead.subject()
    asked = {"path": f"/subjects/{subject['id']}/score", "known_at": minute(pair, 3)}
    before = await ahead.get(**asked)
    path, tag = f"/api/v1/credit/subjects/{subject['id']}", f'"{subject["version"]}"'
    body: dict[str, Any] = {"headcount": 9}
    changed = await behind.http.patch(path, json=body, headers=behind.who() | {"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert await ahead.get(**asked) == before


async def test_a_fact_lies_behind_the_publication_of_a_card(pair: Pair) -> None:
    ahead, behind = pair
    subject = await ahead.subject()
    minute(pair, 4)
    done = await published(ahead, card())
    path = f"/subjects/{subject['id']}/score"
    before = await ahead.get(path)
    assert before["result"]["known_at"] == done["published_at"]
    await behind.fact(subject, "PENALTY_SUSPENSION", "2026-05-01")
    again = await ahead.get(path, known_at=done["published_at"])
    assert again["result_hash"] == before["result_hash"]
