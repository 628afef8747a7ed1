"""Scopes, kinds, one-time passwords and lockout as pure functions."""

import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pyotp

__all__ = [
    "GUEST_LIFETIME",
    "GUEST_SCOPES",
    "KINDS",
    "LOCK_AFTER",
    "SCOPES",
    "check_kind",
    "check_regions",
    "check_scopes",
    "lock_for",
    "matching_step",
    "normal_username",
]

SCOPES = frozenset(
    [
        "credit:read",
        "credit:write",
        "credit:decide",
        "credit:policy",
        "inspections:run",
        "complaints:file",
        "complaints:handle",
        "complaints:respond",
        "complaints:supervise",
        "reports:file",
        "reports:handle",
        "enforcement:handle",
        "contracts:submit",
        "contracts:read",
        "contracts:supervise",
        "contracts:policy",
        "pii:reveal",
        "audit:read",
        "admin",
    ]
)
INTERNAL = re.compile(r"internal:[a-z][a-z_.-]*(:[a-z]+)?")
KINDS = frozenset({"client", "officer", "agency", "guide", "tourist", "service"})

GUEST_SCOPES = ("complaints:file", "reports:file")
GUEST_LIFETIME = timedelta(minutes=15)

LOCK_AFTER = 5
LONGEST_LOCK = timedelta(minutes=15)
STEP_SECONDS = 30


def check_kind(kind: str) -> str:
    """`kind`, if it is one.

    Raises:
        ValueError: it is not.
    """
    if kind not in KINDS:
        raise ValueError(f"no such kind: {kind}")
    return kind


def check_scopes(scopes: Iterable[str], kind: str) -> list[str]:
    """The scopes, sorted. Only services hold `internal:` scopes.

    Raises:
        ValueError: an unknown scope, or an internal one for somebody who is no service.
    """
    wanted = sorted(set(scopes))
    for scope in wanted:
        if scope not in SCOPES and not (kind == "service" and INTERNAL.fullmatch(scope)):
            raise ValueError(f"no such scope for {kind}: {scope}")
    return wanted


def check_regions(regions: Iterable[str]) -> list[str]:
    """The region codes, sorted.

    Raises:
        ValueError: one is no six-digit code.
    """
    wanted = sorted(set(regions))
    for region in wanted:
        if not re.fullmatch(r"[0-9]{6}", region):
            raise ValueError(f"no region code: {region}")
    return wanted


def normal_username(username: str) -> str:
    """One form for names that look the same: NFKC, without case and outer spaces."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def lock_for(failures: int) -> timedelta:
    """How long a name is locked after its `failures`-th wrong attempt in a row.

    Nothing before the fifth, then half a minute that doubles up to 15 minutes.
    """
    if failures < LOCK_AFTER:
        return timedelta(0)
    return min(timedelta(seconds=30 << min(failures - LOCK_AFTER, 10)), LONGEST_LOCK)


def matching_step(secret: str, code: str, instants: Sequence[datetime], after: int | None) -> int | None:
    """The time step (RFC 6238, 30 s) whose code this is, or None.

    One step before and after each of `instants` is allowed for slow hands and clocks. A step at or before
    `after` was used already and does not count again; None means that steps may be used again.
    """
    otp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found: int | None = None
    for instant in instants:
        middle = int(instant.timestamp()) // STEP_SECONDS
        for step in (middle - 1, middle, middle + 1):
            equal = hmac.compare_digest(otp.generate_otp(step).encode(), code.encode())
            if equal and (after is None or step > after):
                found = step
    return found
