"""The life of a draw, and the coded reasons inside one."""

from enum import StrEnum

__all__ = ["DrawState", "ExclusionReason", "RecusalReason", "VoidCause", "WaiverGround"]


class DrawState(StrEnum):
    """Where a draw stands."""

    FROZEN = "frozen"
    COMMITTED = "committed"
    DRAWN = "drawn"
    VOID = "void"


class VoidCause(StrEnum):
    """Why a draw is void. `not_sealed` is the operator's or the witness's doing: it names no officer."""

    NOT_COMMITTED = "not_committed"
    NOT_SEALED = "not_sealed"
    NOT_REVEALED = "not_revealed"


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


class WaiverGround(StrEnum):
    """Why a chain of void draws is given up. The records must bear out the first two."""

    PLAN_ENDED = "plan_ended"
    TOO_FEW_OBJECTS = "too_few_objects"
    NO_OTHER_OFFICERS = "no_other_officers"
