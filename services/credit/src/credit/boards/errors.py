"""Problems of boards."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["BoardExists", "BoardNotFound", "BoardRefused", "RemovalNotOpen"]


class BoardNotFound(NotFound):
    """No such run or entry, or not the caller's to see."""

    type = "/problems/board-not-found"
    title = Text("未找到该红黑榜", "No such board")


class BoardExists(StateConflict):
    """There is a run of this board for this period or event already."""

    type = "/problems/board-exists"
    title = Text("该期或该事件的红黑榜已存在", "There is a run for this period or event already")


class BoardRefused(StateConflict):
    """The act does not fit the run's state; `allowed` names those that do."""

    type = "/problems/board-refused"
    title = Text("红黑榜当前状态不允许此操作", "The run's state does not allow this")


class RemovalNotOpen(StateConflict):
    """A removal is asked for once, and ordered only after it was asked for."""

    type = "/problems/board-removal-not-open"
    title = Text("移出尚未提请或者已经提请", "The removal was not asked for yet, or is asked for already")
