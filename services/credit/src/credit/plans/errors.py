"""Problems of plans."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["PlanConflict", "PlanNotFound", "TaskNotFound"]


class PlanNotFound(NotFound):
    """No such plan, or not in the caller's regions."""

    type = "/problems/inspection-plan-not-found"
    title = Text("未找到该抽查计划", "No such inspection plan")


class TaskNotFound(NotFound):
    """The plan has no such task."""

    type = "/problems/inspection-plan-task-not-found"
    title = Text("计划中没有该任务", "The plan has no such task")


class PlanConflict(StateConflict):
    """The plan's state does not allow this; `allowed` names what it does."""

    type = "/problems/inspection-plan-conflict"
    title = Text("计划当前状态不允许此操作", "The plan's state does not allow this")
