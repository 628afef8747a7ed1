"""Problems of the archive."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CorrectionElsewhere", "CorrectionRefused", "FactConflict", "FactNotFound"]


class FactNotFound(NotFound):
    """No such fact, or not the caller's to see."""

    type = "/problems/fact-not-found"
    title = Text("未找到该信息", "No such fact")


class FactConflict(StateConflict):
    """The same source already said something else."""

    type = "/problems/fact-conflict"
    title = Text(
        "同一来源已有不同内容的信息，更正请用更正接口",
        "The same source already says something else; use a correction",
    )


class CorrectionRefused(StateConflict):
    """The correction does not fit what stands."""

    type = "/problems/correction-refused"
    title = Text("该信息当前状态不允许此更正", "What stands does not allow this correction")


class CorrectionElsewhere(StateConflict):
    """The fact belongs to a procedure: `procedure` names by what it changes."""

    type = "/problems/correction-elsewhere"
    title = Text("该信息由其办理环节更正，不得手工更正", "The fact changes by its procedure, never by hand")
