"""Problems of runs."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["RunNotFound", "RunOver"]


class RunNotFound(NotFound):
    """No such run, or not of the caller's regions."""

    type = "/problems/scoring-run-not-found"
    title = Text("未找到该评分任务", "No such scoring run")


class RunOver(StateConflict):
    """The run has ended: there is nothing to cancel."""

    type = "/problems/scoring-run-over"
    title = Text("评分任务已结束，不能取消", "The scoring run has ended and cannot be cancelled")
