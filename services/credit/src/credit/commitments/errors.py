"""Problems of commitments."""

from common.problems import NotFound, StateConflict, Text

__all__ = [
    "CommitmentEventRefused",
    "CommitmentNotFound",
    "CommitmentNotOpen",
]


class CommitmentNotFound(NotFound):
    """No such commitment, or not the caller's to see."""

    type = "/problems/commitment-not-found"
    title = Text("未找到该信用承诺", "No such commitment")


class CommitmentNotOpen(StateConflict):
    """A serious subject, or one that broke a commitment before, gives none (Guide of 2022).

    `citations` are the restrictions in force that bar it; `rule` and `article` say so of a false promiser.
    """

    type = "/problems/commitment-not-available"
    title = Text(
        "严重失信主体和曾作出虚假承诺的主体不适用信用承诺",
        "No commitment is taken from a serious subject or a false promiser",
    )


class CommitmentEventRefused(StateConflict):
    """The event does not fit the state; `allowed` names those that do."""

    type = "/problems/commitment-event-refused"
    title = Text("当前状态不允许此操作", "The present state does not allow this event")
