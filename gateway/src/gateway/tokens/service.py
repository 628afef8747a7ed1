"""Use cases of tokens: log-ins, client credentials, refresh, revocation, introspection.

Refusals that must leave a trace (a refresh token used twice) are returned, not raised, so that the caller's
transaction commits them.
"""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

from common.db import new_id
from common.problems import Unauthenticated
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.models import Client, User
from gateway.identity.repository import IdentityRepository
from gateway.identity.schemas import TokenAnswer
from gateway.tokens.errors import OAuthError, invalid_client, invalid_grant, invalid_scope
from gateway.tokens.gate import TokenGate
from gateway.tokens.issuer import AccessToken, TokenIssuer
from gateway.tokens.models import LoginSession, RefreshToken
from gateway.tokens.repository import TokenRepository
from gateway.tokens.revocations import Revocations
from gateway.tokens.rules import CONSOLE, REFRESH_LIFETIME, SESSION_LIFETIME, Grant, narrow

__all__ = ["TokenService", "client_grant", "user_grant"]


def client_grant(client: Client) -> Grant:
    """All that a client may do, in its own name."""
    return Grant(
        client.client_id,
        client.client_id,
        client.kind,
        tuple(client.scopes),
        tuple(client.regions),
        client.department,
        client.subject_id,
    )


def user_grant(user: User, client_id: str) -> Grant:
    """All that a user may do, through the program `client_id`."""
    return Grant(
        str(user.id),
        client_id,
        user.kind,
        tuple(user.scopes),
        tuple(user.regions),
        user.department,
        user.subject_id,
    )


class TokenService:
    """Issues and ends tokens within one session."""

    def __init__(
        self,
        session: AsyncSession,
        *,
        issuer: TokenIssuer,
        gate: TokenGate,
        revocations: Revocations,
        now: datetime,
    ) -> None:
        self._tokens = TokenRepository(session)
        self._identities = IdentityRepository(session)
        self._issuer, self._gate, self._revocations, self._now = issuer, gate, revocations, now

    def for_client(self, client: Client, scope: str | None) -> TokenAnswer:
        """A client's token in its own name (RFC 6749 4.4); no refresh token, the client can ask again.

        Raises:
            OAuthError: `invalid_scope`.
        """
        scopes = narrow(client.scopes, scope)
        if scopes is None:
            raise invalid_scope()
        return _answer(self._issuer.issue(client_grant(client).with_scopes(scopes), self._now))

    def for_guest(self, grant: Grant) -> TokenAnswer:
        """A token that cannot be renewed."""
        return _answer(self._issuer.issue(grant, self._now))

    async def log_in(self, user: User) -> TokenAnswer:
        """Open a log-in of a user whose secrets were checked: 24 hours, idle for 8 at most."""
        login = LoginSession(
            id=new_id(),
            user_id=user.id,
            client_id=CONSOLE,
            scopes=list(user.scopes),
            created_at=self._now,
            expires_at=self._now + SESSION_LIFETIME,
        )
        await self._tokens.add(login)
        return await self._continue(login, user, tuple(user.scopes))

    async def refresh(
        self, refresh_token: str, scope: str | None, client: Client | None, client_id: str | None
    ) -> TokenAnswer | OAuthError:
        """A new pair of tokens for a refresh token, which is spent by it (RFC 6749 6, RFC 9700 4.14).

        A token that comes a second time was copied: the whole log-in ends, with every access token that came
        from it. Scopes that the user lost since are not renewed.

        Raises:
            OAuthError: `invalid_grant`, `invalid_scope` or `invalid_client`; nothing to keep.
        """
        found = await self._tokens.find_refresh(_hash(refresh_token))
        if found is None:
            raise invalid_grant("the refresh token is not known")
        token, login = found
        if (client is not None and client.client_id != login.client_id) or client_id not in {
            None,
            login.client_id,
        }:
            raise invalid_client()
        if login.revoked_at is not None or self._now >= min(token.expires_at, login.expires_at):
            raise invalid_grant("the refresh token is expired or revoked")
        if token.used_at is not None:
            await self._end(login)
            return invalid_grant("the refresh token was used before; the session is ended")
        user = await self._identities.get_user(login.user_id)
        if user is None or user.disabled_at is not None:
            await self._end(login)
            return invalid_grant("the account is closed")
        scopes = narrow(set(login.scopes) & set(user.scopes), scope)
        if scopes is None:
            raise invalid_scope()
        token.used_at = self._now
        return await self._continue(login, user, scopes)

    async def revoke(self, token: str, client: Client | None) -> None:
        """End a token (RFC 7009): an access token alone, a refresh token with its whole log-in.

        Without a client only tokens of log-ins and guests end: they belong to no client with a secret, and
        who holds one may give it up. A token that is unknown or another's is left, without a word.
        """
        found = await self._tokens.find_refresh(_hash(token))
        if found is not None:
            _, login = found
            if client is None or client.client_id == login.client_id:
                await self._end(login)
            return
        try:
            claims = self._gate.claims(token)
        except Unauthenticated:
            return
        owner = claims["client_id"]
        if client is not None and owner != client.client_id:
            return
        if client is None and await self._identities.find_client(owner) is not None:
            raise invalid_client()
        expires = datetime.fromtimestamp(claims["exp"], tz=UTC)
        await self._tokens.revoke({claims["jti"]: expires})
        self._revocations.add(claims["jti"])

    async def introspect(self, token: str, client: Client) -> dict[str, Any]:
        """What a token is worth (RFC 7662). A client that is no service of ours learns of its own only."""
        found = await self._tokens.find_refresh(_hash(token))
        if found is not None:
            refresh, login = found
            active = (
                refresh.used_at is None
                and login.revoked_at is None
                and self._now < min(refresh.expires_at, login.expires_at)
            )
            if not active or client.kind != "service":
                return {"active": False}
            return {
                "active": True,
                "token_type": "refresh_token",
                "client_id": login.client_id,
                "sub": str(login.user_id),
                "scope": " ".join(sorted(login.scopes)),
                "exp": int(min(refresh.expires_at, login.expires_at).timestamp()),
            }
        try:
            claims = self._gate.claims(token)
        except Unauthenticated:
            return {"active": False}
        good = self._now.timestamp() < claims["exp"] and not await self._tokens.is_revoked(claims["jti"])
        if not good or (client.kind != "service" and claims["client_id"] != client.client_id):
            return {"active": False}
        return {"active": True, "token_type": "Bearer", **claims}

    async def _continue(self, login: LoginSession, user: User, scopes: tuple[str, ...]) -> TokenAnswer:
        access = self._issuer.issue(user_grant(user, login.client_id).with_scopes(scopes), self._now)
        secret = f"tt_rt_{secrets.token_urlsafe(32)}"
        await self._tokens.add(
            RefreshToken(
                token_hash=_hash(secret),
                session_id=login.id,
                issued_at=self._now,
                expires_at=min(self._now + REFRESH_LIFETIME, login.expires_at),
                access_jti=access.jti,
                access_expires_at=access.expires_at,
            )
        )
        return _answer(access, secret)

    async def _end(self, login: LoginSession) -> None:
        self._revocations.add(*await self._tokens.revoke_login(login, self._now))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _answer(access: AccessToken, refresh_token: str | None = None) -> TokenAnswer:
    return TokenAnswer(
        access_token=access.token,
        expires_in=access.expires_in,
        scope=access.scope,
        refresh_token=refresh_token,
    )
