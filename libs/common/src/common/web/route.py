"""The route class of the house: access first, then a strict body, then idempotent work.

Order matters. The token is judged before the body is read, so nobody without one learns anything; the body
is read within its limit and parsed strictly; a write with `Idempotency-Key` runs at most once.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from common.idempotency import Attempt, StoredAnswer, remember
from common.problems import FieldError, InvalidPayload, Text, TooManyRequests, UnsupportedMediaType
from common.web.access import required_by
from common.web.body import strict_json
from common.web.parameters import ParameterRules

__all__ = ["Replayed", "ServiceRoute", "ServiceRouter", "attempt_of", "given_again"]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("content-type", "location", "etag", "retry-after")
MAX_KEY = 255


class Replayed(Exception):
    """The answer to this request is already known; raised by the session dependency to skip the work."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__("replayed")
        self.answer = answer


class ServiceRoute(APIRoute):
    """A route that authenticates, parses and deduplicates in that order.

    `max_body_size=` of a route replaces the service's limit for it. It is kept by our own middleware, which
    answers as a problem; the framework's own check would answer in plain text.
    """

    idempotent = True
    keyed = True

    def __init__(self, *args: Any, max_body_size: int | None = None, **options: Any) -> None:
        self._body_limit = max_body_size
        super().__init__(*args, **options)

    def get_route_handler(self) -> Callable[[Request], Any]:
        inner: Callable[[Request], Awaitable[Response]] = super().get_route_handler()
        requires = required_by(self.dependant)
        parameters = ParameterRules(self.dependant)
        field = self.body_field
        limit = self._body_limit
        reads_json = field is not None and not isinstance(field.field_info, Form)

        async def handle(request: Request) -> Response:
            if requires is not None:
                await requires(request)
            parameters.check(request)
            if limit is not None:
                request.scope["tourtrust.body_limit"] = limit
            if reads_json:
                await _read_json(request)
            attempt = await attempt_of(request) if self.idempotent else None
            request.state.attempt = attempt
            try:
                response = await inner(request)
            except Replayed as replayed:
                return given_again(replayed.answer)
            session = getattr(request.state, "session", None)
            if attempt is not None and session is not None and _is_final(response):
                headers = [(n, response.headers[n]) for n in KEPT_HEADERS if n in response.headers]
                answer = StoredAnswer(response.status_code, headers, bytes(response.body))
                state = request.app.state
                await remember(session, attempt, answer, state.keyring, state.clock.now())
            return response

        return handle


def _is_final(response: Response) -> bool:
    """Whether an answer can be kept: it says how the work ended, and it is whole (no file and no stream)."""
    passing = response.status_code >= 500 or response.status_code == TooManyRequests.status
    return not passing and hasattr(response, "body")


class OneTimeRoute(ServiceRoute):
    """A route whose answers are never kept: tokens, sessions, reveals of personal data."""

    idempotent = False
    keyed = False


class KeepingRoute(ServiceRoute):
    """A route whose work is several transactions: it asks `attempt_of` and keeps its answer itself."""

    idempotent = False


class ServiceRouter(APIRouter):
    """An `APIRouter` of `ServiceRoute`s.

    `idempotent=False` is for answers that must never be kept; with `keeps=True` the routes keep them.
    """

    def __init__(self, *, idempotent: bool = True, keeps: bool = False, **options: Any) -> None:
        kind = KeepingRoute if keeps else ServiceRoute
        super().__init__(route_class=kind if idempotent else OneTimeRoute, **options)


async def _read_json(request: Request) -> None:
    raw = await request.body()
    if not raw:
        return
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(Text("请求体须为 application/json", "The body must be application/json"))
    request._json = strict_json(raw)


async def attempt_of(request: Request, body: bytes | None = None) -> Attempt | None:
    """The attempt that a write with `Idempotency-Key` is; None without a key.

    A key belongs to one path and query. With `body`, what two attempts are compared by in place of the raw
    body, it belongs to the path alone: what of the query matters stands in `body` then.

    Raises:
        InvalidPayload: the key is no key.
    """
    key = request.headers.get("idempotency-key")
    principal = getattr(request.state, "principal", None)
    if key is None or principal is None or request.method not in WRITES:
        return None
    if not 1 <= len(key) <= MAX_KEY or not all("!" <= letter <= "~" for letter in key):
        raise InvalidPayload(
            [
                FieldError(
                    "header/Idempotency-Key",
                    Text(
                        f"须为 1 至 {MAX_KEY} 个可见 ASCII 字符",
                        f"Must be 1 to {MAX_KEY} visible ASCII letters",
                    ),
                )
            ]
        )
    query = request.url.query if body is None else ""
    return Attempt.of(
        service=request.app.state.name,
        principal=principal,
        method=request.method,
        path=request.url.path + ("?" + query if query else ""),
        key=key,
        body=await request.body() if body is None else body,
    )


def given_again(answer: StoredAnswer) -> Response:
    """A kept answer once more, marked as such."""
    response = Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
    response.headers["Idempotency-Replayed"] = "true"
    return response
