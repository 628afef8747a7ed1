"""What scoring needs to know of a subject."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

__all__ = ["ScoredSubject"]


@dataclass(frozen=True, slots=True)
class ScoredSubject:
    """A subject as scoring sees it; the optional parts matter to cards that ask for them."""

    id: UUID
    kind: str
    region: str
    licensed_on: date | None = None
    level: str | None = None
    scope: tuple[str, ...] = ()
    headcount: int | None = None
