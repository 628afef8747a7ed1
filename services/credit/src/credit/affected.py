"""What depended on a fact: the common word in which every room tells an objection what it touched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.problems import Text

__all__ = ["Affected", "AffectedKind", "Resting"]

AffectedKind = Literal[
    "grade",
    "tier",
    "draw",
    "listing",
    "measure",
    "warning",
    "board",
    "honour",
    "certificate",
    "page",
    "fact",
    "rank",
    "inspection",
    "campaign",
    "exchange",
    "reliance",
]


@dataclass(frozen=True, slots=True)
class Affected:
    """One decision, grade, draw, page or paper that a fact entered; `at` is the instant it was made.

    `id` and `number` are as its own room shows them; `what` says in one sentence how the fact entered.
    `was` and `would_be` name the outcome as it was and as it would have been without the fact, where one can
    be reckoned. `subject_id` is given where another subject than the fact's own was touched.
    """

    kind: AffectedKind
    id: UUID | None
    number: str | None
    at: datetime
    what: Text
    was: str | None = None
    would_be: str | None = None
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Resting:
    """A fact that was recorded because of another one, and `through` what: so the other takes it along."""

    fact_id: UUID
    through: Text
