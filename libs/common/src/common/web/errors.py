"""One place where whatever went wrong becomes a problem document."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from common.db import sqlstate
from common.problems import (
    FieldError,
    InvalidPayload,
    MalformedBody,
    NotFound,
    PayloadTooLarge,
    Problem,
    StateConflict,
    Text,
    Unavailable,
)
from common.web.language import language_of

__all__ = ["field_errors", "install_error_handlers", "problem_response"]

log = structlog.get_logger(__name__)

CHINESE = {
    "missing": "缺少必填字段",
    "extra_forbidden": "未知字段",
    "string_type": "须为文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符（{pattern}）",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "int_parsing_size": "整数过大",
    "float_type": "须为数字",
    "float_parsing": "须为数字",
    "finite_number": "须为有限数字",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "须不小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "须不大于 {le}",
    "enum": "须为下列之一：{expected}",
    "literal_error": "须为下列之一：{expected}",
    "uuid_parsing": "须为 UUID",
    "uuid_type": "须为 UUID",
    "date_type": "须为日期（YYYY-MM-DD）",
    "date_parsing": "须为日期（YYYY-MM-DD）",
    "date_from_datetime_parsing": "须为日期（YYYY-MM-DD）",
    "date_from_datetime_inexact": "须为日期（YYYY-MM-DD）",
    "datetime_type": "须为带时区的时间",
    "datetime_parsing": "须为带时区的时间",
    "datetime_from_date_parsing": "须为带时区的时间",
    "timezone_aware": "须为带时区的时间",
    "list_type": "须为数组",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "dict_type": "须为对象",
    "model_type": "须为对象",
    "model_attributes_type": "须为对象",
    "none_required": "须为 null",
    "union_tag_invalid": "类型标识须为下列之一：{expected_tags}",
    "union_tag_not_found": "缺少类型标识 {discriminator}",
}


class _MethodNotAllowed(Problem):
    type = "/problems/method-not-allowed"
    title = Text("不支持的方法", "Method not allowed")
    status = 405


def field_errors(errors: Sequence[ErrorDetails] | Sequence[Any], body_at: int = 0) -> list[FieldError]:
    """Pydantic's errors as pointers and bilingual details.

    `body_at` is 1 when each location begins with FastAPI's "body", "query", "path" or "header".
    """
    return [_field_error(error, body_at) for error in errors[:100]]


def _field_error(error: Any, body_at: int) -> FieldError:
    location = [str(part) for part in error["loc"]]
    if body_at and location and location[0] != "body":
        pointer = "/".join(location)
    else:
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in location[body_at:])
    context = {name: str(value) for name, value in error.get("ctx", {}).items()}
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "value_error" and cause is not None:
        text = cause.args[0] if getattr(cause, "args", ()) else str(cause)
        detail = text if isinstance(text, Text) else Text(str(text), str(text))
    else:
        template = CHINESE.get(error["type"])
        detail = Text(template.format_map(_Lenient(context)) if template else error["msg"], error["msg"])
    return FieldError(pointer, detail)


class _Lenient(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


def problem_response(problem: Problem, request: Request) -> Response:
    """`problem` as an answer in the reader's language. Return it, instead of raising, to keep a trace."""
    return JSONResponse(
        problem.body(language_of(request), request.url.path),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def install_error_handlers(app: FastAPI) -> None:
    """Make `app` answer every error as a problem document."""

    async def on_problem(request: Request, error: Exception) -> Response:
        return problem_response(error if isinstance(error, Problem) else Problem(), request)

    async def on_invalid(request: Request, error: Exception) -> Response:
        details = error.errors() if isinstance(error, RequestValidationError) else []
        return problem_response(InvalidPayload(field_errors(details, body_at=1)), request)

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        known: dict[int, Problem] = {
            404: NotFound(Text("没有此路径", "There is no such path")),
            405: _MethodNotAllowed(headers=getattr(error, "headers", None)),
            413: PayloadTooLarge(),
        }
        return problem_response(known.get(status, MalformedBody()), request)

    async def on_database(request: Request, error: Exception) -> Response:
        state = sqlstate(error) if isinstance(error, DBAPIError) else None
        log.warning("database_error", sqlstate=state, kind=type(error).__name__)
        return problem_response(_database_problem(error, state), request)

    async def on_anything(request: Request, error: Exception) -> Response:
        log.error("unexpected_error", exc_info=error)
        return problem_response(Problem(), request)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (DBAPIError, PoolTimeout, ConnectionError, TimeoutError):
        app.add_exception_handler(kind, on_database)
    app.add_exception_handler(Exception, on_anything)


def _database_problem(error: Exception, state: str | None) -> Problem:
    if isinstance(error, IntegrityError):
        return StateConflict(
            Text("与已有数据冲突，请重新读取后再试", "It conflicts with stored data; read again and retry")
        )
    if state is not None and state.startswith("22"):
        return InvalidPayload(
            [FieldError("", Text("内容超出可存储的范围", "A value is outside what can be stored"))]
        )
    return Unavailable(Text("数据库暂时不可用，请稍后重试", "The database is not available; try again soon"))
