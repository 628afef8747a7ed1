"""What the repair desk says of all that can be repaired of a subject, for paths to a better grade.

It asks the very outlook that is shown for each listing and fact, so neither promises what the other denies.
"""

from collections.abc import Sequence
from uuid import UUID

from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactNotFound
from credit.facts.repository import FactRepository
from credit.facts.rules import FactVersion
from credit.facts.schemas import SourceKind
from credit.listings.models import Listing
from credit.listings.repository import ListingRepository
from credit.listings.rules import ENTRIES
from credit.scoring.rules import Repairable

from .errors import TargetNotRepairable
from .outlook import Outlooks

__all__ = ["Prospects"]


class Prospects:
    """The outlooks of one subject, fact by fact."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._outlooks = Outlooks(session, env)
        self._listings = ListingRepository(session)
        self._facts = FactRepository(session)

    async def of(self, subject_id: UUID, facts: Sequence[FactVersion]) -> list[Repairable]:
        """For each of these facts that can be repaired at all, from which day on.

        A fact by which a listing in force entered its subject in the list stands for that listing, also where
        it is a merger's copy. An entry that has no listing here cannot be repaired.
        """
        entries = [fact for fact in facts if fact.code in ENTRIES]
        found = await self._of_listings(subject_id, entries) if entries else []
        listed = {one.fact_id for one in found}
        for fact in facts:
            if fact.id not in listed:
                found += await self._of_fact(fact.id)
        return found

    async def _of_listings(self, subject_id: UUID, entries: Sequence[FactVersion]) -> list[Repairable]:
        found: list[Repairable] = []
        for listing in await self._listings.in_force(subject_id, china_date(self._env.clock.now())):
            named = await self._recorded_by(listing, subject_id)
            own = [fact for fact in entries if fact.id in named]
            if not own or listing.management_until is None:
                continue
            aim = await self._outlooks.aim(None, listing.id, None)
            view = await self._outlooks.view(aim)
            pack = self._outlooks.steps_pack(aim)
            last = max(own, key=lambda fact: (fact.occurred_on, fact.id))
            found.append(
                Repairable(last.id, view.earliest_on, listing.management_until, gap_months=pack.gap_months)
            )
        return found

    async def _recorded_by(self, listing: Listing, subject_id: UUID) -> set[UUID]:
        """The facts of a subject that a listing recorded, also before the listed one was merged into it."""
        named = set(await self._facts.recorded_under(subject_id, SourceKind.LISTING, listing.number))
        if listing.subject_id != subject_id:
            before = await self._facts.recorded_under(listing.subject_id, SourceKind.LISTING, listing.number)
            named |= {await self._facts.counting(one) for one in before}
        return named

    async def _of_fact(self, fact_id: UUID) -> list[Repairable]:
        try:
            aim = await self._outlooks.aim(None, None, fact_id)
        except (FactNotFound, TargetNotRepairable):
            return []
        return [Repairable(fact_id, (await self._outlooks.view(aim)).earliest_on)]
