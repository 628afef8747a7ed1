"""Lists in pages by keyset: a cursor says after which row the next page begins."""

import base64
import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from common.problems import FieldError, InvalidPayload, Text

__all__ = ["MAX_LIMIT", "Page", "decode_cursor", "encode_cursor", "page_of"]

MAX_LIMIT = 100
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(*key: str | int) -> str:
    """An opaque cursor for the row whose sort key is `key`."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type, pointer: str = "query/cursor") -> tuple[Any, ...]:
    """The sort key inside a cursor, checked against the expected `kinds` (str or int each).

    Raises:
        InvalidPayload: the cursor is not one of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = json.loads(raw)
        if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise InvalidPayload([FieldError(pointer, Text("游标无效", "The cursor is not valid"))]) from error
    return tuple(key)


def page_of(rows: Sequence[Item], limit: int, cursor: Any) -> tuple[list[Item], str | None]:
    """Split `limit + 1` fetched rows into a page and the cursor after it; `cursor(row)` makes one."""
    items = list(rows[:limit])
    return items, cursor(items[-1]) if len(rows) > limit else None
