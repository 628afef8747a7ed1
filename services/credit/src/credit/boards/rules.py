"""The life of a board run; pure."""

from enum import StrEnum

__all__ = ["Act", "Side", "State", "allowed"]


class Side(StrEnum):
    """On which board an entry is."""

    RED = "red"
    BLACK = "black"
    NONE = "none"


class State(StrEnum):
    """Where a board run stands: entered, ranked, judged, reviewed, published (or withdrawn before that)."""

    ENTERING = "entering"
    RANKING = "ranking"
    JUDGING = "judging"
    REVIEW = "review"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What people do with a board run."""

    REVIEW = "review"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    REMOVE = "remove"


_ALLOWED = {
    State.ENTERING: (Act.WITHDRAW,),
    State.RANKING: (Act.WITHDRAW,),
    State.JUDGING: (Act.WITHDRAW,),
    State.REVIEW: (Act.REVIEW, Act.PUBLISH, Act.WITHDRAW),
    State.PUBLISHING: (),
    State.PUBLISHED: (Act.REMOVE,),
    State.WITHDRAWN: (),
}


def allowed(state: State) -> list[str]:
    """What may be done in a state."""
    return [str(act) for act in _ALLOWED[state]]
