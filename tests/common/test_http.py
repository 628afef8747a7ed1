"""Calls to a neighbour: one token for all, renewed once when refused; every failure is an `Unavailable`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from common.http import ServiceClient, TokenSource
from common.problems import Unavailable
from common.settings import ServiceSettings
from common.testing import test_settings
from pydantic import BaseModel


class Thing(BaseModel):
    name: str


class Neighbours:
    """The gateway's token endpoint and a service behind it."""

    def __init__(self) -> None:
        self.tokens = 0
        self.grant: object = None
        self.good = "token-1"
        self.thing: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(
            200, json={"name": "x"}
        )

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        if request.url.path == "/oauth/token":
            self.tokens += 1
            grant = self.grant or {"access_token": f"token-{self.tokens}", "expires_in": 900}
            return httpx.Response(200, json=grant)
        if request.headers["authorization"] != f"Bearer {self.good}":
            return httpx.Response(401)
        return self.thing(request)


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
async def client(
    neighbours: Neighbours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ServiceClient]:
    real = httpx.AsyncClient

    def on_wire(**options: object) -> httpx.AsyncClient:
        return real(transport=httpx.MockTransport(neighbours.answer), base_url=str(options["base_url"]))

    monkeypatch.setattr("common.http.httpx.AsyncClient", on_wire)
    settings = test_settings(ServiceSettings, tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    async with ServiceClient("http://neighbour", TokenSource(settings)) as service:
        yield service


async def ask(client: ServiceClient) -> Thing | None:
    return await client.get("/things/1", Thing)


async def test_many_calls_share_one_token(client: ServiceClient, neighbours: Neighbours) -> None:
    answers = await asyncio.gather(*(ask(client) for _ in range(10)))
    assert answers == [Thing(name="x")] * 10
    assert neighbours.tokens == 1


async def test_a_refused_token_is_renewed_once_for_all(client: ServiceClient, neighbours: Neighbours) -> None:
    await ask(client)
    neighbours.good = "token-2"
    assert await asyncio.gather(*(ask(client) for _ in range(10))) == [Thing(name="x")] * 10
    assert neighbours.tokens == 2
    neighbours.good = "none"
    with pytest.raises(Unavailable):
        await ask(client)


async def test_a_short_token_is_used_for_half_its_life(client: ServiceClient, neighbours: Neighbours) -> None:
    neighbours.grant = {"access_token": "token-1", "expires_in": 30}
    await ask(client)
    await ask(client)
    assert neighbours.tokens == 1


async def test_404_is_an_answer(client: ServiceClient, neighbours: Neighbours) -> None:
    neighbours.thing = lambda _: httpx.Response(404)
    assert await ask(client) is None


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("late")


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(302, headers={"Location": "http://elsewhere/"}),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, json=["x"]),
        lambda _: httpx.Response(200, json={"name": 5}),
        _unreachable,
    ],
)
async def test_any_other_answer_is_unavailable(
    client: ServiceClient, neighbours: Neighbours, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    neighbours.thing = answer
    with pytest.raises(Unavailable):
        await ask(client)


@pytest.mark.parametrize("grant", [["x"], {"access_token": 5}, {"access_token": "x", "expires_in": None}])
async def test_a_strange_grant_is_unavailable(
    client: ServiceClient, neighbours: Neighbours, grant: object
) -> None:
    neighbours.grant = grant
    with pytest.raises(Unavailable):
        await ask(client)
    with pytest.raises(Unavailable):
        await client.get("/a\x00b", Thing)
