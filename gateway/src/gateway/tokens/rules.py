"""What a token may say and which assertion is good: pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

__all__ = [
    "ACCESS_LIFETIME",
    "ASSERTION_ALGORITHMS",
    "ASSERTION_TYPE",
    "CONSOLE",
    "GUEST",
    "REFRESH_LIFETIME",
    "SESSION_LIFETIME",
    "Grant",
    "assertion_is_timely",
    "claims_of",
    "narrow",
]

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(hours=8)
SESSION_LIFETIME = timedelta(hours=24)
ASSERTION_LIFETIME = 300
SKEW = 60

CONSOLE = "tourtrust-console"
GUEST = "tourtrust-guest"

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("ES256", "Ed25519", "PS256")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a principal was granted; the substance of an access token."""

    sub: str
    client_id: str
    kind: str
    scopes: tuple[str, ...]
    regions: tuple[str, ...] = ()
    department: str | None = None
    subject_id: UUID | None = None

    def with_scopes(self, scopes: Iterable[str]) -> "Grant":
        """The same grant with fewer scopes."""
        return Grant(
            self.sub, self.client_id, self.kind, tuple(scopes), self.regions, self.department, self.subject_id
        )


def narrow(held: Iterable[str], requested: str | None) -> tuple[str, ...] | None:
    """The scopes to grant: all that are held, or those requested; None when one is not held."""
    own = sorted(set(held))
    if requested is None:
        return tuple(own)
    wanted = sorted(set(requested.split()))
    return tuple(wanted) if wanted and set(wanted) <= set(own) else None


def claims_of(grant: Grant, *, issuer: str, audience: str, jti: str, now: datetime) -> dict[str, Any]:
    """The claims of an access token (RFC 9068)."""
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": grant.sub,
        "aud": audience,
        "iat": issued,
        "exp": issued + int(ACCESS_LIFETIME.total_seconds()),
        "jti": jti,
        "client_id": grant.client_id,
        "scope": " ".join(grant.scopes),
        "kind": grant.kind,
        "regions": list(grant.regions),
    }
    if grant.department is not None:
        claims["department"] = grant.department
    if grant.subject_id is not None:
        claims["subject_id"] = str(grant.subject_id)
    return claims


def assertion_is_timely(claims: Mapping[str, Any], instants: Sequence[datetime]) -> bool:
    """Whether an assertion (RFC 7523) is in force at one of `instants` and lives five minutes at most."""
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    if times["exp"] is None or any(
        value is not None and (isinstance(value, bool) or not isinstance(value, int | float))
        for value in times.values()
    ):
        return False
    expires = float(times["exp"])
    begins = [float(value) for name in ("iat", "nbf") if (value := times[name]) is not None]
    for instant in instants:
        now = instant.timestamp()
        if (
            now < expires + SKEW
            and expires <= now + ASSERTION_LIFETIME + SKEW
            and all(begin <= now + SKEW for begin in begins)
        ):
            return True
    return False
