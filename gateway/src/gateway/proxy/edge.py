"""The first code that sees a request: ids, framing, token, rate limit, then a service or the gateway itself.

It is an ASGI layer around the gateway's own FastAPI app, so that a proxied request never enters FastAPI.
"""

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from common.problems import NotFound, Problem, Text, TooManyRequests, Unauthenticated
from common.telemetry import REQUEST_SECONDS, REQUESTS
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.catalogue.documents import Catalogue
from gateway.limits.classes import route_class
from gateway.limits.window import RateLimiter
from gateway.proxy.answers import send_problem
from gateway.proxy.errors import BadRequest, MethodNotSupported
from gateway.proxy.forward import Allowance, Forwarder
from gateway.proxy.headers import Header, Incoming, child_trace, read_request
from gateway.proxy.routing import Route, RouteTable
from gateway.tokens.gate import Caller, TokenGate

__all__ = ["Edge", "EdgeParts"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OWN_HEADERS = frozenset({b"x-request-id", b"traceparent", b"ratelimit", b"ratelimit-policy"})
URL_BYTES = 16_384


@dataclass(slots=True)
class EdgeParts:
    """What the edge works with. `forwarder` comes alive with the lifespan."""

    routes: RouteTable
    gate: TokenGate
    limiter: RateLimiter
    catalogue: Catalogue
    allowance: Allowance
    bulk_allowance: Allowance
    metrics_networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
    forwarder: Forwarder | None = None


class Edge:
    """The outermost ASGI layer of the gateway. WebSockets are refused: no service has any."""

    def __init__(self, app: ASGIApp, parts: EdgeParts) -> None:
        self._app, self._parts = app, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            _check_line(scope)
            incoming = read_request(scope["headers"])
        except Problem as problem:
            trace, _ = child_trace(None)
            extra = [(b"x-request-id", trace[3:35]), (b"traceparent", trace), (b"connection", b"close")]
            await send_problem(send, problem, path=scope["path"], extra=extra)
            _measure(scope["method"], "-", problem.status, started)
            return
        route = self._parts.routes.find(scope["raw_path"])
        if route is None:
            await self._own(scope, receive, send, incoming)
            return
        status = await self._proxied(scope, receive, send, route, incoming)
        _measure(scope["method"], route.service, status, started)

    async def _proxied(
        self, scope: Scope, receive: Receive, send: Send, route: Route, incoming: Incoming
    ) -> int:
        parts = self._parts
        extra: list[Header] = [(b"x-request-id", incoming.request_id), (b"traceparent", incoming.traceparent)]
        caller: Caller | None = None
        refusal: Problem | None = None
        try:
            if incoming.authorization is not None:
                caller = parts.gate.admit(incoming.authorization)
        except Unauthenticated as problem:
            refusal = problem
        name = route_class(scope["method"], scope["path"], anonymous=caller is None)
        decision = parts.limiter.hit(name, caller.sub if caller else _address(scope))
        extra += decision.headers
        if not decision.allowed:
            refusal = TooManyRequests(decision.retry_after)
        elif parts.routes.is_internal(scope["path"]):
            refusal = _no_such_path()
        elif incoming.authorization is None:
            refusal = await self._without_token(scope, route)
        if refusal is not None:
            await send_problem(
                send, refusal, accept_language=incoming.accept_language, path=scope["path"], extra=extra
            )
            return refusal.status
        allowance = parts.bulk_allowance if name == "bulk" else parts.allowance
        assert parts.forwarder is not None  # noqa: S101 - the lifespan made it before the first request
        return await parts.forwarder.forward(scope, receive, send, route, incoming, allowance, extra)

    async def _without_token(self, scope: Scope, route: Route) -> Problem | None:
        """Why a request without a token stops here; None when the service publishes the operation."""
        try:
            public = await self._parts.catalogue.is_public(route.service, scope["method"], scope["path"])
        except Problem as problem:
            return problem
        return None if public else Unauthenticated()

    async def _own(self, scope: Scope, receive: Receive, send: Send, incoming: Incoming) -> None:
        parts = self._parts
        address = _address(scope)
        path: str = scope["path"]
        decision = parts.limiter.hit(route_class(scope["method"], path, anonymous=True), address)
        extra = [
            (b"x-request-id", incoming.request_id),
            (b"traceparent", incoming.traceparent),
            *decision.headers,
        ]
        refusal: Problem | None = None
        if not decision.allowed:
            refusal = TooManyRequests(decision.retry_after)
        elif path == "/metrics" and not self._may_read_metrics(address, incoming):
            refusal = _no_such_path()
        if refusal is not None:
            await send_problem(
                send, refusal, accept_language=incoming.accept_language, path=path, extra=extra
            )
            return

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", ()) if header[0] not in OWN_HEADERS]
                message["headers"] = kept + extra
            await send(message)

        own = {b"x-request-id": incoming.request_id, b"traceparent": incoming.traceparent}
        headers = [header for header in scope["headers"] if header[0] not in own]
        await self._app({**scope, "headers": [*headers, *own.items()]}, receive, stamped)

    def _may_read_metrics(self, address: str, incoming: Incoming) -> bool:
        """Numbers are for the machine room: a direct neighbour, and nothing that came through a proxy."""
        if incoming.forwarded:
            return False
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._parts.metrics_networks)


def _check_line(scope: Scope) -> None:
    if scope["method"] not in METHODS:
        raise MethodNotSupported(headers={"Allow": ", ".join(sorted(METHODS))})
    if not scope["raw_path"].isascii() or not scope["query_string"].isascii():
        raise BadRequest(
            Text(
                "地址中的非 ASCII 字符须百分号编码", "Characters beyond ASCII in the address must be encoded"
            )
        )
    if len(scope["raw_path"]) + len(scope["query_string"]) > URL_BYTES:
        raise BadRequest(Text(f"地址超过 {URL_BYTES} 字节", f"The address is over {URL_BYTES} bytes"))


def _no_such_path() -> NotFound:
    return NotFound(Text("没有此路径", "There is no such path"))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


@cache
def _series(method: str, service: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of one kind of answer. Methods, services and statuses are few, so all are kept."""
    return (
        REQUESTS.labels("gateway", method, service, status),
        REQUEST_SECONDS.labels("gateway", method, service),
    )


def _measure(method: str, service: str, status: int, started: float) -> None:
    count, seconds = _series(method if method in METHODS else "-", service, status)
    count.inc()
    seconds.observe(time.perf_counter() - started)
