"""Reading a JSON body strictly: what is not plain, finite, well-formed JSON is refused before any rule."""

import json
import re
from typing import Any, NoReturn

from common.problems import MalformedBody, Text

__all__ = ["MAX_DEPTH", "strict_json"]

MAX_DEPTH = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


def strict_json(raw: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        MalformedBody: not UTF-8, not JSON, NaN or Infinity, a name twice in one object, nested deeper than
            `MAX_DEPTH`, or text with NUL or a lone surrogate (which PostgreSQL cannot store).
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(Text("请求体不是有效的 UTF-8", "The body is not valid UTF-8")) from error
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            detail = Text(
                f"请求体不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）",
                f"The body is not valid JSON (line {error.lineno}, column {error.colno})",
            )
        else:
            detail = Text("请求体含有过长的数字", "The body holds a number with too many digits")
        raise MalformedBody(detail) from error
    _check(value, MAX_DEPTH)
    return value


def _no_constant(name: str) -> NoReturn:
    raise MalformedBody(Text(f"JSON 不允许 {name}", f"JSON does not know {name}"))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)[:60]
        raise MalformedBody(Text(f"字段重复：{twin}", f"A field stands twice: {twin}"))
    return value


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if "\x00" in value or _SURROGATE.search(value):
            raise MalformedBody(
                Text("文本含有空字符或不完整的字符", "A text holds NUL or half of a surrogate pair")
            )
    elif isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise MalformedBody(Text("数字超出范围", "A number is out of range"))
    elif isinstance(value, dict | list):
        if depth == 0:
            raise _too_deep()
        for name in value if isinstance(value, dict) else ():
            _check(name, depth)
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth - 1)


def _too_deep() -> MalformedBody:
    return MalformedBody(
        Text(f"JSON 嵌套超过 {MAX_DEPTH} 层", f"JSON is nested deeper than {MAX_DEPTH} levels")
    )
