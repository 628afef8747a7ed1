"""How an authority removes a listing, and how one without ground is undone from its start.

A listing has no ground where an objection against it was sustained, or where the decision underneath was
revoked (Order 7 Article 26 item 2): what is revoked is undone for every day, once that is known. Where the
decision was only changed, the listing was right until then, and ends.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.scoring.rules.causes import Cause
from credit.subjects.models import Subject

from .endings import ListingEndings
from .errors import EventRefused
from .models import Listing
from .rules import CODES, Event, ListName, Removal, State, next_state
from .schemas import ListingView, RemovalIn
from .wording import annulment_data

__all__ = ["ListingAnnulments"]

_DECISION_UNDERNEATH = "REP-A-2"
_GROUNDS = {_DECISION_UNDERNEATH: Removal.REVOKED, "REP-A-3": Removal.POLICY, "REP-A-4": Removal.POLICY}
_DECISION_REVOKED = "认定所依据的决定已被撤销"


class ListingAnnulments(ListingEndings):
    """Removals by the authority, and annulments."""

    async def remove(self, actor: Principal, listing_id: UUID, wanted: RemovalIn) -> ListingView:
        """Remove a listing of the authority's own motion (Order 7 Article 26 items 2 to 4).

        Where the decision underneath was revoked, the listing is annulled, also one that has ended; else it
        ends today. Expiry is the rounds' work and repair that of the repairs room.

        Raises:
            ListingNotFound: not in the caller's regions.
            EventRefused: it is not decided or listed, or annulled already.
            SecondPersonNeeded: the caller opened it.
            InvalidPayload: what became of the decision is said with another ground than REP-A-2.
        """
        if wanted.decision is not None and wanted.ground != _DECISION_UNDERNEATH:
            raise InvalidPayload.at(
                "/decision",
                Text("仅适用于 REP-A-2", "For the ground REP-A-2 only"),
            )
        listing, subject = await self._open(listing_id, actor)
        if listing.opened_by == actor.sub:
            raise SecondPersonNeeded
        by, details = actor.sub, {"ground": wanted.ground, "proof": wanted.proof}
        if wanted.ground == _DECISION_UNDERNEATH:
            details["decision"] = wanted.decision or "revoked"
        if details.get("decision") == "revoked":
            if listing.annulled:
                raise EventRefused(state=listing.state, allowed=[])
            await self._annul(
                listing, subject, _DECISION_REVOKED, wanted.note, actor.sub, details, Cause.FACT
            )
        else:
            reason = _GROUNDS[wanted.ground]
            await self._remove(listing, subject, reason, self._today, wanted.note, by, details)
        return self._view((listing, subject), actor)

    async def annul(self, listing_id: UUID, note: str, by: str, details: Mapping[str, Any]) -> Listing:
        """Undo a listing from its start, because an objection against it was sustained.

        One that is not decided yet is dismissed.

        Raises:
            ListingNotFound: no such listing.
        """
        listing, subject = await self._open(listing_id, None)
        was = State(listing.state)
        if was is State.DISMISSED:
            return listing
        if next_state(was, Event.ANNUL) is None:
            await self._dismissed(listing, subject, note, by, details)
            return listing
        because = f"对将你（单位）列入{self._form(listing).name.zh}的异议成立"
        await self._annul(listing, subject, because, note, by, details, Cause.OBJECTION)
        return listing

    async def _annul(
        self,
        listing: Listing,
        subject: Subject,
        because: str,
        note: str,
        by: str,
        details: Mapping[str, Any],
        cause: Cause,
    ) -> None:
        """Undo a listing from its start.

        What it recorded is revoked, so every score for the days on the list is right from now on, and its
        measures never were; the listing itself and what was known before stay to be read. What it had kept
        others of its list from closing is closed now.
        """
        was = State(listing.state)
        holder = await self._subjects.lock_survivor(subject.id) or subject
        self._advance(listing, Event.ANNUL)
        now = self._env.clock.now()
        listing.annulled, listing.removal = True, Removal.REVOKED
        if was is not State.REMOVED:
            listing.removed_on, listing.removed_at = self._today, now
        await self._session.flush()
        data = annulment_data(
            self._form(listing),
            await self._number_of(listing, "listing_decision"),
            listing.decided_on or self._today,
            listing.listed_on,
            self._today,
            because,
            note,
        )
        paper = await self._paper("listing_annulment", listing, subject, data, by)
        await self._record(listing, Event.ANNUL, by, texts={"note": note}, details=details, papers=[paper])
        if was is State.LISTED:
            told = {"reason": Removal.REVOKED, "removed_on": self._today.isoformat()}
            await self._announce("listing_removed", subject, listing, told, now)
            await self._closings.of_listing(listing.id, listing.number, subject, note, by)
        for fact_id in await self._recorded_by(listing, holder):
            await self._facts.correct_for(
                holder, fact_id, self._revocation(listing, note), by=by, cause=cause
            )
        await self._close_ended(holder, ListName(listing.on_list), by, listing.number)

    async def _close_ended(
        self, holder: Subject, on_list: ListName, by: str, mark: str, cause: Cause | None = Cause.FACT
    ) -> None:
        """Close the entries of listings that left their list while another, which is none now, kept it open.

        For good, or for a lifting. `mark` tells these closings from those of the listings themselves; without
        a `cause` the caller scores the holder anew.
        """
        code = CODES[on_list][1]
        closing = await self._fact_rows.standing(holder.id, [code], self._today, holder.last_recorded_at)
        closed = {fact.occurred_on for fact in closing}
        for other, version, on in await self._listings.leavings(holder.id, on_list):
            if on not in closed and not await self._keeping(other, holder, on):
                closed.add(on)
                await self._fact(holder, other, code, on, by, f"#{version}/{mark}", cause)
