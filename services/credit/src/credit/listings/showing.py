"""What anyone may see of the list of seriously dishonest subjects."""

from common import regions
from common.crypto import mask_id_public
from common.pagination import Page, encode_cursor, page_of

from credit.paging import cursor_id
from credit.subjects.models import Subject
from credit.subjects.personal import id_number_of, revealed
from credit.subjects.repository import name_context, search_clause
from credit.subjects.rules import is_person, normalise

from .desk import ListingDesk, never_shown
from .models import Listing
from .rules import Role
from .schemas import PublicListing

__all__ = ["PublicListings", "never_shown"]


class PublicListings(ListingDesk):
    """The public list."""

    async def page(self, query: str | None, cursor: str | None, limit: int) -> Page[PublicListing]:
        """Serious listings whose publication runs today, the newest first.

        Of a natural person the name is shown and the ID number masked; minors, and persons of unknown age,
        are never shown.
        """
        entities = search_clause(query, None) if query else None
        names = self._env.keyring.blind_indexes(normalise(query), context=name_context) if query else []
        rows = await self._listings.public_page(self._today, entities, names, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        shown = [self._public(listing, subject) for listing, subject in items]
        return Page(items=[one for one in shown if one is not None], next_cursor=following)

    def _public(self, listing: Listing, subject: Subject) -> PublicListing | None:
        number, name = None, subject.name
        if is_person(subject.kind, subject.key):
            if never_shown(subject, self._env, self._today):
                return None
            number = id_number_of(subject, self._env.keyring)
            person = revealed(subject, self._env.keyring)
            name = person.name if person else name
        decided, listed = listing.decided_on, listing.listed_on
        until, shown_until = listing.management_until, listing.publication_until
        if decided is None or listed is None or until is None or shown_until is None:
            return None
        condition = self._condition(listing)
        return PublicListing(
            number=listing.number,
            name=name,
            key=subject.key,
            id_number=mask_id_public(number) if number else None,
            kind=subject.kind,
            region=subject.region,
            region_name=regions.name_of(subject.region),
            role=Role(listing.role),
            condition=listing.condition,
            condition_name=condition.name.render(self._language),
            legal_basis=condition.legal_basis,
            authority=self._authority(listing),
            decided_on=decided,
            listed_on=listed,
            management_until=until,
            publication_until=shown_until,
            objected=listing.objected,
        )
