"""A sliding window counter: two numbers per caller, so that a million callers cost little.

The count over the last window is estimated as this window's hits plus the part of the previous window's that
still lies inside, as if they had come evenly. The state belongs to one process: with N gateways a caller may
come up to N times as often.

Limits are about real seconds, so this reads the monotonic clock even where the business clock stands still.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Decision", "Rate", "RateLimiter"]

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Rate:
    """`quota` requests in any `window` seconds."""

    quota: int
    window: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read "600/60".

        Raises:
            ValueError: not two positive whole numbers.
        """
        quota, _, window = text.partition("/")
        rate = cls(int(quota), int(window))
        if rate.quota < 1 or rate.window < 1:
            raise ValueError("a rate is REQUESTS/SECONDS, both positive")
        return rate


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may go on, and what its answer says about the limit."""

    allowed: bool
    remaining: int
    retry_after: int
    headers: tuple[Header, Header]


class _Counter:
    __slots__ = ("current", "index", "previous")

    def __init__(self, index: int) -> None:
        self.index, self.current, self.previous = index, 0, 0

    def roll(self, index: int) -> None:
        if index != self.index:
            self.previous = self.current if index == self.index + 1 else 0
            self.index, self.current = index, 0


class RateLimiter:
    """Counts hits by (class, caller) and says when one is too many."""

    def __init__(self, rates: Mapping[str, Rate], now: Callable[[], float] = time.monotonic) -> None:
        self._rates = dict(rates)
        self._now = now
        self._policies = {
            name: (b"ratelimit-policy", f'"{name}";q={rate.quota};w={rate.window}'.encode())
            for name, rate in rates.items()
        }
        self._counters: dict[tuple[str, str], _Counter] = {}
        self._swept = now()

    def hit(self, name: str, caller: str) -> Decision:
        """Count one request of `caller` in class `name`, unless it is over the quota.

        The headers follow the IETF draft "RateLimit header fields for HTTP": `r` requests remain, `t` is in
        seconds until the present window ends, or until the next request is allowed.
        """
        rate = self._rates[name]
        now = self._now()
        if now - self._swept > 60:
            self._sweep(now)
        position, share = divmod(now / rate.window, 1)
        index = int(position)
        key = (name, caller)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = _Counter(index)
        counter.roll(index)
        used = counter.previous * (1 - share) + counter.current
        allowed = used + 1 <= rate.quota
        if allowed:
            counter.current += 1
            remaining, wait = int(rate.quota - used - 1), math.ceil((1 - share) * rate.window)
        else:
            remaining, wait = 0, _wait(counter, rate, share)
        limit = (b"ratelimit", b'"%s";r=%d;t=%d' % (name.encode(), remaining, wait))
        return Decision(allowed, remaining, 0 if allowed else wait, (self._policies[name], limit))

    def _sweep(self, now: float) -> None:
        """Forget callers who have not come for two windows."""
        self._swept = now
        stale = [
            key
            for key, counter in self._counters.items()
            if int(now / self._rates[key[0]].window) > counter.index + 1
        ]
        for key in stale:
            del self._counters[key]


def _wait(counter: _Counter, rate: Rate, share: float) -> int:
    """Whole seconds until one more request fits, if no other comes."""
    room = rate.quota - 1
    if counter.current <= room:
        reached = 1 - (room - counter.current) / counter.previous
    else:
        reached = 2 - room / counter.current
    return max(1, math.ceil((reached - share) * rate.window))
