"""What the log and the witness say about the entries of a draw: where they stand, and since when.

The witness signs the instant at which it saw a tree. So whoever knows the witness's key knows, believing
nobody else, that the commitments stood in the log before any secret was given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.ledger.checkpoint import Checkpoint, check_cosignature, open_checkpoint
from common.ledger.entries import Entry, commit
from common.ledger.note import SignatureLine, VerifierKey
from common.ledger.strict import hash_document
from common.ledger.tree import leaf_hash, root_from_inclusion

from credit.scoring.rules.engine import instant

from .inputs import need

__all__ = [
    "LOG_COMMITTED",
    "LOG_FROZEN",
    "Opened",
    "check_entries",
    "cosigned_in_time",
    "hashed",
    "log_id",
    "open_tree",
]

LOG_FROZEN = "draw_frozen"
LOG_COMMITTED = "draw_committed"


def log_id(draw_id: str) -> str:
    """Under which id a draw's entries stand in the log, numbered from 1."""
    return f"draw:{draw_id}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A tree that the log signed, and when the witness cosigned it, if the witness's key is known."""

    tree: Checkpoint
    at: datetime | None

    def check_time(self, frozen: dict[str, Any]) -> None:
        """Refuse a tree that the witness saw before the draw was, or after it had to be sealed."""
        if self.at is None:
            return
        need(
            cosigned_in_time(instant(self.at), frozen["created_at"], frozen["seal_by"]),
            "见证时间不在规定时限内",
            "the witness did not cosign in time",
        )


def cosigned_in_time(at: str, created_at: str, seal_by: str) -> bool:
    """Whether a cosignature seals a draw. A witness gives whole seconds, so one within that second counts.

    All three are instants as `instant` writes them, whose order as texts is that of time.
    """
    return created_at[:19] <= at[:19] <= seal_by[:19]


def open_tree(note: str, line: str, key: VerifierKey, witness: VerifierKey | None) -> Opened:
    """The tree of a checkpoint, signed by the log and cosigned by the witness. Raises Refused."""
    tree = open_checkpoint(note, key).checkpoint
    if witness is None:
        return Opened(tree, None)
    return Opened(tree, check_cosignature(tree.body(), SignatureLine.parse(line), witness))


def check_entries(
    draw_id: str,
    documents: Sequence[tuple[str, bytes]],
    proofs: Sequence[dict[str, Any]],
    tree: Checkpoint,
) -> None:
    """Refuse unless the entries of a draw, as (event, hash of its document), stand in a tree in their order,
    and the last of them is its last leaf. Raises Unfit, ValueError."""
    need(len(documents) == len(proofs), "日志条目不全", "an entry is not proven")
    for version, ((event, document), proof) in enumerate(zip(documents, proofs, strict=True), 1):
        commitment = commit(bytes.fromhex(proof["salt"]), document)
        leaf = leaf_hash(Entry(log_id(draw_id), version, event, commitment).encode())
        path = [bytes.fromhex(item) for item in proof["inclusion_proof"]]
        need(
            root_from_inclusion(leaf, proof["leaf_index"], tree.size, path) == tree.root,
            f"{event}：内容与日志条目不符",
            f"{event}: the document is not what the log took in",
        )
    leaves = [proof["leaf_index"] for proof in proofs]
    need(
        sorted(set(leaves)) == leaves,
        "日志条目次序不符",
        "the entries do not stand in the log in their order",
    )
    need(
        leaves[-1] + 1 == tree.size,
        "不是包含全部条目的首个检查点",
        "it is not the first checkpoint that holds all entries",
    )


def hashed(documents: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, bytes]]:
    """Documents by the hash that the log commits to."""
    return [(event, hash_document(document)) for event, document in documents]
