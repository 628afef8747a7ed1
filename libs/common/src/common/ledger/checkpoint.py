"""C2SP checkpoints and cosignatures: a tree's size and root, signed by its log and seen by its witnesses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignatureLine, SignerKey, VerifierKey, join_note, split_note
from common.ledger.strict import decode_base64, decode_decimal, encode_base64
from common.ledger.tree import HASH_SIZE

__all__ = [
    "Checkpoint",
    "OpenedCheckpoint",
    "check_cosignature",
    "cosign",
    "open_checkpoint",
    "open_live_checkpoint",
    "sign_checkpoint",
]


@dataclass(frozen=True)
class Checkpoint:
    """What a log signs: its origin, the number of its entries and the root over them."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The note text: three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """The checkpoint of a note text. Extension lines are refused: this house's logs write none."""
        lines = body.removesuffix("\n").split("\n")
        if len(lines) != 3 or not lines[0]:
            raise Refused(Reason.MALFORMED_CHECKPOINT)
        size = decode_decimal(lines[1], reason=Reason.MALFORMED_CHECKPOINT, where="size")
        root = decode_base64(lines[2], reason=Reason.MALFORMED_CHECKPOINT, where="root")
        if len(root) != HASH_SIZE:
            raise Refused(Reason.MALFORMED_CHECKPOINT, "root")
        checkpoint = cls(lines[0], size, root)
        if checkpoint.body() != body:
            raise Refused(Reason.MALFORMED_CHECKPOINT)
        return checkpoint


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint whose signatures were verified; `cosigned` gives each witness's own time by its key."""

    checkpoint: Checkpoint
    log_key: VerifierKey
    cosigned: Mapping[VerifierKey, datetime]


def sign_checkpoint(checkpoint: Checkpoint, signer: SignerKey) -> str:
    """The signed note of a checkpoint; the key's name must be the origin."""
    if signer.name != checkpoint.origin or signer.algorithm is not Algorithm.NOTE:
        raise Refused(Reason.WRONG_KEY, signer.name)
    body = checkpoint.body()
    line = SignatureLine(signer.name, signer.verifier.key_id, signer.sign(body.encode()))
    return join_note(body, line)


def _cosigned_message(body: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{body}".encode()


def cosign(body: str, signer: SignerKey, at: datetime) -> SignatureLine:
    """The witness's `cosignature/v1` over a checkpoint's note text, at its own time (whole seconds)."""
    if signer.algorithm is not Algorithm.COSIGNATURE:
        raise Refused(Reason.WRONG_KEY, signer.name)
    timestamp = int(at.timestamp())
    signature = timestamp.to_bytes(8, "big") + signer.sign(_cosigned_message(body, timestamp))
    return SignatureLine(signer.name, signer.verifier.key_id, signature)


def check_cosignature(body: str, line: SignatureLine, key: VerifierKey) -> datetime:
    """The time of a cosignature.

    Raises:
        Refused: it is not this key's over this note text.
    """
    if key.algorithm is not Algorithm.COSIGNATURE or not line.names(key):
        raise Refused(Reason.WRONG_KEY, key.name)
    timestamp = int.from_bytes(line.signature[:8], "big")
    key.check(_cosigned_message(body, timestamp), line.signature[8:])
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused(Reason.BAD_SIGNATURE, key.name) from error


def _check_log_line(body: str, line: SignatureLine, keys: Iterable[VerifierKey]) -> VerifierKey | None:
    """The key of `keys` that made this line, None when it names none of them."""
    for key in keys:
        if line.names(key):
            key.check(body.encode(), line.signature)
            return key
    return None


def open_checkpoint(
    text: str, log_key: VerifierKey, witnesses: Iterable[VerifierKey] = ()
) -> OpenedCheckpoint:
    """A checkpoint as it stands in receipts and bundles, where no byte may be unsigned.

    It carries the log's line and then exactly one line for each of `witnesses`, in their order; any other
    line is refused, known or not.

    Raises:
        Refused: not of that form, not of this log, or a signature fails.
    """
    body, lines = split_note(text)
    checkpoint = Checkpoint.parse(body)
    expected = [log_key, *witnesses]
    if log_key.algorithm is not Algorithm.NOTE:
        raise Refused(Reason.WRONG_KEY, log_key.name)
    if checkpoint.origin != log_key.name:
        raise Refused(Reason.WRONG_ORIGIN)
    if _check_log_line(body, lines[0], [log_key]) is None:
        raise Refused(Reason.WRONG_KEY)
    if len(lines) < len(expected):
        raise Refused(Reason.MISSING_COSIGNATURE)
    if len(lines) > len(expected):
        raise Refused(Reason.UNKNOWN_SIGNATURE)
    cosigned = {
        key: check_cosignature(body, line, key) for key, line in zip(expected[1:], lines[1:], strict=True)
    }
    return OpenedCheckpoint(checkpoint, log_key, cosigned)


def open_live_checkpoint(text: str, log_keys: Iterable[VerifierKey]) -> OpenedCheckpoint:
    """A checkpoint as a log serves it: signed by one of `log_keys`; lines of unknown keys are ignored.

    Raises:
        Refused: malformed, of another log, or not signed by any of the keys.
    """
    body, lines = split_note(text)
    checkpoint = Checkpoint.parse(body)
    keys = [key for key in log_keys if key.algorithm is Algorithm.NOTE and key.name == checkpoint.origin]
    if not keys:
        raise Refused(Reason.WRONG_ORIGIN)
    for line in lines:
        if key := _check_log_line(body, line, keys):
            return OpenedCheckpoint(checkpoint, key, {})
    raise Refused(Reason.WRONG_KEY)
