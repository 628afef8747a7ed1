"""What crosses the API about changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.web import Model

__all__ = ["ChangeView", "Changes"]


class ChangeView(Model):
    """Something that changed: ids and codes, never a person's name.

    `version` counts per `about`: whoever has a later one of the same already, passes this over.
    """

    id: UUID
    type: str
    about: str
    version: int
    at: datetime
    data: dict[str, Any]


class Changes(Model):
    """The next changes in the order in which they became visible; go on with `next_after`, also when empty.

    `more`: there is more to fetch at once.
    """

    items: list[ChangeView]
    next_after: str
    more: bool
