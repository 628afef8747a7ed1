"""Reading cases: one JSON object a line, with short forms for what is the same everywhere.

Unknown keys are refused with their line; everything that can be left out has a default that a reader expects.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import rfc8785
from common.clock import china_date
from common.problems import Text
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from credit.facts.rules import REPAIRED, Action, DayPeriod, FactVersion, action_allowed, disputes_after
from credit.scoring.rules import CardError
from credit.subjects.rules import Kind

from .shapes import change_of, items_of
from .times import day_of, end_of, instant_of, last_instant, start_of

__all__ = ["Case", "CasesError", "Expectation", "read_cases"]

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_OBJECT = Text("须为 JSON 对象", "must be a JSON object")
_SAID = {
    "string_type": Text("须为文本", "must be text"),
    "int_type": Text("须为整数", "must be a whole number"),
    "int_parsing": Text("须为整数", "must be a whole number"),
    "bool_parsing": Text("须为 true 或 false", "must be true or false"),
    "list_type": Text("须为列表", "must be a list"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
_WORDS = {
    "active": "record",
    "valid": "record",
    "recorded": "record",
    "amended": "amend",
    "corrected": "amend",
    "revoked": "revoke",
    "restored": "restore",
    "disputed": "dispute",
    "settled": "settle",
}


class CasesError(Exception):
    """A file of cases that is not wholly understood; names the line and the field."""

    def __init__(self, file: str, line: int, reason: Text) -> None:
        super().__init__(f"{file}, line {line}: {reason.en}")
        self.text = Text(f"{file} 第 {line} 行：{reason.zh}", f"{file}, line {line}: {reason.en}")


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _kind(value: str) -> str:
    if value not in set(Kind):
        known = ", ".join(Kind)
        raise CardError(f"没有此主体类别：{value}；可用：{known}", f"unknown kind {value}; known: {known}")
    return value


def _word(value: Any) -> Any:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _list_of(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ABOUT = ("rule", "fact_id", "reason", "legal_basis", "expires_on")
Day = Annotated[date, BeforeValidator(day_of)]
Instant = Annotated[datetime, BeforeValidator(instant_of)]
LastInstant = Annotated[datetime, BeforeValidator(last_instant)]
Name = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SubjectGiven(_Part):
    """The subject of a case; only what the card asks for needs to be given."""

    id: Name | None = None
    kind: Annotated[str, AfterValidator(_kind)] | None = None
    region: Name | None = None
    name: Any = None
    key: Any = None
    status: Any = None
    licensed_on: Day | None = Field(
        default=None, validation_alias=AliasChoices("licensed_on", "in_business_since")
    )
    level: Name | None = None
    scope: Annotated[list[str], BeforeValidator(_list_of)] = Field(
        default=[], validation_alias=AliasChoices("scope", "business_scope")
    )
    headcount: int | None = None


class FactGiven(_Part):
    """A fact, or with an `id` that stands before it a later version of that fact."""

    id: Name | None = None
    code: str | None = None
    occurred_on: Day | None = None
    recorded_at: Instant | None = None
    payload: dict[str, Any] | None = None
    version: int | None = Field(default=None, ge=1)
    action: Annotated[Action | None, BeforeValidator(_word)] = Field(
        default=None, validation_alias=AliasChoices("action", "status")
    )
    subject_id: Any = None
    source: Any = None
    evidence: Any = None
    note: Any = None


class Expectation(_Part):
    """What is expected; a key that is not given is not checked."""

    score: Any = None
    grade: str | None = None
    tier: str | None = None
    rated: bool | None = None
    state: Literal["rated", "not_rated", "cancelled"] | None = None
    not_rated_because: str | None = None
    contributions: Annotated[Any, items_of("points", *_ABOUT, by_rule=True)] = None
    vetoes: Annotated[Any, items_of("grade", "effect", "facts", *_ABOUT)] = None
    actions: Annotated[Any, items_of("action", *_ABOUT)] = None
    flags: Annotated[Any, items_of("flag", "rule", "fact_id", "counted")] = None
    dimensions: dict[str, Any] | None = None
    prerequisites_unmet: Annotated[
        Any, items_of("rule", "grade", "unmet", "to_grade", "reason", "legal_basis")
    ] = None
    next_change_on: Day | None = None
    next_change: Annotated[Any, change_of("on", "score", "grade")] = None
    next_grade: Annotated[Any, change_of("on", "grade")] = None
    next_grade_change: Annotated[Any, change_of("on", "grade")] = None


class _Given(_Part):
    id: Name | None = None
    name: Any = None
    note: Any = None
    description: Any = None
    scorecard: str | None = None
    subject: Annotated[SubjectGiven, BeforeValidator(_kind_alone)] = SubjectGiven()
    facts: list[FactGiven] = Field(default=[])
    valid_at: Day | None = None
    known_at: LastInstant | None = None
    expect: Expectation = Expectation()


@dataclass(frozen=True)
class Case:
    """One case, ready for the engine; `names` gives back the ids of facts as the file wrote them."""

    line: int
    name: str
    scorecard: str | None
    subject: SubjectGiven
    facts: tuple[FactVersion, ...]
    names: dict[UUID, str]
    valid_at: date
    known_at: datetime
    expect: Expectation


def read_cases(path: Path, today: date) -> list[Case]:
    """The cases of a file: a JSON object a line, or one JSON list. Raises CasesError, OSError."""
    cases = [_case(path.name, line, value, today) for line, value in _objects(path)]
    if not cases:
        raise CasesError(path.name, 1, Text("没有用例", "there is no case in this file"))
    seen: dict[str, int] = {}
    for case in cases:
        if before := seen.get(case.name):
            raise CasesError(
                path.name,
                case.line,
                Text(
                    f"用例编号 {case.name} 与第 {before} 行重复",
                    f"id {case.name} stands in line {before} already",
                ),
            )
        seen[case.name] = case.line
    return cases


def _objects(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise CasesError(path.name, 1, Text("不是 UTF-8 文本", "this is no UTF-8 text")) from failure
    if text.lstrip().startswith("["):
        yield from enumerate(_parsed(path.name, 1, text), start=1)
        return
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip() and not content.lstrip().startswith(("#", "//")):
            yield line, _parsed(path.name, line, content)


def _parsed(file: str, line: int, content: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if twice := {key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1}:
            raise ValueError(f"key {sorted(twice)[0]!r} stands twice")
        return dict(pairs)

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON number")

    try:
        value = json.loads(content, object_pairs_hook=once, parse_constant=constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
        return value
    except json.JSONDecodeError as failure:
        what = f"{failure.msg} (column {failure.colno})"
        line += failure.lineno - 1
        raise CasesError(file, line, Text(f"JSON 有误：{what}", f"no valid JSON: {what}")) from failure
    except (ValueError, RecursionError) as failure:
        raise CasesError(file, line, Text(f"JSON 有误：{failure}", f"no valid JSON: {failure}")) from failure


def _case(file: str, line: int, value: Any, today: date) -> Case:
    try:
        given = _Given.model_validate(value)
        facts, names = _versions(given.facts)
    except ValidationError as failure:
        raise CasesError(file, line, _explained(failure)) from failure
    except _FactError as failure:
        raise CasesError(file, line, failure.text) from failure
    except OverflowError as failure:
        raise CasesError(file, line, Text("日期超出范围", "a date is out of range")) from failure
    valid_at = given.valid_at
    if valid_at is None:
        days = [row.occurred_on for row in facts]
        valid_at = china_date(given.known_at) if given.known_at else max(days, default=today)
    latest = max((row.recorded_at for row in facts), default=None)
    known_at = given.known_at or end_of(valid_at)
    if given.known_at is None and latest is not None:
        known_at = max(known_at, latest)
    name = given.id or (given.name if isinstance(given.name, str) else f"{line}")
    return Case(
        line, name, given.scorecard, given.subject, tuple(facts), names, valid_at, known_at, given.expect
    )


class _FactError(Exception):
    def __init__(self, place: int, zh: str, en: str) -> None:
        self.text = Text(f"facts[{place}]：{zh}", f"facts[{place}]: {en}")


def _versions(rows: Iterable[FactGiven]) -> tuple[list[FactVersion], dict[UUID, str]]:
    """The versions of each fact as recorded; ids are numbered by name, what has none by its place."""
    listed = _in_time(list(enumerate(rows)))
    ids = {row.id for _, row in listed if row.id is not None}
    numbers = {name: UUID(int=n) for n, name in enumerate(sorted(ids), start=1)}
    latest: dict[UUID, FactVersion] = {}
    found: list[FactVersion] = []
    names = {number: name for name, number in numbers.items()}
    for place, row in listed:
        try:
            rfc8785.dumps(row.payload)
        except (ValueError, RecursionError) as failure:
            raise _FactError(
                place, f"payload 不可用：{failure}", f"payload is unusable: {failure}"
            ) from failure
        row = _naming(row, numbers)
        fact_id = numbers[row.id] if row.id is not None else UUID(int=len(numbers) + place + 1)
        names.setdefault(fact_id, str(place + 1))
        before = latest.get(fact_id)
        version = _first(place, row, fact_id) if before is None else _next(place, row, before)
        latest[fact_id] = version
        found.append(version)
    return found, names


def _in_time(listed: list[tuple[int, FactGiven]]) -> list[tuple[int, FactGiven]]:
    """The entries of each id as they were recorded: the one that needs no instant first, the others by it."""
    ids = Counter(row.id for _, row in listed)

    def key(entry: tuple[int, FactGiven]) -> tuple[int, datetime]:
        _, row = entry
        if row.id is None or ids[row.id] == 1 or row.recorded_at is not None:
            return 1, row.recorded_at or _EARLIEST
        opens = row.code is not None and row.action in (None, Action.RECORD)
        return (0 if opens else 2), _EARLIEST

    return sorted(listed, key=key)


def _naming(row: FactGiven, numbers: dict[str, UUID]) -> FactGiven:
    """A repair names another fact of the case by its id, as that fact is numbered here."""
    named = (row.payload or {}).get("fact_id")
    if row.code != REPAIRED or not isinstance(named, str) or named not in numbers:
        return row
    return row.model_copy(update={"payload": {**(row.payload or {}), "fact_id": str(numbers[named])}})


def _first(place: int, row: FactGiven, fact_id: UUID) -> FactVersion:
    if row.code is None or row.occurred_on is None:
        missing = "code" if row.code is None else "occurred_on"
        raise _FactError(place, f"缺少 {missing}", f"{missing} is missing")
    recorded_at = row.recorded_at or start_of(row.occurred_on)
    action = row.action or Action.RECORD
    disputed: tuple[DayPeriod, ...] = ()
    if action is Action.DISPUTE:
        disputed = ((china_date(recorded_at), None),)
    return FactVersion(
        fact_id, row.version or 1, action, row.code, row.occurred_on, recorded_at, row.payload or {}, disputed
    )


def _next(place: int, row: FactGiven, before: FactVersion) -> FactVersion:
    action = row.action or Action.AMEND
    if not action_allowed(before.action, action):
        raise _FactError(
            place, f"{before.action} 之后不能 {action}", f"{action} cannot follow {before.action}"
        )
    recorded_at = row.recorded_at
    if recorded_at is None:
        raise _FactError(
            place, "同一事实的后续版本须写 recorded_at", "a later version of a fact needs recorded_at"
        )
    if recorded_at < before.recorded_at:
        raise _FactError(
            place, "后续版本不得早于前一版本", "a later version cannot be recorded before the one before"
        )
    return FactVersion(
        before.id,
        max(row.version or 0, before.version + 1),
        action,
        row.code or before.code,
        row.occurred_on or before.occurred_on,
        max(recorded_at, before.recorded_at + timedelta(microseconds=1)),
        before.payload if row.payload is None else row.payload,
        disputes_after(before.disputed, action, china_date(recorded_at)),
    )


def _explained(failure: ValidationError) -> Text:
    zh, en = [], []
    for error in failure.errors():
        place = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in error["loc"]).lstrip(".")
        message = error["msg"].removeprefix("Value error, ")
        context = error.get("ctx", {})
        text = _SAID.get(error["type"], Text(message, message))
        if error["type"] == "extra_forbidden":
            text = Text("未知字段", f"unknown key; known: {', '.join(_known(error['loc'][:-1]))}")
        elif isinstance(raised := context.get("error"), CardError):
            text = raised.text
        elif expected := context.get("expected"):
            text = Text("可用：" + expected.replace(" or ", ", "), f"use one of {expected}")
        zh.append(f"{place}：{text.zh}" if place else text.zh)
        en.append(f"{place}: {text.en}" if place else text.en)
    return Text("；".join(zh), "; ".join(en))


def _known(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "subject": SubjectGiven,
        "facts": FactGiven,
        "expect": Expectation,
    }
    model = models.get(str(loc[0]), _Given) if loc else _Given
    return sorted(model.model_fields)
