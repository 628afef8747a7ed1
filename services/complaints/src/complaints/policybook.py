"""All policy data of this service, read and checked once at start."""

from functools import cache
from pathlib import Path

from common.policies import Policy

from complaints.cases.policy import ProcedureBook
from complaints.cases.rules import Event as CaseEvents
from complaints.compensation.policy import CompensationBook
from complaints.documents.policy import PaperBook
from complaints.enforcement.policy import PenaltyBook
from complaints.enforcement.rules import Event as EnforcementEvents
from complaints.routing.policy import RoutingPolicies
from complaints.subjects.measures import MeasureBook

__all__ = ["POLICIES", "PolicyBook", "policy_book"]

POLICIES = Path(__file__).parent / "policies"


class PolicyBook:
    """Routing tables, procedure rule sets, compensation rules, penalty bands, forms of papers,
    measures that are cited.

    Raises:
        PolicyError: a file is unreadable, wrong or inconsistent; the service must not start.
    """

    def __init__(self, folder: Path = POLICIES) -> None:
        self.routing = RoutingPolicies(folder)
        self.procedure = ProcedureBook(folder)
        for procedure in self.procedure.policies:
            if not procedure.overlay:
                self.routing.check_articles(procedure.citations())
        self.compensation = CompensationBook(folder)
        self.penalties = PenaltyBook(folder)
        self.papers = PaperBook(folder)
        self.measures = MeasureBook(folder)
        self.measures.check_events(case={"submit", *CaseEvents}, enforcement=set(EnforcementEvents))

    def all(self) -> list[Policy]:
        """Every version of every policy."""
        return [
            *self.routing.all(),
            *self.procedure.policies,
            *self.compensation.policies,
            *self.penalties.policies,
            *self.penalties.summaries,
            *self.papers.all(),
            *self.measures.policies,
        ]


@cache
def policy_book() -> PolicyBook:
    """The policy data that came with this code, read once in a process; it never changes."""
    return PolicyBook()
