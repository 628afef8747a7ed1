"""The client's body on its way to a service: counted, timed, and never longer than allowed."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Message, Receive

__all__ = ["BodyTooLarge", "BodyTooSlow", "ClientBody", "ClientGone"]


class ClientGone(Exception):
    """The client closed its connection."""


class BodyTooLarge(Exception):
    """More bytes came than are allowed."""


class BodyTooSlow(Exception):
    """The client stopped sending."""


class ClientBody:
    """One request's body, read from ASGI. `failure` says why the reading ended early."""

    def __init__(self, receive: Receive, *, limit: int, idle: float) -> None:
        self._receive, self._limit, self._idle = receive, limit, idle
        self._seen = 0
        self.finished = False
        self.failure: Exception | None = None

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._idle):
                message: Message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] != "http.request":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._seen += len(chunk)
        if self._seen > self._limit:
            raise BodyTooLarge
        self.finished = not message.get("more_body", False)
        return chunk

    async def whole(self) -> bytes:
        """All of it at once, for bodies known to be small."""
        chunks = []
        while not self.finished:
            chunks.append(await self._next())
        return b"".join(chunks)

    async def stream(self) -> AsyncIterator[bytes]:
        """Piece by piece, as fast as the service takes it."""
        try:
            while not self.finished:
                if chunk := await self._next():
                    yield chunk
        except (ClientGone, BodyTooLarge, BodyTooSlow) as failure:
            self.failure = failure
            raise

    async def gone(self) -> None:
        """Return when the client has left. Call it only after the body is finished."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
