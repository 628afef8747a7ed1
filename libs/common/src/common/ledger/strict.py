"""Decoding that accepts one spelling only, so that no byte of a proof can change unnoticed."""

import base64
import binascii
import hashlib
import json
import re
from typing import Any, NoReturn

import rfc8785

from common import canonical as rfc
from common.ledger.errors import Reason, Refused

__all__ = [
    "canonical",
    "decode_base64",
    "decode_canonical",
    "decode_decimal",
    "decode_hex",
    "decode_json",
    "encode_base64",
    "hash_document",
]

_HEX = re.compile(r"[0-9a-f]*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")
MAX_INTEGER = 2**53 - 1


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, *, reason: Reason, where: str = "") -> bytes:
    """The bytes of standard base64, refusing every spelling but the one `encode_base64` makes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(reason, where) from error
    if encode_base64(data) != text:
        raise Refused(reason, where)
    return data


def decode_hex(text: object, length: int, *, reason: Reason, where: str = "") -> bytes:
    """`length` bytes written in lower-case hexadecimal."""
    if not isinstance(text, str) or len(text) != 2 * length or not _HEX.fullmatch(text):
        raise Refused(reason, where)
    return bytes.fromhex(text)


def decode_decimal(text: str, *, reason: Reason, where: str = "") -> int:
    """A non-negative decimal number without leading zeroes, at most 2**53 - 1."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_INTEGER:
        raise Refused(reason, where)
    return int(text)


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises:
        Refused: the value has none (a number out of range, a lone surrogate, a key that is no string).
    """
    try:
        return rfc.canonical(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Refused(Reason.UNREADABLE_DOCUMENT) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def decode_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8, refusing duplicate keys, NaN and Infinity.

    Raises:
        Refused: it is no such text.
    """
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.UNREADABLE_DOCUMENT) from error


def decode_canonical(raw: bytes) -> Any:
    """The value of bytes that are exactly their own RFC 8785 form.

    Raises:
        Refused: they are not.
    """
    try:
        value = decode_json(raw)
        if canonical(value) != raw:
            raise Refused(Reason.NOT_CANONICAL)
    except Refused as error:
        raise Refused(Reason.NOT_CANONICAL) from error
    return value


def hash_document(document: Any) -> bytes:
    """SHA-256 over the RFC 8785 bytes of a registered document: what the log commits to.

    Raises:
        Refused: the document has no canonical form.
    """
    return hashlib.sha256(canonical(document)).digest()
