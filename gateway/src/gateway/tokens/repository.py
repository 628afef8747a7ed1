"""Selects and inserts of sessions, refresh tokens, revocations and used assertions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.tokens.models import LoginSession, RefreshToken, RevokedToken, UsedAssertion

__all__ = ["TokenRepository"]


class TokenRepository:
    """The token tables of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: LoginSession | RefreshToken) -> None:
        """Store a new row."""
        self._session.add(row)
        await self._session.flush()

    async def find_refresh(self, token_hash: str) -> tuple[RefreshToken, LoginSession] | None:
        """A refresh token and its log-in; the log-in is locked, so that two uses cannot both be the first."""
        token = await self._session.get(RefreshToken, token_hash)
        if token is None:
            return None
        login = await self._session.get_one(LoginSession, token.session_id, with_for_update=True)
        await self._session.refresh(token)
        return token, login

    async def open_logins(self, user_id: UUID) -> Sequence[LoginSession]:
        """The log-ins of a user that were not revoked."""
        statement = select(LoginSession).where(
            col(LoginSession.user_id) == user_id, col(LoginSession.revoked_at).is_(None)
        )
        return (await self._session.execute(statement)).scalars().all()

    async def revoke_login(self, login: LoginSession, now: datetime) -> list[str]:
        """End a log-in with all its refresh tokens, and return the ids of its access tokens still alive."""
        await self._session.execute(
            update(LoginSession).where(col(LoginSession.id) == login.id).values(revoked_at=now)
        )
        statement = select(RefreshToken).where(
            col(RefreshToken.session_id) == login.id, col(RefreshToken.access_expires_at) > now
        )
        tokens = (await self._session.execute(statement)).scalars().all()
        await self.revoke({token.access_jti: token.access_expires_at for token in tokens})
        return [token.access_jti for token in tokens]

    async def revoke(self, tokens: Mapping[str, datetime]) -> None:
        """Note access tokens (id and expiry) as revoked."""
        if tokens:
            rows = [{"jti": jti, "expires_at": expires} for jti, expires in tokens.items()]
            await self._session.execute(
                insert(RevokedToken).values(rows).on_conflict_do_nothing(index_elements=["jti"])
            )

    async def is_revoked(self, jti: str) -> bool:
        """Whether an access token was revoked."""
        return await self._session.get(RevokedToken, jti) is not None

    async def revoked(self, now: datetime) -> Iterable[str]:
        """The ids of revoked tokens that would else be good."""
        statement = select(col(RevokedToken.jti)).where(col(RevokedToken.expires_at) > now)
        return (await self._session.execute(statement)).scalars().all()

    async def use_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Note an assertion as used; False when it was used before."""
        inserted = await self._session.scalar(
            insert(UsedAssertion)
            .values(client_id=client_id, jti=jti, expires_at=expires_at)
            .on_conflict_do_nothing(index_elements=["client_id", "jti"])
            .returning(func.length(UsedAssertion.jti))
        )
        return inserted is not None

    async def purge(self, now: datetime, outside: datetime) -> None:
        """Forget what can no longer matter: ended log-ins, dead revocations, assertions out of date.

        Assertions carry the time of the program that made them, so both clocks must be past them.
        """
        await self._session.execute(delete(LoginSession).where(col(LoginSession.expires_at) < now))
        await self._session.execute(delete(RevokedToken).where(col(RevokedToken.expires_at) < now))
        await self._session.execute(
            delete(UsedAssertion).where(col(UsedAssertion.expires_at) < min(now, outside))
        )
