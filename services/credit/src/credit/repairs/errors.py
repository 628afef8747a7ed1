"""Problems of repair."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = [
    "MaterialsMissing",
    "RegulatorNeeded",
    "RepairBarred",
    "RepairEventRefused",
    "RepairNotFound",
    "RepairRunning",
    "TargetNotRepairable",
]


class RepairNotFound(NotFound):
    """No such application, or not the caller's to see."""

    type = "/problems/repair-not-found"
    title = Text("未找到该修复申请", "No such application for repair")


class RepairRunning(StateConflict):
    """An application for the same listing or fact is running."""

    type = "/problems/repair-running"
    title = Text("同一信息的修复申请正在办理", "An application for the same information is running")


class TargetNotRepairable(StateConflict):
    """The listing or fact is not one that stands and could be repaired."""

    type = "/problems/target-not-repairable"
    title = Text("该信息不存在可修复的失信记录", "There is nothing standing that could be repaired")


class RepairEventRefused(StateConflict):
    """The event does not fit the state; `allowed` names those that do."""

    type = "/problems/repair-event-refused"
    title = Text("当前状态不允许此操作", "The present state does not allow this event")


class RepairBarred(StateConflict):
    """A ground of refusal holds; `bars` names each with the last day on which it bars."""

    type = "/problems/repair-barred"
    title = Text("存在不予修复的情形", "A ground of refusal holds")


class MaterialsMissing(StateConflict):
    """Materials are missing; `missing` names them."""

    type = "/problems/materials-missing"
    title = Text("申请材料不齐", "Materials are missing")


class RegulatorNeeded(Forbidden):
    """A conflict of the rules goes to the regulator whom the reading names."""

    type = "/problems/regulator-needed"
    title = Text("规则冲突须由规定的主管部门认定", "The conflict is for the regulator whom the rules name")
