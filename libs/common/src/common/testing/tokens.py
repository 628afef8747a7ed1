"""Access tokens for tests, of the same form as the gateway's."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from common.auth import TokenVerifier
from common.clock import Clock

__all__ = ["TokenMint"]

ISSUER = "http://127.0.0.1:8000"


class TokenMint:
    """Signs tokens with a key made for one test run, and gives verifiers that trust it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": uuid4().hex, "use": "sig", "alg": "ES256"})
        self._clock = clock

    def verifier(self, clock: Clock) -> TokenVerifier:
        """A verifier that knows this mint's key and asks nobody."""
        return TokenVerifier(
            jwks_url="http://127.0.0.1:1/unused",
            issuer=ISSUER,
            audience="tourtrust",
            clock=clock,
            keys=KeySet([self.key]),
        )

    def token(
        self,
        *,
        scopes: list[str],
        regions: list[str] | None = None,
        kind: str = "officer",
        sub: str = "officer-1",
        client_id: str = "console",
        subject_id: str | None = None,
        department: str | None = None,
        lifetime: int = 900,
        **claims: Any,
    ) -> str:
        """A signed token; `claims` overrides or adds claims."""
        now = int((self._clock.now() if self._clock else datetime.now(UTC)).timestamp())
        content: dict[str, Any] = {
            "iss": ISSUER,
            "sub": sub,
            "aud": "tourtrust",
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
            "client_id": client_id,
            "scope": " ".join(scopes),
            "kind": kind,
            "regions": regions if regions is not None else ["140000"],
        }
        if subject_id:
            content["subject_id"] = subject_id
        if department:
            content["department"] = department
        content.update(claims)
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}, content, self.key)

    def headers(self, **options: Any) -> dict[str, str]:
        """An `Authorization` header with such a token."""
        return {"Authorization": f"Bearer {self.token(**options)}"}
