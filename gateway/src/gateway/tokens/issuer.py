"""Signing access tokens."""

from dataclasses import dataclass
from datetime import datetime

from common.db import new_id
from joserfc import jwt

from gateway.keys.ring import SigningKeys
from gateway.tokens.rules import ACCESS_LIFETIME, Grant, claims_of

__all__ = ["AccessToken", "TokenIssuer"]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and what the database keeps of it."""

    token: str
    jti: str
    expires_at: datetime
    scope: str

    @property
    def expires_in(self) -> int:
        """Seconds of life at the moment of issue."""
        return int(ACCESS_LIFETIME.total_seconds())


class TokenIssuer:
    """Makes RFC 9068 access tokens with the key that signs at present."""

    def __init__(self, keys: SigningKeys, *, issuer: str, audience: str) -> None:
        self._keys, self._issuer, self._audience = keys, issuer, audience

    def issue(self, grant: Grant, now: datetime) -> AccessToken:
        """A token for `grant` that lives 15 minutes from `now`."""
        key = self._keys.signing()
        jti = new_id().hex
        claims = claims_of(grant, issuer=self._issuer, audience=self._audience, jti=jti, now=now)
        header = {"alg": key["alg"], "typ": "at+jwt", "kid": str(key.kid)}
        return AccessToken(jwt.encode(header, claims, key), jti, now + ACCESS_LIFETIME, claims["scope"])
