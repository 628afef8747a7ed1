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

A tail is summed from the side of the mean on which its terms fall, each from the one before by their ratio.
Up to `EXACT` complaints of a subject all is counted in whole numbers, so no rounding decides an alarm. Above
that a chance is reckoned with 80 digits, of which 60 are right: a subject with a hundred thousand complaints
takes less than a second instead of hours. A chance below 1e-300 is given as that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from math import comb
from typing import TypeVar

__all__ = [
    "TEST",
    "Counts",
    "RiseP",
    "benjamini_hochberg",
    "own_past_p",
    "peers_p",
    "rise_p",
    "unusual",
    "wilson",
]

Key = TypeVar("Key")
EXACT = 1_000
"""Up to so many complaints of one subject its chances are exact."""

TEST = (
    "exact binomial (own past) and Fisher's exact test (peers), one side, larger p; Benjamini-Hochberg at q"
)
"""The test, as a warning names it."""

_DIGITS = 80
_LEAST = Decimal("1e-300")
_Z = Decimal("1.959963984540054")


@dataclass(frozen=True, slots=True)
class Counts:
    """Complaints in the recent days and in the past days; `past_days` None: the whole past window."""

    recent: int
    past: int
    past_days: int | None = None


@dataclass(frozen=True, slots=True)
class _Urn:
    """How many of `n` complaints are recent.

    `returned`: each is so with chance `a` to `b` (binomial). Otherwise `n` are drawn from `a` recent and `b`
    past ones, and what is drawn does not come back (hypergeometric).
    """

    n: int
    a: int
    b: int
    returned: bool

    def ways(self, k: int) -> int:
        """In how many ways exactly `k` are recent."""
        if self.returned:
            ways: int = comb(self.n, k) * self.a**k * self.b ** (self.n - k)
            return ways
        return comb(self.a, k) * comb(self.b, self.n - k)

    def of(self) -> int:
        """In how many ways there can be any number of recent ones."""
        every: int = (self.a + self.b) ** self.n if self.returned else comb(self.a + self.b, self.n)
        return every

    def chance(self, k: int) -> Decimal:
        """`ways(k) / of()` in the digits of the context."""
        if self.returned:
            share = Decimal(self.a) / (self.a + self.b)
            rest = Decimal(self.b) / (self.a + self.b)
            return _choose(self.n, k) * share**k * rest ** (self.n - k)
        return _choose(self.a, k) * _choose(self.b, self.n - k) / _choose(self.a + self.b, self.n)

    def up(self, k: int) -> tuple[int, int]:
        """The ratio of the ways for `k + 1` to those for `k`."""
        if self.returned:
            return (self.n - k) * self.a, (k + 1) * self.b
        return (self.a - k) * (self.n - k), (k + 1) * (self.b - self.n + k + 1)

    def at_least(self, k: int) -> Fraction:
        """The chance of `k` or more recent ones."""
        lowest = 0 if self.returned else max(0, self.n - self.b)
        highest = self.n if self.returned else min(self.n, self.a)
        if k <= lowest:
            return Fraction(1)
        if k > highest:
            return Fraction(0)
        if k * (self.a + self.b) > self.n * self.a:
            return self._tail(k, highest, 1)
        return 1 - self._tail(k - 1, lowest, -1)

    def _tail(self, first: int, last: int, step: int) -> Fraction:
        """The chance of `first` and all behind it away from the mean, `last` the furthest."""
        if self.n <= EXACT:
            ways = total = self.ways(first)
            for k in range(first, last, step):
                up, down = self._ratio(k, step)
                ways = ways * up // down
                total += ways
            return Fraction(total, self.of())
        with localcontext(Context(prec=_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)):
            part = sum_ = self.chance(first)
            for k in range(first, last, step):
                up, down = self._ratio(k, step)
                part = part * up / down
                sum_ += part
                # Behind here every ratio is at most this one, so what is left is less than a series of it.
                if part * up < (down - up) * sum_.scaleb(-_DIGITS):
                    break
            return Fraction(max(sum_, _LEAST))

    def _ratio(self, k: int, step: int) -> tuple[int, int]:
        if step > 0:
            return self.up(k)
        up, down = self.up(k - 1)
        return down, up


def own_past_p(recent: int, past: int, recent_days: int, past_days: int) -> Fraction:
    """The chance of at least `recent` of all the complaints in the recent days at a constant rate."""
    return _Urn(recent + past, recent_days, past_days, returned=True).at_least(recent)


def peers_p(recent: int, past: int, peers_recent: int, peers_past: int) -> Fraction:
    """The chance of at least `recent` recent complaints among the subject's, were it as its peers."""
    return _Urn(recent + past, recent + peers_recent, past + peers_past, returned=False).at_least(recent)


@dataclass(frozen=True, slots=True)
class RiseP:
    """The p-values of a rise, against the own past and the peers; None where these have no complaint."""

    own: Fraction
    peers: Fraction | None = None

    @property
    def p(self) -> Fraction:
        """The one that counts: the larger of both."""
        return self.own if self.peers is None else max(self.own, self.peers)


def rise_p(own: Counts, peers: Counts, recent_days: int, past_days: int) -> RiseP:
    """The p-values of a rise of `own` complaints beside those of its peers."""
    days = past_days if own.past_days is None else own.past_days
    alone = own_past_p(own.recent, own.past, recent_days, max(1, days))
    if peers.recent + peers.past == 0:
        return RiseP(alone)
    return RiseP(alone, peers_p(own.recent, own.past, peers.recent, peers.past))


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
) -> dict[Key, RiseP]:
    """The members of a group of peers whose complaints rose unusually, with their p-values.

    Members with any complaint in either period are tested; one with fewer than `at_least` recent ones gets
    the p-value 1, so that it counts as tested and never alarms.
    """
    tested = [(key, own) for key, own in group.items() if own.recent + own.past > 0]
    recent, past = sum(own.recent for _, own in tested), sum(own.past for _, own in tested)
    values = [
        rise_p(own, Counts(recent - own.recent, past - own.past), recent_days, past_days)
        if own.recent >= at_least
        else RiseP(Fraction(1))
        for _, own in tested
    ]
    found = benjamini_hochberg([value.p for value in values], q)
    return {tested[place][0]: values[place] for place in sorted(found)}


def _choose(of: int, number: int) -> Decimal:
    """The binomial coefficient in the digits of the context."""
    found, few = Decimal(1), min(number, of - number)
    for one in range(1, few + 1):
        found = found * (of - few + one) / one
    return found


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
