"""The rules that hold for one case: chosen by its day and its place."""

from dataclasses import dataclass

from contracts.documents.parties import ContractType
from contracts.policies.model import (
    CancellationTable,
    MeasureUse,
    PriceParts,
    PriceReference,
    PriceTerms,
    RuleDefinition,
    TemplateEdition,
    Thresholds,
    TypeDefinition,
    Wording,
)

__all__ = ["Rulebook"]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that the checks of one contract may look up. `version` names every policy it was chosen from."""

    rules: tuple[RuleDefinition, ...]
    types: dict[str, TypeDefinition]
    thresholds: Thresholds
    wording: Wording
    editions: tuple[TemplateEdition, ...]
    cancellation: tuple[CancellationTable, ...]
    references: tuple[PriceReference, ...]
    parts: tuple[PriceParts, ...]
    terms: PriceTerms
    measures: tuple[MeasureUse, ...]
    version: dict[str, str]

    def kind(self, contract_type: ContractType) -> TypeDefinition:
        """The definition of a contract type."""
        return self.types[contract_type]

    def cancellation_table(self, contract_type: ContractType, year: int) -> CancellationTable | None:
        """The model text's own table, if it has one."""
        for table in self.cancellation:
            if table.contract_type == contract_type and year in table.editions:
                return table
        return None
