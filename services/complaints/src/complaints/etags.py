"""Versions of a case in `ETag` and `If-Match`."""

import re
from typing import Annotated

from common.problems import PreconditionFailed
from fastapi import Depends, Header

__all__ = ["IfMatch", "etag"]

_TAG = re.compile(r'(?:W/)?"?v?([0-9]{1,9})"?')


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"v{version}"'


def _if_match(if_match: Annotated[str | None, Header(max_length=100)] = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise PreconditionFailed
    return int(found[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the caller has read, if it said so."""
