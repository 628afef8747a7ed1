"""Reading a JSON body strictly: what is not plain, finite, well-formed JSON is refused before any rule."""

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from common.problems import MalformedBody, Text

__all__ = ["MAX_DEPTH", "strict_json"]

MAX_DEPTH = 32
_SURROGATE = re.compile("[\ud800-\udfff]")
# In valid JSON only such an escape can bring NUL or half a character; only then every text is looked at.
_SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)


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
        value = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_twins
        )
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
    _check_depth(value)
    if _SUSPECT.search(text):
        _check_texts(value)
    return value


def _no_constant(name: str) -> NoReturn:
    raise MalformedBody(Text(f"JSON 不允许 {name}", f"JSON does not know {name}"))


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise MalformedBody(Text("数字超出范围", "A number is out of range"))
    return number


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twin, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        twin = twin[:60].encode("utf-8", "replace").decode()
        raise MalformedBody(Text(f"字段重复：{twin}", f"A field stands twice: {twin}"))
    return value


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value or _SURROGATE.search(value):
            raise MalformedBody(
                Text("文本含有空字符或不完整的字符", "A text holds NUL or half of a surrogate pair")
            )
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def _too_deep() -> MalformedBody:
    return MalformedBody(
        Text(f"JSON 嵌套超过 {MAX_DEPTH} 层", f"JSON is nested deeper than {MAX_DEPTH} levels")
    )
