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
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from credit.facts.rules import REPAIRED, Action, DayPeriod, FactVersion, action_allowed, disputes_after
from credit.scoring.rules import CardError

from .times import day_of, end_of, instant_of, last_instant, start_of

__all__ = ["Case", "CasesError", "Expectation", "read_cases"]

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_IN_CHINESE = {
    "string_type": "须为文本",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "bool_parsing": "须为 true 或 false",
    "list_type": "须为列表",
    "dict_type": "须为 JSON 对象",
    "model_type": "须为 JSON 对象",
    "model_attributes_type": "须为 JSON 对象",
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


def _word(value: Any) -> Any:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _list_of(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known_keys(value: Any, known: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise ValueError("must be text or an object")
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"unknown key {unknown[0]}; known: {', '.join(known)}")
    return value


def _items(*known: str, by_rule: bool = False) -> BeforeValidator:
    """A list of ids or objects, one of these alone, or (by rule) a mapping of rule to points."""

    def check(value: Any) -> Any:
        if value is None:
            return []
        if isinstance(value, dict) and by_rule and "rule" not in value:
            return value
        items = value if isinstance(value, list) else [value]
        return [one if isinstance(one, str) else _known_keys(one, known) for one in items]

    return BeforeValidator(check)


def _change(*known: str) -> BeforeValidator:
    """Null, text, or an object."""
    return BeforeValidator(
        lambda value: value if value is None or isinstance(value, str) else _known_keys(value, known)
    )


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
    kind: str | None = None
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
    contributions: Annotated[Any, _items("points", *_ABOUT, by_rule=True)] = None
    vetoes: Annotated[Any, _items("grade", "effect", "facts", *_ABOUT)] = None
    actions: Annotated[Any, _items("action", *_ABOUT)] = None
    flags: Annotated[Any, _items("flag", "rule", "fact_id", "counted")] = None
    dimensions: dict[str, Any] | None = None
    prerequisites_unmet: Annotated[
        Any, _items("rule", "grade", "unmet", "to_grade", "reason", "legal_basis")
    ] = None
    next_change_on: Day | None = None
    next_change: Annotated[Any, _change("on", "score", "grade")] = None
    next_grade: Annotated[Any, _change("on", "grade")] = None
    next_grade_change: Annotated[Any, _change("on", "grade")] = None


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
        return json.loads(content, object_pairs_hook=once, parse_constant=constant)
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
        if error["type"] == "extra_forbidden":
            zh.append(f"{place}：未知字段")
            en.append(f"{place}: unknown key; known: {', '.join(_known(error['loc'][:-1]))}")
        else:
            message = error["msg"].removeprefix("Value error, ")
            raised = error.get("ctx", {}).get("error")
            text = Text(_IN_CHINESE.get(error["type"], message), message)
            if isinstance(raised, CardError):
                text = raised.text
            zh.append(f"{place}：{text.zh}")
            en.append(f"{place}: {text.en}")
    return Text("；".join(zh), "; ".join(en))


def _known(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "subject": SubjectGiven,
        "facts": FactGiven,
        "expect": Expectation,
    }
    model = models.get(str(loc[0]), _Given) if loc else _Given
    return sorted(model.model_fields)
