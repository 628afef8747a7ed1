"""Numbers of cases and documents, and the secret codes that go with them."""

import re
import secrets
from datetime import date
from hashlib import sha256
from hmac import compare_digest

from stdnum.iso7064 import mod_37_36

__all__ = ["DUMMY_HASH", "case_number", "code_hash", "code_matches", "is_case_number", "new_lookup_code"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LETTERS = 20
_NUMBER = re.compile(r"(?:TS|ZF)[0-9]{6}[0-9]{8}[0-9]{5,8}[0-9A-Z]")
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})

DUMMY_HASH = sha256(b"no such case").hexdigest()


def case_number(prefix: str, region: str, on: date, serial: int) -> str:
    """`{prefix}{region 6}{yyyymmdd}{serial 5}{check}`; the check character is ISO 7064 mod 37,36."""
    body = f"{prefix}{region}{on:%Y%m%d}{serial:05d}"
    return body + str(mod_37_36.calc_check_digit(body))


def is_case_number(text: str) -> bool:
    """Whether `text` is shaped like a case number and its check character is right."""
    return _NUMBER.fullmatch(text) is not None and bool(mod_37_36.is_valid(text))


def new_lookup_code() -> str:
    """A code of 100 random bits in four groups, free of letters that are easily misread."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LETTERS))
    return "-".join(letters[place : place + 5] for place in range(0, _CODE_LETTERS, 5))


def code_hash(code: str) -> str:
    """What is stored of a code. It holds 100 random bits, so a plain hash cannot be searched back."""
    plain = re.sub(r"[\s-]", "", code).upper().translate(_MISREAD)
    return sha256(f"tourtrust lookup code\0{plain}".encode()).hexdigest()


def code_matches(code: str, stored_hash: str | None) -> bool:
    """One comparison in constant time, also when there is nothing to compare with."""
    return compare_digest(code_hash(code), stored_hash or DUMMY_HASH)
