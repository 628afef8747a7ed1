"""One place where whatever went wrong becomes a problem document."""

import logging
from collections.abc import Mapping, Sequence
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
    "tuple_type": "须为数组",
    "set_type": "须为数组",
    "bytes_type": "须为文本",
    "decimal_type": "须为十进制数",
    "decimal_parsing": "须为十进制数",
    "decimal_max_digits": "至多 {max_digits} 位数字",
    "decimal_max_places": "至多 {decimal_places} 位小数",
    "decimal_whole_digits": "整数部分至多 {whole_digits} 位",
    "multiple_of": "须为 {multiple_of} 的倍数",
    "time_type": "须为时间",
    "time_parsing": "须为时间",
    "time_delta_type": "须为时长（如 P1D）",
    "time_delta_parsing": "须为时长（如 P1D）",
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


_UNKNOWN: Any = object()


def field_errors(
    errors: Sequence[ErrorDetails] | Sequence[Any], body_at: int = 0, body: Any = _UNKNOWN
) -> list[FieldError]:
    """Pydantic's errors as pointers and bilingual details.

    `body_at` is 1 when each location begins with FastAPI's "body", "query", "path" or "header". Where a
    schema holds unions give the `body` that was validated: only with it can a pointer leave out the branches.
    """
    return [_field_error(error, body_at, body) for error in errors[:100]]


def _field_error(error: Any, body_at: int, body: Any) -> FieldError:
    location = error["loc"]
    if body_at and location and location[0] != "body":
        pointer = "/".join(str(part) for part in location)
    else:
        parts = _true_parts(location[body_at:], body, error["type"] == "missing")
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    context = {name: str(value) for name, value in error.get("ctx", {}).items()}
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "value_error" and cause is not None:
        text = cause.args[0] if getattr(cause, "args", ()) else str(cause)
        detail = text if isinstance(text, Text) else Text(str(text), str(text))
    else:
        template = CHINESE.get(error["type"])
        # Pydantic joins what it names in English.
        context = {name: value.replace("' or '", "', '") for name, value in context.items()}
        chinese = template.format_map(_Lenient(context)) if template else f"不符合要求（{error['type']}）"
        detail = Text(chinese, error["msg"])
    return FieldError(pointer, detail)


def _true_parts(location: Sequence[str | int], body: Any, missing: bool) -> list[str | int]:
    """The parts of `location` that lead somewhere in `body`; pydantic also names the branches of unions."""
    if body is _UNKNOWN:
        return list(location)
    parts: list[str | int] = []
    place = body
    for number, part in enumerate(location, 1):
        if isinstance(place, Mapping):
            leads = part in place
        else:
            leads = isinstance(place, list) and isinstance(part, int) and part < len(place)
        if leads:
            place = place[part]
        if leads or (missing and number == len(location)):
            parts.append(part)
    return parts


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
        if not isinstance(error, RequestValidationError):
            raise error
        return problem_response(InvalidPayload(field_errors(error.errors(), 1, error.body)), request)

    async def on_http(request: Request, error: Exception) -> Response:
        if isinstance(error.__cause__, Problem):  # raised while FastAPI read a form
            return problem_response(error.__cause__, request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        known: dict[int, Problem] = {
            404: NotFound(Text("没有此路径", "There is no such path")),
            405: _MethodNotAllowed(headers=getattr(error, "headers", None)),
            413: PayloadTooLarge(),
        }
        return problem_response(known.get(status, MalformedBody()), request)

    async def on_database(request: Request, error: Exception) -> Response:
        state = sqlstate(error) if isinstance(error, DBAPIError) else None
        problem = _database_problem(error, state)
        origin = getattr(getattr(error, "orig", None), "__cause__", None)
        log.log(
            logging.ERROR if problem.status == 500 else logging.WARNING,
            "database_error",
            sqlstate=state,
            kind=type(error).__name__,
            constraint=getattr(origin, "constraint_name", None),
            exc_info=error if problem.status == 500 else None,
        )
        return problem_response(problem, request)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (DBAPIError, PoolTimeout, ConnectionError, TimeoutError):
        app.add_exception_handler(kind, on_database)


def _database_problem(error: Exception, state: str | None) -> Problem:
    if isinstance(error, IntegrityError):
        return StateConflict(
            Text("与已有数据冲突，请重新读取后再试", "It conflicts with stored data; read again and retry")
        )
    if state is not None and state.startswith("22"):
        return InvalidPayload(
            [FieldError("", Text("内容超出可存储的范围", "A value is outside what can be stored"))]
        )
    if state is not None and state.startswith("42"):
        return Problem()  # a statement that can never run: our mistake, and no retry heals it
    return Unavailable(Text("数据库暂时不可用，请稍后重试", "The database is not available; try again soon"))
