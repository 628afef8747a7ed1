"""From a tier, listings and posts to the supervision measures in force; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from common.policies import Policy

from credit.scoring.rules import Score

from .policy import Measure, Restriction, RiskMatrix, SupervisionPolicy

__all__ = [
    "SELF",
    "Citation",
    "Listed",
    "MeasureInForce",
    "OfTier",
    "announced",
    "raised_tier",
    "restrictions_of",
    "supervision_tier",
    "tier_measures",
    "tier_until",
]

SELF = "self"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Citation:
    """On what a decision made under a measure rests; stored with the decision as `document()`."""

    measure: str
    policy_id: str
    policy_version: str
    basis: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The citation as it stands in records and answers."""
        return {
            "measure": self.measure,
            "policy_id": self.policy_id,
            "policy_version": self.policy_version,
            "basis": list(self.basis),
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing, or a fact that restricts, as it concerns one bearer.

    `role` is the bearer's at the listed entity, `self` for the entity itself. `penalty_on` is None where no
    penalty date is known; `ends_on` is the last day of the listing, `removed_on` the day it was taken off.
    `rests` are the times in which a court's ruling had it lifted: the day of each and that of its return.
    `bearer` is a person who was listed along with the entity. `penalties` are the penalties for harming
    tourists on which the listing rests, each with its code and day.
    """

    entity: UUID
    entity_kind: str
    source: Literal["serious", "slight", "fact"]
    condition: str
    role: str
    listed_on: date
    number: str | None = None
    penalty_on: date | None = None
    ends_on: date | None = None
    removed_on: date | None = None
    rests: tuple[tuple[date, date | None], ...] = ()
    bearer: UUID | None = None
    penalties: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class OfTier:
    """A measure of the tier, and the last day on which it applies if nothing new is recorded."""

    measure: Measure
    because: str
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class MeasureInForce:
    """A restriction on one bearer; `ends_on` None is for life.

    `dated`: the penalty date is known. Where it is not, the period is counted from the listing, which is
    never earlier than the penalty.
    """

    restriction: Restriction
    listed: Listed
    starts_on: date
    ends_on: date | None
    dated: bool

    @property
    def code(self) -> str:
        """The measure's code."""
        return self.restriction.id

    @property
    def citation(self) -> Citation:
        """What a decision made under this measure stores."""
        return cite(self.restriction.id, self.restriction)

    def in_force(self, on: date) -> bool:
        """Whether it applies on `on`."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


def cite(measure: str, policy: Policy, basis: Iterable[str] | None = None) -> Citation:
    """The citation of a measure that `policy` orders."""
    return Citation(measure, policy.id, policy.version, tuple(policy.legal_basis if basis is None else basis))


def announced(measures: Iterable[MeasureInForce]) -> list[dict[str, Any]]:
    """The restrictions as other services are told of them, each once for its own time.

    All of them, also what has ended or is still to begin: who hears this knows what held on any day. Codes,
    days and the words of the law; neither whom a listing names nor by which post it reaches the bearer.
    """
    said = {
        (one.starts_on, one.code, one.listed.source, one.ends_on): one.citation.document()
        | {
            "name": {"zh": one.restriction.name.zh, "en": one.restriction.name.en},
            "status": one.restriction.status,
            "listing": one.listed.source,
            "bars": list(one.restriction.bars),
            "starts_on": one.starts_on.isoformat(),
            "ends_on": one.ends_on.isoformat() if one.ends_on else None,
        }
        for one in measures
    }
    ordered = sorted(said, key=lambda key: (*key[:3], key[3] or date.max))
    return [said[key] for key in ordered]


def supervision_tier(credit_tier: str | None, risk: str | None, matrix: RiskMatrix | None) -> str | None:
    """The tier by which a subject is supervised: its credit tier, moved by the risk class."""
    if credit_tier is None or risk is None or matrix is None:
        return credit_tier
    return matrix.by_pair.get((credit_tier, risk), credit_tier)


def raised_tier(
    policy: SupervisionPolicy, tier: str | None, measures: Iterable[MeasureInForce]
) -> tuple[str | None, MeasureInForce | None]:
    """The tier to which measures in force raise `tier`, and the one that does, if any.

    Of several the one that leads to the strictest tier counts, of equal ones the one that lasts longest.
    """
    found = [
        (policy.place(to), one.ends_on or date.max, one.code, to, one)
        for one in measures
        if one.restriction.raises is not None
        and policy.place(to := policy.raised(tier, one.restriction.raises)) > policy.place(tier)
    ]
    if not found:
        return tier, None
    *_, to, by = max(found, key=lambda entry: entry[:3])
    return to, by


def tier_measures(
    policy: SupervisionPolicy, tier: str | None, result: Score | None, by: MeasureInForce | None = None
) -> Iterator[OfTier]:
    """The measures of the tier, until the grade next changes or what raised the tier ends."""
    because = f"tier:{tier or 'unrated'}" + (f":{by.code}" if by else "")
    for measure in policy.of(tier).measures:
        yield OfTier(measure, because, tier_until(result, by))


def tier_until(result: Score | None, by: MeasureInForce | None) -> date | None:
    """The last day of a tier if nothing new is recorded: the grade changes, or what raised the tier ends."""
    change = result.next_grade_change if result else None
    turns = (change.on - _DAY if change else None, by.ends_on if by else None)
    return min((day for day in turns if day is not None), default=None)


def restrictions_of(restrictions: Iterable[Restriction], listings: Iterable[Listed]) -> list[MeasureInForce]:
    """Every restriction that listings bring, whatever the day, ordered by start and code.

    A restriction that lasts with its listing ends the day before the listing is removed, or lifted; where it
    was restored, there is one for each stretch. One that runs from the penalty date ends on its own day: the
    law's bar outlives the listing, and a repair does not lift it.
    Of several penalties behind a listing each brings the restriction for its own time.
    """
    listed = list(listings)
    found = [
        one
        for restriction in restrictions
        for entry in listed
        if _brings(restriction, entry)
        for one in _measures(restriction, entry)
    ]
    ordered = sorted(
        found, key=lambda one: (one.starts_on, one.code, str(one.listed.entity), one.listed.role)
    )
    once = {
        (one.code, one.listed.entity, one.listed.role, one.starts_on, one.ends_on): one for one in ordered
    }
    return list(once.values())


def _brings(restriction: Restriction, entry: Listed) -> bool:
    if restriction.kinds and entry.entity_kind not in restriction.kinds:
        return False
    if entry.role not in restriction.roles:
        return False
    if entry.source == "fact":
        return entry.condition in restriction.facts
    return restriction.on_list == entry.source and (
        not restriction.conditions or entry.condition in restriction.conditions
    )


def _stretches(entry: Listed) -> Iterator[tuple[date, date | None]]:
    """The times in which a listing was not lifted: the first day of each, and the day of a lifting if any."""
    start: date | None = entry.listed_on
    for lifted, restored in entry.rests:
        if start is not None:
            yield start, lifted
        start = restored
    if start is not None:
        yield start, None


def _measures(restriction: Restriction, entry: Listed) -> Iterator[MeasureInForce]:
    lasts = restriction.lasts
    if lasts.with_listing:
        for start, rested in _stretches(entry):
            ends = [day - _DAY for day in (entry.removed_on, rested) if day is not None]
            last = min(filter(None, (entry.ends_on or lasts.until(entry.listed_on), *ends)), default=None)
            if last is None or last >= start:
                yield MeasureInForce(restriction, entry, start, last, True)
    elif restriction.penalties:
        for day in sorted({day for code, day in entry.penalties if code in restriction.penalties}):
            yield MeasureInForce(restriction, entry, day, lasts.until(day), True)
    else:
        start = entry.penalty_on or entry.listed_on
        dated = entry.penalty_on is not None or entry.source == "fact"
        yield MeasureInForce(restriction, entry, start, lasts.until(start), dated)
