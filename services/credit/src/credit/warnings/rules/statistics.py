"""Is this rise of complaints unusual, against the subject's own past and against its peers' past? Exact.

Complaints are taken as Poisson counts. Two questions, each answered by an exact conditional test:

- *own past*: were the rate constant, then of the `n = recent + past` complaints each would fall into the
  recent days with chance `recent_days / (recent_days + past_days)`; the p-value is the binomial tail.
- *peers*: were the subject to move as its peers do (season, new hotline, better counting), then its recent
  complaints would be a draw of `n` out of all complaints of the group, of which `K` are recent; the p-value
  is the hypergeometric tail (Fisher's exact test, one side).

A rise is unusual only when it is so against both, so the p-value is the larger one (an intersection-union
test keeps its level). Where the peers have no complaint at all, only the own past speaks. Over one group of
peers Benjamini and Hochberg's procedure keeps the expected share of false alarms among alarms at `q`.
Everything is counted in whole numbers and fractions: no rounding decides an alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import comb
from typing import TypeVar

__all__ = ["Counts", "benjamini_hochberg", "own_past_p", "peers_p", "rise_p", "unusual", "wilson"]

Key = TypeVar("Key")
_Z = Decimal("1.959963984540054")


@dataclass(frozen=True, slots=True)
class Counts:
    """Complaints in the recent days and in the past days; `past_days` None: the whole past window."""

    recent: int
    past: int
    past_days: int | None = None


def own_past_p(recent: int, past: int, recent_days: int, past_days: int) -> Fraction:
    """The chance of at least `recent` of all the complaints in the recent days at a constant rate."""
    n, days = recent + past, recent_days + past_days
    hits = sum(comb(n, k) * recent_days**k * past_days ** (n - k) for k in range(recent, n + 1))
    return Fraction(hits, days**n)


def peers_p(recent: int, past: int, peers_recent: int, peers_past: int) -> Fraction:
    """The chance of at least `recent` recent complaints among the subject's, were it as its peers."""
    n, recents = recent + past, recent + peers_recent
    others = past + peers_past
    hits = sum(comb(recents, k) * comb(others, n - k) for k in range(recent, min(n, recents) + 1))
    return Fraction(hits, comb(recents + others, n))


def rise_p(own: Counts, peers: Counts, recent_days: int, past_days: int) -> Fraction:
    """The p-value of a rise against the own past and the peers: the larger of both."""
    days = past_days if own.past_days is None else own.past_days
    p = own_past_p(own.recent, own.past, recent_days, max(1, days))
    if peers.recent + peers.past == 0:
        return p
    return max(p, peers_p(own.recent, own.past, peers.recent, peers.past))


def benjamini_hochberg(values: Sequence[Fraction], q: Fraction) -> set[int]:
    """Which of the p-values are found significant at a false discovery rate of `q`, by place."""
    order = sorted(range(len(values)), key=lambda place: (values[place], place))
    passed = 0
    for rank, place in enumerate(order, start=1):
        if values[place] * len(values) <= rank * q:
            passed = rank
    return set(order[:passed])


def unusual(
    group: Mapping[Key, Counts], *, recent_days: int, past_days: int, q: Fraction, at_least: int
) -> dict[Key, Fraction]:
    """The members of a group of peers whose complaints rose unusually, with their p-values.

    Members with any complaint in either period are tested; one with fewer than `at_least` recent ones gets
    the p-value 1, so that it counts as tested and never alarms.
    """
    tested = [(key, own) for key, own in group.items() if own.recent + own.past > 0]
    recent, past = sum(own.recent for _, own in tested), sum(own.past for _, own in tested)
    values = [
        rise_p(own, Counts(recent - own.recent, past - own.past), recent_days, past_days)
        if own.recent >= at_least
        else Fraction(1)
        for _, own in tested
    ]
    found = benjamini_hochberg(values, q)
    return {tested[place][0]: values[place] for place in sorted(found)}


def wilson(successes: int, trials: int) -> tuple[Decimal, Decimal] | None:
    """Wilson's 95 % interval of a share, to four places half up; None without trials."""
    if trials == 0:
        return None
    with localcontext() as context:
        context.prec = 40
        share, n = Decimal(successes) / trials, Decimal(trials)
        middle = share + _Z**2 / (2 * n)
        width = _Z * (share * (1 - share) / n + _Z**2 / (4 * n**2)).sqrt()
        bottom = 1 + _Z**2 / n
        low, high = (middle - width) / bottom, (middle + width) / bottom
    step = Decimal("0.0001")
    return (
        max(Decimal(0), low).quantize(step, ROUND_HALF_UP),
        min(Decimal(1), high).quantize(step, ROUND_HALF_UP),
    )
