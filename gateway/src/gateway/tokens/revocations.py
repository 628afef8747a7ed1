"""Revoked token ids in this process's memory, renewed by polling."""

from collections.abc import Iterable

__all__ = ["Revocations"]


class Revocations:
    """A set of token ids. A revocation made here counts at once, one made elsewhere after the next poll."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._recent: frozenset[str] = frozenset()
        self._before: frozenset[str] = frozenset()

    def __contains__(self, jti: str) -> bool:
        return jti in self._ids

    def load(self, ids: Iterable[str]) -> None:
        """Take over what the database holds.

        What was added here since the load before last stays: the snapshot just read may be older than it.
        """
        self._ids = frozenset(ids) | self._recent | self._before
        self._before, self._recent = self._recent, frozenset()

    def add(self, *ids: str) -> None:
        """Count `ids` as revoked from now on."""
        self._recent |= set(ids)
        self._ids |= set(ids)
