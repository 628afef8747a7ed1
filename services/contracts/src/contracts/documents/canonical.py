"""The canonical form of a document (RFC 8785) and its hash: the same contract, the same 32 bytes."""

import hashlib
from typing import Any

import rfc8785

__all__ = ["canonical_bytes", "document_hash"]


def canonical_bytes(document: Any) -> bytes:
    """The RFC 8785 form of a parsed JSON value whose structure has been checked."""
    return rfc8785.dumps(document)


def document_hash(document: Any) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical_bytes(document)).digest()
