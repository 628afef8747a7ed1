"""The one byte form of a JSON value (RFC 8785), quickly where the value is as plain as most are."""

import json
from typing import Any

import rfc8785

__all__ = ["canonical"]

_MAX_INTEGER = 2**53 - 1
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, check_circular=False, separators=(",", ":")
).encode


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises:
        rfc8785.CanonicalizationError, UnicodeError, RecursionError: the value has none.
    """
    return _encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)


def _is_plain(value: object) -> bool:
    """Whether the standard library writes the same bytes: no floats, ASCII names, small whole numbers."""
    if value is None or isinstance(value, str | bool):
        return True
    if type(value) is int:
        return -_MAX_INTEGER <= value <= _MAX_INTEGER
    if type(value) is dict:
        return all(type(name) is str and name.isascii() and _is_plain(item) for name, item in value.items())
    return type(value) is list and all(map(_is_plain, value))
