"""One contract under check: the document, the rules chosen for it, and what we know of its agency."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from common.clock import china_date

from contracts.documents.schemas import Submission
from contracts.policies import Rulebook, TypeDefinition
from contracts.subjects.measures import Measure

__all__ = ["Case", "Hit", "KnownAgency", "clock_minutes", "each", "spot"]

_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class KnownAgency:
    """What the archive says of an agency: its licence, scope and state."""

    license_no: str | None
    scope: frozenset[str]
    status: str


@dataclass(frozen=True)
class Case:
    """What a check may read. `agency` and `seller` are None while the archive does not know them.

    `measures` are the supervision measures of whoever takes part, by credit code or card number. `today` is
    the day of the check; without it a document is judged as on the day of its signing.
    """

    document: Submission
    book: Rulebook
    agency: KnownAgency | None = None
    seller: KnownAgency | None = None
    measures: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    today: date | None = None

    @cached_property
    def kind(self) -> TypeDefinition:
        """The definition of the contract's type."""
        return self.book.kind(self.document.contract.contract_type)

    @cached_property
    def signed_on(self) -> date:
        """The Chinese day of signing."""
        return china_date(self.document.contract.signed_at)

    @cached_property
    def departs_on(self) -> date:
        """The Chinese day of departure."""
        return china_date(self.document.group.departure_at)

    @cached_property
    def returns_on(self) -> date:
        """The Chinese day of return."""
        return china_date(self.document.group.return_at)

    @cached_property
    def traveler_numbers(self) -> frozenset[int]:
        """The numbers on the list of travellers."""
        return frozenset(traveler.traveler_no for traveler in self.document.travelers)

    def blank(self, text: str | None) -> bool:
        """Whether a text says nothing: absent, empty or a stopgap such as 待定."""
        return text is None or self.book.wording.placeholder.search(text.strip()) is not None


@dataclass(frozen=True, slots=True)
class Hit:
    """One place that breaks a rule: which of the rule's reasons, what its sentence needs, its own basis."""

    path: str
    reason: str
    values: Mapping[str, object] = field(default_factory=dict)
    basis: tuple[str, ...] = ()


def spot(array: str, at: Sequence[int], name: str = "") -> str:
    """The path of one element (`a[2].b`), or of several at once (`a[*].b`)."""
    index = str(at[0]) if len(at) == 1 else "*"
    return f"{array}[{index}]" + (f".{name}" if name else "")


def each(numbers: Iterable[int]) -> str:
    """Numbers for a sentence: 1、2、3."""
    return "、".join(str(number) for number in numbers)


def clock_minutes(text: str) -> int | None:
    """Minutes after midnight of `HH:MM`, or None if it cannot be read."""
    match = _CLOCK.fullmatch(text.strip())
    return int(match[1]) * 60 + int(match[2]) if match else None
