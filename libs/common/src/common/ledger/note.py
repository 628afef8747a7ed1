"""C2SP signed notes: Ed25519 keys with names, their text forms, and signature lines."""

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from common.ledger.errors import Reason, Refused
from common.ledger.strict import decode_base64, decode_hex, encode_base64

__all__ = ["Algorithm", "SignatureLine", "SignerKey", "VerifierKey", "join_note", "split_note"]

_PRIVATE = "PRIVATE+KEY+"
_MAX_LINES = 64


class Algorithm(IntEnum):
    """The signature types of this house, by their C2SP number."""

    NOTE = 1
    COSIGNATURE = 4


def check_name(name: str) -> str:
    """A key's name or a log's origin: not empty, printable, without spaces and plus."""
    if not name or len(name) > 255 or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise Refused(Reason.MALFORMED_KEY, "name")
    return name


def _algorithm(number: int) -> Algorithm:
    try:
        return Algorithm(number)
    except ValueError as error:
        raise Refused(Reason.MALFORMED_KEY, "algorithm") from error


def _split_key(text: str) -> tuple[str, bytes, Algorithm, bytes]:
    """Name, key id, algorithm and 32 bytes of a key's text form."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Refused(Reason.MALFORMED_KEY)
    name, key_id, encoded = parts
    data = decode_base64(encoded, reason=Reason.MALFORMED_KEY)
    if len(data) != 33:
        raise Refused(Reason.MALFORMED_KEY)
    identity = decode_hex(key_id, 4, reason=Reason.MALFORMED_KEY)
    return check_name(name), identity, _algorithm(data[0]), data[1:]


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name. Its text form is `name+id+base64(algorithm || key)`."""

    name: str
    algorithm: Algorithm
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a text form.

        Raises:
            Refused: malformed, of another algorithm, or the id is not that of name and key.
        """
        name, key_id, algorithm, public = _split_key(text)
        key = cls(name, algorithm, public)
        if key.key_id != key_id:
            raise Refused(Reason.MALFORMED_KEY, "key id")
        return key

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public)}"

    def check(self, message: bytes, signature: bytes) -> None:
        """Refuse unless `signature` is this key's over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Refused(Reason.BAD_SIGNATURE, self.name) from error


@dataclass(frozen=True)
class SignerKey:
    """A private key with its name. Its text form, `PRIVATE+KEY+...`, belongs into a secret file only."""

    name: str
    algorithm: Algorithm
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str, algorithm: Algorithm = Algorithm.NOTE) -> Self:
        """A new random key."""
        return cls(check_name(name), algorithm, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a text form.

        Raises:
            Refused: malformed, of another algorithm, or the id does not fit.
        """
        if not text.startswith(_PRIVATE):
            raise Refused(Reason.MALFORMED_KEY)
        name, key_id, algorithm, seed = _split_key(text.removeprefix(_PRIVATE))
        key = cls(name, algorithm, seed)
        if key.verifier.key_id != key_id:
            raise Refused(Reason.MALFORMED_KEY, "key id")
        return key

    def encode(self) -> str:
        """The text form. A secret."""
        return (
            f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}"
            f"+{encode_base64(bytes([self.algorithm]) + self.seed)}"
        )

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, self.algorithm, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The bare signature over `message`."""
        return self._private.sign(message)


@dataclass(frozen=True)
class SignatureLine:
    """One signature of a note: the key's name and id, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {encode_base64(self.key_id + self.signature)}\n"

    def names(self, key: VerifierKey) -> bool:
        """Whether this line claims to be of `key`."""
        return (self.name, self.key_id) == (key.name, key.key_id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The signature of one line, newline included.

        Raises:
            Refused: the line is not spelled as `str()` spells it.
        """
        parts = text.removesuffix("\n").split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise Refused(Reason.MALFORMED_NOTE, "signature line")
        data = decode_base64(parts[2], reason=Reason.MALFORMED_NOTE, where="signature line")
        line = cls(parts[1], data[:4], data[4:])
        if not line.name or not line.signature or str(line) != text:
            raise Refused(Reason.MALFORMED_NOTE, "signature line")
        return line


def split_note(text: str) -> tuple[str, list[SignatureLine]]:
    """The signed text and the signature lines of a note.

    Raises:
        Refused: it is no note: control characters, no signature, a sloppy line, more than 64 lines.
    """
    if any((c < " " or c == "\x7f") and c != "\n" for c in text):
        raise Refused(Reason.MALFORMED_NOTE)
    body, separator, signatures = text.rpartition("\n\n")
    if not separator or not signatures.endswith("\n") or signatures.count("\n") > _MAX_LINES:
        raise Refused(Reason.MALFORMED_NOTE)
    lines = [SignatureLine.parse(line) for line in signatures.splitlines(keepends=True)]
    return body + "\n", lines


def join_note(body: str, *lines: SignatureLine) -> str:
    """A note of a text that ends with a newline and its signature lines."""
    return body + "\n" + "".join(map(str, lines))
