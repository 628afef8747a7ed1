"""Selects and inserts of principals."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.identity.models import Client, GuestSession, LoginThrottle, User

__all__ = ["IdentityRepository"]


class IdentityRepository:
    """The identity tables of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_client(self, client_id: str) -> Client | None:
        """The client, disabled or not."""
        return await self._session.get(Client, client_id)

    async def find_user(self, username: str, *, lock: bool = False) -> User | None:
        """The user with this normalised name, disabled or not."""
        statement = select(User).where(col(User.username) == username)
        if lock:
            statement = statement.with_for_update()
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def get_user(self, user_id: object) -> User | None:
        """The user with this id."""
        return await self._session.get(User, user_id)

    async def lock_throttle(self, name_index: str, now: datetime) -> LoginThrottle:
        """The counter of one name, made if need be, for this transaction alone.

        Attempts on one name wait for each other here, at most three seconds, so that guesses sent side by
        side are counted one by one.
        """
        await self._session.execute(text("SET LOCAL lock_timeout = '3s'"))
        await self._session.execute(
            insert(LoginThrottle)
            .values(name_index=name_index, failures=0, updated_at=now)
            .on_conflict_do_nothing(index_elements=["name_index"])
        )
        statement = select(LoginThrottle).where(col(LoginThrottle.name_index) == name_index).with_for_update()
        return (await self._session.execute(statement)).scalar_one()

    async def add(self, row: Client | User | GuestSession) -> None:
        """Store a new principal."""
        self._session.add(row)
        await self._session.flush()

    async def flush(self) -> None:
        """Write changes of loaded rows."""
        await self._session.flush()

    async def purge(self, now: datetime) -> None:
        """Forget guests long gone and counters of names that nobody tried for a day."""
        await self._session.execute(delete(GuestSession).where(col(GuestSession.expires_at) < now))
        await self._session.execute(
            delete(LoginThrottle).where(col(LoginThrottle.updated_at) < now - timedelta(days=1))
        )
