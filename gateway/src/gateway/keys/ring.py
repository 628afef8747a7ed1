"""The signing keys in this process's memory, renewed by polling."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from joserfc.jwk import ECKey, KeySet

__all__ = ["NoSigningKey", "SigningKeys"]


class NoSigningKey(RuntimeError):
    """The keys have not been loaded yet."""


class SigningKeys:
    """Published keys and the one that signs.

    A new key is published at once but signs only after `lead` seconds, when every gateway process has heard
    of it. Both are counted in real seconds, per process; while there is no older key it signs at once.
    """

    def __init__(self, *, lead: float, now: Callable[[], float] = time.monotonic) -> None:
        self._lead, self._now = lead, now
        self._keys: list[ECKey] = []
        self._seen: dict[str, float] = {}
        self.published = KeySet([])
        self.generation = 0

    def load(self, keys: Sequence[ECKey]) -> None:
        """Take over the published keys, newest first."""
        kids = [key.kid for key in keys]
        if kids == [key.kid for key in self._keys]:
            return
        now = self._now()
        first = not self._seen
        self._seen = {kid: self._seen.get(kid, now - self._lead if first else now) for kid in kids if kid}
        self._keys = list(keys)
        self.published = KeySet(list(keys))
        self.generation += 1

    def signing(self) -> ECKey:
        """The newest key that has been published long enough.

        Raises:
            NoSigningKey: nothing is loaded.
        """
        ripe = self._now() - self._lead
        for key in self._keys:
            if self._seen[str(key.kid)] <= ripe:
                return key
        if not self._keys:
            raise NoSigningKey
        return self._keys[-1]

    def jwks(self) -> dict[str, Any]:
        """The public halves, as RFC 7517 wants them."""
        return {"keys": [key.as_dict(private=False) for key in self._keys]}
