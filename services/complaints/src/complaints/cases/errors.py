"""What can go wrong with a case."""

from common.problems import Problem, StateConflict, Text

__all__ = ["CaseNotFound", "EventNotAllowed", "EventTooEarly", "LookupFailed", "ReportNotTakenHere"]


class CaseNotFound(Problem):
    """No such case, or not the caller's to see."""

    type = "/problems/not-found"
    title = Text("未找到该案件", "No such case")
    status = 404


class EventNotAllowed(StateConflict):
    """The case's state does not allow this event; `allowed` names those it does."""

    type = "/problems/event-not-allowed"
    title = Text("当前状态不允许此操作", "The present state does not allow this event")


class EventTooEarly(StateConflict):
    """The event needs a day that has not come, or a rule that does not exist here."""

    type = "/problems/event-too-early"
    title = Text("条件尚未具备", "The conditions for this event are not met")


class LookupFailed(Problem):
    """Number and code do not belong together; which of them is wrong is not said."""

    type = "/problems/lookup-failed"
    title = Text("编号或查询码不正确", "The number or the code is not right")
    status = 404


class ReportNotTakenHere(Problem):
    """The text reports a violation and asks for nothing of one's own."""

    type = "/problems/report-needs-protected-channel"
    title = Text("举报须通过受保护的渠道提交", "Reports need the protected channel")
    status = 422
