"""The life of a draw, and the coded reasons inside one."""

from enum import StrEnum

__all__ = ["DrawState", "ExclusionReason", "RecusalReason"]


class DrawState(StrEnum):
    """Where a draw stands."""

    FROZEN = "frozen"
    COMMITTED = "committed"
    DRAWN = "drawn"
    VOID = "void"


class RecusalReason(StrEnum):
    """Why an inspector may not inspect an object (Administrative Penalty Law, Article 43)."""

    DIRECT_INTEREST = "direct_interest"
    KINSHIP = "kinship"
    FORMER_EMPLOYMENT = "former_employment"
    OTHER_RELATION = "other_relation"


class ExclusionReason(StrEnum):
    """Why a subject is kept out of a draw."""

    RECENTLY_INSPECTED = "recently_inspected"
    UNDER_INVESTIGATION = "under_investigation"
    TARGETED_CHECK = "targeted_check"
    NOT_OPERATING = "not_operating"
