"""Who sees which cases: one SQL condition that every query of cases carries."""

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, and_, false
from sqlmodel import col

from complaints.cases.models import Case

__all__ = ["is_respondent", "visible_to"]


def is_respondent(principal: Principal) -> bool:
    """Whether the caller sees cases as the party complained of, not as an officer."""
    officer = principal.may("complaints:handle", "complaints:supervise", "enforcement:handle")
    return principal.kind in {"agency", "guide"} or not officer


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """The SQL condition of what a caller may see.

    An agency or a guide sees the cases that were served on it, an officer what lies in the own regions.
    """
    if is_respondent(principal):
        if principal.subject_id is None:
            return false()
        return and_(col(Case.respondent_subject_id) == principal.subject_id, col(Case.served_on).is_not(None))
    return region_clause(col(Case.region), principal)
