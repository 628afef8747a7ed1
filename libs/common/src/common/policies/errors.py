"""What can be wrong with a policy file, or with the question put to it."""

from common.problems import Problem, Text

__all__ = ["PolicyError", "PolicyNotInForce"]


class PolicyError(Problem):
    """A policy file is wrong, or a condition in it cannot be decided. At start it stops the start."""

    type = "/problems/policy-unusable"
    title = Text("规则数据有误，暂时无法办理", "The rule data is faulty; this cannot be decided at present")
    status = 503

    def __init__(self, file: str, reason: Text) -> None:
        super().__init__(Text(f"规则文件 {file}：{reason.zh}", f"policy file {file}: {reason.en}"))
        self.file = file
        self.reason = reason

    def __str__(self) -> str:
        return f"policy file {self.file}: {self.reason.en}"


class PolicyNotInForce(Problem):
    """No version of this policy was in force on that day in that place."""

    type = "/problems/policy-not-in-force"
    title = Text("该日期、该地区没有生效的规则", "No rule was in force on that day in that region")
    status = 422
