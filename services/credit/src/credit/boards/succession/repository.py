"""Every select by which one run of a board takes the place of others."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.boards.models import Board, BoardEntry
from credit.boards.rules import Side, State

__all__ = ["SuccessionRepository"]


class SuccessionRepository:
    """The order of the runs of a board."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def following(self, board: Board) -> Board | None:
        """The published regular run after this one."""
        query = (
            select(Board)
            .where(
                col(Board.policy_id) == board.policy_id,
                col(Board.region) == board.region,
                col(Board.trigger) == "period",
                col(Board.state) == State.PUBLISHED,
                col(Board.first_on) > board.last_on,
            )
            .order_by(col(Board.first_on))
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def superseded(
        self, board: Board, limit: int, beside: UUID | None = None
    ) -> Sequence[Row[Board, BoardEntry]]:
        """Black entries that stand, with their run, of which a regular run takes the place, by subject.

        They are of regular runs of earlier periods and of extra runs on events up to its last day: published
        ones and `beside`, of its region or of subjects that are in it too. `hold` keeps others off them.
        """
        here = aliased(BoardEntry)
        query = (
            select(Board, BoardEntry)
            .join(BoardEntry, col(BoardEntry.board_id) == col(Board.id))
            .where(
                col(Board.policy_id) == board.policy_id,
                col(Board.id) != board.id,
                or_(col(Board.state) == State.PUBLISHED, col(Board.id) == beside),
                or_(
                    and_(col(Board.trigger) == "period", col(Board.last_on) < board.first_on),
                    and_(col(Board.trigger) == "event", col(Board.last_on) <= board.last_on),
                ),
                or_(
                    col(Board.region) == board.region,
                    select(col(here.subject_id))
                    .where(col(here.board_id) == board.id, col(here.subject_id) == col(BoardEntry.subject_id))
                    .exists(),
                ),
                col(BoardEntry.decided) == Side.BLACK,
                col(BoardEntry.ended_on).is_(None),
            )
            .order_by(col(BoardEntry.subject_id), col(BoardEntry.board_id))
            .limit(limit)
        )
        return (await self._session.execute(query)).all()

    async def hold(self, policy_id: str) -> None:
        """Let one transaction at a time publish runs of a board, and none take anybody off meanwhile."""
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"board:{policy_id}", 0)))
        )
        published = select(col(Board.id)).where(
            col(Board.policy_id) == policy_id, col(Board.state) == State.PUBLISHED
        )
        await self._session.execute(published.order_by(col(Board.id)).with_for_update())
