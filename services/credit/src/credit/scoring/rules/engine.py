"""The scoring engine: one pure function from known facts to a canonical result.

`score` takes every version of a subject's facts and both times. The same arguments give the same bytes for
ever: facts are folded by `known_at`, ordered by their own content, added exactly, and the result is RFC 8785.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

import rfc8785

from credit.facts.rules import FactVersion, known

from .documents import inputs_hash, instant, result_document
from .grades import Band
from .reckoning import Contribution
from .scorecard import Scorecard
from .spans import Span
from .standing import Standing, StandingVeto, State
from .subject import ScoredSubject
from .timeline import Run, Timeline

__all__ = [
    "Band",
    "Change",
    "Contribution",
    "Score",
    "ScoredSubject",
    "Span",
    "Standing",
    "StandingVeto",
    "Timeline",
    "instant",
    "score",
]


@dataclass(frozen=True, slots=True)
class Change:
    """What will differ from `on`, with nothing new recorded; no score or grade where none is rated then."""

    on: date
    score: Decimal | None
    grade: str | None


@dataclass(frozen=True)
class Score:
    """A score and what led to it. `document` is the API's `result`, `canonical` its RFC 8785 bytes."""

    card: Scorecard
    valid_at: date
    known_at: datetime
    subject: ScoredSubject
    facts: tuple[FactVersion, ...]
    timeline: Timeline
    run: Run
    standing: Standing

    @cached_property
    def next_change(self) -> Change | None:
        """The first day on which state, score, grade or direct grades will differ."""
        return self._first(lambda then: then.differs_from(self.standing))

    @cached_property
    def next_grade_change(self) -> Change | None:
        """The first day on which the grade will differ. Found only when it is asked for."""
        return self._first(lambda then: then.grade != self.standing.grade)

    def _first(self, differs: Callable[[Standing], bool]) -> Change | None:
        for day in self.timeline.days_after(self.valid_at):
            then = self.timeline.on(day)
            if differs(then):
                return Change(day, then.score, then.grade)
        return None

    @cached_property
    def inputs_hash(self) -> str:
        """SHA-256 over the RFC 8785 form of the subject and the facts that stood."""
        return inputs_hash(self.subject, self.facts)

    @property
    def state(self) -> State:
        """Whether it is rated, and if not, why not."""
        return self.standing.state

    @property
    def rated(self) -> bool:
        """False for a subject that the card does not grade: another kind, not eligible, grade withdrawn."""
        return self.standing.state == "rated"

    @property
    def value(self) -> Decimal | None:
        """The points, or None when not rated."""
        return self.standing.score

    @property
    def grade(self) -> str | None:
        """The grade, or None when not rated."""
        return self.standing.grade

    @property
    def tier(self) -> str | None:
        """The supervision tier of the grade."""
        return self.card.tier_of[self.standing.grade] if self.standing.grade is not None else None

    @cached_property
    def document(self) -> dict[str, Any]:
        """The result as api readers see it."""
        return result_document(self)

    @cached_property
    def canonical(self) -> bytes:
        """RFC 8785 bytes of `document`."""
        return rfc8785.dumps(self.document)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical`, lower-case hex."""
        return sha256(self.canonical).hexdigest()


def score(
    subject: ScoredSubject,
    facts: Iterable[FactVersion],
    valid_at: date,
    known_at: datetime,
    policy: Scorecard,
    later: Sequence[Scorecard] = (),
) -> Score:
    """Score one subject for the day `valid_at`, with what was known at `known_at`.

    `facts` are all versions of the subject's facts in any order; `policy` is the card in force on `valid_at`,
    `later` are its already published versions that begin afterwards (they only matter for the next change).
    Periods follow Articles 201 and 202 of the Civil Code: the corresponding day is the last one inside.
    """
    standing = tuple(known(facts, known_at))
    timeline = Timeline(standing, [policy, *later], subject)
    run, now = timeline.run_on(valid_at)
    return Score(policy, valid_at, known_at, subject, standing, timeline, run, now)
