"""The life of a regulatory talk, and what a mystery visit may lead to."""

from enum import StrEnum

__all__ = ["Advice", "TalkState"]


class TalkState(StrEnum):
    """Where a talk stands."""

    INVITED = "invited"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Advice(StrEnum):
    """What the visitors propose."""

    NOTHING = "nothing"
    INSPECTION = "inspection"
    TALK = "talk"
    TRANSFER = "transfer"
