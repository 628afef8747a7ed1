"""A card tried on cases of one's own: facts and times in, what was got beside what was expected."""

from .cases import Case, CasesError, read_cases
from .comparing import Row, evaluate

__all__ = ["Case", "CasesError", "Row", "evaluate", "read_cases"]
