"""The kinds of source that a fact can have."""

from enum import StrEnum

__all__ = ["SourceKind"]


class SourceKind(StrEnum):
    """Where a fact comes from.

    From `listing` on, the kinds of this service's own rooms: their reference is the room's own number, and
    nobody enters them by hand.
    """

    COMPLAINT_CASE = "complaint_case"
    ENFORCEMENT_CASE = "enforcement_case"
    LICENCE_REGISTER = "licence_register"
    COURT = "court"
    OTHER = "other"
    LISTING = "listing"
    REPAIR = "repair"
    INSPECTION = "inspection"
    HAZARD = "hazard"
    COMMITMENT = "commitment"
    BOARD = "board"
    HONOUR = "honour"
    DEPOSIT = "deposit"
    QUALIFICATION = "qualification"
    RUN = "run"
    MERGE = "merge"
