"""What can be done by one day, and in which order the ways to do it are tried: the cheapest first.

Repairs that are worth as much at the same price are one chain, of which only the first so many are tried:
where points are simply added, the dearest fact is repaired first. So a subject with many penalties has few
plans, and the cheapest is still found. What a card counts in a manner of its own is tried one by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from heapq import heappop, heappush
from math import ceil
from typing import TypeVar
from uuid import UUID

from .lawful import Option, Removal
from .points import PointRule
from .scorecard import Scorecard
from .spans import RuleSpan
from .ways import Earn

__all__ = ["Earning", "Plan", "chains_on", "earnings", "is_monotone", "plans"]

_MOST_EARNED = 12
Chain = tuple[Option, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Earning:
    """A favourable fact that can be earned, up to `most` times to any use."""

    action: Earn
    rules: tuple[PointRule, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done beside the duties: listings ended, facts repaired, favourable facts earned."""

    removal: Removal
    repairs: tuple[Option, ...] = ()
    earned: tuple[tuple[Earning, int], ...] = ()

    @property
    def cost(self) -> int:
        """What all of it costs."""
        spent = self.removal.cost + sum(one.cost for one in self.repairs)
        return spent + sum(earning.action.cost * n for earning, n in self.earned)

    @property
    def asked(self) -> tuple[Option, ...]:
        """Every repair that is asked for, of listings first."""
        return (*self.removal.repairs, *self.repairs)

    def lessened(self) -> Iterator["Plan"]:
        """The plan without one of its repairs, or one favourable fact fewer; the dearest goes first."""
        for one in sorted(self.repairs, key=lambda one: -one.cost):
            yield Plan(self.removal, tuple(other for other in self.repairs if other is not one), self.earned)
        for earning, n in sorted(self.earned, key=lambda pair: -pair[0].action.cost):
            rest = tuple(pair for pair in self.earned if pair[0] is not earning)
            yield Plan(self.removal, self.repairs, (*rest, (earning, n - 1)) if n > 1 else rest)


def earnings(card: Scorecard) -> list[Earning]:
    """What the card rewards by points."""
    found: list[Earning] = []
    for action in card.paths:
        if isinstance(action, Earn):
            rules = tuple(rule for rule in card.by_code.get(action.code, ()) if isinstance(rule, PointRule))
            if rules:
                found.append(Earning(action, rules, max(_useful(rule) for rule in rules)))
    return found


def is_monotone(card: Scorecard) -> bool:
    """Whether ending what counts against a subject, or earning more, can never make its grade worse.

    Once an act, the end of a fact may bring out another of its act that no cap spares.
    """
    if card.has_conditions or any(group.once_per for group in card.groups):
        return False
    return not any(
        rule.take == "latest" or any(case.when and "nth" in case.when.variables for case in rule.cases)
        for rule in card.rules
    )


def chains_on(
    card: Scorecard, options: Iterable[Option], spans: Iterable[RuleSpan], day: date
) -> list[Chain]:
    """The repairs that can be asked for by `day` and still matter then, in chains."""
    periodic = card.calendar is not None
    by_fact: dict[UUID, list[RuleSpan]] = {}
    for span in spans:
        if periodic or span.counts_on(day):
            by_fact.setdefault(span.fact.id, []).append(span)
    chains: dict[tuple[object, ...], list[tuple[Decimal, Option]]] = {}
    for option in options:
        counting = by_fact.get(option.fact_id, [])
        if option.earliest > day or not counting:
            continue
        rules = [span.rule for span in counting if isinstance(span.rule, PointRule)]
        worth = sum((abs(rule.points or Decimal(0)) for rule in rules), Decimal(0))
        alike = _alike(card, rules) if len(rules) == len(counting) else None
        key = (option.fact_id,) if alike is None else (*alike, option.cost)
        chains.setdefault(key, []).append((worth, option))
    return [
        tuple(
            option for _, option in sorted(chain, key=lambda one: (-one[0], one[1].earliest, one[1].fact_id))
        )
        for chain in chains.values()
    ]


def plans(ways: Sequence[Removal], chains: Sequence[Chain], earned: Sequence[Earning]) -> Iterator[Plan]:
    """Every plan of these, by cost, then by steps; `ways` are given by cost, then by repairs."""
    axes: list[list[tuple[int, int]]] = [[(way.cost, len(way.repairs)) for way in ways]]
    for chain in chains:
        axes.append([(sum(one.cost for one in chain[:n]), n) for n in range(len(chain) + 1)])
    axes += [[(one.action.cost * n, n) for n in range(one.most + 1)] for one in earned]
    first = (0,) * len(axes)
    heap = [(*_total(axes, first), first, 0)]
    while heap:
        _, _, at, moved = heappop(heap)
        taken = at[1 : len(chains) + 1]
        yield Plan(
            ways[at[0]],
            tuple(one for chain, n in zip(chains, taken, strict=True) for one in chain[:n]),
            tuple((one, n) for one, n in zip(earned, at[len(chains) + 1 :], strict=True) if n),
        )
        for axis in range(moved, len(axes)):
            if at[axis] + 1 < len(axes[axis]):
                after = (*at[:axis], at[axis] + 1, *at[axis + 1 :])
                heappush(heap, (*_total(axes, after), after, axis))


def _total(axes: Sequence[Sequence[tuple[int, int]]], at: Sequence[int]) -> tuple[int, int]:
    picked = [axis[n] for axis, n in zip(axes, at, strict=True)]
    return sum(cost for cost, _ in picked), sum(steps for _, steps in picked)


def _alike(card: Scorecard, rules: Sequence[PointRule]) -> tuple[object, ...] | None:
    """What facts under these rules must share for one to do for another; None: none does."""
    plain = all(
        rule.points is not None and rule.take == "all" and not (rule.free or rule.cap_per or rule.group)
        for rule in rules
    )
    if not plain or card.calendar is not None or card.has_conditions:
        return None
    if any(rule.cap is not None for rule in rules):
        return ("rule", rules[0].id) if len(rules) == 1 else None
    return ("points", *sorted({rule.dimension or "" for rule in rules}))


def _useful(rule: PointRule) -> int:
    """How many favourable facts to try: as many as the rule's cap can reward."""
    points = max((abs(points) for points in rule.possible), default=None)
    if rule.cap is None or not points:
        return 3 if rule.cap is None else 1
    return min(_MOST_EARNED, ceil(abs(rule.cap) / points) + rule.free)
