"""Problem documents straight onto ASGI, for the parts that stand before FastAPI."""

import json
from collections.abc import Sequence

from common.problems import Problem
from common.web.language import preferred
from starlette.types import Send

from gateway.proxy.headers import Header

__all__ = ["send_problem"]


async def send_problem(
    send: Send, problem: Problem, *, accept_language: bytes = b"", path: str, extra: Sequence[Header] = ()
) -> None:
    """Answer `problem` in the reader's language (Chinese unless English is preferred)."""
    language = preferred(accept_language.decode("latin-1"))
    # A path that cannot be written as UTF-8 still gets its answer: what cannot be shown is replaced.
    shown = path.encode("utf-8", "replace").decode("utf-8")
    body = json.dumps(problem.body(language, shown), ensure_ascii=False).encode()
    headers: list[Header] = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
