"""Commitments as anyone sees them: on the page of their subject, and all in one list."""

from collections.abc import Sequence
from uuid import UUID

from common import regions
from common.crypto import mask_text
from common.pagination import Page, encode_cursor, page_of
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id

from .models import Commitment
from .repository import CommitmentRepository
from .rules import Kind, Result
from .schemas import PublicCommitment, PublicCommitmentEntry
from .texts import read_items

__all__ = ["PublicCommitments"]


class PublicCommitments:
    """Promises that were given to be shown, until one is found broken: a breach is not published.

    A promise under verification is shown as it was, *pending*; one that was kept stays, as *kept*.
    """

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._commitments = CommitmentRepository(session)

    async def of(self, subject_id: UUID) -> list[PublicCommitment]:
        """Those of one subject, the newest first."""
        rows: Sequence[Commitment] = await self._commitments.shown_of(subject_id)
        return [self._view(row) for row in rows]

    async def page(
        self, region: str | None, kind: Kind | None, cursor: str | None, limit: int
    ) -> Page[PublicCommitmentEntry]:
        """Those of entities in a region, the newest first; persons' stand on their own page only.

        Raises InvalidPayload for a foreign cursor.
        """
        rows = await self._commitments.public_page(region, kind, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        shown = [
            PublicCommitmentEntry(
                **self._view(commitment).model_dump(),
                name=subject.name,
                key=subject.key,
                subject_kind=subject.kind,
                region=subject.region,
                region_name=regions.name_of(subject.region),
            )
            for commitment, subject in items
        ]
        return Page(items=shown, next_cursor=following)

    def _view(self, row: Commitment) -> PublicCommitment:
        return PublicCommitment(
            number=row.number,
            kind=Kind(row.kind),
            items=[mask_text(item) for item in read_items(row, self._env.keyring)],
            start_on=row.start_on,
            end_on=row.end_on,
            result=Result(row.result),
        )
