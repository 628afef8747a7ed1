"""Scoring cases and comparing what was got with what was expected."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from common.auth import region_prefix
from common.policies import Condition, PolicyError
from common.problems import Text

from credit.facts.rules import FactVersion
from credit.scoring.rules import Score, Scorecard, ScoredSubject, readable, score

from .cases import Case, CasesError

__all__ = ["Check", "Row", "evaluate"]

_PAYLOAD_FIELD = re.compile(r"\bpayload\.([A-Za-z_]\w*)")
_SUBJECT = UUID(int=1)
_FAR = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a case with what was got."""

    key: str
    expected: Any
    got: Any
    passed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A case with all that was got and each expectation checked."""

    case: str
    line: int
    got: dict[str, Any]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return all(check.passed for check in self.checks)

    def report(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "case": self.case,
            "line": self.line,
            "passed": self.passed,
            "expected": {check.key: check.expected for check in self.checks},
            "got": self.got,
            "failed": [check.key for check in self.checks if not check.passed],
        }


def evaluate(cards: Sequence[Scorecard], cases: Sequence[Case], file: str) -> list[Row]:
    """Each case under the card of the file that it means. Raises CasesError where none can be chosen."""
    return [_row(case, _scored(cards, case, file)) for case in cases]


def _scored(cards: Sequence[Scorecard], case: Case, file: str) -> Score:
    meant = [card for card in cards if case.scorecard in (None, card.id)]
    if len({card.id for card in meant}) > 1 and case.subject.kind:
        meant = [card for card in meant if case.subject.kind in card.kinds]
    if len({card.id for card in meant}) != 1:
        raise CasesError(
            file,
            case.line,
            Text(
                "须用 scorecard 指明评分卡",
                "name the card in scorecard: none, or more than one, fits this case",
            ),
        )
    versions = sorted(meant, key=lambda card: card.effective_from)
    kind = case.subject.kind or next(iter(versions[0].kinds), "subject")
    region = case.subject.region or versions[0].region
    subject = ScoredSubject(
        _SUBJECT,
        kind,
        region,
        case.subject.licensed_on,
        case.subject.level,
        tuple(case.subject.scope),
        case.subject.headcount,
    )
    fitting = [card for card in versions if region.startswith(region_prefix(card.region))]
    begun = [card for card in fitting if card.effective_from <= case.valid_at]
    policy = begun[-1] if begun else _not_yet(versions[0])
    later = [card for card in fitting if card.effective_from > case.valid_at]
    return score(subject, case.facts, case.valid_at, case.known_at, policy, later)


def _not_yet(card: Scorecard) -> Scorecard:
    """The card as it stands before its first day or outside its region: it grades nobody."""
    ends = max(_FAR, card.effective_from - timedelta(days=1)) if card.effective_from > date.min else _FAR
    return card.model_copy(update={"kinds": ["-"], "effective_from": date.min, "effective_to": ends})


def _row(case: Case, result: Score) -> Row:
    got = _got(case, result)
    checks = []
    for key in sorted(case.expect.model_fields_set):
        expected = getattr(case.expect, key)
        shown = expected.isoformat() if isinstance(expected, date) else expected
        checks.append(Check(key, shown, got[key], _CHECKS.get(key, _same)(shown, got)))
    order = list(type(case.expect).model_fields)
    return Row(case.name, case.line, got, tuple(sorted(checks, key=lambda check: order.index(check.key))))


def _got(case: Case, result: Score) -> dict[str, Any]:
    document = result.document
    got = {
        key: document[key]
        for key in (
            "score", "grade", "tier", "rated", "state", "contributions", "vetoes", "actions", "flags",
            "dimensions", "prerequisites_unmet", "period", "next_change", "next_grade_change",
        )
    }  # fmt: skip
    for listed in ("contributions", "vetoes", "actions", "flags"):
        got[listed] = [_named(item, case.names) for item in got[listed]]
    because = document["not_rated_because"]
    got["not_rated_because"] = because and because["code"]
    got["next_change_on"] = document["next_change"] and document["next_change"]["on"]
    got["next_grade"] = document["next_grade_change"]
    got["findings"] = _findings(case, result)
    got["valid_at"], got["known_at"] = document["valid_at"], document["known_at"]
    got["policy"] = document["policy"]
    got["result_hash"] = result.hash
    return got


def _findings(case: Case, result: Score) -> list[dict[str, Any]]:
    """The filters that cannot be decided for a fact although every field they ask for is there."""
    card = result.card
    filters: list[tuple[str, Sequence[str], Condition | None]] = [
        *((rule.id, rule.codes, rule.when) for rule in card.rules),
        *((veto.id, veto.codes, veto.when) for veto in card.vetoes),
        *((rule.id, rule.codes, one.when) for rule in card.rules for one in rule.cases),
        *((name, figure.codes, figure.when) for name, figure in card.figures.items()),
    ]
    if card.extra_runs:
        filters.append(("extra_runs", card.extra_runs.codes, card.extra_runs.when))
    return [
        {"finding": "when_undecided", "rule": name, "fact_id": case.names[fact.id], "reason": reason}
        for fact in result.facts
        for name, codes, when in filters
        if when is not None and fact.code in codes and (reason := _undecided(fact, when))
    ]


def _undecided(fact: FactVersion, when: Condition) -> str | None:
    """Why a filter cannot be decided for a fact; None where it can, or where a field is simply not there."""
    asked = _PAYLOAD_FIELD.findall(when.expression)
    if any(name not in fact.payload for name in asked):
        return None
    try:
        when.evaluate({"payload": readable(fact.payload), "code": fact.code, "nth": 1})
    except PolicyError as failure:
        return failure.reason.en
    return None


def _named(item: Mapping[str, Any], names: Mapping[UUID, str]) -> dict[str, Any]:
    named = dict(item)
    if named.get("fact_id"):
        named["fact_id"] = names[UUID(named["fact_id"])]
    if "facts" in named:
        named["facts"] = [names[UUID(fact)] for fact in named["facts"]]
    return named


def _number(value: Any) -> Any:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return value


def _same(expected: Any, got: dict[str, Any], key: str = "") -> bool:
    return bool(expected == got[key])


def _equal(expected: Any, got: Any) -> bool:
    if isinstance(got, int | float) and not isinstance(got, bool):
        return bool(_number(expected) == _number(got))
    return bool(expected == got)


def _keyed(key: str) -> Callable[[Any, dict[str, Any]], bool]:
    return lambda expected, got: _equal(expected, got[key])


def _fits(expected: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return all(key in item and _equal(value, item[key]) for key, value in expected.items())


def _listed(expected: Any, items: Sequence[Mapping[str, Any]], *names: str) -> bool:
    """Whether a list of ids or objects describes exactly these items, in any order."""
    if all(isinstance(one, str) for one in expected):
        return any({item[name] for item in items} == set(expected) for name in names)
    rest = list(items)
    wanted = [{names[0]: one} if isinstance(one, str) else one for one in expected]
    for one in sorted(wanted, key=lambda one: -len(one)):
        found = next((item for item in rest if _fits(one, item)), None)
        if found is None:
            return False
        rest.remove(found)
    return not rest


def _contributions(expected: Any, got: dict[str, Any]) -> bool:
    """A mapping of rule to points in all, or a list of {rule, points, ...}; zeros need not be listed."""
    items = got["contributions"]
    if isinstance(expected, Mapping):
        sums: dict[str, Decimal] = {}
        for item in items:
            sums[item["rule"]] = sums.get(item["rule"], Decimal(0)) + Decimal(str(item["points"]))
        totals = {rule: _total(points) for rule, points in expected.items()}
        return {r: p for r, p in totals.items() if p} == {r: p for r, p in sums.items() if p}
    if _listed(expected, items, "rule"):
        return True
    counted = [item for item in items if item["points"] != 0]
    wanted = [one for one in expected if isinstance(one, str) or one.get("points") != 0]
    return _listed(wanted, counted, "rule")


def _total(points: Any) -> Any:
    return sum((_number(p) for p in points), Decimal(0)) if isinstance(points, list) else _number(points)


def _next_change(expected: Any, got: dict[str, Any]) -> bool:
    return _change(expected, got["next_change"])


def _next_grade_change(expected: Any, got: dict[str, Any]) -> bool:
    return _change(expected, got["next_grade_change"])


def _change(expected: Any, change: Mapping[str, Any] | None) -> bool:
    if expected is None or change is None:
        return expected is None and change is None
    return _fits(expected, change) if isinstance(expected, Mapping) else expected in change.values()


def _next_grade(expected: Any, got: dict[str, Any]) -> bool:
    """The grade of the next change of grade, or the one that holds from the next change of anything on."""
    changes = (got["next_grade_change"], got["next_change"])
    if expected is None or isinstance(expected, Mapping):
        return _change(expected, got["next_grade_change"])
    return any(change is not None and change["grade"] == expected for change in changes)


def _dimensions(expected: Any, got: dict[str, Any]) -> bool:
    found = {part["id"]: part["score"] for part in got["dimensions"]}
    return all(name in found and _equal(value, found[name]) for name, value in expected.items())


_CHECKS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    **{
        key: _keyed(key)
        for key in ("score", "grade", "tier", "rated", "state", "not_rated_because", "next_change_on")
    },
    "contributions": _contributions,
    "vetoes": lambda expected, got: _listed(expected, got["vetoes"], "rule"),
    "actions": lambda expected, got: _listed(expected, got["actions"], "action", "rule"),
    "flags": lambda expected, got: _listed(expected, got["flags"], "flag"),
    "prerequisites_unmet": lambda expected, got: _listed(expected, got["prerequisites_unmet"], "rule"),
    "dimensions": _dimensions,
    "next_change": _next_change,
    "next_grade": _next_grade,
    "next_grade_change": _next_grade_change,
}
