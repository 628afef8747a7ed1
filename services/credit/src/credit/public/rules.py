"""What the public may see of a subject, and where a subject's reply stands."""

from datetime import date
from enum import StrEnum

from common.problems import Text

from credit.rulebook.rules import Rulebook
from credit.scoring.rules import Scorecard
from credit.supervision.figures import publicity_of
from credit.supervision.policy import Publicity

__all__ = ["ReplyState", "publicity", "shows_grade"]


class ReplyState(StrEnum):
    """Where a subject's reply stands; `replaced` is one that a later reply took the place of."""

    FILED = "filed"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


def publicity(
    rulebook: Rulebook, region: str, tier: str | None, on: date, card: Scorecard | None, grade: str | None
) -> tuple[Publicity, Text]:
    """Whether a grade of `card` is shown, and the words of the risk notice that goes with it if any does.

    The card's band says so, else the supervision policy of the day and place. Raises PolicyNotInForce where
    no supervision policy was in force.
    """
    policy = rulebook.supervision.choose("tiered-supervision", on=on, region=region)
    return publicity_of(policy, tier, card, grade), policy.risk_notice


def shows_grade(
    rulebook: Rulebook, region: str, tier: str | None, on: date, card: Scorecard | None, grade: str | None
) -> bool:
    """Whether a subject has its grade shown. Raises as `publicity`."""
    if tier is None:
        return False
    return publicity(rulebook, region, tier, on, card, grade)[0] != "none"
