"""The law and the local rules of this service as versioned data, and how a case chooses among them."""

from contracts.policies.library import Library, load_library
from contracts.policies.model import (
    CancellationTable,
    MeasureUse,
    PriceParts,
    PriceReference,
    RuleDefinition,
    TemplateEdition,
    Thresholds,
    TypeDefinition,
    Wording,
)
from contracts.policies.rulebook import Rulebook

__all__ = [
    "CancellationTable",
    "Library",
    "MeasureUse",
    "PriceParts",
    "PriceReference",
    "RuleDefinition",
    "Rulebook",
    "TemplateEdition",
    "Thresholds",
    "TypeDefinition",
    "Wording",
    "load_library",
]
