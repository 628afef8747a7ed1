"""Problems of subjects."""

from common.problems import NotFound, StateConflict, Text

__all__ = [
    "KeyCorrectionNotFound",
    "KeyCorrectionRefused",
    "KeyFixed",
    "MergeRefused",
    "SubjectExists",
    "SubjectMerged",
    "SubjectNotFound",
    "TraceNotFound",
]


class SubjectNotFound(NotFound):
    """No such subject, or not the caller's to see."""

    type = "/problems/subject-not-found"
    title = Text("未找到该主体", "No such subject")


class SubjectExists(StateConflict):
    """The key, licence or ID number already belongs to another subject; `field` says which."""

    type = "/problems/subject-exists"
    title = Text("该代码或许可证号已登记", "The key or licence is already registered")


class SubjectMerged(StateConflict):
    """The subject was found to be another, which `survivor` names: act on that one."""

    type = "/problems/subject-merged"
    title = Text(
        "该主体已并入另一主体，请对该主体办理", "The subject was merged into another; act on that one"
    )


class MergeRefused(StateConflict):
    """The two records cannot be one subject, or are not merged."""

    type = "/problems/merge-refused"
    title = Text("不能合并或撤销合并", "This cannot be merged or unmerged")


class KeyFixed(StateConflict):
    """The subject has another key already, which a change of fields does not replace."""

    type = "/problems/key-fixed"
    title = Text(
        "该主体已登记其他代码；登记有误的，请提出代码更正并由他人确认",
        "The subject has another key; if that is wrong, propose its correction for another person to confirm",
    )


class KeyCorrectionNotFound(NotFound):
    """No such correction of a key, or not the caller's to see."""

    type = "/problems/key-correction-not-found"
    title = Text("未找到该代码更正", "No such correction of a key")


class KeyCorrectionRefused(StateConflict):
    """The correction cannot be proposed or decided as things stand."""

    type = "/problems/key-correction-refused"
    title = Text("当前不能更正代码", "The key cannot be corrected as things stand")


class TraceNotFound(NotFound):
    """No such trace, or not the caller's to see."""

    type = "/problems/trace-not-found"
    title = Text("未找到该线索标识", "No such trace")
