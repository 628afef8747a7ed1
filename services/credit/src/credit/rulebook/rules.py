"""The policy files of this service beside scorecards and warning rules, and one object that holds all.

The folder of files is read once at start; a file that is not wholly understood stops the start.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from common.policies import CompiledWith, Condition, Policy, PolicySet, PolicyStatus
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.boards.policy import BoardPolicy
from credit.certificates.policy import CertificatePolicy
from credit.commitments.policy import CommitmentPolicy
from credit.deposits.policy import DepositOverlay, DepositPolicy
from credit.exchange.policy import ExchangePolicy
from credit.facts.catalogue import Catalogue, FactCatalogue, FactKind, FieldKind, catalogue, check_parts
from credit.facts.retention import PublicityPolicy, RetentionPolicy
from credit.honours.policy import HonourPolicy
from credit.listings.policy import ListingCondition, ListPolicy, RepairClock, RepairReading
from credit.objections.policy import ObjectionPolicy
from credit.papers.policy import Issuers, PaperForm
from credit.plans.policy import InspectionItems, InspectionPolicy, check_own_status
from credit.qualifications.policy import QualificationPolicy
from credit.scoring.rules.scorecard import PointRule, Scorecard, VetoRule
from credit.supervision.policy import Measure, Restriction, RiskMatrix, SupervisionPolicy, TierMeasures
from credit.warnings.rules import WarningRule

__all__ = [
    "DrawLimits",
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

_EVENT_FACTS = frozenset(
    {
        "kind",
        "amount_fen",
        "article",
        "violation_code",
        "procedure",
        "harmed_tourists",
        "responsibility",
        "problem_codes",
        "region",
    }
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EventFact(_Part):
    """An event of another service that becomes a fact of `code` when the condition holds."""

    event: Literal["violation_confirmed", "penalty_decided"]
    when: Annotated[Condition, CompiledWith(_EVENT_FACTS)]
    code: str


class EventFacts(Policy):
    """How confirmed outcomes of other services enter the archive."""

    mappings: list[EventFact] = Field(min_length=1)


class DrawPolicy(Policy):
    """Numbers of the draw protocol. `own_status`: of single figures that are not as sure as the whole."""

    own_status: dict[str, PolicyStatus] = Field(default={})
    algorithm: Literal["weighted-draw/2"]
    min_officers: int = Field(ge=2, le=20)
    min_inspectors_per_object: int = Field(ge=2, le=10)
    commit_within_minutes: int = Field(ge=1, le=43_200)
    seal_within_minutes: int = Field(ge=1, le=43_200)
    reveal_within_minutes: int = Field(ge=1, le=43_200)
    wait_for_seal_minutes: int = Field(ge=0, le=1_440)

    @model_validator(mode="after")
    def _of_figures(self) -> Self:
        check_own_status(self, self.own_status)
        return self


class Ground(_Part):
    """A reason that may be given, with the law that knows it."""

    code: str = Field(pattern=r"^[a-z][a-z_]{1,23}$")
    name: Text
    legal_basis: str


class DrawLimits(Policy):
    """What people may decide in a draw: by which grounds, and how far, in basis points.

    `recusals_by_one`: how many inspectors one person may keep from one subject beside himself.
    """

    recused_bp: int = Field(ge=0, le=10_000)
    excluded_bp: int = Field(ge=0, le=10_000)
    recusals_by_one: int = Field(ge=1)
    recusal_grounds: list[Ground] = Field(min_length=1)
    exclusion_grounds: list[Ground] = Field(min_length=1)
    waiver_grounds: list[Ground] = Field(min_length=1)


@dataclass(frozen=True)
class Rulebook:
    """Every policy of the service."""

    catalogues: PolicySet[FactCatalogue]
    publicity: PolicySet[PublicityPolicy]
    retention: PolicySet[RetentionPolicy]
    objections: PolicySet[ObjectionPolicy]
    commitments: PolicySet[CommitmentPolicy]
    event_facts: PolicySet[EventFacts]
    scorecards: PolicySet[Scorecard]
    supervision: PolicySet[SupervisionPolicy]
    restrictions: PolicySet[Restriction]
    risk_matrices: PolicySet[RiskMatrix]
    boards: PolicySet[BoardPolicy]
    honours: PolicySet[HonourPolicy]
    warning_rules: PolicySet[WarningRule]
    draws: PolicySet[DrawPolicy]
    draw_limits: PolicySet[DrawLimits]
    deposits: PolicySet[DepositPolicy]
    deposit_overlays: PolicySet[DepositOverlay]
    qualifications: PolicySet[QualificationPolicy]
    inspection_items: PolicySet[InspectionItems]
    inspections: PolicySet[InspectionPolicy]
    papers: PolicySet[PaperForm]
    paper_issuers: PolicySet[Issuers]
    lists: PolicySet[ListPolicy]
    listing_conditions: PolicySet[ListingCondition]
    repair_clocks: PolicySet[RepairClock]
    repair_readings: PolicySet[RepairReading]
    certificates: PolicySet[CertificatePolicy]
    exchange: PolicySet[ExchangePolicy]

    @classmethod
    def load(cls, folder: Path) -> "Rulebook":
        """Read the files in `folder` and check that they fit each other. Raises PolicyError or ValueError."""
        book = cls(
            catalogues=PolicySet.load(sorted(folder.glob("fact-catalogue*.yaml")), FactCatalogue),
            publicity=PolicySet.load(folder / "publicity.yaml", PublicityPolicy),
            retention=PolicySet.load(folder / "retention.yaml", RetentionPolicy),
            objections=PolicySet.load(folder / "objections.yaml", ObjectionPolicy),
            commitments=PolicySet.load(folder / "commitments.yaml", CommitmentPolicy),
            event_facts=PolicySet.load(folder / "event-facts.yaml", EventFacts),
            scorecards=PolicySet.load(sorted(folder.glob("scorecard-*.yaml")), Scorecard),
            supervision=PolicySet.load(folder / "supervision.yaml", SupervisionPolicy),
            restrictions=PolicySet.load(folder / "restrictions.yaml", Restriction),
            risk_matrices=PolicySet.load(folder / "risk-matrix.yaml", RiskMatrix),
            boards=PolicySet.load(folder / "boards.yaml", BoardPolicy),
            honours=PolicySet.load(folder / "honours.yaml", HonourPolicy),
            warning_rules=PolicySet.load(folder / "warning-rules.yaml", WarningRule),
            draws=PolicySet.load(folder / "draws.yaml", DrawPolicy),
            draw_limits=PolicySet.load(folder / "draw-limits.yaml", DrawLimits),
            deposits=PolicySet.load(folder / "deposits.yaml", DepositPolicy),
            deposit_overlays=PolicySet.load(folder / "deposit-overlays.yaml", DepositOverlay),
            qualifications=PolicySet.load(folder / "qualifications.yaml", QualificationPolicy),
            inspection_items=PolicySet.load(folder / "inspection-items.yaml", InspectionItems),
            inspections=PolicySet.load(folder / "inspections.yaml", InspectionPolicy),
            papers=PolicySet.load(sorted(folder.glob("papers-*.yaml")), PaperForm),
            paper_issuers=PolicySet.load(folder / "paper-issuers.yaml", Issuers),
            lists=PolicySet.load(folder / "lists.yaml", ListPolicy),
            listing_conditions=PolicySet.load(folder / "listing-conditions.yaml", ListingCondition),
            repair_clocks=PolicySet.load(folder / "repair-clocks.yaml", RepairClock),
            repair_readings=PolicySet.load(folder / "repair-reading.yaml", RepairReading),
            certificates=PolicySet.load(folder / "certificates.yaml", CertificatePolicy),
            exchange=PolicySet.load(folder / "exchange.yaml", ExchangePolicy),
        )
        book._check_codes()
        return book

    def all(self) -> list[Policy]:
        """Every version of every policy."""
        sets: tuple[PolicySet[Any], ...] = (
            self.catalogues,
            self.publicity,
            self.retention,
            self.objections,
            self.commitments,
            self.event_facts,
            self.scorecards,
            self.supervision,
            self.restrictions,
            self.risk_matrices,
            self.boards,
            self.honours,
            self.warning_rules,
            self.draws,
            self.draw_limits,
            self.deposits,
            self.deposit_overlays,
            self.qualifications,
            self.inspection_items,
            self.inspections,
            self.papers,
            self.paper_issuers,
            self.lists,
            self.listing_conditions,
            self.repair_clocks,
            self.repair_readings,
            self.certificates,
            self.exchange,
        )
        return [policy for one in sets for policy in one]

    def catalogue(self, on: date, region: str | None = None) -> Catalogue:
        """The catalogue in force on `on`: in `region`, or with the supplements of all regions."""
        return catalogue(self.catalogues, on, region)

    def publication_clock(
        self, kind: Literal["listing", "penalty"], document_on: date, region: str
    ) -> RepairClock | None:
        """The rules on repair from a document of that day, beside Order 7: Order 36, before it Order 58."""
        for name in ("repair-order36", "repair-order58"):
            found = self.repair_clocks.find(name, on=document_on, region=region)
            if found is not None and kind in found.covers:
                return found
        return None

    @cached_property
    def penalties_behind(self) -> frozenset[str]:
        """The codes of penalties without which a listing does not bring a restriction."""
        return frozenset(code for one in self.restrictions for code in one.penalties)

    def _check_codes(self) -> None:
        """Every code in use must be in the catalogue, and what closes a duty must say so there."""
        check_parts(self.catalogues.all())
        kinds = {fact.code: fact for part in self.catalogues for fact in part.facts}
        used = {m.code for mapping in self.event_facts for m in mapping.mappings}
        used |= {code for rule in self.restrictions for code in (*rule.facts, *rule.penalties)}
        used |= {code for policy in self.deposits for code in policy.halving.broken_by}
        for card in self.scorecards:
            used |= card.codes
            rules: list[PointRule | VetoRule] = [*card.rules, *card.vetoes]
            for rule in rules:
                for code in rule.window.until:
                    if code in kinds and not set(rule.codes) <= set(kinds[code].closes):
                        raise ValueError(f"{card.id}: {code} does not close what {rule.id} counts")
        if unknown := used - set(kinds):
            raise ValueError(f"codes that are not in the catalogue: {sorted(unknown)}")
        conditions = {one.id for one in self.listing_conditions}
        named = {code for rule in self.restrictions for code in rule.conditions}
        named |= {code for one in self.listing_conditions for code in one.finer}
        if unknown := named - conditions:
            raise ValueError(f"listing conditions that nobody can name: {sorted(unknown)}")
