"""Purposes and states of certificates, their canonical document, and the code of verification. Pure."""

import base64
import hmac
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

import rfc8785

__all__ = [
    "CODE_BYTES",
    "FORMAT",
    "Purpose",
    "State",
    "Validity",
    "canonical",
    "code_fits",
    "code_hash",
    "code_of",
    "validity",
]

FORMAT = "tourtrust-credit-certificate/1"
CODE_BYTES = 10
"""80 bits: cannot be guessed through a rate-limited door."""


class Purpose(StrEnum):
    """What a certificate may be used for, and for nothing else."""

    BID = "bid"
    RATING = "rating"
    FUND = "fund"
    LOAN = "loan"
    OTHER = "other"


class State(StrEnum):
    """How a certificate stands, its period aside."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Validity(StrEnum):
    """What a verifier is told."""

    VALID = "valid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


def validity(state: str, valid_until: date, today: date) -> Validity:
    """What holds today: withdrawn or superseded for ever, else by the last day, which is inside."""
    if state == State.WITHDRAWN:
        return Validity.WITHDRAWN
    if state == State.SUPERSEDED:
        return Validity.SUPERSEDED
    return Validity.VALID if today <= valid_until else Validity.EXPIRED


def canonical(document: dict[str, Any]) -> bytes:
    """The bytes of a document (RFC 8785): they are what the log commits to."""
    return rfc8785.dumps(document)


def code_of(random: bytes) -> str:
    """A code in groups of four; base 32 has no digit that is mistaken for a letter."""
    letters = base64.b32encode(random).decode("ascii")
    return "-".join(letters[n : n + 4] for n in range(0, len(letters), 4))


def code_hash(code: str) -> str:
    """How a code is kept: it is random enough that a plain hash cannot be turned back."""
    plain = "".join(code.upper().split()).replace("-", "")
    return sha256(plain.encode("utf-8", "replace")).hexdigest()


def code_fits(code: str, kept: str) -> bool:
    """Whether a code is the one kept, in a time that tells nothing."""
    return hmac.compare_digest(code_hash(code), kept)
