"""Taking a subject off a black board before the next run: asked for by one person, ordered by another."""

from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.problems import SecondPersonNeeded

from credit.papers.service import PaperService
from credit.subjects.models import Subject

from .errors import BoardNotFound, RemovalNotOpen
from .models import Board, BoardEntry
from .rules import Act, Side
from .schemas import EntryView, RemovalDecisionIn
from .service import BoardService, entry_view
from .work import BoardWork, policy_of

__all__ = ["BoardRemovals"]

ROOM = "boards"


class BoardRemovals(BoardService):
    """Removals from black boards."""

    async def ask_removal(self, actor: Principal, board_id: UUID, subject_id: UUID, reason: str) -> EntryView:
        """Ask that a subject be taken off a published black board before the next run.

        Raises:
            BoardNotFound: not the caller's, or not on the black board.
            BoardRefused: the run is not published.
            RemovalNotOpen: it is asked for already.
        """
        _, entry, subject = await self._standing(actor, board_id, subject_id)
        if entry.removal_asked_by is not None:
            raise RemovalNotOpen(asked=True)
        entry.removal_reason, entry.removal_asked_by = reason, actor.sub
        await self._session.flush()
        return entry_view((entry, subject.name, subject.key))

    async def decide_removal(
        self, actor: Principal, board_id: UUID, subject_id: UUID, wanted: RemovalDecisionIn
    ) -> EntryView:
        """Order a removal by another person than who asked for it, and tell the subject; or decline it.

        Raises:
            BoardNotFound, BoardRefused: as `ask_removal`.
            RemovalNotOpen: nobody asked for it.
            SecondPersonNeeded: the caller asked for it.
        """
        board, entry, subject = await self._standing(actor, board_id, subject_id)
        if entry.removal_asked_by is None or entry.removal_reason is None:
            raise RemovalNotOpen(asked=False)
        if actor.sub == entry.removal_asked_by:
            raise SecondPersonNeeded
        if not wanted.remove:
            entry.removal_reason = entry.removal_asked_by = None
            await self._session.flush()
            return entry_view((entry, subject.name, subject.key))
        today = china_date(self._env.clock.now())
        entry.removed_by = actor.sub
        data = {
            "board": policy_of(self._env, board).name.zh,
            "board_number": board.number,
            "period": board.period,
            "published_on": china_date(board.published_at or board.opened_at),
            "removed_on": today,
            "asked": entry.removal_reason,
            "reasons": wanted.reason,
        }
        paper = await PaperService(self._session, self._env).issue(
            "board_removal", subject, (ROOM, board.id), data, actor.sub, region=board.region
        )
        entry.paper_id = paper.id
        await BoardWork(self._session, self._env).end(board, entry, today, entry.removal_reason)
        await self._session.flush()
        return entry_view((entry, subject.name, subject.key))

    async def _standing(
        self, actor: Principal, board_id: UUID, subject_id: UUID
    ) -> tuple[Board, BoardEntry, Subject]:
        """An entry that stands on a published black board, with its subject locked."""
        board = await self._found(actor, board_id, Act.REMOVE)
        subject = await self._subjects.lock(subject_id, None)
        entry = await self._boards.entry(board.id, subject_id)
        if entry is None or subject is None or entry.decided != Side.BLACK or entry.ended_on is not None:
            raise BoardNotFound
        return board, entry, subject
