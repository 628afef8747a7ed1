"""How an authority removes a listing, and how one without ground is undone from its start.

A listing has no ground where an objection against it was sustained, or where the decision underneath was
revoked (Order 7 Article 26 item 2): what is revoked is undone for every day, once that is known. Where the
decision was only changed, the listing was right until then, and ends.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.facts.rules import Action
from credit.facts.schemas import CorrectionIn, SourceKind
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

    async def _recorded_by(self, listing: Listing, holder: Subject) -> list[UUID]:
        """The standing facts of a subject that a listing recorded, also before the subject was merged."""
        named = await self._fact_rows.recorded_under(holder.id, SourceKind.LISTING, listing.number)
        if holder.id != listing.subject_id:
            before = await self._fact_rows.recorded_under(
                listing.subject_id, SourceKind.LISTING, listing.number
            )
            named = [*[await self._fact_rows.counting(one) for one in before], *named]
        latest = await self._fact_rows.latest_of(named)
        return [
            one
            for one in dict.fromkeys(named)
            if one in latest and latest[one].action != Action.REVOKE and latest[one].subject_id == holder.id
        ]

    async def _stay_on(self, listing: Listing, holder: Subject, on: date, by: str) -> None:
        """Let a subject that left a list and enters it again on the same day not have left it.

        A removal closes what was entered up to its own day, the new entry too: so what says that the list was
        left on that day is revoked, as if the new listing had kept the subject on it; its end closes both.
        """
        left = CODES[ListName(listing.on_list)][1]
        why = f"{on.isoformat()} 移出当日又被列入 {listing.number}，未离开名单"
        for ended in await self._listings.ended(holder.id, listing.on_list):
            if ended.removed_on != on or ended.id == listing.id:
                continue
            rows = await self._fact_rows.latest_of(await self._recorded_by(ended, holder))
            for fact in rows.values():
                if fact.code == left and fact.occurred_on == on and fact.action != Action.REVOKE:
                    await self._facts.correct_for(holder, fact.id, self._revocation(ended, why), by=by)

    def _revocation(self, listing: Listing, note: str) -> CorrectionIn:
        return CorrectionIn(
            action="revoke",
            reason=note[:500],
            authority=self._authority(listing),
            reference=listing.number,
        )

    async def _close_ended(self, holder: Subject, on_list: ListName, by: str, mark: str) -> None:
        """Close the entries of listings that ended while another, which is none now, kept their list open.

        `mark` tells these closings from those of the listings themselves.
        """
        code = CODES[on_list][1]
        closing = await self._fact_rows.standing(holder.id, [code], self._today, holder.last_recorded_at)
        closed = {fact.occurred_on for fact in closing}
        for other in await self._listings.ended(holder.id, on_list):
            on = min(day for day in (other.lifted_on, other.removed_on) if day is not None)
            if on not in closed and not await self._keeping(other, holder, on):
                closed.add(on)
                await self._fact(holder, other, code, on, by, f"#{other.version}/{mark}")
