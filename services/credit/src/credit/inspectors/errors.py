"""Problems of the library of inspectors."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = ["InspectorExists", "InspectorNotFound", "OwnRecusal", "RecusalConflict", "RecusalNotFound"]


class InspectorNotFound(NotFound):
    """No such inspector, or not in the caller's regions."""

    type = "/problems/inspector-not-found"
    title = Text("未找到该检查人员", "No such inspector")


class RecusalNotFound(NotFound):
    """No such recusal of this inspector."""

    type = "/problems/recusal-not-found"
    title = Text("未找到该回避记录", "No such recusal")


class InspectorExists(StateConflict):
    """The staff id or the card number stands in the library already."""

    type = "/problems/inspector-exists"
    title = Text("工号或执法证号已在名录库中", "The staff id or card number is in the library already")


class RecusalConflict(StateConflict):
    """The recusal stands already, or has ended."""

    type = "/problems/recusal-conflict"
    title = Text("该回避已存在或已结束", "The recusal stands already, or has ended")


class OwnRecusal(Forbidden):
    """Nobody ends his own recusal."""

    type = "/problems/own-recusal"
    title = Text("不得自行解除本人的回避", "Nobody ends his own recusal")
