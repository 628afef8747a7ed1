"""The life of a scorecard version, and who may publish it when."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from credit.scoring.rules.scorecard import Scorecard

__all__ = ["State", "may_be_withdrawn", "overlapping"]


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def may_be_withdrawn(state: State, effective_from: date, today: date) -> bool:
    """A draft may always be given up; a published version only before its first day."""
    return state is State.DRAFT or (state is State.PUBLISHED and effective_from > today)


def overlapping(card: Scorecard, others: Iterable[Scorecard]) -> str | None:
    """What stands in the way of a version among the known cards: `version`, `first_day` or `kind`.

    One version of a card is never published twice, two versions never begin on one day, and two grade cards
    of one region never grade the same kind, for nobody could tell which holds.
    """
    for other in others:
        same = (other.id, other.region) == (card.id, card.region)
        if same and other.version == card.version:
            return "version"
        if same and other.effective_from == card.effective_from:
            return "first_day"
        rivals = other.region == card.region and other.use == card.use == "grade" and other.id != card.id
        ended = other.effective_to is not None and other.effective_to < card.effective_from
        if rivals and not ended and set(other.kinds) & set(card.kinds):
            return "kind"
    return None
