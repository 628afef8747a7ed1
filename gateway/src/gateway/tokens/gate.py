"""Judging a bearer token at the door: signature, type, times, revocation. No database on the way.

A good token is remembered by its hash until it expires, so that a client's second request costs one lookup.
Revocations reach the memory by polling (see `tokens.revocations`) and are asked on every request.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from common.auth import Principal
from common.clock import Clock
from common.problems import Text, Unauthenticated
from joserfc import jwt
from joserfc.errors import JoseError

from gateway.keys.ring import SigningKeys
from gateway.keys.service import ALGORITHM
from gateway.tokens.revocations import Revocations

__all__ = ["Caller", "TokenGate"]

BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]{1,8192})")
CACHE_SIZE = 20_000
CLOCK_SKEW = 60


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a token belongs to, as far as the gateway cares."""

    sub: str
    client_id: str
    jti: str
    expires: int


def _refused(zh: str, en: str) -> Unauthenticated:
    return Unauthenticated(Text(zh, en), error="invalid_token")


class TokenGate:
    """Admits or refuses `Authorization` headers."""

    def __init__(
        self, keys: SigningKeys, revocations: Revocations, *, issuer: str, audience: str, clock: Clock
    ) -> None:
        self._keys, self._revocations = keys, revocations
        self._issuer, self._audience, self._clock = issuer, audience, clock
        self._known: OrderedDict[bytes, Caller] = OrderedDict()
        self._generation = keys.generation

    def admit(self, authorization: bytes) -> Caller:
        """The caller behind an `Authorization` header.

        Raises:
            Unauthenticated: no bearer token, or one whose signature, key, algorithm, type, issuer, audience
                or times do not hold, or one that was revoked.
        """
        if self._generation != self._keys.generation:
            self._known.clear()
            self._generation = self._keys.generation
        digest = hashlib.sha256(authorization).digest()
        caller = self._known.get(digest)
        now = self._clock.now().timestamp()
        if caller is None:
            match = BEARER.fullmatch(authorization)
            if match is None:
                raise _refused("须使用 Bearer 访问令牌", "A bearer access token is needed")
            caller = self.verify(match[1].decode("ascii"))
            self._known[digest] = caller
            if len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        if now >= caller.expires:
            self._known.pop(digest, None)
            raise _refused("访问令牌已过期", "The token is expired")
        if caller.jti in self._revocations:
            raise _refused("访问令牌已被撤销", "The token was revoked")
        return caller

    def verify(self, token: str) -> Caller:
        """Check everything but expiry and revocation, which `admit` asks anew each time."""
        claims = self.claims(token)
        principal = Principal.from_claims(claims)
        return Caller(principal.sub, principal.client_id, principal.jti, claims["exp"])

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that this gateway signed for this audience.

        Raises:
            Unauthenticated: it did not, or its type or times are not those of an access token.
        """
        try:
            decoded = jwt.decode(token, self._keys.published, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise _refused("访问令牌无效", "The token is not valid") from None
        if str(decoded.header.get("typ", "")).lower() not in {"at+jwt", "application/at+jwt"}:
            raise _refused("令牌类型不是 at+jwt", "The token is not an access token")
        claims = decoded.claims
        if claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise _refused("签发者或受众不符", "Wrong issuer or audience")
        expires, issued = claims.get("exp"), claims.get("iat")
        if (
            not isinstance(expires, int)
            or not isinstance(issued, int)
            or issued > self._clock.now().timestamp() + CLOCK_SKEW
        ):
            raise _refused("访问令牌的时间无效", "The token's times are not valid")
        return dict(claims)
