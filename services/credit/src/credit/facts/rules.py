"""Bitemporal folding of the archive: which facts stood at a given moment of knowledge.

A fact is a sequence of versions that is only ever appended to. A version says what was known from its
`recorded_at` on; a revocation undoes the fact from its start for every day, once known, and a later
restoration brings it back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785

__all__ = ["Action", "FactVersion", "action_allowed", "content_hash", "known"]


class Action(StrEnum):
    """What a version does to its fact."""

    RECORD = "record"
    AMEND = "amend"
    REVOKE = "revoke"
    RESTORE = "restore"


_AFTER = {
    Action.RECORD: frozenset({Action.AMEND, Action.REVOKE}),
    Action.AMEND: frozenset({Action.AMEND, Action.REVOKE}),
    Action.RESTORE: frozenset({Action.AMEND, Action.REVOKE}),
    Action.REVOKE: frozenset({Action.RESTORE}),
}


@dataclass(frozen=True, slots=True)
class FactVersion:
    """One row of the archive as rules see it. `occurred_on` is a Chinese day, `recorded_at` an instant."""

    id: UUID
    version: int
    action: Action
    code: str
    occurred_on: date
    recorded_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


def known(versions: Iterable[FactVersion], known_at: datetime) -> list[FactVersion]:
    """The facts that stood at `known_at`: per fact the latest version recorded by then, unless it revokes.

    A row is known when its `recorded_at` is not after `known_at`. The answer is ordered by id, so that the
    order in which rows were read never matters.
    """
    latest: dict[UUID, FactVersion] = {}
    for row in versions:
        if row.recorded_at <= known_at:
            held = latest.get(row.id)
            if held is None or row.version > held.version:
                latest[row.id] = row
    standing = [row for row in latest.values() if row.action is not Action.REVOKE]
    return sorted(standing, key=lambda row: row.id)


def action_allowed(present: Action, wanted: Action) -> bool:
    """Whether a correction fits: only a standing fact is amended or revoked, only a revoked one restored."""
    return wanted in _AFTER[present]


def content_hash(
    subject_id: UUID, occurred_on: date, payload: Mapping[str, Any], evidence: Iterable[Mapping[str, Any]]
) -> str:
    """What a source said, as one hash: saying something else is a conflict, not a repetition."""
    content: dict[str, Any] = {
        "subject_id": str(subject_id),
        "occurred_on": occurred_on.isoformat(),
        "payload": dict(payload),
        "evidence": [dict(item) for item in evidence],
    }
    return sha256(rfc8785.dumps(content)).hexdigest()
