"""The shape of `policies/papers.yaml` and `policies/paper-authorities.yaml`."""

from datetime import date
from pathlib import Path
from typing import Literal, Self

from common.policies import Policy, PolicySet
from common.regions import Level, authority_name
from pydantic import BaseModel, ConfigDict, Field, model_validator

from complaints.documents.rules import Kind, paper_number

__all__ = ["Authorities", "PaperBook", "PaperForm"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Part):
    """A title in both languages; the paper itself is Chinese."""

    zh: str
    en: str


class PaperForm(Policy):
    """One kind of paper under the rules of one time: title, word of its number, legal basis, fixed notes."""

    kind: Literal["acceptance", "refusal", "transfer", "mediation", "termination"]
    title: Title
    word: str = Field(min_length=1, max_length=4)
    basis: str = Field(min_length=4)
    notes: list[str] = Field(default_factory=list)
    grounds: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_refusal_has_its_grounds(self) -> Self:
        if (Kind(self.kind) is Kind.REFUSAL) != bool(self.grounds):
            raise ValueError("a refusal needs its grounds, and nothing else has any")
        return self


class Authorities(Policy):
    """How the issuing bodies are called: exceptions by name, the rest by their level."""

    endings: dict[Level, str]
    names: dict[str, str]
    short_names: dict[str, str]

    def name(self, region: str) -> str:
        """The issuing body of a place. Raises UnknownRegion."""
        return authority_name(region, self.names, self.endings)

    def number(self, word: str, year: int, region: str, serial: int) -> str:
        """The paper's number (文号)."""
        return paper_number(self.short_names.get(region[:2], ""), word, year, region, serial)


class PaperBook:
    """All forms of papers; the day of receipt chooses, as it chooses the procedure."""

    def __init__(self, folder: Path) -> None:
        self.forms = PolicySet.load(folder / "papers.yaml", PaperForm)
        self.authorities = PolicySet.load(folder / "paper-authorities.yaml", Authorities)

    def form(self, kind: Kind, received_on: date, region: str) -> PaperForm:
        """The form of a paper.

        Raises:
            PolicyNotInForce: received before 2010-07-01.
        """
        return self.forms.choose(f"paper-{kind}", on=received_on, region=region)

    def authority(self, received_on: date, region: str) -> Authorities:
        """The names of issuing bodies.

        Raises:
            PolicyNotInForce: received before 2010-07-01.
        """
        return self.authorities.choose("paper-authorities", on=received_on, region=region)

    def all(self) -> list[Policy]:
        """Every version of every policy of papers."""
        return [*self.forms, *self.authorities]
