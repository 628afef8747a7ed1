"""Listings and what happened to each."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    Uuid,
    and_,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, col

from credit.db import Base, one_of

from .rules import Event, ListName, Removal, Role, State

__all__ = ["Listing", "ListingEvent", "told_to_programs"]


class Listing(Base, table=True):
    """One subject's listing for one condition, from the draft to the removal.

    `listed_on` is the day on which the decision was served, `decided_on` the day of the document; listing,
    publication, sharing and removal keep an instant each. `heard_out`: the subject itself spoke, or
    waived the rest of the period on paper. An `annulled` one never was: an objection
    against it was sustained, or the decision underneath was revoked.
    """

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint(one_of("on_list", ListName), "on_list"),
        CheckConstraint(one_of("role", Role), "role"),
        CheckConstraint(one_of("state", State), "state"),
        CheckConstraint(one_of("removal", Removal), "removal"),
        CheckConstraint("(state = 'removed') = (removal IS NOT NULL)", "removed_has_reason"),
        CheckConstraint("(removal IS NULL) = (removed_on IS NULL)", "removed_has_day"),
        CheckConstraint("NOT annulled OR removal = 'revoked'", "annulled_is_revoked"),
        CheckConstraint(
            "state <> 'listed' OR (listed_on IS NOT NULL AND management_until IS NOT NULL)",
            "listed_has_period",
        ),
        CheckConstraint("on_list = 'serious' OR published_at IS NULL", "slight_is_not_public"),
        CheckConstraint("decided_by IS NULL OR decided_by <> opened_by", "second_person_decides"),
        CheckConstraint("version >= 1", "version"),
        Index(
            "uq_listings_running",
            "subject_id",
            "condition",
            "role",
            unique=True,
            postgresql_where=text("state NOT IN ('dismissed', 'removed')"),
        ),
        Index("ix_listings_subject_id", "subject_id", "id"),
        Index("ix_listings_state_id", "state", "id"),
        Index(
            "ix_listings_management_until",
            "management_until",
            postgresql_where=text("state = 'listed'"),
        ),
        Index("ix_listings_along_with", "along_with", postgresql_where=text("along_with IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    subject_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("subjects.id"), nullable=False))
    authority_region: str = Field(sa_type=String(6), nullable=False)
    on_list: str = Field(sa_type=String(8), nullable=False)
    condition: str = Field(sa_type=String(16), nullable=False)
    condition_version: str = Field(sa_type=String(40), nullable=False)
    condition_region: str = Field(sa_type=String(6), nullable=False)
    role: str = Field(sa_type=String(24), nullable=False)
    along_with: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("listings.id")))
    state: str = Field(sa_type=String(16), nullable=False)
    objected: bool = False
    based_on: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    penalty_on: date | None = None
    penalty_number: str | None = Field(default=None, sa_type=String(120))
    proposal_id: UUID | None = None
    opened_by: str = Field(sa_type=Text, nullable=False)
    opened_on: date
    notified_on: date | None = None
    stated_on: date | None = None
    heard_out: bool = False
    replied_on: date | None = None
    defence_accepted: bool | None = None
    decided_on: date | None = None
    decided_by: str | None = Field(default=None, sa_type=Text)
    longer_until: date | None = None
    listed_on: date | None = None
    management_until: date | None = None
    publication_until: date | None = None
    listed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shared_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_on: date | None = None
    removal: str | None = Field(default=None, sa_type=String(8))
    removed_on: date | None = None
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    annulled: bool = False
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, nullable=False)


class ListingEvent(Base, table=True):
    """One step of a listing. Rows are only ever added; what people wrote is encrypted, bound to its row."""

    __tablename__ = "listing_events"
    __table_args__ = (
        CheckConstraint(one_of("event", Event), "event"),
        CheckConstraint(one_of("state", State), "state"),
    )

    listing_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("listings.id"), primary_key=True))
    version: int = Field(primary_key=True)
    event: str = Field(sa_type=String(20), nullable=False)
    state: str = Field(sa_type=String(16), nullable=False)
    on_day: date
    done_by: str = Field(sa_type=Text, nullable=False)
    done_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    texts_cipher: str | None = Field(default=None, sa_type=Text)
    papers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))


def told_to_programs(today: date, *, internal: bool) -> ColumnElement[bool]:
    """The listings that programs of others are told of: what the public is shown today.

    Those who see what is `internal` are told of all that are in force. Nobody is told of one that was never
    served, nor any more of one that was removed, in whatever way: it is not shared any longer.
    """
    in_force = and_(col(Listing.state) == State.LISTED, col(Listing.listed_on).is_not(None))
    if internal:
        return in_force
    return and_(
        in_force,
        col(Listing.on_list) == ListName.SERIOUS,
        col(Listing.published_at).is_not(None),
        col(Listing.publication_until) >= today,
        col(Listing.lifted_on).is_(None),
    )
