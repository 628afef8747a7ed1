"""Offline verifiers: is this receipt, this log, what it claims to be?

They need a verifier key from elsewhere, and nothing else: a key inside what is verified is never trusted.
Only the standard library, `cryptography` and `rfc8785` are imported, so a stranger can run them without the
platform.
"""

import hashlib
from dataclasses import dataclass

from common.ledger.checkpoint import open_checkpoint
from common.ledger.errors import Reason, Refused
from common.ledger.note import VerifierKey
from common.ledger.receipt import Receipt
from common.ledger.strict import canonical, decode_json
from common.ledger.tree import check_inclusion, leaf_hash
from common.ledger.walk import LogVerdict, directory_source, http_source, verify_log

__all__ = [
    "LogVerdict",
    "Reason",
    "ReceiptVerdict",
    "Refused",
    "directory_source",
    "http_source",
    "verify_log",
    "verify_receipt",
]


@dataclass(frozen=True)
class ReceiptVerdict:
    """A receipt that holds: what is proven to stand where."""

    log_origin: str
    id: str
    version: int
    event: str
    document_hash: str
    leaf_index: int
    tree_size: int
    document_checked: bool


def verify_receipt(receipt: bytes, key: str, document: bytes | None = None) -> ReceiptVerdict:
    """Check a receipt against the log's verifier key and, when given, against the document itself.

    The document may be spelled in any way: it is put into RFC 8785 form first, and SHA-256 over that form is
    compared.

    Raises:
        Refused: with the reason, when anything at all does not fit.
    """
    log_key = VerifierKey.parse(key)
    found = Receipt.decode(receipt)
    if found.log_origin != log_key.name:
        raise Refused(Reason.WRONG_ORIGIN, "log_origin")
    checkpoint = open_checkpoint(found.checkpoint, log_key).checkpoint
    if checkpoint.size != found.tree_size:
        raise Refused(Reason.WRONG_SIZE, "tree_size")
    check_inclusion(
        leaf_hash(found.entry().encode()),
        found.leaf_index,
        found.tree_size,
        found.inclusion_proof,
        checkpoint.root,
    )
    if document is not None:
        hashed = hashlib.sha256(canonical(decode_json(document))).digest()
        if hashed != found.document_hash:
            raise Refused(Reason.WRONG_DOCUMENT)
    return ReceiptVerdict(
        log_origin=found.log_origin,
        id=found.id,
        version=found.version,
        event=found.event,
        document_hash=found.document_hash.hex(),
        leaf_index=found.leaf_index,
        tree_size=found.tree_size,
        document_checked=document is not None,
    )
