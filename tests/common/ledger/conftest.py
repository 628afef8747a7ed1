"""A small log in memory, written through the product's pure functions only."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from common.ledger.checkpoint import Checkpoint, sign_checkpoint
from common.ledger.entries import Entry, commit
from common.ledger.note import Algorithm, SignerKey
from common.ledger.receipt import Receipt
from common.ledger.strict import hash_document
from common.ledger.tiles import Tile, extend_tiles, prove, tree_root
from common.ledger.tree import inclusion_ranges, leaf_hash

ORIGIN = "log.example/contracts"
EVENT = "contract_registered"


@dataclass
class MemoryLog:
    """Entries about the documents {"n": 0}, {"n": 1}, ... under one key."""

    signer: SignerKey
    entries: list[bytes]
    tiles: dict[Tile, bytes]

    @property
    def size(self) -> int:
        return len(self.entries)

    def checkpoint(self) -> str:
        return sign_checkpoint(Checkpoint(ORIGIN, self.size, tree_root(self.size, self.tiles)), self.signer)

    def receipt(self, index: int) -> Receipt:
        return Receipt(
            log_origin=ORIGIN,
            id=f"entry-{index}",
            version=1,
            event=EVENT,
            document_hash=hash_document({"n": index}),
            salt=salt(index),
            leaf_index=index,
            tree_size=self.size,
            inclusion_proof=tuple(prove(inclusion_ranges(index, self.size), self.tiles)),
            checkpoint=self.checkpoint(),
        )


def salt(index: int) -> bytes:
    return index.to_bytes(32, "big")


def build_log(size: int) -> MemoryLog:
    entries = [
        Entry(f"entry-{n}", 1, EVENT, commit(salt(n), hash_document({"n": n}))).encode() for n in range(size)
    ]
    tiles = extend_tiles(0, {}, [leaf_hash(entry) for entry in entries])
    return MemoryLog(SignerKey.generate(ORIGIN), entries, tiles)


@pytest.fixture(scope="session")
def memory_log() -> MemoryLog:
    return build_log(300)


@pytest.fixture(scope="session")
def witness_key() -> SignerKey:
    return SignerKey.generate("witness.example/w1", Algorithm.COSIGNATURE)


@pytest.fixture(scope="session")
def fixed_time() -> datetime:
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
