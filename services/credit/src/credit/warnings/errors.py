"""Problems of warnings."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["ActRefused", "WarningNotFound"]


class WarningNotFound(NotFound):
    """No such warning, or not the caller's to see."""

    type = "/problems/warning-not-found"
    title = Text("未找到该预警", "No such warning")


class ActRefused(StateConflict):
    """The act does not fit the warning's state; `allowed` names those that do."""

    type = "/problems/warning-act-refused"
    title = Text("预警当前状态不允许此操作", "The warning's state does not allow this")
