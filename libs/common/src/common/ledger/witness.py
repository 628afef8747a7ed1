"""The memory of a witness (C2SP tlog-witness): the largest tree it has seen of each log, and nothing smaller.

A witness cosigns a checkpoint only when the tree it saw before is the beginning of the new one, so a log that
shows two histories, or returns to an older one, is found out. The memory is one file; it is on disk before a
cosignature leaves.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from common.ledger.checkpoint import Checkpoint, cosign, open_live_checkpoint
from common.ledger.errors import Reason, Refused
from common.ledger.note import SignerKey, VerifierKey, split_note
from common.ledger.strict import decode_base64, decode_decimal, decode_json, encode_base64
from common.ledger.tree import HASH_SIZE, check_consistency

__all__ = ["Submission", "Witness", "WitnessRefusal"]

_MAX_PROOF = 63


@dataclass(frozen=True)
class Submission:
    """The body of `add-checkpoint`: what the log believes the witness saw last, the proof, the checkpoint."""

    old: int
    proof: Sequence[bytes]
    note: str

    def encode(self) -> bytes:
        """The bytes of the request."""
        lines = [f"old {self.old}", *(encode_base64(item) for item in self.proof), "", self.note]
        return "\n".join(lines).encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Submission":
        """The submission of a request's bytes.

        Raises:
            Refused: malformed.
        """
        try:
            head, separator, note = raw.decode("utf-8").partition("\n\n")
        except UnicodeDecodeError as error:
            raise Refused(Reason.MALFORMED_NOTE, "add-checkpoint") from error
        first, *encoded = head.split("\n")
        if not separator or not first.startswith("old ") or len(encoded) > _MAX_PROOF:
            raise Refused(Reason.MALFORMED_NOTE, "add-checkpoint")
        old = decode_decimal(first.removeprefix("old "), reason=Reason.MALFORMED_NOTE, where="old")
        proof = [decode_base64(item, reason=Reason.MALFORMED_NOTE, where="proof") for item in encoded]
        if any(len(item) != HASH_SIZE for item in proof):
            raise Refused(Reason.MALFORMED_NOTE, "proof")
        return cls(old, proof, note)


class WitnessRefusal(Exception):
    """The witness does not cosign; `seen` is the size it knows, told with a conflict."""

    def __init__(self, status: HTTPStatus, seen: int | None = None) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.seen = seen


class Witness:
    """A key and a memory. Not safe for threads: its one process asks it about one submission at a time."""

    def __init__(self, signer: SignerKey, memory: Path) -> None:
        """Take the memory for this process alone.

        Raises:
            BlockingIOError: another process holds it.
            Refused: the file is not a memory; a witness that forgot would be worse than none.
        """
        self.signer = signer
        self._memory = memory
        self._lock = memory.with_name(memory.name + ".lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._seen = _recall(memory)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Give the memory free for another process."""
        self._lock.close()

    def add(self, submission: Submission, keys: Sequence[VerifierKey], now: datetime) -> str:
        """Remember a checkpoint and give the cosignature line over it.

        Raises:
            WitnessRefusal: with the status that tlog-witness asks for.
        """
        try:
            body, _ = split_note(submission.note)
            claimed = Checkpoint.parse(body)
        except Refused as error:
            raise WitnessRefusal(HTTPStatus.BAD_REQUEST) from error
        known = [key for key in keys if key.name == claimed.origin]
        if not known:
            raise WitnessRefusal(HTTPStatus.NOT_FOUND)
        try:
            checkpoint = open_live_checkpoint(submission.note, known).checkpoint
        except Refused as error:
            raise WitnessRefusal(HTTPStatus.FORBIDDEN) from error
        self._follow(submission, checkpoint)
        if checkpoint != self._seen.get(checkpoint.origin):
            self._remember(checkpoint)
        return str(cosign(body, self.signer, now))

    def _follow(self, submission: Submission, new: Checkpoint) -> None:
        seen = self._seen.get(new.origin)
        size = seen.size if seen else 0
        if submission.old > new.size:
            raise WitnessRefusal(HTTPStatus.BAD_REQUEST)
        if submission.old != size or (seen and size == new.size and seen.root != new.root):
            raise WitnessRefusal(HTTPStatus.CONFLICT, size)
        try:
            if seen and size:
                check_consistency(size, new.size, seen.root, new.root, submission.proof)
            elif submission.proof:
                raise Refused(Reason.BAD_PROOF)
        except Refused as error:
            raise WitnessRefusal(HTTPStatus.UNPROCESSABLE_ENTITY) from error

    def _remember(self, checkpoint: Checkpoint) -> None:
        """Write the whole memory anew: to disk, then in place at once, then the directory to disk."""
        seen = self._seen | {checkpoint.origin: checkpoint}
        fresh = self._memory.with_name(self._memory.name + ".new")
        content: Any = [item.body() for _, item in sorted(seen.items())]
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._memory)
        directory = os.open(self._memory.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._seen = seen


def _recall(memory: Path) -> dict[str, Checkpoint]:
    """The checkpoints in a memory, by origin."""
    if not memory.exists():
        return {}
    bodies = decode_json(memory.read_bytes())
    if not isinstance(bodies, list) or not all(isinstance(body, str) for body in bodies):
        raise Refused(Reason.WRONG_SHAPE, str(memory))
    return {seen.origin: seen for seen in map(Checkpoint.parse, bodies)}
