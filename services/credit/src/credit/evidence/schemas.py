"""What crosses the API about evidence."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.web import Model, OneLine
from pydantic import StringConstraints

__all__ = ["EvidenceView", "StatementOnRecord", "WrittenRequest", "WrittenStatement"]


class WrittenRequest(Model):
    """The paper on which an officer acts for a subject: its number, and the hash of the uploaded file."""

    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WrittenStatement(WrittenRequest):
    """A statement on paper. Only if it `waives` the rest of its period does the period end with it."""

    waives: bool = False


class StatementOnRecord(WrittenStatement):
    """As a step keeps it. `by_subject`: its own user uploaded the file; else an officer did for it."""

    by_subject: bool


class EvidenceView(Model):
    """A file of evidence: `sha256` over the bytes as they came, `media_type` as its content says.

    `by_subject`: its subject's own user uploaded it.
    """

    id: UUID
    subject_id: UUID
    about: str
    about_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    by_subject: bool
    uploaded_at: datetime
