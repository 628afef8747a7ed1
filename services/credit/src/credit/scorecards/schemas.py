"""What crosses the API about scorecards made here. The document of a card is the card itself."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from .rules import State

__all__ = ["CardSummary", "CardView", "PublicationIn", "WithdrawalIn"]

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1000)]


class PublicationIn(Model):
    """Publish exactly the content of `hash`; `waiver` says why it need not be simulated before."""

    hash: Hash
    waiver: Reason | None = None


class WithdrawalIn(Model):
    """Why a draft is given up, or a published version withdrawn before its first day."""

    reason: Reason


class CardSummary(Model):
    """One version of a scorecard. `hash` is that of its document in RFC 8785 form."""

    id: UUID
    state: State
    card_id: str
    card_version: str
    region: str
    kinds: list[str]
    effective_from: date
    hash: str
    version: int = Field(description="of the draft, for If-Match")
    author: str
    editors: list[str]
    created_at: datetime
    updated_at: datetime
    published_by: str | None
    published_at: datetime | None
    waiver: str | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None


class CardView(CardSummary):
    """A version with its document."""

    document: dict[str, Any]
    simulated_hash: str | None = Field(
        description="content of the last simulation of its whole region and all its kinds done to its end"
    )
