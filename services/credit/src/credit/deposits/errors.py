"""Problems of deposits."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["DemandNotFound", "DepositRefused", "FindingNotFound", "NoDeposit", "PolicyRecordNotFound"]


class NoDeposit(StateConflict):
    """Only travel agencies deposit; a branch's share stands with its agency."""

    type = "/problems/no-deposit"
    title = Text(
        "只有旅行社交纳保证金、投保责任险", "Only travel agencies deposit and insure their liability"
    )


class DepositRefused(StateConflict):
    """The entry, demand or certificate does not fit what stands."""

    type = "/problems/deposit-refused"
    title = Text("与保证金现状不符", "It does not fit what stands")


class DemandNotFound(NotFound):
    """No such demand, or not the caller's to see."""

    type = "/problems/deposit-demand-not-found"
    title = Text("未找到该补足通知", "No such demand")


class FindingNotFound(NotFound):
    """No such finding, or not the caller's to see."""

    type = "/problems/liability-finding-not-found"
    title = Text("未找到该未出示保险记录", "No such finding")


class PolicyRecordNotFound(NotFound):
    """No such insurance policy, or not the caller's to see."""

    type = "/problems/liability-policy-not-found"
    title = Text("未找到该保险单", "No such insurance policy")
