"""Receipts: what a holder keeps to prove, without the service, that a document was registered.

A receipt *is* its RFC 8785 bytes. Every field is bound by the log's signature: id, version, event, document
hash and salt make the leaf; leaf, index, size and proof make the root; origin, size and root stand in the
checkpoint, which carries exactly one line, the log's. So no byte can change unnoticed.

The `format` names the form and, behind a colon, the event of the entry, which the leaf needs:
`tourtrust-receipt/1:contract_registered`.
"""

from dataclasses import dataclass
from typing import Any

from common.ledger.entries import SALT_SIZE, Entry, commit
from common.ledger.errors import Reason, Refused
from common.ledger.strict import MAX_INTEGER, canonical, decode_canonical, decode_hex
from common.ledger.tree import HASH_SIZE

__all__ = ["Receipt"]

_FORMAT = "tourtrust-receipt/1:"
_FIELDS = {
    "format",
    "log_origin",
    "id",
    "version",
    "document_hash",
    "salt",
    "leaf_index",
    "tree_size",
    "inclusion_proof",
    "checkpoint",
}
MAX_BYTES = 65_536
_MAX_PROOF = 63


@dataclass(frozen=True)
class Receipt:
    """The proof that a document's commitment is a leaf of a log under a signed checkpoint."""

    log_origin: str
    id: str
    version: int
    event: str
    document_hash: bytes
    salt: bytes
    leaf_index: int
    tree_size: int
    inclusion_proof: tuple[bytes, ...]
    checkpoint: str

    def entry(self) -> Entry:
        """The log's entry that this receipt is about."""
        return Entry(self.id, self.version, self.event, commit(self.salt, self.document_hash))

    def document(self) -> dict[str, Any]:
        """The receipt as a JSON value. Send `encode()`, not a re-encoding of this."""
        return {
            "format": _FORMAT + self.event,
            "log_origin": self.log_origin,
            "id": self.id,
            "version": self.version,
            "document_hash": self.document_hash.hex(),
            "salt": self.salt.hex(),
            "leaf_index": self.leaf_index,
            "tree_size": self.tree_size,
            "inclusion_proof": [item.hex() for item in self.inclusion_proof],
            "checkpoint": self.checkpoint,
        }

    def encode(self) -> bytes:
        """The receipt's bytes."""
        return canonical(self.document())

    @classmethod
    def decode(cls, raw: bytes) -> "Receipt":
        """The receipt of its bytes. This checks the form only; `verify_receipt` checks the proof.

        Raises:
            Refused: the bytes are not exactly those of a receipt.
        """
        if len(raw) > MAX_BYTES:
            raise Refused(Reason.WRONG_SHAPE, "size")
        value = decode_canonical(raw)
        if not isinstance(value, dict) or value.keys() != _FIELDS:
            raise Refused(Reason.WRONG_SHAPE, "fields")
        for name in ("format", "log_origin", "id", "checkpoint"):
            if not isinstance(value[name], str):
                raise Refused(Reason.WRONG_SHAPE, name)
        for name in ("version", "leaf_index", "tree_size"):
            if type(value[name]) is not int or not 0 <= value[name] <= MAX_INTEGER:
                raise Refused(Reason.WRONG_SHAPE, name)
        if not value["format"].startswith(_FORMAT):
            raise Refused(Reason.WRONG_SHAPE, "format")
        proof = value["inclusion_proof"]
        if not isinstance(proof, list) or len(proof) > _MAX_PROOF:
            raise Refused(Reason.WRONG_SHAPE, "inclusion_proof")
        return cls(
            log_origin=value["log_origin"],
            id=value["id"],
            version=value["version"],
            event=value["format"].removeprefix(_FORMAT),
            document_hash=_hash(value["document_hash"], "document_hash"),
            salt=decode_hex(value["salt"], SALT_SIZE, reason=Reason.WRONG_SHAPE, where="salt"),
            leaf_index=value["leaf_index"],
            tree_size=value["tree_size"],
            inclusion_proof=tuple(_hash(item, "inclusion_proof") for item in proof),
            checkpoint=value["checkpoint"],
        )


def _hash(value: object, where: str) -> bytes:
    return decode_hex(value, HASH_SIZE, reason=Reason.WRONG_SHAPE, where=where)
