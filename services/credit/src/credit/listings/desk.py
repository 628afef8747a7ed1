"""What every use case of listings works with: locked rows, steps, facts, papers, events and views."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.identifiers import check_resident_id
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.evidence.service import EvidenceService
from credit.evidence.written import WrittenRequests
from credit.facts.repository import FactRepository
from credit.facts.retention import PublicityPolicy
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.facts.showings import Showings
from credit.papers.models import Paper
from credit.papers.service import PaperService
from credit.publishing import announce
from credit.relations.repository import RelationRepository
from credit.repairs.closing import RepairClosings
from credit.scoring.rules.causes import Cause
from credit.steps import read_texts, step_columns
from credit.subjects.models import Subject
from credit.subjects.personal import id_number_of
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Kind, is_person

from .clocks import Clocks, Deadline, clocks_of, deadlines_of, defence_over
from .errors import EventRefused, ListingNotFound
from .models import Listing, ListingEvent
from .policy import ListForm, ListingCondition, ListPolicy, RepairClock
from .repository import ListingRepository, ListingRow
from .rules import (
    ENTRIES,
    UNDECIDED,
    Event,
    ListName,
    Removal,
    Role,
    State,
    Steps,
    events_allowed,
    is_minor,
    next_state,
)
from .schemas import (
    ClocksView,
    ClockView,
    ConditionView,
    DeadlineView,
    ListingEventView,
    ListingView,
    SubjectBrief,
)

__all__ = ["ListingDesk", "never_shown"]

ROOM = "listing"


def never_shown(subject: Subject, env: Environment, on: date) -> bool:
    """Whether nobody is shown a subject's listings: a minor, or a person of unknown age.

    Guides hold a card, which is for adults.
    """
    if not is_person(subject.kind, subject.key):
        return False
    number = id_number_of(subject, env.keyring)
    birth = check_resident_id(number).birth_date if number else None
    lists = env.rulebook.lists.choose("credit-lists", on=on, region=subject.region)
    return is_minor(birth, on, lists.majority.years) and not (
        subject.kind == Kind.TOUR_GUIDE and birth is None
    )


class ListingDesk:
    """The tools of one transaction."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._listings = ListingRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._fact_rows = FactRepository(session)
        self._papers = PaperService(session, env)
        self._written = WrittenRequests(session, env)
        self._evidence = EvidenceService(session, env)
        self._relations = RelationRepository(session)
        self._closings = RepairClosings(session, env)

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    def _policy(self, region: str, on: date) -> ListPolicy:
        return self._env.rulebook.lists.choose("credit-lists", on=on, region=region)

    def _form(self, listing: Listing) -> ListForm:
        """The list as it was described when the listing was opened."""
        return self._policy(listing.authority_region, listing.opened_on).of(listing.on_list)

    def _condition(self, listing: Listing) -> ListingCondition:
        return self._env.rulebook.listing_conditions.get(
            listing.condition, listing.condition_version, listing.condition_region
        )

    def _authority(self, listing: Listing) -> str:
        issuers = self._env.rulebook.paper_issuers.choose(
            "paper-issuers", on=listing.opened_on, region=listing.authority_region
        )
        return issuers.name(listing.authority_region)

    def _packs(self, document_on: date, region: str) -> list[RepairClock]:
        """The rule sets on repair and publication that apply to a document of that day."""
        found = (
            self._env.rulebook.repair_clocks.find(name, on=document_on, region=region)
            for name in ("repair-order7", "repair-order36")
        )
        return [pack for pack in found if pack is not None]

    def _publicity(self, document_on: date, region: str) -> PublicityPolicy:
        """How long a document of that day may be shown."""
        return self._env.rulebook.publicity.choose("publicity", on=document_on, region=region)

    def _reading(self, region: str, on: date) -> str:
        reading = self._env.rulebook.repair_readings.choose("repair-reading", on=on, region=region)
        return reading.reading

    async def _open(self, listing_id: UUID, actor: Principal | None) -> tuple[Listing, Subject]:
        """A listing that the caller may see, with its subject; both rows locked, the subject's first.

        The subject may have been merged into the caller's own.
        """
        if actor is None:
            subject_id = await self._listings.subject_of(listing_id)
        else:
            row = await self._listings.find(listing_id, actor, self._today)
            subject_id = None if row is None else row[0].subject_id
        subject = None if subject_id is None else await self._subjects.lock(subject_id, None)
        listing = None if subject is None else await self._listings.lock(listing_id)
        if listing is None or subject is None:
            raise ListingNotFound
        return listing, subject

    def _missing(self, listing: Listing, form: ListForm) -> Literal["notice", "statement", "reply"] | None:
        """What of the hearing is still to come: told first, then heard or silent to the end of the period."""
        if listing.state not in UNDECIDED:
            return None
        if listing.notified_on is None:
            return "notice"
        if not listing.heard_out and defence_over(form, listing.notified_on, self._today) is None:
            return "statement"
        return "reply" if listing.state == State.DEFENCE and form.reply_required else None

    def _allowed(self, listing: Listing) -> list[Event]:
        """The events that fit now."""
        form, told = self._form(listing), listing.notified_on
        return events_allowed(
            State(listing.state),
            lifted=listing.lifted_on is not None,
            silent=self._said_all(listing) or bool(told and defence_over(form, told, self._today)),
            unheard=self._missing(listing, form) is not None or bool(listing.defence_accepted),
        )

    def _steps(self, listing: Listing) -> Steps:
        return Steps(
            listing.notified_on,
            listing.stated_on,
            listing.replied_on,
            listing.decided_on,
            listing.heard_out,
        )

    def _said_all(self, listing: Listing) -> bool:
        """Whether there is nothing more to hear: the subject spoke itself, or its defence was accepted."""
        return listing.heard_out or bool(listing.defence_accepted)

    def _deadlines(self, listing: Listing) -> list[Deadline]:
        return deadlines_of(self._form(listing), self._steps(listing), self._today)

    def _due(self, row: ListingRow, before: date) -> bool:
        """Whether a deadline still waits, passed or not, whose last day lies before a day."""
        found = self._deadlines(row[0])
        return any(one.status in ("open", "overdue") and one.due_on < before for one in found)

    def _clocks(self, listing: Listing) -> Clocks | None:
        """Both clocks of a listing that has been served; None before."""
        if listing.listed_on is None or listing.decided_on is None:
            return None
        return clocks_of(
            self._form(listing),
            listing.listed_on,
            listing.decided_on,
            self._publicity(listing.decided_on, listing.authority_region),
            listing.longer_until,
        )

    def _advance(self, listing: Listing, event: Event) -> State:
        """Bring a listing into the state after `event`. Raises EventRefused naming the events allowed."""
        after = next_state(State(listing.state), event)
        lifted = listing.lifted_on is not None
        unfit = (event is Event.LIFT and lifted) or (event is Event.RESTORE and not lifted)
        if after is None or unfit or (event is Event.STATEMENT and self._said_all(listing)):
            raise EventRefused(state=listing.state, allowed=[str(one) for one in self._allowed(listing)])
        listing.state = after
        return after

    async def _record(
        self,
        listing: Listing,
        event: Event,
        by: str,
        *,
        on: date | None = None,
        texts: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        papers: Sequence[Paper] = (),
    ) -> None:
        """Append one step; what people wrote is encrypted, bound to the row."""
        columns = step_columns(
            ROOM,
            listing,
            event,
            by,
            self._env.clock.now(),
            self._env.keyring,
            first=event is Event.OPEN,
            on=on,
            texts=texts,
            details=details,
            papers=papers,
        )
        self._listings.add(ListingEvent(listing_id=listing.id, **columns))
        await self._session.flush()
        if event in (Event.REMOVE, Event.LIFT):
            await Showings(self._session, self._env).look_again(listing.subject_id)

    async def _done_by(self, listing: Listing, *events: Event) -> set[str]:
        """Who took such steps."""
        return {row.done_by for row in await self._listings.events_of(listing.id) if row.event in events}

    async def _last_done(self, listing: Listing, event: Event) -> datetime:
        """When the last step of a kind was taken."""
        return max(row.done_at for row in await self._listings.events_of(listing.id) if row.event == event)

    async def _texts(self, listing: Listing, event: Event) -> dict[str, Any]:
        """What people wrote at the last step of a kind."""
        found = [row for row in await self._listings.events_of(listing.id) if row.event == event]
        return self._read(found[-1]) if found else {}

    def _read(self, row: ListingEvent) -> dict[str, Any]:
        return read_texts(ROOM, row.listing_id, row.version, row.texts_cipher, self._env.keyring)

    async def _number_of(self, listing: Listing, kind: str) -> str:
        """The number of the last paper of a kind about this listing."""
        return await self._papers.last_number(kind, listing.id) or ""

    async def _paper(
        self, kind: str, listing: Listing, subject: Subject, data: Mapping[str, Any], by: str
    ) -> Paper:
        """Issue a paper of a listing, in the name of the authority that lists."""
        return await self._papers.issue(
            kind, subject, (ROOM, listing.id), data, by, region=listing.authority_region
        )

    async def _fact(
        self,
        subject: Subject,
        listing: Listing,
        code: str,
        on: date,
        by: str,
        mark: str = "",
        cause: Cause | None = Cause.FACT,
    ) -> UUID:
        """Write a fact of a listing into the archive; without a `cause` the caller scores the subject."""
        fact, _ = await self._facts.record_for(
            subject,
            FactIn(
                subject_id=subject.id,
                code=code,
                occurred_on=on,
                source=Source(
                    kind=SourceKind.LISTING,
                    authority=self._authority(listing),
                    reference=listing.number + mark,
                ),
                payload=_entry(listing) if code in ENTRIES else {},
            ),
            by=by,
            cause=cause,
        )
        return fact.id

    async def _announce(
        self, name: str, subject: Subject, listing: Listing, data: dict[str, Any], now: datetime
    ) -> None:
        """Announce a change of a listing. `public`: others are told too, not of slight ones or of minors."""
        shown = listing.published_at is not None and not await self._never_shown(subject)
        common = {
            "listing_id": str(listing.id),
            "number": listing.number,
            "subject_id": str(subject.id),
            "subject_key": subject.key,
            "list": listing.on_list,
            "condition": listing.condition,
            "role": listing.role,
            "region": subject.region,
            "public": shown,
        }
        await announce(self._session, name, listing.id, listing.version, data | common, now)

    async def _never_shown(self, subject: Subject) -> bool:
        """As `never_shown`; a merged subject's listings are shown of whom it became."""
        return never_shown(await self._subjects.holder_of(subject), self._env, self._today)

    def _view(self, row: ListingRow | tuple[Listing, Subject], actor: Principal) -> ListingView:
        """The listing as it crosses the API; who did what is for authorities only."""
        listing, subject = row
        form, condition = self._form(listing), self._condition(listing)
        lifted = listing.lifted_on is not None
        official = actor.subject_id is None and actor.kind in {"officer", "service"}
        same = listing.model_dump(
            include=set(ListingView.model_fields)
            - {"list_name", "condition", "subject", "clocks", "deadlines", "measures"}
        )
        return ListingView(
            **same
            | {
                "role": Role(listing.role),
                "on_list": ListName(listing.on_list),
                "state": State(listing.state),
                "removal": Removal(listing.removal) if listing.removal else None,
                "opened_by": listing.opened_by if official else None,
                "decided_by": listing.decided_by if official else None,
                "proposal_id": listing.proposal_id if official else None,
            },
            subject=SubjectBrief(
                id=subject.id, key=subject.key, name=subject.name, kind=subject.kind, region=subject.region
            ),
            list_name=form.name.render(self._language),
            condition=ConditionView(
                code=condition.id,
                version=condition.version,
                name=condition.name.render(self._language),
                status=condition.status,
                legal_basis=condition.legal_basis,
            ),
            authority=self._authority(listing),
            allowed_events=self._allowed(listing) if official else [],
            measures=form.measures if listing.state == State.LISTED and not lifted else [],
            deadlines=[DeadlineView.of(found) for found in self._deadlines(listing)],
            clocks=self._clocks_view(listing),
        )

    def _clocks_view(self, listing: Listing) -> ClocksView | None:
        clocks = self._clocks(listing)
        if clocks is None:
            return None
        shown = clocks.publication
        return ClocksView(
            management=ClockView(
                until=clocks.management_until,
                rule=clocks.management.rule,
                article=clocks.management.article,
            ),
            publication=ClockView(
                until=clocks.publication_until,
                rule=shown.rule if shown else None,
                article=shown.article if shown else None,
            ),
            publicity_class=clocks.publicity_class,
            reading=self._reading(listing.authority_region, self._today),
        )

    def _event_view(self, row: ListingEvent, *, official: bool) -> ListingEventView:
        return ListingEventView(
            version=row.version,
            event=Event(row.event),
            state=State(row.state),
            on_day=row.on_day,
            done_by=row.done_by if official else None,
            done_at=row.done_at,
            details=row.details,
            texts=self._read(row),
            papers=row.papers,
        )


def _entry(listing: Listing) -> dict[str, Any]:
    """What an entry says: its condition, and the day of the decision, from which its publication runs."""
    said = {"condition": listing.condition}
    return said if listing.decided_on is None else said | {"document_on": listing.decided_on.isoformat()}
