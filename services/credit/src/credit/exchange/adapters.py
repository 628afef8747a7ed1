"""The other side of the exchange: one interface, and three that have it.

`NullAdapter` is a system that is not connected: records wait. `HttpAdapter` speaks to a real one in the
record shape of docs/guides/sharing.md. `RecordedAdapter` answers from recorded files, for tests and
demonstrations.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .rules import DecisionKind

__all__ = [
    "Adapter",
    "Answer",
    "Decision",
    "Decisions",
    "ExchangeFailed",
    "HttpAdapter",
    "NullAdapter",
    "RecordedAdapter",
    "TheirRecord",
]

_PAGE = 100
_ANSWERED_WITHIN = 10.0
_AWAY = frozenset({401, 403, 429, 502, 503, 504})
_FULL = 429


class ExchangeFailed(Exception):
    """The other side did not answer, or not in the agreed shape; trying again may help.

    `away`: that need not be about what was asked; the system itself may be out of reach or let nobody in.
    `full`: it is not; the system is there and takes no more for now.
    """

    def __init__(self, reason: str, *, away: bool = False, full: bool = False) -> None:
        super().__init__(reason)
        self.away, self.full = away, full


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


Shape = TypeVar("Shape", bound=_Shape)


class Answer(_Shape):
    """What the other side says to a record."""

    state: Literal["accepted", "refused"]
    their_number: str | None = Field(default=None, max_length=120)
    reason: str | None = Field(default=None, max_length=500)


class Decision(_Shape):
    """A decision of the other side."""

    their_number: str = Field(min_length=1, max_length=120)
    version: int = Field(default=1, ge=1, le=2**31 - 1)
    kind: DecisionKind
    subject_key: str = Field(min_length=1, max_length=24)
    decided_on: date
    authority: str = Field(min_length=1, max_length=100)
    content: dict[str, Any] = {}


class Decisions(_Shape):
    """A page of decisions and the place behind it."""

    items: list[Decision] = Field(max_length=1_000)
    next_after: str | None = Field(default=None, max_length=500)


class TheirRecord(_Shape):
    """A record as the other side holds it."""

    our_number: str
    version: int
    region: str
    sha256: str


class Adapter(Protocol):
    """A system on the other side. Every method may raise ExchangeFailed."""

    connected: bool

    async def send(self, record: Mapping[str, Any]) -> Answer:
        """Hand over a record; the same number and version again is the same record."""
        ...

    async def decisions(self, after: str | None) -> Decisions:
        """The decisions after a place."""
        ...

    async def records(self, day: date) -> list[TheirRecord]:
        """What it accepted from us on a day."""
        ...

    async def decided(self, day: date) -> list[Decision]:
        """What it decided on a day, whether it told us or not."""
        ...


class NullAdapter:
    """No connection: nothing is sent and nothing comes."""

    connected = False

    async def send(self, record: Mapping[str, Any]) -> Answer:
        """Refused: nobody is there."""
        raise ExchangeFailed("not connected")

    async def decisions(self, after: str | None) -> Decisions:
        """None."""
        return Decisions(items=[], next_after=after)

    async def records(self, day: date) -> list[TheirRecord]:
        """Nobody can say."""
        raise ExchangeFailed("not connected")

    async def decided(self, day: date) -> list[Decision]:
        """Nobody can say."""
        raise ExchangeFailed("not connected")


class HttpAdapter:
    """A system reached over HTTP with a bearer token."""

    connected = True

    def __init__(self, base_url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=_ANSWERED_WITHIN,
            transport=transport,
            limits=httpx.Limits(max_connections=4),
        )

    async def send(self, record: Mapping[str, Any]) -> Answer:
        """POST /records; the idempotency key names number and version."""
        key = f"{record['kind']}/{record['our_number']}/{record['version']}"
        found = await self._call(
            "POST", "/records", json=dict(record), headers={"Idempotency-Key": key.encode().hex()[:255]}
        )
        return _read(Answer, found)

    async def decisions(self, after: str | None) -> Decisions:
        """GET /decisions."""
        params = {"limit": str(_PAGE)} | ({"after": after} if after else {})
        return _read(Decisions, await self._call("GET", "/decisions", params=params))

    async def records(self, day: date) -> list[TheirRecord]:
        """GET /records of a day, all pages."""
        return await self._of_day("/records", day, TheirRecord)

    async def decided(self, day: date) -> list[Decision]:
        """GET /decisions of a day, all pages."""
        return await self._of_day("/decisions", day, Decision)

    async def _of_day(self, path: str, day: date, shape: type[Shape]) -> list[Shape]:
        found: list[Shape] = []
        after: str | None = None
        while True:
            params = {"day": day.isoformat()} | ({"after": after} if after else {})
            page = await self._call("GET", path, params=params)
            found += [_read(shape, item) for item in page.get("items", [])]
            following = page.get("next_after")
            if not following or following == after:
                return found
            after = str(following)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        # The whole answer within the time: the client's own limit begins anew with every byte that drips in.
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN):
                answer = await self._http.request(method, path, **options)
            answer.raise_for_status()
            content = answer.json()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise ExchangeFailed(f"HTTP {status}", away=status in _AWAY, full=status == _FULL) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            away = isinstance(error, httpx.TransportError | TimeoutError)
            raise ExchangeFailed(type(error).__name__, away=away) from error
        if not isinstance(content, dict):
            raise ExchangeFailed("not an object")
        return content


class RecordedAdapter(HttpAdapter):
    """Answers from `*.json` files: a list of `{method, path, when?, status, answer}` each, first fit first.

    `when` names fields of the body or the query that must be equal. `{our_number}` and `{version}` inside
    texts of an answer stand for those of the request.
    """

    def __init__(self, folder: Path) -> None:
        self._said: list[dict[str, Any]] = [
            one
            for file in sorted(folder.glob("*.json"))
            for one in json.loads(file.read_text(encoding="utf-8"))
        ]
        super().__init__("http://recorded.invalid", "recorded", httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content) if request.content else {}
        given = {**body, **request.url.params}
        for one in self._said:
            when = one.get("when", {})
            if (one["method"], one["path"]) == (request.method, request.url.path) and all(
                given.get(name) == value for name, value in when.items()
            ):
                return httpx.Response(one.get("status", 200), json=_filled(one["answer"], given))
        return httpx.Response(404, json={"error": "nothing was recorded for this"})


def _filled(value: Any, given: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        for name in ("our_number", "version"):
            value = value.replace("{" + name + "}", str(given.get(name, "")))
        return value
    if isinstance(value, dict):
        return {name: _filled(item, given) for name, item in value.items()}
    return [_filled(item, given) for item in value] if isinstance(value, list) else value


def _read(shape: type[Shape], content: Any) -> Shape:
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        raise ExchangeFailed(f"another shape ({error.error_count()} faults)") from error
