"""Purposes and states of certificates, their canonical document, and the code of verification. Pure."""

import base64
import hmac
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

import rfc8785

__all__ = [
    "CODE_BYTES",
    "FORMAT",
    "Because",
    "Purpose",
    "State",
    "Validity",
    "canonical",
    "code_fits",
    "code_hash",
    "code_of",
    "overtaken",
    "same_party",
    "validity",
]

FORMAT = "tourtrust-credit-certificate/1"
_RECORD = ("code", "occurred_on", "authority", "reference")
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


class Because(StrEnum):
    """Why a certificate ended before its last day.

    Withdrawn, because what it states was wrong or may not be used any more: `fact_changed` (a fact was
    revoked or amended), `listing_annulled`, `repaired`, `withheld` (taken off the page after an objection),
    `key_corrected` (it names a code or card number that is not the subject's).
    Superseded, because it is not so any more: `grade_changed`, `lists_changed`, `records_changed`, `merged`,
    or by a `newer_certificate`.
    """

    NEWER = "newer_certificate"
    FACT_CHANGED = "fact_changed"
    LISTING_ANNULLED = "listing_annulled"
    REPAIRED = "repaired"
    WITHHELD = "withheld"
    KEY_CORRECTED = "key_corrected"
    GRADE_CHANGED = "grade_changed"
    LISTS_CHANGED = "lists_changed"
    RECORDS_CHANGED = "records_changed"
    MERGED = "merged"


class Validity(StrEnum):
    """What a verifier is told. `unchecked`: it stands, but nobody said who relies on it, nor for what."""

    VALID = "valid"
    UNCHECKED = "unchecked"
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


def overtaken(stated: Mapping[str, Any], now: Mapping[str, Any]) -> Because | None:
    """What of a statement (`grade`, `lists`, `records`) is not so any more; None where all of it is.

    A new favourable record, and an objection that was raised or settled, make no statement untrue.
    """
    if (stated["grade"]["rated"], stated["grade"]["grade"]) != (now["grade"]["rated"], now["grade"]["grade"]):
        return Because.GRADE_CHANGED
    if {one["number"] for one in stated["lists"]} != {one["number"] for one in now["lists"]}:
        return Because.LISTS_CHANGED
    before, present = (
        {tuple(one[name] for name in _RECORD): one["nature"] for one in said["records"]}
        for said in (stated, now)
    )
    added = {nature for record, nature in present.items() if record not in before}
    if before.keys() - present.keys() or "adverse" in added:
        return Because.RECORDS_CHANGED
    return None


def same_party(one: str, other: str) -> bool:
    """Whether two names mean the same relying party: width, case and blanks aside."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


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
