"""The shape of the routing tables in `policies/`: signals, ordered rules, taxonomy, departments."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from common.policies import Condition, Policy, PolicySet, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

__all__ = [
    "FIGURES",
    "CategoryRule",
    "ConfidenceSettings",
    "DepartmentPolicy",
    "LocalDuties",
    "MainDepartmentRule",
    "RoutingPolicies",
    "RoutingRules",
    "Rule",
    "Signal",
    "SignalList",
    "TaxonomyPolicy",
]

GAP = "[^。!?;]{0,12}"
STOPS = "。!?;,"
REACH = 40
UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
FIGURES = frozenset({"low_price", "imminent", "persons", "has_contract", "bar_passed", "vanished_weak_hits"})
"""What is read from text and request beside the signals."""

CITED_BY_CODE = frozenset({"admissible", "declared", "joint", "jurisdiction", "R4"})
"""The articles that the order of the tests itself cites."""

Level = Literal["county", "city", "province"]
Kind = Literal["complaint", "report", "both", "consultation", "none"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signal(_Part):
    """Terms with one meaning.

    `unless` takes a hit away when it matches in the same clause. What `void` matches is not read at all, so
    that a clause can waive one thing and ask for another.
    """

    id: str = Field(pattern=r"^[a-z_]+$")
    meaning: str
    any: list[str] = Field(min_length=1)
    unless: list[str] = []
    void: list[str] = []
    negatable: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for term in [*self.any, *self.unless, *self.void]:
            if UNBOUNDED.search(term):
                raise ValueError(f"signal {self.id}: {term!r} has an unbounded repetition")
            re.compile(term)
        return self


class SignalList(Policy):
    """All signals and the words that negate them."""

    negators: list[str]
    signals: list[Signal]

    _patterns: dict[str, tuple[re.Pattern[str], re.Pattern[str] | None]] = PrivateAttr(default_factory=dict)
    _voids: dict[str, re.Pattern[str]] = PrivateAttr(default_factory=dict)
    _negated: re.Pattern[str] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _compile(self) -> Self:
        for signal in self.signals:
            unless = re.compile(_union(signal.unless)) if signal.unless else None
            self._patterns[signal.id] = (re.compile(_union(signal.any)), unless)
            if signal.void:
                self._voids[signal.id] = re.compile(_union(signal.void))
        self._negated = re.compile(f"(?:{'|'.join(self.negators)})[^,。]{{0,2}}$")
        return self

    @property
    def names(self) -> frozenset[str]:
        """The ids of all signals."""
        return frozenset(signal.id for signal in self.signals)

    def hits(self, signal: Signal, text: str) -> int:
        """How often `signal` stands in the folded `text`."""
        pattern, unless = self._patterns[signal.id]
        void = self._voids.get(signal.id)
        if void:
            text = void.sub(lambda waived: ";" * len(waived[0]), text)
        found = 0
        plain = unless is None and not signal.negatable
        for match in pattern.finditer(text):
            if plain:
                found += 1
                continue
            start, end = _clause(text, match.start(), match.end())
            if unless and unless.search(text, start, end):
                continue
            if signal.negatable and self._negated and self._negated.search(text, start, match.start()):
                continue
            found += 1
        return found


class Rule(_Part):
    """One line of a routing table: a condition, and why it leads where it leads."""

    when: str
    because: str
    article: str = ""
    strength: Literal["strong", "weak"] = "strong"

    _condition: Condition | None = PrivateAttr(default=None)

    def compile(self, variables: Iterable[str]) -> None:
        """Check the condition against the names that exist where it stands."""
        self._condition = Condition(self.when, frozenset(variables))

    def holds(self, facts: dict[str, object]) -> bool:
        """Whether the condition is true of `facts`."""
        assert self._condition is not None, "compiled at load"  # noqa: S101
        return self._condition.evaluate(facts)


class ContextRule(Rule):
    id: str
    because: str = ""


class CategoryRule(Rule):
    code: str = Field(pattern=r"^P\d\d(\.\d)?$")
    rank: int


class KindRule(Rule):
    id: str
    kind: Kind


class RespondentRule(Rule):
    code: str = Field(pattern=r"^R\d\d$")


class RefusalRule(Rule):
    ground: str = Field(pattern=r"^R[1-6]$")


class MainDepartmentRule(Rule):
    department: str | None


class OtherDepartmentRule(Rule):
    """A further body. `report_side`: it acts on a violation or hazard, even when the complaint is refused.

    `always`: it is called whatever becomes of the complaint, as where life is in danger.
    """

    department: str
    report_side: bool
    always: bool = False


class UrgencyRule(Rule):
    """`at_once`: harm goes on, so a person must look now and the place of the incident goes first."""

    id: str
    level: Literal["U1", "U2", "U3"]
    at_once: bool = False


class LevelRule(Rule):
    id: str
    level: Level


Share = Annotated[float, Field(gt=0, le=1)]


class ConfidenceSettings(_Part):
    """How sure an answer is: `at_best`, times a factor for each thing that speaks against it."""

    at_best: Share
    weak_rule: Share
    against_choice: Share
    reckoned_bar: Share
    unread_script: Share
    han_share_read: Share
    no_category: Share
    other_category: Share
    many_categories: Share
    many_categories_above: int
    no_place: Share
    short_text: Share
    short_below_letters: int


class RoutingSettings(_Part):
    """Numbers of the routing tables: money in fen, days as calendar days."""

    low_price_per_day_fen: int
    imminent_days: int
    joint_persons: int
    time_bar_days: int
    report_native: list[str]
    needs_human_below: float
    confidence: ConfidenceSettings


class RoutingRules(Policy):
    """The ordered tests from text to body."""

    contexts: list[ContextRule]
    categories: list[CategoryRule]
    kinds: list[KindRule]
    respondents: list[RespondentRule]
    refusals: list[RefusalRule]
    main_department: list[MainDepartmentRule]
    other_departments: list[OtherDepartmentRule]
    urgency: list[UrgencyRule]
    levels: list[LevelRule]
    settings: RoutingSettings

    def compile(self, signals: frozenset[str]) -> None:
        """Compile every condition against what is known where it is asked.

        Raises:
            PolicyError: a condition does not parse or uses an unknown name.
        """
        known = set(signals | FIGURES)
        for context in self.contexts:
            context.compile(known)
            known.add(context.id)
        known.add("categories")
        for category in self.categories:
            category.compile(known)
        known |= {"report_native", "only_official"}
        for kind in self.kinds:
            kind.compile(known)
        known.add("kind")
        for respondent in self.respondents:
            respondent.compile(known)
        known.add("respondent")
        rest: tuple[list[Rule], ...] = (
            [*self.refusals],
            [*self.main_department],
            [*self.other_departments],
            [*self.urgency],
            [*self.levels],
        )
        for section in rest:
            for rule in section:
                rule.compile(known)
        self._known = frozenset(known)

    def every_rule(self) -> Iterator[Rule]:
        """Each line of each table."""
        yield from self.categories
        yield from self.kinds
        yield from self.respondents
        yield from self.refusals
        yield from self.main_department
        yield from self.other_departments
        yield from self.urgency
        yield from self.levels

    _known: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def names(self) -> frozenset[str]:
        """Every name that the department rules may use."""
        return self._known


class LocalDuties(Policy):
    """A place's own duty list: asked before the national main-department table."""

    main_department: list[MainDepartmentRule]

    def every_rule(self) -> Iterator[Rule]:
        """Each line of the list."""
        yield from self.main_department


class Coded(_Part):
    code: str
    name: str


class TaxonomyPolicy(Policy):
    """Respondents (R) and problems (P)."""

    respondents: list[Coded]
    problems: list[Coded]


class Department(Coded):
    hotline: str
    matters: str
    basis: str
    status: PolicyStatus


class DepartmentPolicy(Policy):
    """The bodies to which cases go, with what they answer for."""

    departments: list[Department]


class RoutingPolicies:
    """All routing data of one service, read and checked once at start.

    Raises:
        PolicyError: a file is unreadable or wrong, a condition uses an unknown name, or a rule leads to a
            code that the taxonomy or the department list does not hold.
    """

    def __init__(self, folder: Path) -> None:
        self.signals = PolicySet.load(folder / "signals.yaml", SignalList)
        self.rules = PolicySet.load(folder / "routing-rules.yaml", RoutingRules)
        self.local = PolicySet.load(folder / "local-duties.yaml", LocalDuties)
        self.taxonomy = PolicySet.load(folder / "taxonomy.yaml", TaxonomyPolicy)
        self.departments = PolicySet.load(folder / "departments.yaml", DepartmentPolicy)
        names = frozenset().union(*(policy.names for policy in self.signals))
        for rules in self.rules:
            rules.compile(names)
            _check_codes(rules, self.taxonomy.all()[-1], self.departments.all()[-1])
        known = frozenset().union(*(rules.names for rules in self.rules))
        for local in self.local:
            for rule in local.main_department:
                rule.compile(known)

    def check_articles(self, known: Collection[str]) -> None:
        """See that each `{name}` in a rule's article is among those that a rule set names.

        Raises:
            ValueError: an article is cited that the rule set does not name.
        """
        cited = {
            name
            for policy in (*self.rules, *self.local)
            for rule in policy.every_rule()
            for name in re.findall(r"\{(\w*)\}", rule.article)
        } | CITED_BY_CODE
        if missing := cited - set(known):
            raise ValueError(f"routing rules cite articles that a rule set does not name: {sorted(missing)}")

    def all(self) -> list[Policy]:
        """Every policy version of the routing."""
        return [*self.signals, *self.rules, *self.local, *self.taxonomy, *self.departments]


def _check_codes(rules: RoutingRules, taxonomy: TaxonomyPolicy, departments: DepartmentPolicy) -> None:
    problems = {item.code for item in taxonomy.problems}
    respondents = {item.code for item in taxonomy.respondents}
    bodies = {item.code for item in departments.departments}
    unknown = {rule.code for rule in rules.categories} - problems
    unknown |= {rule.code for rule in rules.respondents} - respondents
    unknown |= {rule.department for rule in rules.main_department if rule.department} - bodies
    unknown |= {rule.department for rule in rules.other_departments} - bodies
    if unknown:
        raise ValueError(f"routing rules lead to unknown codes {sorted(unknown)}")


def _union(terms: list[str]) -> str:
    return "|".join(f"(?:{term.replace('~', GAP)})" for term in terms)


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a hit: from the mark before it to the mark after it, at most `REACH` letters away."""
    first, last = max(0, start - REACH), min(len(text), end + REACH)
    while start > first and text[start - 1] not in STOPS:
        start -= 1
    while end < last and text[end] not in STOPS:
        end += 1
    return start, end
