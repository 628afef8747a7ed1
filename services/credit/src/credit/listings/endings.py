"""How a listing ends or rests: expiry, removal, temporary lifting, and the flag of an objection."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.problems import InvalidPayload, SecondPersonNeeded, Text

from credit.affected import Affected
from credit.facts.rules import Action
from credit.facts.schemas import CorrectionIn, SourceKind
from credit.papers.models import Paper
from credit.papers.rules import chinese_date
from credit.subjects.models import Subject

from .desk import ListingDesk
from .errors import ListingNotFound
from .models import Listing
from .rules import CODES, ENDED, ENTRIES, Event, ListName, Removal, State
from .schemas import LiftIn, ListingView, RestoreIn
from .wording import REASONS, removal_data

__all__ = ["ListingEndings"]

_DAY = timedelta(days=1)
SYSTEM = "system:rounds"


class ListingEndings(ListingDesk):
    """The ends of listings; who begins one is in `service`, what undoes one from its start in `annulling`."""

    async def remove_for(
        self, listing_id: UUID, reason: Removal, note: str, by: str, details: Mapping[str, Any] | None = None
    ) -> Listing:
        """End a listing for another room, such as by a granted repair.

        One that is not decided yet is dismissed; one that has ended stays as it is.

        Raises:
            ListingNotFound: no such listing.
        """
        listing, subject = await self._open(listing_id, None)
        if State(listing.state) in ENDED:
            return listing
        if State(listing.state) in {State.DECIDED, State.LISTED}:
            await self._remove(listing, subject, reason, self._today, note, by, dict(details or {}))
            return listing
        await self._dismissed(listing, subject, note, by, details)
        return listing

    async def expired(self, after: tuple[date, UUID] | None, limit: int) -> list[tuple[date, UUID]]:
        """Listings behind `after` whose last day has passed, by last day and id, for the rounds.

        In that order, because the last of a subject's listings takes it off the list.
        """
        return await self._listings.expired(self._today, after, limit)

    async def remove_expired(self, listing_id: UUID) -> bool:
        """Remove a listing whose last day has passed; says whether it was still to be removed.

        The corresponding day is the last inside, so the removal is of the day after, on whatever day the
        rounds come to it (Order 7 Article 26 item 1).
        """
        listing, subject = await self._open(listing_id, None)
        last = listing.management_until
        if listing.state != State.LISTED or last is None or last >= self._today:
            return False
        rule = self._policy(listing.authority_region, listing.opened_on).automatic
        note = f"管理措施期限至{chinese_date(last)}届满。依据：{rule.article}。"
        details = {"ground": rule.rule, "article": rule.article}
        await self._remove(listing, subject, Removal.EXPIRED, last + _DAY, note, SYSTEM, details)
        return True

    async def lift(self, actor: Principal, listing_id: UUID, wanted: LiftIn) -> ListingView:
        """Lift a listing for the time of a reorganisation or settlement that a court has approved.

        Its measures and publication rest, its period runs on.

        Raises:
            ListingNotFound: not in the caller's regions.
            EventRefused: it is not listed, or lifted already.
            InvalidPayload: the ruling is dated later than today.
            SecondPersonNeeded: the caller opened it.
        """
        listing, subject = await self._open(listing_id, actor)
        if listing.opened_by == actor.sub:
            raise SecondPersonNeeded
        if wanted.ruled_on > self._today:
            raise InvalidPayload.at("/ruled_on", Text("不得晚于今日", "Must not lie in the future"))
        self._advance(listing, Event.LIFT)
        listing.lifted_on = self._today
        rule = self._policy(listing.authority_region, listing.opened_on).lifting
        data = await self._resting_data(listing) | {
            "court": wanted.court,
            "ruling": wanted.ruling,
            "ruled_on": wanted.ruled_on,
            "lifted_on": self._today,
            "article": rule.article,
            "note": wanted.note,
        }
        await self._record(
            listing,
            Event.LIFT,
            actor.sub,
            texts={"note": wanted.note, "court": wanted.court, "ruling": wanted.ruling},
            details={"rule": rule.rule, "article": rule.article, "ruled_on": wanted.ruled_on.isoformat()},
            papers=[await self._paper("listing_lift", listing, subject, data, actor.sub)],
        )
        await self._close_fact(listing, subject, self._today, actor.sub)
        return self._view((listing, subject), actor)

    async def restore(self, actor: Principal, listing_id: UUID, wanted: RestoreIn) -> ListingView:
        """Bring a lifted listing into force again, not before the day after its lifting. Raises as `lift`."""
        listing, subject = await self._open(listing_id, actor)
        if listing.opened_by == actor.sub:
            raise SecondPersonNeeded
        self._advance(listing, Event.RESTORE)
        rested, listing.lifted_on = listing.lifted_on, None
        holder = await self._subjects.lock_survivor(subject.id) or subject
        data = await self._resting_data(listing) | {"restored_on": self._today, "note": wanted.note}
        paper = await self._paper("listing_restoration", listing, subject, data, actor.sub)
        await self._record(listing, Event.RESTORE, actor.sub, texts={"note": wanted.note}, papers=[paper])
        day = self._today if rested is None else max(self._today, rested + _DAY)
        await self._stay_on(listing, holder, day, actor.sub)
        await self._enter_fact(listing, subject, day, actor.sub, f"#{listing.version}")
        return self._view((listing, subject), actor)

    async def flag_objection(self, listing_id: UUID, on: bool, by: str) -> Listing:
        """Show or take away the flag of a running objection; it stands beside any state and stops nothing.

        Raises:
            ListingNotFound: no such listing.
        """
        listing, _ = await self._open(listing_id, None)
        if listing.objected != on:
            listing.objected = on
            await self._record(listing, Event.FLAG if on else Event.UNFLAG, by)
        return listing

    async def entries_of(self, listing_id: UUID) -> list[UUID]:
        """The facts by which a listing entered its subject in the list, the first before later returns.

        What it recorded when it ended is none of them: that may have ended other listings too.

        Raises:
            ListingNotFound: no such listing.
        """
        listing = await self._found(listing_id)
        named = await self._fact_rows.recorded_under(listing.subject_id, SourceKind.LISTING, listing.number)
        rows = [await self._fact_rows.latest(one) for one in named]
        return [row.id for row in rows if row is not None and row.code in ENTRIES]

    async def brought_by(self, listing_id: UUID) -> list[Affected]:
        """A wrong listing with what it brought by itself: public entry, measures, those listed along.

        What it brought by its facts (grades, draws, warnings, certificates) is found by `entries_of`.

        Raises:
            ListingNotFound: no such listing.
        """
        listing = await self._found(listing_id)
        at = listing.listed_at or listing.created_at
        what = Text(f"被异议的名单记录 {listing.number}", f"listing {listing.number}, which was wrong itself")
        found = [Affected("listing", listing.id, listing.number, at, what)]
        if listing.published_at is not None:
            first = china_date(listing.published_at)
            ends = (self._today, listing.publication_until, listing.removed_on)
            until = min(day for day in ends if day is not None)
            shown = Text(
                f"{first.isoformat()} 至 {until.isoformat()} 在严重失信主体名单公示页面展示",
                f"the public list showed the entry from {first.isoformat()} to {until.isoformat()}",
            )
            found.append(Affected("page", listing.id, listing.number, listing.published_at, shown))
        if listing.listed_at is not None:
            words = "；".join(self._form(listing).measures)
            held = Text(
                f"依据该名单记录采取的管理措施：{words}", f"measures that the listing brought: {words}"
            )
            found.append(Affected("measure", listing.id, listing.number, listing.listed_at, held))
        for row in await self._listings.along_with(listing_id):
            along = Text(
                f"随该名单记录一并列入的责任人员记录 {row.number}，应一并核查",
                f"listing {row.number} of a person was opened along with it and must be looked at too",
            )
            begun = row.listed_at or row.created_at
            found.append(Affected("listing", row.id, row.number, begun, along, subject_id=row.subject_id))
        return found

    async def _found(self, listing_id: UUID) -> Listing:
        listing = await self._listings.get(listing_id)
        if listing is None:
            raise ListingNotFound
        return listing

    async def _remove(
        self,
        listing: Listing,
        subject: Subject,
        reason: Removal,
        on: date,
        note: str,
        by: str,
        details: dict[str, Any],
    ) -> None:
        served, lifted = listing.listed_on, listing.lifted_on
        self._advance(listing, Event.REMOVE)
        now = self._env.clock.now()
        listing.removal, listing.removed_on, listing.removed_at = reason, on, now
        await self._session.flush()
        papers: list[Paper] = []
        if served is not None:
            data = removal_data(
                self._form(listing),
                served,
                await self._number_of(listing, "listing_decision"),
                on,
                reason,
                note,
            )
            papers.append(await self._paper("listing_removal", listing, subject, data, by))
        await self._record(
            listing,
            Event.REMOVE,
            by,
            on=on,
            texts={"note": note},
            details={"reason": reason} | details,
            papers=papers,
        )
        if served is not None:
            await self._announce(
                "listing_removed", subject, listing, {"reason": reason, "removed_on": on.isoformat()}, now
            )
            if lifted is None:
                await self._close_fact(listing, subject, on, by)
        if reason is not Removal.REPAIRED:
            await self._closings.of_listing(listing.id, listing.number, subject, REASONS[reason], by)

    async def _dismissed(
        self,
        listing: Listing,
        subject: Subject,
        reasons: str,
        by: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Dismiss a listing; whoever was told of it is told of its end."""
        self._advance(listing, Event.DISMISS)
        papers = []
        if listing.notified_on is not None:
            data = {
                "notified_on": listing.notified_on,
                "notice_number": await self._number_of(listing, "listing_notice"),
                "list_name": self._form(listing).name.zh,
                "reasons": reasons,
            }
            papers.append(await self._paper("listing_dismissal", listing, subject, data, by))
        await self._record(
            listing, Event.DISMISS, by, texts={"reasons": reasons}, details=details, papers=papers
        )

    async def _resting_data(self, listing: Listing) -> dict[str, Any]:
        """What the papers of lifting and restoring say of the listing."""
        return {
            "list_name": self._form(listing).name.zh,
            "listed_on": listing.listed_on,
            "decision_number": await self._number_of(listing, "listing_decision"),
            "management_until": listing.management_until,
        }

    async def _keeping(self, listing: Listing, holder: Subject, on: date) -> bool:
        """Whether another listing keeps a subject on the same list on a day."""
        running = await self._listings.in_force(holder.id, on)
        return any(one.id != listing.id and one.on_list == listing.on_list for one in running)

    async def _enter_fact(
        self, listing: Listing, subject: Subject, on: date, by: str, mark: str = ""
    ) -> None:
        """Tell the archive that the subject is on the list from `on`."""
        await self._fact(subject, listing, CODES[ListName(listing.on_list)][0], on, by, mark)

    async def _close_fact(self, listing: Listing, subject: Subject, on: date, by: str) -> None:
        """Tell the archive that the subject is off the list, unless another listing keeps it there.

        A removal closes every entry of its list, so the fact waits for the last of them.
        """
        holder = await self._subjects.lock_survivor(subject.id) or subject
        if not await self._keeping(listing, holder, on):
            code = CODES[ListName(listing.on_list)][1]
            await self._fact(subject, listing, code, on, by, f"#{listing.version}")

    async def _stay_on(self, listing: Listing, holder: Subject, on: date, by: str) -> None:
        """Let a subject that a listing puts on a list from `on` not have left it on any day from then on.

        What says that the list was left closes whatever was entered up to its own day, the new entry too. So
        what another listing said of leaving it, by its end or its lifting, on a day on which this one is in
        force is revoked, as if this one had kept the subject on the list; its end closes both.
        """
        left, last = CODES[ListName(listing.on_list)][1], listing.management_until or on
        for other in await self._listings.of_subject(holder.id):
            if other.on_list != listing.on_list or other.id == listing.id:
                continue
            rows = await self._fact_rows.latest_of(await self._recorded_by(other, holder))
            for fact in rows.values():
                if fact.code == left and on <= fact.occurred_on <= last:
                    day = fact.occurred_on.isoformat()
                    why = f"{day} 移出或者解除时已被列入 {listing.number}（自{on.isoformat()}起），未离开名单"
                    await self._facts.correct_for(holder, fact.id, self._revocation(other, why), by=by)

    async def _recorded_by(self, listing: Listing, holder: Subject) -> list[UUID]:
        """The standing facts of a subject that a listing recorded, also for whoever was merged into it."""
        named: list[UUID] = []
        family = [listing.subject_id]
        if holder.id != listing.subject_id:
            family = await self._subjects.family(holder.id)
        for one in family:
            said = await self._fact_rows.recorded_under(one, SourceKind.LISTING, listing.number)
            named += said if one == holder.id else [await self._fact_rows.counting(fact) for fact in said]
        latest = await self._fact_rows.latest_of(named)
        return [
            one
            for one in dict.fromkeys(named)
            if one in latest and latest[one].action != Action.REVOKE and latest[one].subject_id == holder.id
        ]

    def _revocation(self, listing: Listing, note: str) -> CorrectionIn:
        return CorrectionIn(
            action="revoke",
            reason=note[:500],
            authority=self._authority(listing),
            reference=listing.number,
        )
