"""Types of what comes in, that every room shares: days and instants to reckon with, text of one line."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from common.problems import Text

__all__ = ["FIRST_DAY", "LAST_DAY", "Day", "Instant", "OneLine", "one_line"]

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2999, 12, 31)
_DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_MARKS = frozenset("\u200b\u200e\u200f\u061c\ufeff")


def one_line(text: str) -> str:
    """`text`, if it stands in one line and reads in one direction, with nothing unseen in it.

    Raises:
        ValueError: it holds a control character, a line break, or a mark that turns the direction of writing.
    """
    for letter in text:
        unseen = unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}
        if unseen or letter in _MARKS or unicodedata.bidirectional(letter) in _DIRECTIONS:
            raise ValueError(
                Text(
                    "不得含有换行、控制字符或者文字方向符",
                    "Must hold no line break and no unseen mark",
                )
            )
    return text


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
"""A calendar day of a request, so far from the ends of the calendar that adding periods never leaves it."""

Instant = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC),
        le=datetime(LAST_DAY.year, 12, 31, tzinfo=UTC),
    ),
]
"""An instant of a request with its time zone, within the same bounds in every zone."""

OneLine = AfterValidator(one_line)
"""For `Annotated[str, ..., OneLine]`: names and other texts that are shown and signed in one line."""
