"""Findings as they cross the API."""

from pydantic import BaseModel

from contracts.checks.findings import Finding
from contracts.policies.model import Severity

__all__ = ["CheckAnswer", "FindingView", "view"]


class FindingView(BaseModel):
    """One finding. `path` is dotted with `[n]` or `[*]`, `pointer` is RFC 6901."""

    rule_id: str
    severity: Severity
    path: str
    pointer: str
    reason: str
    legal_basis: list[str]


class CheckAnswer(BaseModel):
    """What a check says. `registrable`: no finding is an error."""

    registrable: bool
    findings: list[FindingView]
    policy_versions: dict[str, str]


def view(finding: Finding, language: str) -> FindingView:
    """A finding for a reader of `language`."""
    return FindingView(**finding.render(language))
