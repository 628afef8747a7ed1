"""Who is calling: verified tokens, scopes, regions. The default for everything is *refused*."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError
from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from common.clock import Clock
from common.problems import Text, Unauthenticated, Unavailable

__all__ = ["ALGORITHMS", "Principal", "TokenVerifier", "region_clause", "region_prefix"]

ALGORITHMS = ["ES256", "Ed25519"]
Name = Annotated[str, Field(min_length=1, max_length=255)]

log = structlog.get_logger(__name__)


def region_prefix(region: str) -> str:
    """The leading digits that all codes inside `region` share: 140000 gives "14", 140100 "1401"."""
    if region == "000000":
        return ""
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as its token says (RFC 9068 claims of the gateway)."""

    sub: str
    client_id: str
    kind: str
    scopes: frozenset[str]
    regions: tuple[str, ...] = ()
    department: str | None = None
    subject_id: UUID | None = None
    jti: str = ""

    def covers(self, region: str | None) -> bool:
        """Whether a GB/T 2260 code lies inside one of the caller's regions."""
        return region is not None and any(region.startswith(region_prefix(own)) for own in self.regions)

    def may(self, *scopes: str) -> bool:
        """Whether the caller holds at least one of `scopes`."""
        return not self.scopes.isdisjoint(scopes)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Principal":
        """Read the claims of a verified token.

        Raises:
            Unauthenticated: a claim is missing or of the wrong shape.
        """
        try:
            return _Claims.model_validate(claims).principal()
        except ValidationError as error:
            raise Unauthenticated(
                Text("访问令牌内容不符合要求", "The token's claims are not valid"), error="invalid_token"
            ) from error


class _Claims(BaseModel):
    """The claims of an access token as the gateway writes them; another shape is no token of ours."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    sub: Name
    client_id: Name
    jti: Name
    kind: Literal["client", "officer", "agency", "guide", "tourist", "service"]
    scope: str = ""
    regions: list[Annotated[str, Field(pattern=r"\A[0-9]{6}\z")]] = []
    department: Name | None = None
    subject_id: Annotated[UUID, Strict(False)] | None = None

    def principal(self) -> Principal:
        return Principal(
            sub=self.sub,
            client_id=self.client_id,
            kind=self.kind,
            scopes=frozenset(self.scope.split()),
            regions=tuple(self.regions),
            department=self.department,
            subject_id=self.subject_id,
            jti=self.jti,
        )


def region_clause(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | Mapped[str] | ColumnElement[Any],
    principal: Principal,
) -> ColumnElement[bool]:
    """The SQL condition that keeps a query inside the caller's regions; no region, no row."""
    prefixes = {region_prefix(region) for region in principal.regions}
    if not prefixes:
        return false()
    if "" in prefixes:
        return true()
    return or_(*(column.like(f"{prefix}%") for prefix in sorted(prefixes)))


class TokenVerifier:
    """Verifies access tokens against the gateway's published keys.

    Keys are fetched once, again when they are `MAX_AGE` seconds old, so that a withdrawn key is forgotten,
    and when an unknown key id appears, at most every `min_refresh` seconds: a rotation needs no restart, and
    a flood of forged key ids makes no traffic. While the gateway is out of reach the last known keys stay
    good. A verified token is remembered until it expires.
    """

    CACHE_SIZE = 10_000
    MAX_AGE = 600.0
    SKEW = 60

    def __init__(
        self,
        *,
        jwks_url: str,
        issuer: str,
        audience: str,
        clock: Clock,
        keys: KeySet | None = None,
        min_refresh: float = 5.0,
    ) -> None:
        self._url, self._issuer, self._audience, self._clock = jwks_url, issuer, audience, clock
        self._keys = keys
        self._min_refresh = min_refresh
        self._asked_at = time.monotonic() if keys else -math.inf
        self._lock = asyncio.Lock()
        self._verified: OrderedDict[bytes, tuple[int, Principal]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """The principal of a good token.

        Raises:
            Unauthenticated: bad signature, algorithm, type, issuer, audience or time.
            Unavailable: no key is known yet and the gateway does not answer.
        """
        now = int(self._clock.now().timestamp())
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if (hit := self._verified.get(digest)) and now < hit[0]:
            self._verified.move_to_end(digest)
            return hit[1]
        claims = await self._claims(token)
        self._check(claims, now)
        principal = Principal.from_claims(claims)
        self._verified[digest] = (int(claims["exp"]), principal)
        if len(self._verified) > self.CACHE_SIZE:
            self._verified.popitem(last=False)
        return principal

    def _check(self, claims: Mapping[str, Any], now: int) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self._issuer or self._audience not in audiences:
            raise _refused("签发者或受众不符", "Wrong issuer or audience")
        expires, *begins = times = [claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)]
        if any(type(at) is not int for at in times) or now >= expires or max(begins) > now + self.SKEW:
            raise _refused("访问令牌已过期或尚未生效", "The token is expired or not yet valid")

    async def _claims(self, token: str) -> Mapping[str, Any]:
        keys = self._keys
        if keys is None or (self._age() > self.MAX_AGE and not self._lock.locked()):
            keys = await self._refresh()
        for retry in (True, False):
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
                break
            except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
                fresh = await self._refresh() if retry and self._unknown_key(token, keys) else keys
                if fresh is keys:
                    raise _refused("访问令牌无效", "The token is not valid") from error
                keys = fresh
        if str(decoded.header.get("typ", "")).lower() not in {"at+jwt", "application/at+jwt"}:
            raise _refused("令牌类型不是 at+jwt", "The token is not an access token")
        return decoded.claims

    @staticmethod
    def _unknown_key(token: str, keys: KeySet) -> bool:
        try:
            kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
        except (JoseError, ValueError, KeyError, UnicodeError):
            return False
        return isinstance(kid, str) and all(key.kid != kid for key in keys.keys)

    def _age(self) -> float:
        return time.monotonic() - self._asked_at

    async def _refresh(self) -> KeySet:
        async with self._lock:
            pause = self._min_refresh if self._keys else min(self._min_refresh, 1.0)
            if self._age() >= pause:
                try:
                    self._keys = await self._fetch()
                except (httpx.HTTPError, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                    log.warning("jwks_unreachable", url=self._url, error=type(error).__name__)
                self._asked_at = time.monotonic()
            if self._keys is None:
                raise Unavailable(Text("暂时无法取得令牌公钥", "The token keys cannot be fetched at present"))
            return self._keys

    async def _fetch(self) -> KeySet:
        async with httpx.AsyncClient(timeout=3) as client:
            answer = await client.get(self._url)
            answer.raise_for_status()
            return KeySet.import_key_set(answer.json())


def _refused(zh: str, en: str) -> Unauthenticated:
    return Unauthenticated(Text(zh, en), error="invalid_token")
