"""What every route may ask for: the session of its one transaction, the clock, the keys.

All are coroutines: FastAPI sends a plain function to a thread, which costs more than what these do.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from common.clock import Clock
from common.crypto import Keyring
from common.idempotency import begin
from common.pagination import MAX_LIMIT
from common.web.language import language_of
from common.web.route import Replayed

__all__ = ["ClockDep", "CursorParam", "KeyringDep", "LanguageDep", "LimitParam", "SessionDep", "get_session"]


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The session of this request: one transaction, committed before the answer is sent.

    Use it through `SessionDep`: with FastAPI's default scope the answer would leave before the commit.
    """
    state = request.app.state
    async with state.db.session() as session:
        attempt = getattr(request.state, "attempt", None)
        if attempt is not None:
            answer = await begin(session, attempt, state.keyring, state.clock.now())
            if answer is not None:
                raise Replayed(answer)
        request.state.session = session
        yield session


async def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


async def _keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


async def _language(request: Request) -> str:
    return language_of(request)


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
ClockDep = Annotated[Clock, Depends(_clock)]
KeyringDep = Annotated[Keyring, Depends(_keyring)]
LanguageDep = Annotated[str, Depends(_language)]
LimitParam = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items on a page")]
CursorParam = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]
