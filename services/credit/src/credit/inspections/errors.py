"""Problems of inspections."""

from common.problems import Forbidden, NotFound, Problem, StateConflict, Text

__all__ = [
    "InspectionConflict",
    "InspectionNotFound",
    "NotAnImage",
    "NotAssigned",
    "RecordConflict",
    "RecordIncomplete",
]


class InspectionNotFound(NotFound):
    """No such inspection, or not in the caller's regions."""

    type = "/problems/inspection-not-found"
    title = Text("未找到该检查", "No such inspection")


class NotAssigned(Forbidden):
    """Only the inspectors assigned to it write an inspection's record, unless recused since."""

    type = "/problems/inspection-not-assigned"
    title = Text("您不是该次检查的检查人员", "You are not an inspector of this inspection")


class InspectionConflict(StateConflict):
    """The inspection's state does not allow this; `allowed` names what it does."""

    type = "/problems/inspection-conflict"
    title = Text("检查当前状态不允许此操作", "The inspection's state does not allow this")


class RecordConflict(StateConflict):
    """The revision does not follow the server's: take the server's record, bring the changes into it."""

    type = "/problems/inspection-record-conflict"
    title = Text("检查记录版本冲突，请先取回服务器版本", "The record has moved on; take the server's first")


class RecordIncomplete(Problem):
    """The record lacks what the result needs; `errors` names each place."""

    type = "/problems/inspection-record-incomplete"
    title = Text("检查记录不完整", "The record is not complete")
    status = 422


class NotAnImage(Problem):
    """Photos and signatures are JPEG, PNG, WebP or HEIC by their content."""

    type = "/problems/not-an-image"
    title = Text("文件不是图片", "The file is not an image")
    status = 415
