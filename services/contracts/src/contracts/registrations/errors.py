"""What can go wrong with a registration."""

from common.problems import Forbidden, NotFound, Problem, StateConflict, Text

from contracts.checks.findings import Finding

__all__ = [
    "ContractNotFound",
    "ContractRefused",
    "NotThisContractsState",
    "OrderAlreadyFiled",
    "PlatformMismatch",
]


class ContractRefused(Problem):
    """A rule of the law refuses the document; `findings` names each place. The attempt was kept."""

    type = "/problems/contract-refused"
    title = Text(
        "合同不符合法定要求，未予登记", "The contract breaks the law's demands and was not registered"
    )
    status = 422

    def __init__(self, findings: list[Finding], language: str) -> None:
        errors = sum(finding.severity == "error" for finding in findings)
        super().__init__(
            Text(f"有{errors}项不符合要求，详见 findings", f"{errors} findings are errors; see findings"),
            findings=[finding.render(language) for finding in findings],
        )


class OrderAlreadyFiled(StateConflict):
    """The platform's order number stands for another document."""

    type = "/problems/order-already-filed"
    title = Text("该平台订单号已登记另一份合同", "This order number is registered with another document")


class PlatformMismatch(Forbidden):
    """The caller is not the platform that the document names."""

    type = "/problems/platform-mismatch"
    title = Text("只能以本平台名义报送合同", "A platform submits contracts in its own name only")


class ContractNotFound(NotFound):
    """No such contract, or not the caller's to see."""

    title = Text("没有此合同", "There is no such contract")


class NotThisContractsState(StateConflict):
    """The contract's state or dates do not allow this."""

    title = Text("合同当前状态不允许此操作", "The contract's state does not allow this")
