"""What becomes of the entries of a subject's listings when it is merged into another, or that is undone."""

from uuid import UUID

from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.subjects.models import Subject

from .annulling import ListingAnnulments
from .rules import CODES, ListName

__all__ = ["ListingReturns"]

_UNDONE = "合并已撤销，名单记录归还原主体"
_KEPT = "两记录合并后，移出或者解除之日另有名单记录在列，未离开名单"


class ListingReturns(ListingAnnulments):
    """Entries that stand beside those of another record, and go back with the listings they are of."""

    async def keep_on(self, survivor: Subject, by: str) -> None:
        """Let a survivor not have left a list on a day on which a listing of either record kept it there.

        What one record's listing said of leaving the list would close the other's entry too, so it is revoked
        for the survivor, as a later listing does it; the end of the last listing closes both. The row is
        locked, and holds the copies of what the merged subject's listings recorded; the merger scores it.
        """
        for listing in await self._listings.of_subject(survivor.id):
            left = CODES[ListName(listing.on_list)][1]
            rows = await self._fact_rows.latest_of(await self._recorded_by(listing, survivor))
            for fact in rows.values():
                if fact.code == left and await self._keeping(listing, survivor, fact.occurred_on):
                    kept = self._revocation(listing, _KEPT)
                    await self._facts.correct_for(survivor, fact.id, kept, by=by, cause=None)

    async def give_back(self, subject: Subject, survivor: Subject, merger_id: UUID, by: str) -> None:
        """Let a subject's entries say what became of its listings while its record was the survivor's.

        What these recorded for the survivor meanwhile, such as that they ended, is revoked there and recorded
        for the subject; what one recorded that was annulled meanwhile is revoked. Both rows are locked, the
        merger is undone, and who undoes it scores both.
        """
        mark = merger_id.hex[-12:]
        for listing in await self._listings.of_subject(subject.id):
            said = await self._fact_rows.recorded_under(survivor.id, SourceKind.LISTING, listing.number)
            rows = await self._fact_rows.latest_of(said)
            undone = self._revocation(listing, _UNDONE)
            for fact in [rows[one] for one in said if rows[one].action != Action.REVOKE]:
                await self._facts.correct_for(survivor, fact.id, undone, by=by, cause=None)
                place = fact.source_reference.removeprefix(listing.number) or "#"
                await self._fact(subject, listing, fact.code, fact.occurred_on, by, f"{place}/{mark}", None)
            if listing.annulled:
                for fact_id in await self._recorded_by(listing, subject):
                    await self._facts.correct_for(subject, fact_id, undone, by=by, cause=None)
        for holder in (subject, survivor):
            for on_list in ListName:
                await self._close_ended(holder, on_list, by, mark, None)
