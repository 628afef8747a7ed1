"""Facts that follow from deposits and cover: kept true to what is recorded, each told once."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.schemas import CorrectionIn, FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.subjects.models import Subject

__all__ = ["DutyFacts"]


class DutyFacts:
    """Writes the facts of this room. The subject's row is locked by the caller."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._facts = FactService(session, env)
        self._archive = FactRepository(session)

    async def references(self, subject: Subject, code: str) -> set[str]:
        """Under which references this room has told of a code for a subject."""
        return {
            row.source_reference
            for row in await self._archive.rows_of(subject.id)
            if (row.source_kind, row.code) == (SourceKind.DEPOSIT, code)
        }

    async def tell(
        self,
        subject: Subject,
        code: str,
        reference: str,
        day: date | None,
        *,
        authority: str,
        reason: str,
        by: str,
        payload: dict[str, Any] | None = None,
    ) -> None:
        """Make the fact of this reference say `day`, or, for None, that it never was.

        What stands already is left alone; what has to change is a new version with its reason.
        """
        first = await self._archive.by_source(SourceKind.DEPOSIT, reference, code)
        latest = None if first is None else await self._archive.latest(first.id)
        if latest is None:
            if day is not None:
                wanted = FactIn(
                    subject_id=subject.id,
                    code=code,
                    occurred_on=day,
                    source=Source(kind=SourceKind.DEPOSIT, authority=authority, reference=reference),
                    payload=payload or {},
                )
                await self._facts.record_for(subject, wanted, by=by)
            return
        stands = latest.action != Action.REVOKE
        steps: list[dict[str, Any]] = []
        if day is None and stands:
            steps = [{"action": "revoke"}]
        elif day is not None:
            steps = [] if stands else [{"action": "restore"}]
            if latest.occurred_on != day:
                steps.append({"action": "amend", "occurred_on": day})
        for step in steps:
            change = CorrectionIn(reason=reason, authority=authority, reference=reference, **step)
            await self._facts.correct_for(subject, latest.id, change, by=by)
