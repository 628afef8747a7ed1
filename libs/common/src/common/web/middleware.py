"""Pure ASGI layers around every service: request id, size limit, numbers, log line, last resort."""

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.db import new_id
from common.problems import PayloadTooLarge
from common.telemetry import REQUEST_SECONDS, REQUESTS, propagator, tracer

__all__ = ["BodyLimit", "Observed"]

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")
_QUIET = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger(__name__)


class BodyLimit:
    """Stops reading a body once it is over `limit` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > scope.get("tourtrust.body_limit", self._limit):
                    raise PayloadTooLarge
            return message

        await self._app(scope, limited, send)


class Observed:
    """Gives every request an id and a span, and writes one line and two numbers when it ends."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        offered = headers.get(b"x-request-id", b"")
        request_id = offered if _REQUEST_ID.match(offered) else new_id().hex.encode()
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        status = 500
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        with tracer.start_as_current_span("request", context=propagator.extract(carrier)) as span:
            context = span.get_span_context()
            structlog.contextvars.bind_contextvars(
                service=self._service,
                request_id=request_id.decode(),
                trace_id=f"{context.trace_id:032x}",
            )
            try:
                await self._app(scope, receive, noted)
            finally:
                seconds = time.perf_counter() - started
                route = getattr(scope.get("route"), "path", "-")
                REQUESTS.labels(self._service, scope["method"], route, status).inc()
                REQUEST_SECONDS.labels(self._service, scope["method"], route).observe(seconds)
                if route not in _QUIET:
                    log.info(
                        "request",
                        method=scope["method"],
                        route=route,
                        status=status,
                        seconds=round(seconds, 4),
                    )
                structlog.contextvars.clear_contextvars()
