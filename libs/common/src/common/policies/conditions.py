"""Conditions inside policy files: CEL expressions, compiled and checked when the file is loaded.

Values: whole numbers are 64-bit integers; a `Decimal` of at most 15 significant digits compares exactly with
a decimal literal; a `date` is the CEL timestamp of its midnight (UTC) and is written `date("2026-03-15")`; an
aware `datetime` is a timestamp. Binary floats are refused, and nothing is guessed: a value or an outcome
outside this is a PolicyError.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import cel
from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from common.problems import Text

from .errors import PolicyError

__all__ = ["CompiledWith", "Condition"]

_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """size contains startsWith endsWith matches int uint double string timestamp duration date
        getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear
        getHours getMinutes getSeconds
        """,
    )
)
_MAX_INT = 2**63 - 1
_EXACT_DIGITS = 15
_TOKEN = re.compile(
    r"""(?P<string>[rRbB]{0,2}(?:'''(?s:.*?)'''|\"\"\"(?s:.*?)\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))"""
    r"|(?P<comment>//[^\n]*)|(?P<name>[A-Za-z_]\w*)|(?P<number>[0-9][\w.]*)|(?P<mark>\S)"
)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


class Condition:
    """A yes-or-no question over named facts.

    `Condition(expression, variables)` refuses, with a PolicyError, what does not parse, names a variable
    outside `variables` or calls an unknown function. Evaluating needs no lock and keeps no state.
    """

    __slots__ = ("_program", "_used", "_uses_date", "expression", "file")

    def __init__(self, expression: str, variables: Collection[str], *, file: str = "-") -> None:
        self.expression = expression
        self.file = file
        try:
            self._program = cel.compile(expression)
            names, functions = frozenset(self._program.variables()), frozenset(self._program.functions())
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as failure:  # a panic of the native parser is no Exception
            raise self._error("不能解析", f"does not parse: {failure}") from failure
        bound = self._bound_names(frozenset(variables))
        unknown = names - bound - frozenset(variables)
        if unknown:
            raise self._error(f"使用了未知名称 {sorted(unknown)}", f"uses unknown names {sorted(unknown)}")
        called = {name for name in functions if name.isidentifier()} - _FUNCTIONS
        if called:
            raise self._error(f"使用了未知函数 {sorted(called)}", f"calls unknown functions {sorted(called)}")
        self._used = names - bound
        self._uses_date = "date" in functions

    @property
    def variables(self) -> frozenset[str]:
        """The names this condition really uses."""
        return self._used

    def evaluate(self, facts: Mapping[str, Any]) -> bool:
        """True or False. Raises PolicyError when a used name is missing or the outcome is neither."""
        try:
            values = {name: _to_cel(facts[name]) for name in self._used}
            outcome = self._program.execute(
                cel.Context(values, {"date": _date}) if self._uses_date else values
            )
        except (KeyboardInterrupt, SystemExit):
            raise
        except (
            BaseException
        ) as failure:  # native panics included: whatever happens, the caller gets a PolicyError
            reason = f"{type(failure).__name__}: {failure}"
            raise self._error(f"无法判定（{reason}）", f"cannot be decided ({reason})") from failure
        if outcome is True or outcome is False:
            return outcome
        raise self._error("结果不是真假值", "gives something other than true or false")

    def _error(self, zh: str, en: str) -> PolicyError:
        return PolicyError(
            self.file, Text(f"条件“{self.expression}”{zh}", f"condition {self.expression!r} {en}")
        )

    def _bound_names(self, variables: frozenset[str]) -> frozenset[str]:
        """The names that macros such as `list.exists(x, ...)` bind; each holds inside its macro only."""
        tokens = [m for m in _TOKEN.finditer(self.expression) if m.lastgroup != "comment"]
        words = [m.group() for m in tokens]
        spans = list(_macro_spans(words))
        bound = frozenset(name for name, _, _ in spans)
        if clash := bound & variables:
            raise self._error(f"重复使用名称 {sorted(clash)}", f"binds names already in use {sorted(clash)}")
        for place, token in enumerate(tokens):
            word = token.group()
            if token.lastgroup != "name" or word not in bound or (place and words[place - 1] == "."):
                continue
            if not any(name == word and start <= place <= end for name, start, end in spans):
                raise self._error(f"名称 {word} 在此无定义", f"uses {word!r} outside the macro that binds it")
        return bound

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.expression == self.expression

    def __hash__(self) -> int:
        return hash(self.expression)

    def __repr__(self) -> str:
        return f"Condition({self.expression!r})"


@dataclass(frozen=True)
class CompiledWith:
    """Makes a policy field a condition: `when: Annotated[Condition, CompiledWith(frozenset({"amount"}))]`."""

    variables: frozenset[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._compile,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda condition: condition.expression, return_schema=core_schema.str_schema()
            ),
        )

    def _compile(self, value: Any, info: ValidationInfo) -> Condition:
        if isinstance(value, Condition):
            return value
        if not isinstance(value, str):
            raise ValueError("a condition is a CEL expression in text")
        file = (info.context or {}).get("file", "-")
        try:
            return Condition(value, self.variables, file=file)
        except PolicyError as failure:
            raise ValueError(failure.reason.en) from failure


def _macro_spans(words: list[str]) -> Iterator[tuple[str, int, int]]:
    """Each macro call as (bound name, first token inside, closing bracket)."""
    for place in range(len(words) - 4):
        if (
            words[place] == "."
            and words[place + 1] in _MACROS
            and words[place + 2] == "("
            and words[place + 4] == ","
        ):
            depth, end = 1, place + 3
            while depth and end < len(words) - 1:
                end += 1
                depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(words[end], 0)
            yield words[place + 3], place + 3, end


def _date(text: str) -> datetime:
    return _to_timestamp(date.fromisoformat(text))


def _to_timestamp(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _to_cel(value: Any) -> Any:
    """`value` as CEL sees it. Raises TypeError or ValueError for what has no exact counterpart."""
    if isinstance(value, Enum):
        return _to_cel(value.value)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -_MAX_INT - 1 <= value <= _MAX_INT:
            raise ValueError(f"{value} is no 64-bit integer")
        return value
    if isinstance(value, Decimal):
        if not value.is_finite() or len(value.as_tuple().digits) > _EXACT_DIGITS:
            raise ValueError(f"{value} has more than {_EXACT_DIGITS} significant digits")
        return float(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a point in time without its zone")
        return value
    if isinstance(value, date):
        return _to_timestamp(value)
    if isinstance(value, Mapping):
        return {str(key): _to_cel(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_cel(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_to_cel(item) for item in value), key=repr)
    raise TypeError(f"{type(value).__name__} has no counterpart in a condition")
