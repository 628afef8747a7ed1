"""Problems of replies."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["ReplyNotFound", "ReplyRefused"]


class ReplyNotFound(NotFound):
    """No such reply, or not the caller's to see."""

    type = "/problems/reply-not-found"
    title = Text("未找到该说明", "No such reply")


class ReplyRefused(StateConflict):
    """The step does not fit what stands."""

    type = "/problems/reply-state"
    title = Text("该说明当前状态不允许此操作", "The reply's state does not allow this")
