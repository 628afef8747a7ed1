"""Use cases of listings: open, tell, hear, decide, serve and publish; who is listed today."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.calendar import add_months
from common.pagination import Page, encode_cursor, page_of
from common.problems import FieldError, Forbidden, InvalidPayload, SecondPersonNeeded, Text

from credit.affected import Affected, Resting
from credit.facts.schemas import SourceKind
from credit.internal import sees_all_of, sees_internal
from credit.paging import cursor_id, due_rows
from credit.papers.rules import chinese_date
from credit.subjects.models import Subject

from .annulling import ListingAnnulments
from .clocks import defence_over
from .errors import (
    EventRefused,
    HearingSkipped,
    ListingNotFound,
    StatementTooLate,
)
from .models import Listing
from .opening import ListingOpenings
from .policy import ListForm, ListingCondition
from .repository import ListingFilters, ListingRow
from .rules import Event, ListName, Role
from .schemas import (
    AssessmentIn,
    DecisionIn,
    ListingEventView,
    ListingInForce,
    ListingView,
    NoticeIn,
    ReplyIn,
    ServiceIn,
    StatementIn,
)
from .wording import decision_data, heard, notice_data, repair_notice_data

__all__ = ["ListingService"]

STEPS = {
    "expert": Text("严重失信认定须有专家评估", "A serious decision needs an expert assessment"),
    "legal_review": Text("严重失信认定须有法制审核", "A serious decision needs a legal review"),
    "discussion": Text("严重失信认定须经集体讨论", "A serious decision needs a collective discussion"),
}


class ListingService(ListingOpenings, ListingAnnulments):
    """Listings. No step is taken by itself but expiry: a passed deadline is shown, and a person decides."""

    async def notify(self, actor: Principal, listing_id: UUID, wanted: NoticeIn) -> ListingView:
        """Serve the notice: facts, reasons, basis, measures, right to be heard (Order 7 Art. 15).

        Raises:
            ListingNotFound: not in the caller's regions.
            EventRefused: it is no draft.
            InvalidPayload: served before it was opened, or in the future.
        """
        listing, subject = await self._open(listing_id, actor)
        served = self._past("/served_on", wanted.served_on, self._today)
        self._advance(listing, Event.NOTIFY)
        listing.notified_on = served
        said = await self._texts(listing, Event.OPEN)
        data = notice_data(
            self._form(listing),
            self._condition(listing),
            _basis(self._condition(listing), said.get("legal_basis")),
            said["reasons"],
            Role(listing.role),
            self._deadlines(listing)[0],
        )
        paper = await self._paper("listing_notice", listing, subject, data, actor.sub)
        await self._record(listing, Event.NOTIFY, actor.sub, on=served, papers=[paper])
        return self._view((listing, subject), actor)

    async def state(self, actor: Principal, listing_id: UUID, wanted: StatementIn) -> ListingView:
        """Take down the subject's statement: from its own user, or by an officer from paper.

        Its own word ends the period. What an officer enters does not, unless the paper waives the rest: until
        the period is over the subject may still speak, and nobody decides to list it.

        Raises:
            ListingNotFound: not the caller's to see.
            Forbidden: neither the subject itself nor an officer with `credit:write`.
            InvalidPayload: an officer names no written statement whose file was uploaded.
            SecondPersonNeeded: the officer opened the listing or served the notice.
            StatementTooLate: the period is over; silence counts as a waiver.
            EventRefused: not told yet, heard in full already, or the defence was accepted.
        """
        listing, subject = await self._open(listing_id, actor)
        if actor.subject_id is None and not actor.may("credit:write"):
            raise Forbidden(Text("只能由主体本人或者经办人提交", "Only the subject or an officer may state"))
        self._advance(listing, Event.STATEMENT)
        last = listing.notified_on and defence_over(self._form(listing), listing.notified_on, self._today)
        if last:
            raise StatementTooLate(due_on=last.isoformat())
        took_part = await self._done_by(listing, Event.OPEN, Event.NOTIFY)
        paper = await self._written.check(
            actor,
            await self._subjects.family(await self._subjects.survivor_of(subject.id)),
            wanted.request,
            about=listing.id,
            since=await self._last_done(listing, Event.NOTIFY),
            took_part=took_part,
            refusal=SecondPersonNeeded,
        )
        listing.stated_on, listing.replied_on = self._today, None
        listing.heard_out = wanted.request is None or wanted.request.waives
        texts = {"text": wanted.text, "evidence": wanted.evidence}
        details = {} if paper is None else {"request": paper}
        await self._record(listing, Event.STATEMENT, actor.sub, texts=texts, details=details)
        return self._view((listing, subject), actor)

    async def reply(self, actor: Principal, listing_id: UUID, wanted: ReplyIn) -> ListingView:
        """Answer a statement. Once accepted, the case can only be dismissed.

        Raises:
            ListingNotFound, EventRefused: as `notify`.
        """
        listing, subject = await self._open(listing_id, actor)
        self._advance(listing, Event.REPLY)
        listing.replied_on, listing.defence_accepted = self._today, wanted.accepted
        said = await self._texts(listing, Event.STATEMENT)
        data = {
            "stated_on": listing.stated_on,
            "notice_number": await self._number_of(listing, "listing_notice"),
            "statement": said["text"],
            "findings": wanted.findings,
            "result": "采纳，不予列入。" if wanted.accepted else "不予采纳，继续办理。",
        }
        paper = await self._paper("listing_reply", listing, subject, data, actor.sub)
        details = {"accepted": wanted.accepted}
        texts = {"findings": wanted.findings}
        await self._record(listing, Event.REPLY, actor.sub, texts=texts, details=details, papers=[paper])
        return self._view((listing, subject), actor)

    async def decide(self, actor: Principal, listing_id: UUID, wanted: DecisionIn) -> ListingView:
        """Decide to list or to dismiss, by another person than the one who opened it.

        Raises:
            ListingNotFound: not in the caller's regions.
            SecondPersonNeeded: the caller opened it, or entered the statement.
            HearingSkipped: no notice, the period for a statement still runs, or the statement is unanswered
                (Administrative Penalty Law Articles 44, 45, 62 by analogy).
            EventRefused: decided already; or the defence was accepted, which excludes listing.
            InvalidPayload: a required step of a serious decision is not on record, or was taken before the
                statement was answered or the period for one was over; a longer restriction ends before the
                list's own period would, were the decision served today.
        """
        listing, subject = await self._open(listing_id, actor)
        if actor.sub in {listing.opened_by, *await self._done_by(listing, Event.STATEMENT)}:
            raise SecondPersonNeeded
        form = self._form(listing)
        if wanted.outcome == "dismiss":
            return await self._dismiss(actor, listing, subject, wanted)
        self._heard(listing, form)
        self._advance(listing, Event.DECIDE)
        self._check_steps(form, wanted, listing)
        listing.decided_on, listing.decided_by = self._today, actor.sub
        listing.longer_until = wanted.longer.until if wanted.longer else None
        await self._session.flush()
        said = await self._texts(listing, Event.OPEN)
        packs = self._packs(self._today, listing.authority_region)
        data = decision_data(
            form,
            self._condition(listing),
            _basis(self._condition(listing), said.get("legal_basis")),
            wanted.reasons,
            Role(listing.role),
            self._today,
            self._publicity(self._today, listing.authority_region),
            heard(stated=listing.stated_on is not None, replied=listing.replied_on is not None),
            await self._number_of(listing, "listing_notice"),
            {name: _step(getattr(wanted, name)) for name in form.steps},
            (wanted.longer.until, wanted.longer.legal_basis) if wanted.longer else None,
        )
        decision = await self._paper("listing_decision", listing, subject, data, actor.sub)
        notice = await self._paper(
            "repair_notice",
            listing,
            subject,
            repair_notice_data(form, listing.on_list, decision.number, packs),
            actor.sub,
        )
        await self._record(
            listing,
            Event.DECIDE,
            actor.sub,
            texts=wanted.model_dump(mode="json", exclude={"outcome"}, exclude_none=True),
            details={"steps": form.steps},
            papers=[decision, notice],
        )
        return self._view((listing, subject), actor)

    async def publish(self, actor: Principal, listing_id: UUID, wanted: ServiceIn) -> ListingView:
        """Serve the decision: the period starts, the archive learns it, a serious listing becomes public.

        Raises:
            ListingNotFound, EventRefused, InvalidPayload: as `notify`.
        """
        listing, subject = await self._open(listing_id, actor)
        served = self._past("/served_on", wanted.served_on, listing.decided_on or self._today)
        self._advance(listing, Event.PUBLISH)
        now = self._env.clock.now()
        listing.listed_on, listing.listed_at, listing.shared_at = served, now, now
        clocks = self._clocks(listing)
        if clocks is None:
            raise EventRefused(state=listing.state, allowed=[])
        listing.management_until = clocks.management_until
        listing.publication_until = clocks.publication_until
        listing.published_at = now if clocks.publication_until else None
        await self._record(listing, Event.PUBLISH, actor.sub, on=served, details={"how": wanted.how})
        data: dict[str, Any] = {
            "listed_on": served.isoformat(),
            "management_until": clocks.management_until.isoformat(),
            "publication_until": clocks.publication_until and clocks.publication_until.isoformat(),
        }
        await self._announce("listing_published", subject, listing, data, now)
        holder = await self._subjects.lock_survivor(subject.id) or subject
        await self._stay_on(listing, holder, served, actor.sub)
        await self._enter_fact(listing, subject, served, actor.sub)
        return self._view((listing, subject), actor)

    async def get(self, actor: Principal, listing_id: UUID) -> ListingView:
        """A listing the caller may see. Raises ListingNotFound."""
        return self._view(await self._seen(actor, listing_id), actor)

    async def search(
        self, actor: Principal, filters: ListingFilters, cursor: str | None, limit: int
    ) -> Page[ListingView]:
        """Listings the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        internal, before = sees_internal(self._env.rulebook, actor, self._today), cursor_id(cursor)

        async def read(behind: UUID | None, size: int) -> Sequence[ListingRow]:
            return await self._listings.page(actor, filters, behind, size, self._today, internal=internal)

        is_due = None if filters.due_before is None else partial(self._due, before=filters.due_before)
        rows = await due_rows(read, is_due, lambda row: row[0].id, before, limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        told = [row for row in items if not await self._kept_from(actor, row[1])]
        return Page(items=[self._view(row, actor) for row in told], next_cursor=following)

    async def timeline(self, actor: Principal, listing_id: UUID) -> list[ListingEventView]:
        """The steps of a listing with what was written, for authorities and the subject itself.

        Raises:
            ListingNotFound: not the caller's to see.
        """
        listing, _ = await self._seen(actor, listing_id)
        official = actor.subject_id is None and actor.kind in {"officer", "service"}
        if actor.subject_id is None and not official:
            raise ListingNotFound
        return [
            self._event_view(row, official=official) for row in await self._listings.events_of(listing.id)
        ]

    async def in_force(self, subject_id: UUID, on: date) -> list[ListingInForce]:
        """The listings that bring their measures to a subject on a day: served, not expired, not lifted."""
        return [
            ListingInForce(
                listing_id=row.id,
                number=row.number,
                list="serious" if row.on_list == ListName.SERIOUS else "slight",
                condition=row.condition,
                role=row.role,
                penalty_on=row.penalty_on,
                listed_on=row.listed_on,
                ends_on=row.management_until,
            )
            for row in await self._listings.in_force(subject_id, on)
            if row.listed_on is not None and row.management_until is not None
        ]

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """The listings of a subject that name the fact among their grounds and went on after `since`."""
        found = []
        for row in await self._listings.resting_on(subject_id, fact_id):
            at = row.listed_at or row.created_at
            if (row.removed_at or self._env.clock.now()) >= since:
                what = Text(
                    f"名单记录 {row.number} 以该信息为认定依据之一",
                    f"Listing {row.number} names the fact among its grounds",
                )
                found.append(Affected("listing", row.id, row.number, at, what))
        return found

    async def facts_resting_on(self, subject_id: UUID, fact_id: UUID) -> list[Resting]:
        """The facts that listings recorded which name this one among their grounds."""
        found = []
        for row in await self._listings.resting_on(subject_id, fact_id):
            through = Text(f"名单记录 {row.number}", f"listing {row.number}")
            ids = await self._fact_rows.recorded_under(subject_id, SourceKind.LISTING, row.number)
            found += [Resting(one, through) for one in ids]
        return found

    async def in_force_on(self, subject_ids: Iterable[UUID], fact_ids: Iterable[UUID]) -> list[Listing]:
        """The listings of these subjects that stand and name one of these facts among their grounds."""
        return list(await self._listings.standing_on(list(subject_ids), list(fact_ids)))

    async def _seen(self, actor: Principal, listing_id: UUID) -> ListingRow:
        internal = sees_internal(self._env.rulebook, actor, self._today)
        row = await self._listings.find(listing_id, actor, self._today, internal=internal)
        if row is None or await self._kept_from(actor, row[1]):
            raise ListingNotFound
        return row

    async def _kept_from(self, actor: Principal, subject: Subject) -> bool:
        """Whether a caller is not told of a subject's listings, as programs of others of minors."""
        if sees_all_of(self._env.rulebook, actor, self._today):
            return False
        return await self._never_shown(subject)

    async def _dismiss(
        self, actor: Principal, listing: Listing, subject: Subject, wanted: DecisionIn
    ) -> ListingView:
        listing.decided_on, listing.decided_by = self._today, actor.sub
        await self._dismissed(listing, subject, wanted.reasons, actor.sub)
        return self._view((listing, subject), actor)

    def _heard(self, listing: Listing, form: ListForm) -> None:
        """Nobody is listed unheard: told first, then heard or silent to the end of the period."""
        rule = self._policy(listing.authority_region, listing.opened_on).heard_first
        why: dict[str, Any] = {"rule": rule.rule, "article": rule.article, "state": listing.state}
        missing = self._missing(listing, form)
        if missing == "statement":
            until = self._deadlines(listing)[0].due_on
            raise HearingSkipped(missing=missing, runs_until=until.isoformat(), **why)
        if missing is not None:
            raise HearingSkipped(missing=missing, **why)
        if listing.defence_accepted:
            raise EventRefused(
                Text("陈述申辩已被采纳，不得列入", "The defence was accepted; it excludes listing"),
                state=listing.state,
                allowed=[str(Event.DISMISS)],
            )

    def _check_steps(self, form: ListForm, wanted: DecisionIn, listing: Listing) -> None:
        errors = []
        first = self._heard_on(listing, form)
        for name in form.steps:
            step: AssessmentIn | None = getattr(wanted, name)
            if step is None:
                errors.append(FieldError(f"/{name}", STEPS[name]))
            elif not first <= step.on <= self._today:
                errors.append(
                    FieldError(
                        f"/{name}/on",
                        Text(
                            f"须在听取陈述申辩之后（{first.isoformat()}起）至今日之间",
                            f"Must lie between the end of the hearing ({first.isoformat()}) and today",
                        ),
                    )
                )
        own = add_months(self._today, form.months)
        if wanted.longer is not None and wanted.longer.until < own:
            rule, until = form.period.rule, own.isoformat()
            shorter = Text(
                f"早于名单自身的期限（{rule}，至{until}），不是更长的限制",
                f"Not longer: the list's own period ({rule}) runs to {until}",
            )
            errors.append(FieldError("/longer/until", shorter))
        if errors:
            raise InvalidPayload(errors)

    def _heard_on(self, listing: Listing, form: ListForm) -> date:
        """The first day on which a listing can be assessed: the statement was answered, or none came."""
        told = listing.notified_on or self._today
        last = defence_over(form, told, self._today)
        silent = told if last is None else last + timedelta(days=1)
        if listing.stated_on is None:
            return silent
        heard = listing.replied_on or listing.stated_on
        return heard if listing.heard_out else max(heard, silent)

    def _past(self, pointer: str, given: date | None, first: date) -> date:
        """A day of service: given or today, not before `first` and not in the future."""
        day = given or self._today
        if not first <= day <= self._today:
            raise InvalidPayload.at(
                pointer,
                Text(f"须在{first.isoformat()}至今日之间", f"Must lie between {first.isoformat()} and today"),
            )
        return day


def _basis(condition: ListingCondition, given: str | None) -> list[str]:
    return [*condition.legal_basis, *([given] if given else [])]


def _step(step: AssessmentIn) -> str:
    return f"{chinese_date(step.on)}，{step.by}：{step.summary}"
