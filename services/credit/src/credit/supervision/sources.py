"""Where supervision learns of listings, posts and risk classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from credit.deposits.repository import DepositRepository
from credit.facts.repository import FactRepository
from credit.facts.rules import Action, harmed_tourists
from credit.facts.schemas import SourceKind
from credit.listings.models import Listing
from credit.subjects.models import Subject

from .policy import Restriction
from .repository import SupervisionRepository
from .rules import SELF, Listed

__all__ = ["LISTING_CODES", "Post", "Sources"]

_LISTS: Mapping[str, tuple[Literal["serious", "slight"], str]] = {
    "SERIOUS_LISTED": ("serious", "SERIOUS_LISTING_REMOVED"),
    "SLIGHT_LISTED": ("slight", "SLIGHT_LISTING_REMOVED"),
}
LISTING_CODES = frozenset({*_LISTS, *(closing for _, closing in _LISTS.values())})
"""The facts that put on a list and take off it."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post that a person held at an entity; `until` None: still."""

    entity: UUID
    role: str
    since: date
    until: date | None

    def held_on(self, day: date) -> bool:
        """Whether the post was held on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


class Sources:
    """What restricts, as the archive and the rooms of relations and risk classes know it."""

    def __init__(self, session: AsyncSession) -> None:
        self._states = SupervisionRepository(session)
        self._risk = DepositRepository(session)
        self._facts = FactRepository(session)

    async def listings(self, people: Iterable[UUID], restrictions: Iterable[Restriction]) -> list[Listed]:
        """Listings and restricting facts of these subjects, and of entities at which they held a post.

        A subject holds the listings of whoever was merged into it: they end with the listing, not with the
        copies of its facts. A post counts when it was held on the day the restriction runs from.
        """
        codes = LISTING_CODES | {code for one in restrictions for code in one.facts}
        own = sorted(set(people))
        posts = [Post(one.to_id, one.kind, *one.period) for one in await self._states.posts(own)]
        held = sorted({post.entity for post in posts} - set(own))
        entries = await self._entries([*own, *held], codes)
        entries += await self._listings(await self._states.holders([*own, *held]))
        found = [entry for entry in entries if (entry.bearer or entry.entity) in own]
        for post in posts:
            found += [
                replace(entry, role=post.role)
                for entry in entries
                if (entry.entity, entry.role) == (post.entity, SELF)
                and entry.source != "fact"
                and post.held_on(entry.penalty_on or entry.listed_on)
            ]
        return found

    async def unlisted(self, subjects: Iterable[Subject], codes: frozenset[str]) -> set[UUID]:
        """Those of whom `listings` finds nothing by facts of `codes`, as far as a few questions can tell.

        Natural persons with an ID number, who may have other rows, whoever held a post and whoever was merged
        are not among them.
        """
        ids = {one.id for one in subjects if one.merged_into is None and one.id_number_index is None}
        ids -= {post.from_id for post in await self._states.posts(ids)}
        every = sorted(ids)
        found = await self._entries(every, LISTING_CODES | codes)
        found += await self._listings(await self._states.holders(every))
        return ids - {one.entity for one in found} - {one.bearer for one in found if one.bearer}

    async def risk_class(self, subject: Subject, on: date) -> str | None:
        """The market regulator's class on a day."""
        found = await self._risk.risk_class_on(subject.id, on)
        return None if found is None else found.risk_class

    async def next_risk_class(self, subject: Subject, after: date) -> date | None:
        """The next day from which another class is already known to hold."""
        return await self._risk.next_assessment(subject.id, after)

    async def _listings(self, holders: Mapping[UUID, tuple[UUID, str]]) -> list[Listed]:
        entries = []
        rows = await self._states.listings(list(holders))
        penalties = await self._penalties([row[0] for row in rows])
        rests = await self._states.rests([row[0].id for row in rows])
        for listing, _, entity, entity_kind in rows:
            if listing.listed_on is None:
                continue
            holder, kind = holders[listing.subject_id]
            entry = Listed(
                entity=holder,
                entity_kind=kind,
                source="serious" if listing.on_list == "serious" else "slight",
                condition=listing.condition,
                role=SELF,
                listed_on=listing.listed_on,
                number=listing.number,
                penalty_on=listing.penalty_on,
                ends_on=listing.management_until,
                removed_on=listing.removed_on,
                rests=rests.get(listing.id, ()),
                penalties=penalties.get(listing.id, ()),
            )
            entries.append(entry)
            if entity is not None and entity_kind is not None and listing.role != SELF:
                at, of_kind = holders.get(entity, (entity, entity_kind))
                along = replace(entry, entity=at, entity_kind=of_kind, role=listing.role)
                entries.append(replace(along, bearer=holder))
        return entries

    async def _penalties(self, listings: list[Listing]) -> dict[UUID, tuple[tuple[str, date], ...]]:
        """Code and day of the standing facts behind each listing, but for those that harmed no tourist."""
        named = {fact_id for listing in listings for fact_id in listing.based_on}
        facts = await self._facts.latest_of(sorted(named)) if named else {}
        standing = {
            fact_id: (fact.code, fact.occurred_on)
            for fact_id, fact in facts.items()
            if fact.action != Action.REVOKE and harmed_tourists(fact.payload) is not False
        }
        return {
            listing.id: tuple(standing[one] for one in listing.based_on if one in standing)
            for listing in listings
        }

    async def _from_listings(self, copies: Mapping[UUID, str]) -> set[UUID]:
        """Which of the copies that mergers made go back to a fact that the room of listings wrote."""
        found: set[UUID] = set()
        ahead = {fact: origin for fact, said in copies.items() if (origin := _copied_from(said))}
        while ahead:
            rows = await self._facts.latest_of(sorted(set(ahead.values())))
            further = {}
            for fact, origin in ahead.items():
                row = rows.get(origin)
                if row is not None and row.source_kind == SourceKind.LISTING:
                    found.add(fact)
                elif row is not None and row.source_kind == SourceKind.MERGE:
                    further[fact] = _copied_from(row.source_reference)
            ahead = {fact: origin for fact, origin in further.items() if origin is not None}
        return found

    async def _entries(self, subjects: list[UUID], codes: frozenset[str]) -> list[Listed]:
        rows = await self._states.listing_facts(subjects, codes)
        copies = {row.id: row.source_reference for row in rows if row.source_kind == SourceKind.MERGE}
        known = await self._from_listings(copies)
        rows = [row for row in rows if row.id not in known]
        removed = [(row.subject_id, row.code, row.occurred_on, row.payload) for row in rows]
        entries = []
        for row in rows:
            if row.code in _LISTS:
                source, closing = _LISTS[row.code]
                condition = str(row.payload.get("condition", ""))
                off = [
                    day
                    for subject, code, day, payload in removed
                    if (subject, code) == (row.subject_id, closing)
                    and day >= row.occurred_on
                    and payload.get("condition", condition) == condition
                ]
                entries.append(
                    Listed(
                        entity=row.subject_id,
                        entity_kind=row.kind,
                        source=source,
                        condition=condition,
                        role=SELF,
                        listed_on=row.occurred_on,
                        number=row.source_reference,
                        removed_on=min(off, default=None),
                    )
                )
            elif row.code not in LISTING_CODES:
                entries.append(
                    Listed(
                        entity=row.subject_id,
                        entity_kind=row.kind,
                        source="fact",
                        condition=row.code,
                        role=SELF,
                        listed_on=row.occurred_on,
                        number=row.source_reference,
                    )
                )
        return entries


def _copied_from(reference: str) -> UUID | None:
    """The fact that a merger recorded again under this reference (`merger:fact`)."""
    try:
        return UUID(reference.rpartition(":")[2])
    except ValueError:
        return None
