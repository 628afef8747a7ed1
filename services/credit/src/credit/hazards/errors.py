"""Problems of hazards."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["HazardConflict", "HazardNotFound"]


class HazardNotFound(NotFound):
    """No such hazard, or not in the caller's regions."""

    type = "/problems/hazard-not-found"
    title = Text("未找到该隐患", "No such hazard")


class HazardConflict(StateConflict):
    """The hazard's state does not allow this; `allowed` names what it does."""

    type = "/problems/hazard-conflict"
    title = Text("隐患当前状态不允许此操作", "The hazard's state does not allow this")
