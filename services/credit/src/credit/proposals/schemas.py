"""What crosses the API when a proposal is accepted."""

from typing import Annotated
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from credit.warnings.schemas import WarningView

__all__ = ["AcceptIn", "AcceptedView"]


class AcceptIn(Model):
    """Why a proposal is taken up. `condition` replaces the proposed listing condition where another fits."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]
    condition: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = Field(default=None)


class AcceptedView(Model):
    """The warning as resolved, and what was begun: a listing's draft, or an honour's revocation."""

    warning: WarningView
    listing_id: UUID | None
    listing_number: str | None
    honour_id: UUID | None
