"""The policy files of this service beside scorecards and warning rules, and one object that holds all.

The folder of files is read once at start; a file that is not wholly understood stops the start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from common.policies import CompiledWith, Condition, Policy, PolicySet
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.papers.policy import Issuers, PaperForm
from credit.scoring.rules.scorecard import PointRule, Scorecard, VetoRule
from credit.supervision.policy import Measure, Restriction, RiskMatrix, SupervisionPolicy, TierMeasures
from credit.warnings.rules import WarningRule

__all__ = [
    "DrawPolicy",
    "EventFacts",
    "FactCatalogue",
    "FactKind",
    "FieldKind",
    "Measure",
    "Rulebook",
    "SupervisionPolicy",
    "TierMeasures",
]

FieldKind = Literal["amount", "count", "number", "text", "codes"]
_EVENT_FACTS = frozenset(
    {"kind", "amount_fen", "article", "violation_code", "responsibility", "problem_codes", "region"}
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Publicity(_Part):
    """Whether and how long a fact is shown to the public; `class` as the repair rules sort dishonesty."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    class_: Literal["none", "slight", "general", "serious"] = Field(alias="class")
    show: bool
    months: int = Field(ge=0, le=120)


class FactKind(_Part):
    """One code: its class (Article 8 of the credit provisions), nature, payload and publicity."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{2,47}$")
    name: Text
    info_class: int = Field(ge=1, le=6)
    nature: Literal["adverse", "favourable", "neutral"]
    publicity: Publicity
    payload: dict[str, FieldKind] = Field(default={})
    required: list[str] = Field(default=[])
    closes: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _required_is_declared(self) -> Self:
        if not set(self.required) <= set(self.payload):
            raise ValueError("a required field is not declared in payload")
        return self

    def faults(self, payload: dict[str, Any]) -> Iterator[tuple[str, Text]]:
        """What is wrong with a payload, as (field, reason)."""
        for name in sorted(set(self.required) - set(payload)):
            yield name, Text("缺少必填字段", "A required field is missing")
        for name, value in payload.items():
            wanted = self.payload.get(name)
            if wanted is None:
                yield name, Text(f"{self.code} 没有此字段", f"{self.code} has no such field")
            elif not _fits(wanted, value):
                yield name, _WANTED[wanted]


_WANTED: dict[FieldKind, Text] = {
    "amount": Text("须为非负整数（分）", "Must be a whole number of fen, not negative"),
    "count": Text("须为非负整数", "Must be a whole number, not negative"),
    "number": Text("须为至多四位小数的数", "Must be a number of at most four decimals"),
    "text": Text("须为不超过 200 字的文本", "Must be text of at most 200 characters"),
    "codes": Text("须为至多 20 个代码的列表", "Must be a list of at most 20 codes"),
}


def _fits(kind: FieldKind, value: Any) -> bool:
    if kind in ("amount", "count"):
        return type(value) is int and 0 <= value < 2**53
    if kind == "number":
        return type(value) in (int, float) and abs(value) < 10**9 and round(value, 4) == value
    if kind == "text":
        return isinstance(value, str) and 1 <= len(value) <= 200
    return (
        isinstance(value, list)
        and len(value) <= 20
        and all(isinstance(code, str) and 1 <= len(code) <= 40 for code in value)
    )


class FactCatalogue(Policy):
    """All fact codes of the archive."""

    facts: list[FactKind] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = [fact.code for fact in self.facts]
        if len(set(codes)) != len(codes):
            raise ValueError("fact codes must differ")
        for fact in self.facts:
            if not set(fact.closes) <= set(codes):
                raise ValueError(f"{fact.code} closes an unknown code")
        return self

    @cached_property
    def by_code(self) -> dict[str, FactKind]:
        """The kinds by code."""
        return {fact.code: fact for fact in self.facts}


class EventFact(_Part):
    """An event of another service that becomes a fact of `code` when the condition holds."""

    event: Literal["violation_confirmed", "penalty_decided"]
    when: Annotated[Condition, CompiledWith(_EVENT_FACTS)]
    code: str


class EventFacts(Policy):
    """How confirmed outcomes of other services enter the archive."""

    mappings: list[EventFact] = Field(min_length=1)


class DrawPolicy(Policy):
    """Numbers of the draw protocol."""

    algorithm: Literal["weighted-draw/1"]
    min_officers: int = Field(ge=2, le=20)
    min_inspectors_per_object: int = Field(ge=2, le=10)
    commit_within_minutes: int = Field(ge=1, le=43_200)
    reveal_within_minutes: int = Field(ge=1, le=43_200)


@dataclass(frozen=True)
class Rulebook:
    """Every policy of the service."""

    catalogues: PolicySet[FactCatalogue]
    event_facts: PolicySet[EventFacts]
    scorecards: PolicySet[Scorecard]
    supervision: PolicySet[SupervisionPolicy]
    restrictions: PolicySet[Restriction]
    risk_matrices: PolicySet[RiskMatrix]
    warning_rules: PolicySet[WarningRule]
    draws: PolicySet[DrawPolicy]
    papers: PolicySet[PaperForm]
    paper_issuers: PolicySet[Issuers]

    @classmethod
    def load(cls, folder: Path) -> "Rulebook":
        """Read the files in `folder` and check that they fit each other. Raises PolicyError or ValueError."""
        book = cls(
            catalogues=PolicySet.load(folder / "fact-catalogue.yaml", FactCatalogue),
            event_facts=PolicySet.load(folder / "event-facts.yaml", EventFacts),
            scorecards=PolicySet.load(sorted(folder.glob("scorecard-*.yaml")), Scorecard),
            supervision=PolicySet.load(folder / "supervision.yaml", SupervisionPolicy),
            restrictions=PolicySet.load(folder / "restrictions.yaml", Restriction),
            risk_matrices=PolicySet.load(folder / "risk-matrix.yaml", RiskMatrix),
            warning_rules=PolicySet.load(folder / "warning-rules.yaml", WarningRule),
            draws=PolicySet.load(folder / "draws.yaml", DrawPolicy),
            papers=PolicySet.load(sorted(folder.glob("papers-*.yaml")), PaperForm),
            paper_issuers=PolicySet.load(folder / "paper-issuers.yaml", Issuers),
        )
        book._check_codes()
        return book

    def all(self) -> list[Policy]:
        """Every version of every policy."""
        sets: tuple[PolicySet[Any], ...] = (
            self.catalogues,
            self.event_facts,
            self.scorecards,
            self.supervision,
            self.restrictions,
            self.risk_matrices,
            self.warning_rules,
            self.draws,
            self.papers,
            self.paper_issuers,
        )
        return [policy for one in sets for policy in one]

    def catalogue(self, on: date) -> FactCatalogue:
        """The catalogue in force on `on`."""
        return self.catalogues.choose("fact-catalogue", on=on)

    def card_for(self, kind: str, on: date, region: str, card_id: str | None = None) -> Scorecard | None:
        """The card in force for a kind of subject there and then, or the one named; None if there is none."""
        for card in self.scorecards.in_force(on=on, region=region):
            if card.id == card_id or (card_id is None and kind in card.kinds):
                return card
        return None

    def later_versions(self, card: Scorecard, on: date) -> list[Scorecard]:
        """Published versions of the same card that begin after `on`."""
        return [
            other
            for other in self.scorecards
            if (other.id, other.region) == (card.id, card.region) and other.effective_from > on
        ]

    def _check_codes(self) -> None:
        """Every code in use must be in the catalogue, and what closes a duty must say so there."""
        kinds = {fact.code: fact for catalogue in self.catalogues for fact in catalogue.facts}
        used = {m.code for mapping in self.event_facts for m in mapping.mappings}
        used |= {code for restriction in self.restrictions for code in restriction.facts}
        for card in self.scorecards:
            rules: list[PointRule | VetoRule] = [*card.rules, *card.vetoes]
            for rule in rules:
                used |= {*rule.codes, *rule.window.until}
                for code in rule.window.until:
                    if code in kinds and not set(rule.codes) <= set(kinds[code].closes):
                        raise ValueError(f"{card.id}: {code} does not close what {rule.id} counts")
        if unknown := used - set(kinds):
            raise ValueError(f"codes that are not in the catalogue: {sorted(unknown)}")
