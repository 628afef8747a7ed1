"""Versions in `ETag` and `If-Match`: nobody changes what somebody else has changed since they read it."""

import re
from typing import Annotated

from fastapi import Depends, Header

from common.problems import PreconditionFailed, PreconditionRequired

__all__ = ["ExpectedVersion", "StatedVersion", "etag"]

# Also without quotes, as people write it, and marked weak, as a compressing proxy may send it on.
_TAG = re.compile(r'(?:W/)?("?)([1-9][0-9]{0,9})\1')


def etag(version: int) -> str:
    """The entity tag of a version: the number in quotes."""
    return f'"{version}"'


async def _stated_version(if_match: Annotated[str | None, Header()] = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise PreconditionFailed
    return int(found[2])


async def _expected_version(if_match: Annotated[str | None, Header()] = None) -> int:
    if if_match is None:
        raise PreconditionRequired
    version = await _stated_version(if_match)
    if version is None:
        raise PreconditionFailed
    return version


ExpectedVersion = Annotated[int, Depends(_expected_version)]
"""The version that the caller has read; without `If-Match` 428, with a tag that is none of ours 412."""
StatedVersion = Annotated[int | None, Depends(_stated_version)]
"""The version that the caller has read, if it said so; `*` is any."""
