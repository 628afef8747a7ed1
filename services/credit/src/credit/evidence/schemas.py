"""What crosses the API about evidence."""

from datetime import datetime
from uuid import UUID

from common.web import Model

__all__ = ["EvidenceView"]


class EvidenceView(Model):
    """A file of evidence: `sha256` over the bytes as they came, `media_type` as its content says."""

    id: UUID
    subject_id: UUID
    about: str
    about_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
