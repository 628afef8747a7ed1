"""One line of a batch's answer."""

from typing import Any

from pydantic import BaseModel

from contracts.registrations.schemas import Registered

__all__ = ["LineAnswer"]


class LineAnswer(BaseModel):
    """What became of one line: the status it would have had alone, with the answer or the problem."""

    line: int
    status: int
    result: Registered | None = None
    problem: dict[str, Any] | None = None
