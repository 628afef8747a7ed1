"""Problems of warning rules."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["AlreadyActive", "RuleNotFound"]


class RuleNotFound(NotFound):
    """No such rule, or no such version."""

    type = "/problems/warning-rule-not-found"
    title = Text("未找到该预警规则或版本", "No such warning rule or version")


class AlreadyActive(StateConflict):
    """The version counts already."""

    type = "/problems/warning-rule-active"
    title = Text("该版本已启用", "This version is active already")
