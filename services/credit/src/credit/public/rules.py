"""What the public may see of a subject, and where a subject's reply stands."""

from datetime import date
from enum import StrEnum

from credit.rulebook.rules import Rulebook

__all__ = ["ReplyState", "shows_grade"]


class ReplyState(StrEnum):
    """Where a subject's reply stands; `replaced` is one that a later reply took the place of."""

    FILED = "filed"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


def shows_grade(rulebook: Rulebook, region: str, tier: str | None, on: date) -> bool:
    """Whether a subject of this tier has its grade shown: the supervision policy of the day and place says.

    Raises PolicyNotInForce where no supervision policy was in force.
    """
    if tier is None:
        return False
    policy = rulebook.supervision.choose("tiered-supervision", on=on, region=region)
    return policy.of(tier).publicity != "none"
