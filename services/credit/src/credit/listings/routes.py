"""Routes of listings."""

from datetime import date
from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from credit.paging import DUE
from credit.subjects.errors import SubjectNotFound

from .dependencies import Decider, ListingServiceDep, PublicListingsDep, Reader, Speaker, Writer
from .errors import (
    EventRefused,
    HearingSkipped,
    ListingExists,
    ListingNotFound,
    StatementTooLate,
)
from .repository import ListingFilters
from .rules import ListName, State
from .schemas import (
    DecisionIn,
    LiftIn,
    ListingEventView,
    ListingIn,
    ListingView,
    NoticeIn,
    PublicListing,
    RemovalIn,
    ReplyIn,
    RestoreIn,
    ServiceIn,
    StatementIn,
)

__all__ = ["PUBLIC_LISTINGS", "public_router", "router"]

PUBLIC_LISTINGS = frozenset({"GET /api/v1/credit/public/listings"})

router = ServiceRouter(prefix="/api/v1/credit/listings", tags=["listings"])
public_router = ServiceRouter(prefix="/api/v1/credit/public", tags=["public"])


@router.post(
    "",
    status_code=201,
    responses=declare(SubjectNotFound, ListingExists),
    summary="Open the draft of a listing, and of each person in charge listed along with it",
)
async def open_listing(body: ListingIn, actor: Writer, listings: ListingServiceDep) -> list[ListingView]:
    return await listings.open(actor, body)


@router.get("", summary="Listings, the newest first")
async def list_listings(
    actor: Reader,
    listings: ListingServiceDep,
    subject_id: UUID | None = None,
    on_list: ListName | None = None,
    state: State | None = None,
    condition: Annotated[str | None, Query(max_length=16)] = None,
    objected: bool | None = None,
    due_before: Annotated[date | None, Query(description=DUE)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[ListingView]:
    filters = ListingFilters(subject_id, on_list, state, condition, objected, due_before)
    return await listings.search(actor, filters, cursor, limit)


@router.get(
    "/{listing_id}",
    responses=declare(ListingNotFound),
    summary="A listing with its deadlines and both clocks",
)
async def get_listing(listing_id: UUID, actor: Reader, listings: ListingServiceDep) -> ListingView:
    return await listings.get(actor, listing_id)


@router.get(
    "/{listing_id}/timeline",
    responses=declare(ListingNotFound),
    summary="Every step of a listing, with what was written and the papers issued",
)
async def get_timeline(
    listing_id: UUID, actor: Reader, listings: ListingServiceDep
) -> Page[ListingEventView]:
    return Page(items=await listings.timeline(actor, listing_id))


@router.post(
    "/{listing_id}/notify",
    responses=declare(ListingNotFound, EventRefused),
    summary="Serve the notice: facts, reasons, basis, measures and the right to be heard",
)
async def notify_listing(
    listing_id: UUID, body: NoticeIn, actor: Writer, listings: ListingServiceDep
) -> ListingView:
    return await listings.notify(actor, listing_id, body)


@router.post(
    "/{listing_id}/statement",
    responses=declare(ListingNotFound, EventRefused, SecondPersonNeeded, StatementTooLate, Forbidden),
    summary="The subject's statement in its defence; an officer who took no other step enters a written one",
)
async def state_listing(
    listing_id: UUID, body: StatementIn, actor: Speaker, listings: ListingServiceDep
) -> ListingView:
    return await listings.state(actor, listing_id, body)


@router.post(
    "/{listing_id}/reply",
    responses=declare(ListingNotFound, EventRefused),
    summary="Answer the statement; an accepted one excludes listing",
)
async def reply_listing(
    listing_id: UUID, body: ReplyIn, actor: Writer, listings: ListingServiceDep
) -> ListingView:
    return await listings.reply(actor, listing_id, body)


@router.post(
    "/{listing_id}/decide",
    responses=declare(ListingNotFound, EventRefused, HearingSkipped, SecondPersonNeeded),
    summary="Decide to list or to dismiss; never by the officer who opened it, never unheard",
)
async def decide_listing(
    listing_id: UUID, body: DecisionIn, actor: Decider, listings: ListingServiceDep
) -> ListingView:
    return await listings.decide(actor, listing_id, body)


@router.post(
    "/{listing_id}/publish",
    responses=declare(ListingNotFound, EventRefused),
    summary="Serve the decision: the period starts; a serious listing becomes public",
)
async def publish_listing(
    listing_id: UUID, body: ServiceIn, actor: Writer, listings: ListingServiceDep
) -> ListingView:
    return await listings.publish(actor, listing_id, body)


@router.post(
    "/{listing_id}/remove",
    responses=declare(ListingNotFound, EventRefused, SecondPersonNeeded),
    summary="Remove of the authority's own motion: decision revoked, policy changed, other",
)
async def remove_listing(
    listing_id: UUID, body: RemovalIn, actor: Decider, listings: ListingServiceDep
) -> ListingView:
    return await listings.remove(actor, listing_id, body)


@router.post(
    "/{listing_id}/lift",
    responses=declare(ListingNotFound, EventRefused, SecondPersonNeeded),
    summary="Lift for the time of a reorganisation or settlement that a court has approved",
)
async def lift_listing(
    listing_id: UUID, body: LiftIn, actor: Decider, listings: ListingServiceDep
) -> ListingView:
    return await listings.lift(actor, listing_id, body)


@router.post(
    "/{listing_id}/restore",
    responses=declare(ListingNotFound, EventRefused, SecondPersonNeeded),
    summary="Bring a lifted listing into force again",
)
async def restore_listing(
    listing_id: UUID, body: RestoreIn, actor: Decider, listings: ListingServiceDep
) -> ListingView:
    return await listings.restore(actor, listing_id, body)


@public_router.get("/listings", summary="The public list of seriously dishonest subjects")
async def list_public_listings(
    listings: PublicListingsDep,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="name, USCC or licence")] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicListing]:
    return await listings.page(q, cursor, limit)
