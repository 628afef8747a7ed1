"""The canonical form of a document (RFC 8785) and its hash: the same contract, the same 32 bytes."""

import hashlib
from typing import Any

import rfc8785

__all__ = ["canonical_bytes", "sha256"]


def canonical_bytes(document: Any) -> bytes:
    """The RFC 8785 form of a parsed JSON value whose structure has been checked."""
    return rfc8785.dumps(document)


def sha256(canonical: bytes) -> bytes:
    """The document hash that the log commits to."""
    return hashlib.sha256(canonical).digest()
