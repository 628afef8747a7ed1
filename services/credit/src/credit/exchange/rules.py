"""Systems, kinds and states of exchanged records; when one is tried again; how sides are compared. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

import rfc8785

__all__ = [
    "KEY_CORRECTED",
    "OUT",
    "Comparison",
    "DecisionKind",
    "DecisionState",
    "RecordKind",
    "RecordState",
    "RetriedState",
    "System",
    "compared",
    "content_hash",
    "next_attempt",
]


class System(StrEnum):
    """The systems on the other side."""

    NATIONAL = "national"
    CREDIT_CHINA = "credit_china"
    ENTERPRISE_PUBLICITY = "enterprise_publicity"


class RecordKind(StrEnum):
    """What we send."""

    LISTING = "listing"
    RECORD = "record"
    GRADE = "grade"


class RecordState(StrEnum):
    """Where a record stands that we send. `failed`: given up until somebody asks for it again.

    `withheld`: not sent any more, because what it says was repaired before, or goes out under another key.
    """

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    WITHHELD = "withheld"


RetriedState = Literal["failed", "refused"]
"""What can be sent again."""


class DecisionKind(StrEnum):
    """What the other side decides."""

    REPAIR_GRANTED = "repair_granted"
    RISK_CLASS = "risk_class"
    ABNORMAL_LISTED = "abnormal_listed"
    ABNORMAL_REMOVED = "abnormal_removed"


class DecisionState(StrEnum):
    """Where a decision stands that we were told of. `waiting`: its subject is not registered yet."""

    RECEIVED = "received"
    APPLIED = "applied"
    WAITING = "waiting"
    CONFLICT = "conflict"


KEY_CORRECTED = "key_corrected"
"""Why a record is withdrawn that named a wrong key; the next version says the same under the right one."""
OUT = "out"
"""The name of the place up to which our own feed was turned into records."""


def content_hash(content: Mapping[str, Any]) -> str:
    """The hash by which both sides know that they hold the same."""
    return sha256(rfc8785.dumps(dict(content))).hexdigest()


def next_attempt(attempts: int, minutes: Sequence[int], now: datetime) -> datetime | None:
    """When a record is tried again after its `attempts`th failure; None when it is given up."""
    if attempts > len(minutes):
        return None
    return now + timedelta(minutes=minutes[attempts - 1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sides hold of one day, by (our number, version)."""

    ours: int
    theirs: int
    missing_there: list[str]
    missing_here: list[str]
    different: list[str]

    @property
    def agrees(self) -> bool:
        """Whether both hold the same."""
        return not (self.missing_there or self.missing_here or self.different)


def compared(ours: Mapping[tuple[str, int], str], theirs: Mapping[tuple[str, int], str]) -> Comparison:
    """Compare the hashes of both sides."""

    def named(keys: set[tuple[str, int]]) -> list[str]:
        return [f"{number}/{version}" for number, version in sorted(keys)]

    both = ours.keys() & theirs.keys()
    return Comparison(
        len(ours),
        len(theirs),
        named(ours.keys() - theirs.keys()),
        named(theirs.keys() - ours.keys()),
        named({key for key in both if ours[key] != theirs[key]}),
    )
