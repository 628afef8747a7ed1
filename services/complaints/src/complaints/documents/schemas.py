"""What crosses the API of papers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from common.web import Model

__all__ = ["DocumentView", "DocumentWaiting", "TemplateView"]


class TemplateView(Model):
    """The form a paper was made from; `status` says how sure its legal wording is."""

    id: str
    version: str
    sha256: str
    status: Literal["verified", "recalled", "sample"]


class DocumentView(Model):
    """One numbered paper of a case; `sha256` and `size` (bytes) are the PDF's, null until it is ready."""

    id: UUID
    case_id: UUID
    kind: Literal["acceptance", "refusal", "transfer", "mediation", "termination"]
    title: str
    number: str
    state: Literal["ordered", "ready", "failed"]
    template: TemplateView
    ordered_at: datetime
    ready_at: datetime | None
    sha256: str | None
    size: int | None
    path: str


class DocumentWaiting(Model):
    """The PDF is not there yet: ask again after `Retry-After` seconds."""

    id: UUID
    number: str
    state: Literal["ordered"]
