"""What stands in a log: entries, the salted commitments inside them, and the promise to include one.

An entry is the RFC 8785 form of `{id, version, event, commitment}`; the commitment is
HMAC-SHA-256(salt, document hash) with 32 random bytes of salt. Whoever has neither salt nor receipt learns
nothing of the document; once the salt is erased, nobody but a holder of a receipt can link them. The id is
published as it stands: callers choose ids that mean nothing outside (a random id, never a person's number).
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignerKey, VerifierKey
from common.ledger.strict import (
    MAX_INTEGER,
    canonical,
    decode_base64,
    decode_canonical,
    decode_hex,
    encode_base64,
    hash_document,
)

__all__ = ["KEY_EVENT", "SALT_SIZE", "Entry", "Promise", "commit", "key_announcement"]

SALT_SIZE = 32
MAX_ID = 255
MAX_EVENT = 64
KEY_EVENT = "log_key_announced"


def commit(salt: bytes, document_hash: bytes) -> bytes:
    """The commitment of an entry to a document."""
    return hmac.digest(salt, document_hash, "sha256")


@dataclass(frozen=True)
class Entry:
    """One entry of a log."""

    id: str
    version: int
    event: str
    commitment: bytes

    def __post_init__(self) -> None:
        if not (
            isinstance(self.id, str)
            and 1 <= len(self.id) <= MAX_ID
            and type(self.version) is int
            and 0 <= self.version <= MAX_INTEGER
            and isinstance(self.event, str)
            and 1 <= len(self.event) <= MAX_EVENT
            and len(self.commitment) == 32
        ):
            raise Refused(Reason.WRONG_ENTRY)

    def encode(self) -> bytes:
        """The bytes that the log hashes and publishes."""
        return canonical(
            {
                "id": self.id,
                "version": self.version,
                "event": self.event,
                "commitment": self.commitment.hex(),
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Entry":
        """The entry of its bytes.

        Raises:
            Refused: they are not exactly what `encode` writes.
        """
        value = decode_canonical(raw)
        if not isinstance(value, dict) or value.keys() != {"id", "version", "event", "commitment"}:
            raise Refused(Reason.WRONG_ENTRY)
        commitment = decode_hex(value["commitment"], 32, reason=Reason.WRONG_ENTRY, where="commitment")
        return cls(value["id"], value["version"], value["event"], commitment)


def key_announcement(old: VerifierKey, new: VerifierKey) -> Entry:
    """The entry by which a log, still under its old key, names the key that follows.

    Its salt is 32 zero bytes, so anyone who knows both keys can write it again and compare.
    """
    document = hash_document({"key": str(new), "replaces": str(old)})
    return Entry(str(new), 1, KEY_EVENT, commit(bytes(SALT_SIZE), document))


@dataclass(frozen=True)
class Promise:
    """The log's signed word that an entry will be included by `include_by` (UTC, whole milliseconds)."""

    id: str
    version: int
    commitment: bytes
    log_origin: str
    include_by: datetime
    signature: bytes = b""

    def message(self) -> bytes:
        """What is signed: its own first line keeps it apart from every checkpoint."""
        fields = self.document()
        del fields["signature"]
        return b"tourtrust promise v1\n" + canonical(fields)

    def signed(self, signer: SignerKey) -> "Promise":
        """This promise with the signature of `signer`: key id and Ed25519 signature."""
        signature = signer.verifier.key_id + signer.sign(self.message())
        return Promise(self.id, self.version, self.commitment, self.log_origin, self.include_by, signature)

    def check(self, key: VerifierKey) -> None:
        """Refuse unless this promise is signed by `key`, the key of its log."""
        if key.algorithm is not Algorithm.NOTE or key.name != self.log_origin:
            raise Refused(Reason.WRONG_ORIGIN)
        if self.signature[:4] != key.key_id:
            raise Refused(Reason.WRONG_KEY)
        key.check(self.message(), self.signature[4:])

    def document(self) -> dict[str, Any]:
        """The promise as it crosses the API."""
        instant = self.include_by.astimezone(UTC).isoformat(timespec="milliseconds")
        return {
            "id": self.id,
            "version": self.version,
            "commitment": self.commitment.hex(),
            "log_origin": self.log_origin,
            "include_by": instant.replace("+00:00", "Z"),
            "signature": encode_base64(self.signature),
        }

    @classmethod
    def parse(cls, value: object) -> "Promise":
        """The promise of its API form.

        Raises:
            Refused: a field is missing, unknown, of the wrong type or spelled in another way.
        """
        if not isinstance(value, dict):
            raise Refused(Reason.WRONG_SHAPE, "promise")
        try:
            texts = (value["id"], value["log_origin"], value["include_by"])
            if type(value["version"]) is not int or not all(isinstance(text, str) for text in texts):
                raise Refused(Reason.WRONG_SHAPE, "promise")
            promise = cls(
                value["id"],
                value["version"],
                decode_hex(value["commitment"], 32, reason=Reason.WRONG_SHAPE, where="commitment"),
                value["log_origin"],
                datetime.fromisoformat(value["include_by"]),
                decode_base64(value["signature"], reason=Reason.WRONG_SHAPE, where="signature"),
            )
            if canonical(promise.document()) != canonical(value):
                raise Refused(Reason.WRONG_SHAPE, "promise")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise Refused(Reason.WRONG_SHAPE, "promise") from error
        return promise
