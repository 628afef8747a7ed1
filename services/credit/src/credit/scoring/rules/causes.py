"""Why a grade was published anew."""

from enum import StrEnum

__all__ = ["Cause"]


class Cause(StrEnum):
    """What made the engine run."""

    FIRST = "first"
    FACT = "fact"
    TIME = "time"
    OBJECTION = "objection"
    SUBJECT = "subject"
    CARD = "card"
