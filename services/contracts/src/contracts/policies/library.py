"""All policies of the service, read once at start, and the choice among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from common.policies import WHOLE_COUNTRY, Policy, PolicyNotInForce, PolicySet
from common.problems import Text

from contracts.documents.parties import ContractType
from contracts.policies.model import (
    CancellationTables,
    ContractTypes,
    MeasureUses,
    PriceParts,
    PriceReference,
    PriceReferences,
    PriceTerms,
    Retention,
    RuleTable,
    TemplateEditions,
    Thresholds,
    TypeDefinition,
    Wording,
)
from contracts.policies.rulebook import Rulebook

__all__ = ["Library", "load_library"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Library:
    """Every version of every policy."""

    rules: PolicySet[RuleTable]
    types: PolicySet[ContractTypes]
    thresholds: PolicySet[Thresholds]
    wording: PolicySet[Wording]
    editions: PolicySet[TemplateEditions]
    cancellation: PolicySet[CancellationTables]
    references: PolicySet[PriceReferences]
    parts: PolicySet[PriceParts]
    terms: PolicySet[PriceTerms]
    measures: PolicySet[MeasureUses]
    retention: PolicySet[Retention]
    extra_references: tuple[PriceReference, ...] = ()

    def all(self) -> list[Policy]:
        """Every policy, in the order in which they are shown."""
        sets: Sequence[PolicySet[Policy]] = (
            self.rules,
            self.types,
            self.thresholds,
            self.wording,
            self.editions,
            self.cancellation,
            self.references,
            self.parts,
            self.terms,
            self.measures,
            self.retention,
        )  # type: ignore[assignment]
        return [policy for policies in sets for policy in policies.all()]

    def kind(self, contract_type: ContractType) -> TypeDefinition:
        """The definition of a contract type in its newest version: what numbers are made of never changes."""
        return self.types.all()[-1].by_type[contract_type]

    def with_references(self, references: Sequence[PriceReference]) -> "Library":
        """The same library that also knows `references`, for measuring on prices of one's own."""
        return replace(self, extra_references=tuple(references))

    def rulebook(self, *, on: date, region: str = WHOLE_COUNTRY) -> Rulebook:
        """The rules for a contract signed on `on` by an agency of `region`.

        Price references and cost parts are taken from every region, since a trip may lead anywhere.

        Raises:
            PolicyNotInForce: the day lies before the first rules.
        """
        return self._chosen(on, region)

    @lru_cache(maxsize=512)  # noqa: B019  (a library lives as long as its process)
    def _chosen(self, on: date, region: str) -> Rulebook:
        tables = self.rules.in_force(on=on, region=region)
        if not tables:
            raise PolicyNotInForce(
                Text(
                    f"{on.isoformat()} 尚无合同检查规则",
                    f"no contract rules were in force on {on.isoformat()}",
                )
            )
        types = self.types.choose("contract-types", on=on, region=region)
        thresholds = self.thresholds.choose("thresholds", on=on, region=region)
        wording = self.wording.choose("wording", on=on, region=region)
        editions = self.editions.choose("template-editions", on=on, region=region)
        cancellation = self.cancellation.choose("cancellation-tables", on=on, region=region)
        terms = self.terms.choose("price-terms", on=on, region=region)
        measures = self.measures.choose("contract-measures", on=on, region=region)
        references = [policy for policy in self.references if policy.in_force(on)]
        parts = [policy for policy in self.parts if policy.in_force(on)]
        used: list[Policy] = [
            *tables,
            types,
            thresholds,
            wording,
            editions,
            cancellation,
            terms,
            measures,
            *references,
            *parts,
        ]
        return Rulebook(
            rules=tuple(rule for table in tables for rule in table.rules),
            types=types.by_type,
            thresholds=thresholds,
            wording=wording,
            editions=tuple(editions.editions),
            cancellation=tuple(cancellation.tables),
            references=(*self.extra_references, *(r for policy in references for r in policy.references)),
            parts=tuple(parts),
            terms=terms,
            measures=tuple(measures.uses),
            version={f"{policy.id}@{policy.region}": policy.version for policy in used},
        )


@lru_cache(maxsize=1)
def load_library() -> Library:
    """The policies shipped with this service.

    Raises:
        PolicyError: a file is not wholly understood; the service must not start.
    """
    return Library(
        rules=PolicySet.load(FOLDER / "rules", RuleTable),
        types=PolicySet.load(FOLDER / "contract-types.yaml", ContractTypes),
        thresholds=PolicySet.load(FOLDER / "thresholds.yaml", Thresholds),
        wording=PolicySet.load(FOLDER / "wording.yaml", Wording),
        editions=PolicySet.load(FOLDER / "templates.yaml", TemplateEditions),
        cancellation=PolicySet.load(FOLDER / "cancellation.yaml", CancellationTables),
        references=PolicySet.load(FOLDER / "price-references.yaml", PriceReferences),
        parts=PolicySet.load(FOLDER / "price-parts.yaml", PriceParts),
        terms=PolicySet.load(FOLDER / "price-terms.yaml", PriceTerms),
        measures=PolicySet.load(FOLDER / "measures.yaml", MeasureUses),
        retention=PolicySet.load(FOLDER / "retention.yaml", Retention),
    )
