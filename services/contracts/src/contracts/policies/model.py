"""The bodies of the policy files."""

import re
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from common.policies import Policy, PolicyStatus
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.documents.parties import ContractType, Scope

__all__ = [
    "CancellationTable",
    "CancellationTables",
    "ContractTypes",
    "MeasureUse",
    "MeasureUses",
    "PriceParts",
    "PriceReference",
    "PriceReferences",
    "PriceTerms",
    "Reason",
    "Retention",
    "RuleDefinition",
    "RuleTable",
    "Severity",
    "TemplateEdition",
    "TemplateEditions",
    "Thresholds",
    "Tier",
    "TypeDefinition",
    "Wording",
]

Severity = Literal["error", "alert", "warn", "info"]


class Entry(BaseModel):
    """A part of a policy body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _pattern(value: Any) -> Any:
    return re.compile(value) if isinstance(value, str) else value


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, str | int | float) else value


Expression = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Exact = Annotated[Decimal, BeforeValidator(_exact)]


class Bilingual(Entry):
    """A name in both languages."""

    zh: str
    en: str


class Reason(Bilingual):
    """One way to break a rule: the sentence in both languages, and its severity where it differs."""

    severity: Severity | None = None


class RuleDefinition(Entry):
    """What is known of a rule beside its check: severity, contracts it applies to, basis, sentences.

    `once`: the rule gives one finding for a contract, at the first place that breaks it.
    """

    id: str = Field(pattern=r"^[A-Z][A-Z0-9]{1,5}$")
    title: Bilingual
    severity: Severity
    applies_to: Literal["all", "package", "consumer"] | list[ContractType]
    once: bool = False
    legal_basis: list[str] = Field(min_length=1)
    status: PolicyStatus
    reasons: dict[str, Reason] = Field(min_length=1)

    def applies(self, kind: "TypeDefinition") -> bool:
        """Whether the rule is asked of contracts of this type."""
        if isinstance(self.applies_to, list):
            return kind.type in self.applies_to
        return {"all": True, "package": kind.package, "consumer": kind.consumer}[self.applies_to]


class RuleTable(Policy):
    """The rules of one theme."""

    rules: list[RuleDefinition] = Field(min_length=1)


class TypeDefinition(Bilingual):
    """A kind of contract."""

    type: ContractType
    code: str = Field(pattern=r"^[0-9]{2}$")
    package: bool
    consumer: bool
    leaves_mainland: bool
    scope: Scope | None
    notice_days: int | None
    signers: list[Literal["traveler", "agency"]]


class ContractTypes(Policy):
    """All kinds of contract."""

    types: list[TypeDefinition]

    @cached_property
    def by_type(self) -> dict[str, TypeDefinition]:
        """Each kind under its name."""
        return {entry.type: entry for entry in self.types}


class Thresholds(Policy):
    """Numbers the rules compare with; amounts in fen."""

    liability_limit_per_person_fen: int
    child_under_years: int
    passport_valid_months_after_return: int
    low_price_ratio: Exact
    days_per_shopping_stop: int = Field(ge=1)
    shopping_minutes_per_day: int
    paid_extras_ratio: Exact


class Wording(Policy):
    """Regular expressions over texts of the document."""

    vague: list[Expression]
    placeholder: Expression
    exempts_agency: Expression
    one_sided_change: Expression
    surcharge_ground: Expression
    surcharge_word: Expression
    forced_shopping: Expression
    unfair_term: Expression
    compulsory: Expression
    personal_payee: Expression
    tick_box_method: Expression
    picture_method: Expression
    no_algorithm: Expression


class TemplateEdition(Entry):
    """One edition of a model text; in use from its first day until the day it was superseded."""

    contract_type: ContractType
    edition_year: int
    title: str
    gf_number: str | None
    in_use_from: date
    superseded_on: date | None


class TemplateEditions(Policy):
    """All editions of all model texts."""

    editions: list[TemplateEdition]


class Tier(Entry):
    """A rate for notices that arrive within a span of days before departure, both ends included."""

    days_before_min: int
    days_before_max: int | None
    percent: Exact


class CancellationTable(Entry):
    """What a model text lets either side deduct or pay, in per cent of the total fee."""

    contract_type: ContractType
    editions: list[int]
    traveler_cancel: list[Tier]
    agency_cancel: list[Tier]
    cap_percent: Exact
    refund_working_days: int
    refuse_to_perform_penalty_percent: Exact
    unauthorised_transfer_penalty_percent: Exact


class CancellationTables(Policy):
    """The tables of all model texts known."""

    tables: list[CancellationTable]


_LINE = re.compile(r"(?P<places>.+?)(?P<days>[0-9]{1,2})日(?:游)?$")


class PriceReference(Entry):
    """A published guide price per adult for a line such as 大同·五台山·平遥4日."""

    region: str
    line: str
    season: str
    standard: str | None
    per_person_fen: int = Field(gt=0)
    low_threshold_ratio: Exact

    @model_validator(mode="after")
    def _readable(self) -> "PriceReference":
        if not _LINE.match(self.line):
            raise ValueError("a line names its places and ends with the number of days, as 大同·平遥4日")
        return self

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The places a trip must touch."""
        match = _LINE.match(self.line)
        return tuple(match["places"].split("·")) if match else ()

    @cached_property
    def days(self) -> int:
        """The length of the line in days."""
        match = _LINE.match(self.line)
        return int(match["days"]) if match else 0


class PriceReferences(Policy):
    """Guide prices of one region."""

    references: list[PriceReference]


class PriceParts(Policy):
    """Cost of reception by parts, per adult in fen."""

    places: list[str]
    lodging_per_night: dict[str, int]
    lodging_unrated: int
    meal: int
    coach_per_day: int
    services_per_day: int


class PriceTerms(Policy):
    """Months of the seasons, and the cost items that belong to the reception on the ground."""

    seasons: dict[str, list[int]]
    ground_items: list[str]


class MeasureUse(Entry):
    """Measures of supervision that count in a contract, by act that they bar or by code, and for which party.

    `reason` names the sentence of rule Q02 and with it the severity; `scope` limits it to contracts that need
    that scope; `still_holds` to measures that hold not on the day of signing alone but today as well.
    """

    reason: str
    bars: str | None = None
    measures: list[str] = []
    parties: list[Literal["agency", "selling_agent", "ground_agency", "guide"]] = Field(min_length=1)
    scope: Scope | None = None
    still_holds: bool = False

    @model_validator(mode="after")
    def _by_act_or_by_code(self) -> Self:
        if (self.bars is None) != bool(self.measures):
            raise ValueError("either an act that is barred or codes of measures")
        return self


class MeasureUses(Policy):
    """What measures of supervision mean for a contract; of several uses the first that fits counts."""

    uses: list[MeasureUse] = Field(min_length=1)


class Retention(Policy):
    """How long things are kept."""

    attempt_days: int = Field(ge=1)
