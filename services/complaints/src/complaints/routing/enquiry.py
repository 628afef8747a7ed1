"""What is asked of the routing, and by which policy versions it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from complaints.routing.policy import LocalDuties, RoutingRules, SignalList

__all__ = ["Enquiry", "Places", "Tables"]


@dataclass(frozen=True, slots=True)
class Places:
    """GB/T 2260 codes of the three places on which jurisdiction can rest."""

    contract_signed: str | None = None
    respondent: str | None = None
    incident: str | None = None

    def get(self, name: str) -> str | None:
        """The place called `name`."""
        value: str | None = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What is known when routing begins. `declared_kind` is the filer's own choice, if one was made."""

    text: str
    received_on: date
    places: Places = Places()
    contract_end_on: date | None = None
    contract_no: str | None = None
    respondent_name: str | None = None
    declared_kind: str | None = None
    claims: bool = False


@dataclass(frozen=True, slots=True)
class Tables:
    """The policy versions in force for one enquiry."""

    signals: SignalList
    rules: RoutingRules
    local: LocalDuties | None
    procedure_version: str
    places_in_order: tuple[str, ...]
    stop_at_once_first: str
    articles: Mapping[str, str]
