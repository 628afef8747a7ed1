"""Supervision measures as the archive tells them: what bars a subject from what, on what basis, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.problems import Text

__all__ = ["Measure"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A restriction on one subject; `ends_on` None is for life."""

    code: str
    name: Text
    policy_id: str
    policy_version: str
    status: str
    basis: tuple[str, ...]
    bars: frozenset[str]
    starts_on: date
    ends_on: date | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Measure":
        """A measure as credit announces it and the copy keeps it.

        Raises:
            KeyError, ValueError: it is not told as agreed.
        """
        ends_on = told["ends_on"]
        return cls(
            code=told["measure"],
            name=Text(told["name"]["zh"], told["name"]["en"]),
            policy_id=told["policy_id"],
            policy_version=told["policy_version"],
            status=told["status"],
            basis=tuple(told["basis"]),
            bars=frozenset(told["bars"]),
            starts_on=date.fromisoformat(told["starts_on"]),
            ends_on=date.fromisoformat(ends_on) if ends_on else None,
        )

    def in_force(self, on: date) -> bool:
        """Whether it held on `on`, its first and last day inside."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)

    def citation(self) -> dict[str, Any]:
        """What a decision made under it stores; credit's own form of a citation, with the days."""
        return {
            "measure": self.code,
            "name": {"zh": self.name.zh, "en": self.name.en},
            "policy_id": self.policy_id,
            "policy_version": self.policy_version,
            "status": self.status,
            "basis": list(self.basis),
            "starts_on": self.starts_on.isoformat(),
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
        }
