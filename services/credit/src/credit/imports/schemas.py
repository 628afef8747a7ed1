"""What crosses the API about imports."""

from datetime import datetime
from uuid import UUID

from common.web import Model

__all__ = ["ImportView"]


class ImportView(Model):
    """An import and how far it is. `total` counts rows that are not empty, `applied` those with an outcome.

    `eta_seconds` is reckoned from the speed of the last chunk; null until there was one and when all is done.
    """

    id: UUID
    state: str
    mode: str
    dry_run: bool
    format: str
    sha256: str
    size: int
    total: int
    valid: int
    invalid: int
    applied: int
    created: int
    updated: int
    unchanged: int
    refused: int
    rows_per_s: float | None
    eta_seconds: int | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime
    report: str
