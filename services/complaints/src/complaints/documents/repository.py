"""Every select, insert and update of papers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from complaints.documents.models import Document
from complaints.documents.rules import FIRST_RETRY_SECONDS, Kind, State

__all__ = ["DocumentRepository"]


class DocumentRepository:
    """The papers of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add(self, document: Document) -> None:
        """Store a new paper."""
        self.session.add(document)
        await self.session.flush()

    async def of_case(self, case_id: UUID, kinds: Collection[Kind]) -> Sequence[Document]:
        """The papers of a case that are of `kinds`, oldest first, without their content."""
        query = (
            select(Document)
            .where(col(Document.case_id) == case_id, col(Document.kind).in_(kinds))
            .order_by(col(Document.id))
            .options(defer(Document.content), defer(Document.data_cipher))  # type: ignore[arg-type]
        )
        return (await self.session.scalars(query)).all()

    async def find(
        self, case_id: UUID, document_id: UUID, kinds: Collection[Kind], *, lock: bool = False
    ) -> Document | None:
        """One paper of a case with its content, if it is of `kinds`; locked for a change when asked."""
        query = select(Document).where(
            col(Document.id) == document_id,
            col(Document.case_id) == case_id,
            col(Document.kind).in_(kinds),
        )
        if lock:
            query = query.with_for_update()
        found: Document | None = await self.session.scalar(query)
        return found

    async def claim(self) -> Document | None:
        """Begin an attempt at the paper that waits longest; None when none is due.

        The attempt is counted before the work, and the next one allowed only after a pause that doubles, so
        a process that dies over a paper neither loses it nor dies over it for ever. What another worker has
        locked is skipped.
        """
        due = (
            select(col(Document.id))
            .where(col(Document.state) == State.ORDERED, col(Document.not_before) <= func.clock_timestamp())
            .order_by(col(Document.not_before), col(Document.id))
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        seconds = FIRST_RETRY_SECONDS * func.power(2, col(Document.attempts))
        claimed: Document | None = await self.session.scalar(
            update(Document)
            .where(col(Document.id) == due)
            .values(
                attempts=Document.attempts + 1,
                not_before=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
            )
            .returning(Document)
        )
        return claimed

    async def store(
        self,
        document_id: UUID,
        *,
        content: bytes,
        sha256: str,
        size: int,
        template_sha256: str,
        now: datetime,
    ) -> bool:
        """Keep the PDF; False when another worker was faster."""
        return await self._finish(
            document_id,
            state=State.READY,
            content=content,
            content_sha256=sha256,
            size=size,
            template_sha256=template_sha256,
            ready_at=now,
        )

    async def give_up(self, document_id: UUID) -> bool:
        """Let a person look at it: no further attempt is made by itself."""
        return await self._finish(document_id, state=State.FAILED)

    async def failed(self) -> int:
        """How many papers wait for a person."""
        query = select(func.count()).select_from(Document).where(col(Document.state) == State.FAILED)
        return (await self.session.execute(query)).scalar_one()

    async def _finish(self, document_id: UUID, **values: object) -> bool:
        finished = await self.session.scalar(
            update(Document)
            .where(col(Document.id) == document_id, col(Document.state) == State.ORDERED)
            .values(**values)
            .returning(col(Document.id))
        )
        return finished is not None
