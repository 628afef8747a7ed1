"""Passing one request on and its answer back, piece by piece in both directions.

What may be sent twice: a GET or HEAD without a body, once, and only while no byte of an answer has come.
A write is sent once; when its answer is lost the client is told so (502, 504) and repeats it, if it wants,
with its `Idempotency-Key`. When the client leaves, the connection to the service is cut.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog
from common.problems import PayloadTooLarge, Problem, Text, Unavailable
from starlette.types import Receive, Scope, Send

from gateway.proxy.answers import send_problem
from gateway.proxy.body import BodyTooLarge, BodyTooSlow, ClientBody, ClientGone
from gateway.proxy.errors import BadGateway, GatewayTimeout, RequestTimeout
from gateway.proxy.headers import Header, Incoming, answer_headers, forwarded_headers
from gateway.proxy.routing import Route
from gateway.proxy.upstream import Answer, Upstream, UpstreamBroken, UpstreamSlow, UpstreamUnreachable

__all__ = ["Allowance", "Forwarder"]

SMALL_BODY = 65_536
"""A declared body up to this size is read whole before the service hears of it: a client that breaks off
in the middle of it then never starts a write."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one request may send, and how many seconds either side may stay silent."""

    body_bytes: int
    client_idle: float
    upstream_idle: float


class _Departure:
    """Cancels the exchange when the client leaves, and knows that it was so."""

    def __init__(self, body: ClientBody) -> None:
        self.happened = False
        self.answered = False
        self._body = body
        self._exchange = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None

    def watch(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        await self._body.gone()
        if not self.answered and self._exchange is not None:
            self.happened = True
            self._exchange.cancel()

    def end(self) -> None:
        self.answered = True
        if self._watch is not None:
            self._watch.cancel()


class Forwarder:
    """Exchanges requests with the services over one `Upstream`."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        route: Route,
        incoming: Incoming,
        allowance: Allowance,
        extra: Sequence[Header],
    ) -> int:
        """Answer the request from its service and return the status; 0 when the client left before.

        `extra` are the gateway's own headers for the answer. Failures are answered as Problems: 408, 413,
        502, 503, 504. A failure after the answer has begun can only break the client's connection, which is
        what an unfinished ASGI answer does.
        """

        async def refuse(problem: Problem) -> int:
            log.info("not_forwarded", service=route.service, problem=problem.type)
            await send_problem(
                send, problem, accept_language=incoming.accept_language, path=scope["path"], extra=extra
            )
            return problem.status

        if incoming.content_length is not None and incoming.content_length > allowance.body_bytes:
            return await refuse(_too_large(allowance))
        body = ClientBody(receive, limit=allowance.body_bytes, idle=allowance.client_idle)
        departure = _Departure(body)
        try:
            payload: bytes | AsyncIterator[bytes] | None
            if not incoming.has_body:
                payload = None
                departure.watch()
            elif incoming.content_length is not None and incoming.content_length <= SMALL_BODY:
                payload = await body.whole()
                departure.watch()
            else:
                payload = _then(body.stream(), departure)
            answer = await self._send(scope, route, incoming, payload, allowance)
            try:
                return await _relay(answer, send, extra, departure)
            finally:
                answer.close()
        except ClientGone:
            return 0
        except BodyTooLarge:
            return await refuse(_too_large(allowance))
        except BodyTooSlow:
            return await refuse(RequestTimeout())
        except UpstreamUnreachable:
            return await refuse(
                Unavailable(Text("后端服务暂时无法连接", "The service cannot be reached at present"))
            )
        except UpstreamSlow:
            return await refuse(GatewayTimeout())
        except UpstreamBroken:
            match body.failure:
                case ClientGone():
                    return 0
                case BodyTooLarge():
                    return await refuse(_too_large(allowance))
                case BodyTooSlow():
                    return await refuse(RequestTimeout())
                case _:
                    return await refuse(BadGateway())
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if departure.happened and task is not None and task.uncancel() == 0:
                return 0
            raise
        finally:
            departure.end()

    async def _send(
        self,
        scope: Scope,
        route: Route,
        incoming: Incoming,
        payload: bytes | AsyncIterator[bytes] | None,
        allowance: Allowance,
    ) -> Answer:
        method: str = scope["method"]
        query: bytes = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        url = route.base_url + target.decode("ascii")
        client = scope["client"][0] if scope.get("client") else ""
        headers = incoming.pass_on + forwarded_headers(incoming, client, scope["scheme"])
        if payload is None and method in {"GET", "HEAD"}:
            try:
                return await self._upstream.send(method, url, headers, None, allowance.upstream_idle)
            except UpstreamUnreachable:
                pass
            except UpstreamBroken as error:
                if not error.silent:
                    raise
        return await self._upstream.send(method, url, headers, payload, allowance.upstream_idle)


async def _then(chunks: AsyncIterator[bytes], departure: _Departure) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
    departure.watch()


async def _relay(answer: Answer, send: Send, extra: Sequence[Header], departure: _Departure) -> int:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [*answer_headers(answer.headers, answer.status), *extra],
        }
    )
    try:
        while True:
            chunk = await answer.read()
            complete = answer.complete
            if complete:
                departure.answered = True
            await send({"type": "http.response.body", "body": chunk, "more_body": not complete})
            if complete:
                return answer.status
    except (UpstreamBroken, UpstreamSlow) as error:
        log.warning("answer_broken_off", status=answer.status, error=type(error).__name__)
        return answer.status


def _too_large(allowance: Allowance) -> PayloadTooLarge:
    limit = allowance.body_bytes
    return PayloadTooLarge(Text(f"请求体超过 {limit} 字节", f"The body is over {limit} bytes"), limit=limit)
