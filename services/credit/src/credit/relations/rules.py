"""Kinds of relations, between whom they can hold, and when two of them contradict each other."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from common.problems import Text

from credit.subjects.rules import PERSONS, Kind

__all__ = [
    "ACYCLIC",
    "ONE_AT_A_TIME",
    "POSTS",
    "RelationKind",
    "fits",
    "holds_on",
    "overlap",
    "refusal",
    "void_end",
]


class RelationKind(StrEnum):
    """How one subject stands to another, read from the first to the second."""

    BRANCH_OF = "branch_of"
    EMPLOYS = "employs"
    LEGAL_REPRESENTATIVE = "legal_representative"
    PRINCIPAL = "principal"
    CONTROLLER = "controller"
    INVESTOR = "investor"
    RESPONSIBLE_MANAGER = "responsible_manager"
    GUIDE_CONTRACT = "guide_contract"


_ENTITIES = frozenset(Kind) - PERSONS
_FITS: dict[RelationKind, tuple[frozenset[Kind], frozenset[Kind]]] = {
    RelationKind.BRANCH_OF: (frozenset({Kind.AGENCY_BRANCH}), frozenset({Kind.TRAVEL_AGENCY})),
    RelationKind.EMPLOYS: (_ENTITIES, PERSONS),
    RelationKind.LEGAL_REPRESENTATIVE: (PERSONS, _ENTITIES),
    RelationKind.PRINCIPAL: (PERSONS, _ENTITIES),
    RelationKind.CONTROLLER: (frozenset(Kind), _ENTITIES),
    RelationKind.INVESTOR: (frozenset(Kind), _ENTITIES),
    RelationKind.RESPONSIBLE_MANAGER: (PERSONS, _ENTITIES),
    RelationKind.GUIDE_CONTRACT: (
        frozenset({Kind.TOUR_GUIDE}),
        frozenset({Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH}),
    ),
}
POSTS = frozenset(
    {
        RelationKind.LEGAL_REPRESENTATIVE,
        RelationKind.PRINCIPAL,
        RelationKind.CONTROLLER,
        RelationKind.INVESTOR,
        RelationKind.RESPONSIBLE_MANAGER,
    }
)
"""By which somebody answers for a business or has a share in it: what role-bound restrictions look at."""
ACYCLIC = frozenset({RelationKind.BRANCH_OF, RelationKind.CONTROLLER})
ONE_AT_A_TIME: dict[RelationKind, str] = {
    RelationKind.BRANCH_OF: "from",
    RelationKind.LEGAL_REPRESENTATIVE: "to",
}
"""Of which an end can have one at a time: a branch one head office, a business one legal representative."""


def fits(kind: RelationKind, first: Kind, second: Kind) -> bool:
    """Whether a relation can hold between subjects of these kinds."""
    firsts, seconds = _FITS[kind]
    return first in firsts and second in seconds


def refusal(kind: RelationKind) -> Text:
    """Between whom a relation can hold, for people."""
    firsts, seconds = _FITS[kind]
    return Text(
        f"{kind} 只能由 {_listed(firsts)} 指向 {_listed(seconds)}",
        f"{kind} leads from {_listed(firsts)} to {_listed(seconds)}",
    )


def overlap(first: tuple[date, date | None], second: tuple[date, date | None]) -> bool:
    """Whether two periods, both ends inside, have a day in common. None: no end yet; a void one has none."""
    return (
        not _empty(first)
        and not _empty(second)
        and (second[1] is None or first[0] <= second[1])
        and (first[1] is None or second[0] <= first[1])
    )


def holds_on(period: tuple[date, date | None], day: date) -> bool:
    """Whether a relation holds on a day, both ends inside."""
    return overlap(period, (day, day))


def void_end(starts_on: date) -> date:
    """The end that says a relation never held: the day before it began."""
    return starts_on - timedelta(days=1)


def _empty(period: tuple[date, date | None]) -> bool:
    return period[1] is not None and period[1] < period[0]


def _listed(kinds: Iterable[Kind]) -> str:
    return "/".join(sorted(kinds))
