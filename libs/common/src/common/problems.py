"""Errors that cross the API, as RFC 9457 problem details in Chinese and English.

A use case raises a `Problem`; one handler in `common.web` renders it. Clients switch on `type`; `title` and
`detail` are for people and follow `Accept-Language`. Codes inside extensions are free of language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "FieldError",
    "Forbidden",
    "IdempotencyKeyReused",
    "InvalidPayload",
    "MalformedBody",
    "NotFound",
    "PayloadTooLarge",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "RequestInProgress",
    "SecondPersonNeeded",
    "StateConflict",
    "Text",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
    "declare",
    "localise",
]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence for people, in both languages. `str()` gives the Chinese one."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh

    def render(self, language: str) -> str:
        """The sentence in `language` ("zh" or "en")."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one place of a payload; `pointer` is RFC 6901."""

    pointer: str
    detail: Text


class Problem(Exception):
    """Base of all errors a client may see. Subclasses set `type`, `title` and `status`."""

    type: ClassVar[str] = "/problems/internal"
    title: ClassVar[Text] = Text("服务内部错误", "Internal error")
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: Text | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(str(detail or self.title))
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions

    def body(self, language: str, instance: str | None = None) -> dict[str, Any]:
        """The problem document for a reader of `language`; `instance` is the path asked for."""
        document: dict[str, Any] = {
            "type": self.type,
            "title": self.title.render(language),
            "status": self.status,
            "detail": (self.detail or self.title).render(language),
        }
        if instance is not None:
            document["instance"] = instance
        document.update({name: localise(value, language) for name, value in self.extensions.items()})
        return document


def localise(value: Any, language: str) -> Any:
    """`value` with every `Text` and `FieldError` inside it rendered for a reader of `language`."""
    if isinstance(value, Text):
        return value.render(language)
    if isinstance(value, FieldError):
        return {"pointer": value.pointer, "detail": value.detail.render(language)}
    if isinstance(value, Mapping):
        return {key: localise(item, language) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [localise(item, language) for item in value]
    return value


class MalformedBody(Problem):
    """The body cannot be parsed at all."""

    type = "/problems/malformed-body"
    title = Text("请求体无法解析", "The body cannot be parsed")
    status = 400


class InvalidPayload(Problem):
    """The payload breaks its schema; `errors` names each place."""

    type = "/problems/invalid-payload"
    title = Text("请求内容不符合要求", "The payload is not valid")
    status = 422

    def __init__(self, errors: list[FieldError], detail: Text | None = None) -> None:
        super().__init__(detail, errors=errors)

    @classmethod
    def at(cls, pointer: str, detail: Text) -> "InvalidPayload":
        """One error at one place."""
        return cls([FieldError(pointer, detail)], detail)


class Unauthenticated(Problem):
    """No token, or one that does not hold."""

    type = "/problems/unauthenticated"
    title = Text("未提供有效的访问令牌", "A valid access token is required")
    status = 401

    def __init__(self, detail: Text | None = None, *, error: str | None = None) -> None:
        challenge = 'Bearer realm="tourtrust"' + (f', error="{error}"' if error else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    """The token is good but lacks the scope."""

    type = "/problems/forbidden"
    title = Text("权限不足", "Not allowed")
    status = 403


class NotFound(Problem):
    """No such thing, or not the caller's to see."""

    type = "/problems/not-found"
    title = Text("未找到", "Not found")
    status = 404


class StateConflict(Problem):
    """The request does not fit the present state."""

    type = "/problems/state-conflict"
    title = Text("当前状态不允许此操作", "The present state does not allow this")
    status = 409


class SecondPersonNeeded(StateConflict):
    """Two people must act: who took this part in the matter before may not take the next one."""

    type = "/problems/second-person-needed"
    title = Text(
        "须由此前未经办的另一人办理", "Another person must do this than those who had a part in it before"
    )


class RequestInProgress(Problem):
    """A request with the same idempotency key is still running."""

    type = "/problems/request-in-progress"
    title = Text("相同幂等键的请求正在处理", "A request with this idempotency key is still running")
    status = 409

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class IdempotencyKeyReused(Problem):
    """The idempotency key was used with another body."""

    type = "/problems/idempotency-key-reused"
    title = Text("幂等键已用于另一请求", "The idempotency key was used with another body")
    status = 422


class PreconditionFailed(Problem):
    """`If-Match` names another version than the present one."""

    type = "/problems/precondition-failed"
    title = Text("版本不一致，请重新读取", "The version has changed; read it again")
    status = 412


class PreconditionRequired(Problem):
    """The update needs `If-Match`."""

    type = "/problems/precondition-required"
    title = Text("更新须带 If-Match", "Updates need If-Match")
    status = 428


class PayloadTooLarge(Problem):
    """The body is over the limit."""

    type = "/problems/payload-too-large"
    title = Text("请求体过大", "The body is too large")
    status = 413


class UnsupportedMediaType(Problem):
    """The body is of a kind this route does not read."""

    type = "/problems/unsupported-media-type"
    title = Text("不支持的内容类型", "Unsupported media type")
    status = 415


class TooManyRequests(Problem):
    """Over the rate limit."""

    type = "/problems/too-many-requests"
    title = Text("请求过于频繁", "Too many requests")
    status = 429

    def __init__(self, retry_after: int, detail: Text | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(Problem):
    """A part this request needs does not answer at present."""

    type = "/problems/unavailable"
    title = Text("服务暂时不可用", "Temporarily unavailable")
    status = 503

    def __init__(self, detail: Text | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def declare(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside its success, for FastAPI's `responses=`."""
    by_status: dict[int | str, list[type[Problem]]] = {}
    for problem in problems:
        by_status.setdefault(problem.status, []).append(problem)
    return {
        status: {
            "description": "; ".join(f"{p.title.en} ({p.type})" for p in group),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, group in by_status.items()
    }
