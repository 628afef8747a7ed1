"""Cursors that are ids, lists of what falls due, and the version that a caller says it has read."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from common.pagination import decode_cursor
from common.problems import InvalidPayload, PreconditionFailed, Text

__all__ = ["DUE", "check_version", "cursor_id", "due_rows"]

DUE = "with a step still to be taken, late or not, whose last day lies before this Chinese day"
Row = TypeVar("Row")
_CHUNK = 200


def cursor_id(cursor: str | None) -> UUID | None:
    """The id inside a cursor. Raises InvalidPayload for a foreign one."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None


async def due_rows(
    read: Callable[[UUID | None, int], Awaitable[Sequence[Row]]],
    is_due: Callable[[Row], bool] | None,
    id_of: Callable[[Row], UUID],
    before: UUID | None,
    limit: int,
) -> list[Row]:
    """`limit + 1` of the rows that are due, or of all where nothing is asked, in the order they are read in.

    A deadline is reckoned from the days of a procedure by the rules of its place, so it stands in no column:
    `read(before, size)` gives `size + 1` rows of procedures under way behind an id, chunk by chunk.
    """
    if is_due is None:
        return list(await read(before, limit))
    found: list[Row] = []
    while True:
        rows = await read(before, _CHUNK)
        found += [row for row in rows[:_CHUNK] if is_due(row)]
        if len(found) > limit or len(rows) <= _CHUNK:
            return found[: limit + 1]
        before = id_of(rows[_CHUNK - 1])


def check_version(held: int, expected: int) -> None:
    """Refuse a change to a version other than the held one. Raises PreconditionFailed."""
    if held != expected:
        raise PreconditionFailed
