"""What crosses the API about papers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from common.web import Model

__all__ = ["PaperView", "TemplateView"]


class TemplateView(Model):
    """The form a paper was issued on; *recalled* and *sample* forms say so on the paper itself."""

    version: str
    status: Literal["verified", "recalled", "sample"]
    sha256: str


class PaperView(Model):
    """An issued paper without its content, which the PDF shows. `data_sha256` is over its RFC 8785 data."""

    id: UUID
    number: str
    kind: str
    title: str
    subject_id: UUID
    about_room: str
    about_id: UUID
    region: str
    authority: str
    legal_basis: list[str]
    template: TemplateView
    data_sha256: str
    issued_on: date
    issued_at: datetime
    issued_by: str
    path: str
