"""For every way to break a rule a small change of a clean sample that does so, and what is then found."""

from .broken_parties import PARTIES
from .broken_terms import TERMS
from .broken_trip import TRIP
from .changes import Broken, Expected
from .clean_variants import CLEAN, CROSS_BORDER

__all__ = ["BROKEN", "CLEAN", "CROSS_BORDER", "Expected"]

BROKEN: list[Broken] = [*PARTIES, *TRIP, *TERMS]
