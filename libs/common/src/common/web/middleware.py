"""Pure ASGI layers around every service: request id, size limit, numbers, log line, last resort."""

import re
import time

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.db import new_id
from common.problems import PayloadTooLarge, Problem
from common.telemetry import REQUEST_SECONDS, REQUESTS, propagator, tracer
from common.web.errors import problem_response

__all__ = ["BodyLimit", "Observed"]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOBODY_ANSWERED = 499
_QUIET = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger(__name__)


class BodyLimit:
    """Stops reading a body once it is, or says it will be, over `limit` bytes.

    A route may have a limit of its own in `scope["tourtrust.body_limit"]`.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"")
        announced = int(length) if length.isdigit() and len(length) < 20 else 0
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            limit = scope.get("tourtrust.body_limit", self._limit)
            if announced > limit:
                raise PayloadTooLarge
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise PayloadTooLarge
            return message

        await self._app(scope, limited, send)


class Observed:
    """Gives every request an id and a span, writes one line and two numbers when it ends, and answers when
    something unforeseen went wrong inside. Nothing is raised to the server, which would log the message too.
    """

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        offered = headers.get(b"x-request-id", b"")
        request_id = offered if _REQUEST_ID.fullmatch(offered) else new_id().hex.encode()
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        status = _NOBODY_ANSWERED
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        with (
            tracer.start_as_current_span(
                "request", context=propagator.extract(carrier), record_exception=False
            ) as span,
            structlog.contextvars.bound_contextvars(
                service=self._service,
                request_id=request_id.decode(),
                trace_id=f"{span.get_span_context().trace_id:032x}",
            ),
        ):
            try:
                await self._app(scope, receive, noted)
            except ClientDisconnect:
                pass
            except Exception as error:
                log.error("unexpected_error", exc_info=error)
                if status == _NOBODY_ANSWERED:
                    await problem_response(Problem(), Request(scope))(scope, receive, noted)
            finally:
                seconds = time.perf_counter() - started
                route = getattr(scope.get("route"), "path", "-")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                span.update_name(f"{method} {route}")
                span.set_attribute("http.response.status_code", status)
                REQUESTS.labels(self._service, method, route, status).inc()
                REQUEST_SECONDS.labels(self._service, method, route).observe(seconds)
                if route not in _QUIET:
                    log.info("request", method=method, route=route, status=status, seconds=round(seconds, 4))
