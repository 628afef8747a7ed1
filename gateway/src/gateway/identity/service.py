"""Use cases of identity: a person logs in, a tourist gets a guest session, a client proves who it is."""

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from common.crypto import Keyring
from common.db import new_id
from common.problems import Problem, Text, TooManyRequests
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.errors import InvalidCredentials
from gateway.identity.models import Client, GuestSession, User
from gateway.identity.passwords import Passwords
from gateway.identity.repository import IdentityRepository
from gateway.identity.rules import (
    GUEST_LIFETIME,
    GUEST_SCOPES,
    lock_for,
    matching_step,
    normal_username,
)
from gateway.tokens.errors import invalid_client, invalid_request
from gateway.tokens.repository import TokenRepository
from gateway.tokens.rules import ASSERTION_ALGORITHMS, ASSERTION_TYPE, GUEST, Grant, assertion_is_timely

__all__ = ["IdentityService", "Times"]

TOTP_CONTEXT = "gateway.totp_secret"
NAME_CONTEXT = "gateway.login_name"


@dataclass(frozen=True, slots=True)
class Times:
    """The present instant by the injected clock and by the programs outside.

    They differ only on the fixed clock of a demonstration (`fixed`). Programs outside make one-time passwords
    and assertions by the real time, so both instants are good then; and since such programs log one person in
    several times within one 30-second step, a one-time password may be used again. Production refuses a fixed
    clock, so none of this weakens it.
    """

    now: datetime
    outside: datetime
    fixed: bool

    @property
    def instants(self) -> tuple[datetime, ...]:
        """The instants by which something made outside may be dated."""
        return (self.now, self.outside) if self.fixed else (self.now,)


class IdentityService:
    """Checks secrets within one session."""

    def __init__(
        self,
        session: AsyncSession,
        *,
        keyring: Keyring,
        passwords: Passwords,
        times: Times,
        audiences: Sequence[str],
    ) -> None:
        self._identities = IdentityRepository(session)
        self._tokens = TokenRepository(session)
        self._keyring, self._passwords, self._times = keyring, passwords, times
        self._audiences = frozenset(audiences)

    async def authenticate_user(self, username: str, password: str, otp: str | None) -> User | Problem:
        """The user these secrets belong to, or the refusal, whose counting must be committed.

        Wrong name, wrong password, wrong, missing or spent one-time password and closed account are one
        answer after the same work. From the fifth wrong attempt in a row a name is locked for half a minute,
        doubling up to fifteen, and so is a name that nobody has.
        """
        name = normal_username(username)
        throttle = await self._identities.lock_throttle(
            self._keyring.blind_index(name, context=NAME_CONTEXT), self._times.outside
        )
        if throttle.locked_until is not None and self._times.outside < throttle.locked_until:
            wait = int((throttle.locked_until - self._times.outside).total_seconds()) + 1
            return TooManyRequests(
                wait, Text("登录失败次数过多，请稍后再试", "Too many failed log-ins; try again later")
            )
        user = await self._identities.find_user(name, lock=True)
        if user is not None and user.disabled_at is not None:
            user = None
        right = await self._passwords.verify(password, user.password_hash if user is not None else None)
        if not right or user is None or not self._second_factor(user, otp):
            throttle.failures += 1
            pause = lock_for(throttle.failures)
            throttle.locked_until = self._times.outside + pause if pause else None
            throttle.updated_at = self._times.outside
            await self._identities.flush()
            return InvalidCredentials()
        throttle.failures, throttle.locked_until = 0, None
        throttle.updated_at = self._times.outside
        await self._identities.flush()
        return user

    def _second_factor(self, user: User, otp: str | None) -> bool:
        if user.totp_secret is None:
            return True
        secret = self._keyring.decrypt(user.totp_secret, context=TOTP_CONTEXT)
        spent = None if self._times.fixed else user.last_totp_step or 0
        step = matching_step(secret, otp or "", self._times.instants, spent)
        if step is None:
            return False
        user.last_totp_step = step
        return True

    async def open_guest(self) -> Grant:
        """A guest of fifteen minutes who may file complaints and reports, and nothing else."""
        guest = GuestSession(
            id=new_id(), created_at=self._times.now, expires_at=self._times.now + GUEST_LIFETIME
        )
        await self._identities.add(guest)
        return Grant(f"guest:{guest.id}", GUEST, "tourist", GUEST_SCOPES)

    async def authenticate_client(self, authorization: str | None, form: Mapping[str, str]) -> Client | None:
        """The client behind a request: `client_secret_basic` or `private_key_jwt`; None without either.

        Raises:
            OAuthError: `invalid_client` for whatever does not hold, `invalid_request` for two ways at once.
        """
        if "client_secret" in form:
            raise invalid_request("send the client secret by HTTP Basic, not in the form")
        assertion = form.get("client_assertion")
        if authorization is not None and assertion is not None:
            raise invalid_request("authenticate in one way only")
        if assertion is not None:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise invalid_request("client_assertion_type is not jwt-bearer")
            return await self._by_assertion(assertion, form.get("client_id"))
        if authorization is not None:
            return await self._by_secret(authorization, form.get("client_id"))
        return None

    async def _by_secret(self, authorization: str, claimed_id: str | None) -> Client:
        scheme, _, credentials = authorization.partition(" ")
        try:
            if scheme.lower() != "basic":
                raise ValueError
            pair = b64decode(credentials.strip(), validate=True).decode("utf-8")
            client_id, colon, secret = pair.partition(":")
            if not colon or "\x00" in pair:
                raise ValueError
        except (ValueError, binascii.Error):
            raise invalid_client() from None
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
        client = await self._find(client_id)
        right = await self._passwords.verify(secret[:200], client.secret_hash if client is not None else None)
        if not right or client is None or claimed_id not in {None, client_id}:
            raise invalid_client()
        return client

    async def _by_assertion(self, assertion: str, claimed_id: str | None) -> Client:
        try:
            unverified = jws.extract_compact(assertion.encode("ascii"))
            client_id = _subject(unverified.payload)
        except (JoseError, ValueError, KeyError, RecursionError):
            raise invalid_client() from None
        client = await self._find(client_id)
        if client is None or client.jwks is None or claimed_id not in {None, client_id}:
            raise invalid_client()
        try:
            keys = KeySet.import_key_set(client.jwks)  # type: ignore[arg-type]
            claims = jwt.decode(assertion, keys, algorithms=list(ASSERTION_ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise invalid_client() from None
        audience = claims.get("aud")
        audiences = {
            item for item in (audience if isinstance(audience, list) else [audience]) if isinstance(item, str)
        }
        jti = claims.get("jti")
        if (
            claims.get("iss") != client_id
            or claims.get("sub") != client_id
            or audiences.isdisjoint(self._audiences)
            or not isinstance(jti, str)
            or not _plain(jti, 255)
            or not assertion_is_timely(claims, self._times.instants)
        ):
            raise invalid_client()
        expires = datetime.fromtimestamp(float(claims["exp"]), tz=UTC) + timedelta(minutes=2)
        if not await self._tokens.use_assertion(client_id, jti, expires):
            raise invalid_client()
        return client

    async def _find(self, client_id: str) -> Client | None:
        client = await self._identities.find_client(client_id) if _plain(client_id, 100) else None
        return None if client is None or client.disabled_at is not None else client


def _plain(text: str, longest: int) -> bool:
    """Whether a name from outside can be one of ours at all, and be asked for in SQL."""
    return 1 <= len(text) <= longest and text.isascii() and text.isprintable()


def _subject(payload: bytes) -> str:
    claims = json.loads(payload)
    subject = claims["sub"] if isinstance(claims, dict) else None
    if not isinstance(subject, str):
        raise ValueError("no subject")
    return subject
