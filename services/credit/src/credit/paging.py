"""Cursors that are ids, and the version that a caller says it has read."""

from uuid import UUID

from common.pagination import decode_cursor
from common.problems import InvalidPayload, PreconditionFailed, Text

__all__ = ["check_version", "cursor_id"]


def cursor_id(cursor: str | None) -> UUID | None:
    """The id inside a cursor. Raises InvalidPayload for a foreign one."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None


def check_version(held: int, expected: int) -> None:
    """Refuse a change to a version other than the held one. Raises PreconditionFailed."""
    if held != expected:
        raise PreconditionFailed
