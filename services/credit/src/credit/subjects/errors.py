"""Problems of subjects."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["SubjectExists", "SubjectNotFound"]


class SubjectNotFound(NotFound):
    """No such subject, or not the caller's to see."""

    type = "/problems/subject-not-found"
    title = Text("未找到该主体", "No such subject")


class SubjectExists(StateConflict):
    """The key or licence already belongs to another subject."""

    type = "/problems/subject-exists"
    title = Text("该代码或许可证号已登记", "The key or licence is already registered")
