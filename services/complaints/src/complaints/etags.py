"""Versions of a case in `ETag` and `If-Match`."""

import re

from common.problems import PreconditionFailed

__all__ = ["etag", "version_of"]

_TAG = re.compile(r'(?:W/)?"?v?([0-9]{1,9})"?')


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"v{version}"'


def version_of(if_match: str | None) -> int | None:
    """The version the caller has read; None when it did not say, or takes any.

    Raises:
        PreconditionFailed: the tag is none of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise PreconditionFailed
    return int(found[1])
