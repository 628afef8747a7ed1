"""Problems of talks and mystery visits."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CommitmentNotFound", "MysteryVisitNotFound", "TalkConflict", "TalkNotFound"]


class TalkNotFound(NotFound):
    """No such talk, or not in the caller's regions."""

    type = "/problems/talk-not-found"
    title = Text("未找到该约谈", "No such talk")


class CommitmentNotFound(NotFound):
    """The talk holds no such commitment."""

    type = "/problems/talk-commitment-not-found"
    title = Text("约谈中没有该承诺事项", "The talk holds no such commitment")


class MysteryVisitNotFound(NotFound):
    """No such mystery visit, or not in the caller's regions."""

    type = "/problems/mystery-visit-not-found"
    title = Text("未找到该暗访记录", "No such mystery visit")


class TalkConflict(StateConflict):
    """The talk's state does not allow this."""

    type = "/problems/talk-conflict"
    title = Text("约谈当前状态不允许此操作", "The talk's state does not allow this")
