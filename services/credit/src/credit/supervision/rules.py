"""From a score to the supervision measures in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from credit.rulebook.rules import Measure, SupervisionPolicy
from credit.scoring.rules import Score

__all__ = ["InForce", "measures_in_force"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InForce:
    """A measure, why it applies, and the last day on which it does if nothing new is recorded."""

    measure: Measure
    because: str
    ends_on: date | None


def measures_in_force(policy: SupervisionPolicy, result: Score | None) -> Iterator[InForce]:
    """The measures of the tier, until the grade next changes, and those that each standing veto brings."""
    tier = result.tier if result else None
    change = result.next_grade_change if result else None
    for measure in policy.of(tier).measures:
        yield InForce(measure, f"tier:{tier or 'unrated'}", change.on - _DAY if change else None)
    for veto in result.standing.vetoes if result and result.standing else ():
        for group in policy.on_veto:
            if group.veto == veto.rule.id:
                for measure in group.measures:
                    yield InForce(measure, f"veto:{veto.rule.id}:{veto.span.fact.id}", veto.span.last)
