"""Problems of the exchange."""

from common.problems import NotFound, Problem, StateConflict, Text

__all__ = ["ExchangeUnavailable", "RecordNotFound", "RecordSettled", "RepairIsOurs"]


class RecordNotFound(NotFound):
    """No such record, or not of the caller's regions."""

    type = "/problems/exchange-record-not-found"
    title = Text("未找到该交换记录", "No such exchanged record")


class RecordSettled(StateConflict):
    """Only a record that was given up or refused, and that no later version replaces, is sent again."""

    type = "/problems/exchange-record-settled"
    title = Text("该记录无须重发", "This record is not to be sent again")


class RepairIsOurs(StateConflict):
    """A repair of our listing that this system cannot decide: who listed repairs."""

    type = "/problems/repair-is-ours"
    title = Text(
        "谁认定、谁修复：该名单须由列入机关决定是否修复", "Who listed repairs: our own decision is needed"
    )


class ExchangeUnavailable(Problem):
    """The other system is not connected or did not answer."""

    type = "/problems/exchange-unavailable"
    title = Text("对方系统未接入或没有应答", "The other system is not connected or did not answer")
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "60"})
