"""The steps of a procedure: each counts its case's version on, and keeps what people wrote encrypted."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from common.clock import china_date
from common.crypto import Keyring

from credit.papers.models import Paper

__all__ = ["Case", "read_texts", "step_columns"]


class Case(Protocol):
    """What has steps: a listing, a repair."""

    id: UUID
    state: str
    version: int


def step_columns(
    room: str,
    case: Case,
    event: str,
    by: str,
    at: datetime,
    keyring: Keyring,
    *,
    first: bool = False,
    on: date | None = None,
    texts: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    papers: Sequence[Paper] = (),
) -> dict[str, Any]:
    """The columns of one more step of a case, which brings it to its next version unless it is the `first`.

    `texts` is what people wrote, encrypted and bound to the row; `on` is the step's day, by default that of
    `at`.
    """
    if not first:
        case.version += 1
    cipher = None
    if texts:
        text = json.dumps(dict(texts), ensure_ascii=False)
        cipher = keyring.encrypt(text, context=_context(room, case.id, case.version))
    return {
        "version": case.version,
        "event": event,
        "state": case.state,
        "on_day": on or china_date(at),
        "done_by": by,
        "done_at": at,
        "details": dict(details or {}),
        "texts_cipher": cipher,
        "papers": [paper.id for paper in papers],
    }


def read_texts(
    room: str, case_id: UUID, version: int, cipher: str | None, keyring: Keyring
) -> dict[str, Any]:
    """What people wrote at a step."""
    if cipher is None:
        return {}
    texts: dict[str, Any] = json.loads(keyring.decrypt(cipher, context=_context(room, case_id, version)))
    return texts


def _context(room: str, case_id: UUID, version: int) -> str:
    """What the texts of a step are bound to."""
    return f"credit.{room}.texts:{case_id}:{version}"
