"""The shape of `policies/papers.yaml` and `policies/paper-authorities.yaml`."""

from common.policies import Policy
from common.problems import Text
from common.regions import Level, authority_name
from pydantic import Field

from .rules import paper_number

__all__ = ["Issuers", "PaperForm"]


class PaperForm(Policy):
    """One kind of paper: title, word of its number, the legal basis printed under it, fixed notes.

    `subject_reads`: whether the subject's own user may read it.
    """

    kind: str = Field(pattern=r"^[a-z][a-z_]{2,31}$")
    title: Text
    word: str = Field(min_length=1, max_length=4)
    notes: list[str] = Field(default=[])
    subject_reads: bool = True


class Issuers(Policy):
    """How the issuing authorities are called: exceptions by name, the rest by their level."""

    endings: dict[Level, str]
    names: dict[str, str]
    short_names: dict[str, str]

    def name(self, region: str) -> str:
        """The authority of a place. Raises UnknownRegion."""
        return authority_name(region, self.names, self.endings)

    def number(self, word: str, year: int, region: str, serial: int) -> str:
        """The paper's number (文号)."""
        return paper_number(self.short_names.get(region[:2], ""), word, year, region, serial)
