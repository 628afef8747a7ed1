"""Problems of plans."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = ["PlanConflict", "PlanNeedsSecondPerson", "PlanNotFound", "TaskNotFound"]


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


class PlanNeedsSecondPerson(Forbidden):
    """Whoever drafted a version does not file it."""

    type = "/problems/inspection-plan-second-person"
    title = Text(
        "起草人不得自行报备，须由他人办理", "Whoever drafted it does not file it; another person does"
    )
