"""The connection to the services, behind an interface small enough to change the library under it.

`aiohttp` carries it: its pool costs the same however many connections it holds. Nothing is retried here, not
even what aiohttp would (it repeats PUT and DELETE): whether a request may be sent twice is the proxy's word.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import aiohttp
from multidict import CIMultiDict
from yarl import URL

__all__ = [
    "AiohttpUpstream",
    "Answer",
    "Upstream",
    "UpstreamBroken",
    "UpstreamSlow",
    "UpstreamUnreachable",
    "fetch",
]

Header = tuple[bytes, bytes]


class UpstreamUnreachable(Exception):
    """No connection came about; the service saw nothing of the request."""


class UpstreamBroken(Exception):
    """The connection ended before a whole answer, or what came is not HTTP. `silent`: nothing came at all."""

    def __init__(self, reason: str, *, silent: bool = False) -> None:
        super().__init__(reason)
        self.silent = silent


class UpstreamSlow(Exception):
    """Nothing came within the time allowed."""


class Answer(Protocol):
    """A service's answer whose head has arrived."""

    status: int
    headers: Sequence[Header]

    async def read(self) -> bytes:
        """The next bytes of the body, exactly as sent; empty at its end."""

    @property
    def complete(self) -> bool:
        """Whether all of the body has been read."""

    def close(self) -> None:
        """Give the connection back, or cut it when the answer is not read to its end."""


class Upstream(Protocol):
    """Sends one request and gives the answer's head."""

    async def send(
        self,
        method: str,
        url: str,
        headers: Sequence[Header],
        body: bytes | AsyncIterator[bytes] | None,
        idle: float,
    ) -> Answer:
        """Send once.

        Raises:
            UpstreamUnreachable: nothing was sent.
            UpstreamBroken, UpstreamSlow: the service may have acted on it.
        """

    async def close(self) -> None:
        """Close all connections."""


class _AiohttpAnswer:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._content = response.content
        self.status = response.status
        self.headers: Sequence[Header] = response.raw_headers

    @property
    def complete(self) -> bool:
        return self._content.at_eof()

    async def read(self) -> bytes:
        try:
            return await self._content.readany()
        except TimeoutError as error:
            raise UpstreamSlow from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamBroken(str(error)) from error

    def close(self) -> None:
        if self._content.at_eof():
            self._response.release()
        else:
            self._response.close()


async def _once(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    """Turn the errors that aiohttp would answer with a second try into ours, which it passes on."""
    try:
        return await handler(request)
    except aiohttp.ConnectionTimeoutError as error:
        raise UpstreamUnreachable(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise UpstreamUnreachable(str(error)) from error
    except TimeoutError as error:
        raise UpstreamSlow(str(error)) from error
    except (aiohttp.ServerDisconnectedError, OSError) as error:
        raise UpstreamBroken(str(error), silent=True) from error
    except aiohttp.ClientError as error:
        raise UpstreamBroken(str(error)) from error


class AiohttpUpstream:
    """One connection pool for all services. Make it inside the running event loop."""

    def __init__(self, *, connect_seconds: float, keepalive_seconds: float, connections: int) -> None:
        self._connect = connect_seconds
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections, keepalive_timeout=keepalive_seconds, ttl_dns_cache=10
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            middlewares=(_once,),
            max_line_size=32_768,
            max_field_size=32_768,
            trust_env=False,
        )

    def _timeout(self, idle: float) -> aiohttp.ClientTimeout:
        if (timeout := self._timeouts.get(idle)) is None:
            timeout = self._timeouts[idle] = aiohttp.ClientTimeout(
                total=None, connect=self._connect, sock_connect=self._connect, sock_read=idle
            )
        return timeout

    async def send(
        self,
        method: str,
        url: str,
        headers: Sequence[Header],
        body: bytes | AsyncIterator[bytes] | None,
        idle: float,
    ) -> Answer:
        fields: CIMultiDict[str] = CIMultiDict((name.decode(), value.decode()) for name, value in headers)
        response = await self._session.request(
            method,
            URL(url, encoded=True),
            headers=fields,
            data=body,
            allow_redirects=False,
            timeout=self._timeout(idle),
        )
        return _AiohttpAnswer(response)

    async def close(self) -> None:
        await self._session.close()


async def fetch(upstream: Upstream, url: str, *, idle: float = 3.0) -> bytes | None:
    """The body of a 200 answer to the gateway's own GET; None for any other answer, or none."""
    try:
        answer = await upstream.send("GET", url, (), None, idle)
        chunks = []
        try:
            while not answer.complete:
                chunks.append(await answer.read())
        finally:
            answer.close()
    except (UpstreamUnreachable, UpstreamBroken, UpstreamSlow):
        return None
    return b"".join(chunks) if answer.status == 200 else None
