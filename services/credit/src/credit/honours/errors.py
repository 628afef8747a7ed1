"""Problems of honours."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CriteriaNotMet", "HonourNotFound", "HonourOpen", "HonourRefused", "TooEarly"]


class HonourNotFound(NotFound):
    """No such honour or subject, or not the caller's to see."""

    type = "/problems/honour-not-found"
    title = Text("未找到该荣誉或主体", "No such honour or subject")


class HonourOpen(StateConflict):
    """The subject holds this honour, or has applied for it."""

    type = "/problems/honour-open"
    title = Text("该主体已有同一荣誉或正在办理", "The subject holds this honour or has applied for it")


class HonourRefused(StateConflict):
    """The act does not fit the honour's state; `allowed` names those that do."""

    type = "/problems/honour-act-refused"
    title = Text("荣誉当前状态不允许此操作", "The honour's state does not allow this")


class CriteriaNotMet(StateConflict):
    """The subject fails a criterion; `unmet` names each with its reason."""

    type = "/problems/honour-criteria-not-met"
    title = Text("不符合授予条件", "The criteria are not met")


class TooEarly(StateConflict):
    """The period for a statement still runs."""

    type = "/problems/honour-statement-period"
    title = Text("陈述期未满，不得作出决定", "The period for a statement is not over")
