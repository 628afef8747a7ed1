"""The shape of the procedure rule sets in `policies/procedure.yaml`."""

from datetime import date
from pathlib import Path
from typing import Literal

from common.policies import Policy, PolicySet, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Extension", "Procedure", "ProcedureBook", "Term"]

Place = Literal["respondent", "contract_signed", "incident"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Term(_Part):
    """A term: from the day of one event until one of the events that meet it."""

    id: Literal["accept", "supplement", "serve", "reply", "conclude"]
    starts: str
    ends: list[str] = Field(min_length=1)
    days: int = Field(ge=1)
    unit: Literal["working_days", "days"]
    pausable: bool = False
    article: str
    status: PolicyStatus


class Extension(_Part):
    """How far a local regulation lets the handling be prolonged, once, in calendar days."""

    days: int = Field(ge=1)
    article: str
    status: PolicyStatus


class Jurisdiction(_Part):
    """On which places jurisdiction rests, the preferred first."""

    order: list[Place] = Field(min_length=1)
    stop_at_once_first: Place
    article: str


class Procedure(Policy):
    """A national rule set, or (`overlay`) the departures of one place from it."""

    name: str = ""
    articles_known: bool = False
    overlay: bool = False
    jurisdiction: Jurisdiction | None = None
    time_bar_article: str = ""
    supplement_pauses_acceptance: bool = False
    extension: Extension | None = None
    terms: list[Term]
    articles: dict[str, str] = Field(default_factory=dict)

    def citations(self) -> dict[str, str]:
        """What the routing cites of this rule set, by name."""
        named = self.articles | {"R4": self.time_bar_article}
        return named | {"jurisdiction": self.jurisdiction.article} if self.jurisdiction else named

    def cite(self, article: str) -> str:
        """The measures with `article` of 2010, or without a number where the new text was not read."""
        return f"{self.name}{article}" if self.articles_known else f"{self.name}（条号待核对）"


class ProcedureBook:
    """All rule sets; the day of receipt chooses the national one, the place the local one."""

    def __init__(self, folder: Path) -> None:
        self.policies = PolicySet.load(folder / "procedure.yaml", Procedure)

    def national(self, received_on: date) -> Procedure:
        """The national rule set for a complaint received on that day.

        Raises:
            PolicyNotInForce: before 2010-07-01.
        """
        return self.policies.choose("procedure", on=received_on)

    def local(self, received_on: date, region: str | None) -> Procedure | None:
        """The local rules of `region`, if it has any."""
        if region is None:
            return None
        return self.policies.find("procedure-local", on=received_on, region=region)
