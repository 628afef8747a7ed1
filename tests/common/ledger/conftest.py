"""A small log in memory, written through the product's pure functions only; and a real one in PostgreSQL."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from common.crypto import Keyring, generate_keyring
from common.db import Database
from common.ledger.checkpoint import Checkpoint, sign_checkpoint
from common.ledger.entries import Entry, commit
from common.ledger.models import TABLES
from common.ledger.note import Algorithm, SignerKey
from common.ledger.receipt import Receipt
from common.ledger.signer import LogSigner, create_log_key
from common.ledger.store import append
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


@dataclass
class StoredLog:
    """A log in a database of its own, with its signer."""

    url: str
    database: Database
    signer: LogSigner

    async def append(self, number: int, *, version: int = 1, now: datetime | None = None):
        """Append the document {"n": number} as entry-{number}, in a transaction of its own."""
        async with self.database.session() as session:
            return await append(
                session,
                log=self.signer,
                id=f"entry-{number}",
                version=version,
                event=EVENT,
                document_hash=hash_document({"n": number}),
                now=now or datetime.now(UTC),
            )


SERIAL = itertools.count()


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 10) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
async def log_template(postgres) -> str:
    """The name of a database with the log's tables, to copy from."""
    url = postgres.create_database("ledger_template")
    database = Database(url)
    async with database.engine.begin() as connection:
        for table in TABLES:
            await connection.run_sync(table.create)
    await database.dispose()
    return url.rsplit("/", 1)[-1]


@pytest.fixture
async def stored_log(postgres, log_template, tmp_path) -> AsyncIterator[StoredLog]:
    name = f"ledger_{next(SERIAL)}"
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{log_template}"')
    url = postgres.url(name)
    create_log_key(tmp_path / "log.key", ORIGIN)
    signer = LogSigner(ORIGIN, tmp_path / "log.key", Keyring(generate_keyring()))
    database = Database(url)
    yield StoredLog(url, database, signer)
    await database.dispose()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def witness_files(tmp_path) -> Path:
    """A folder for the witness's key, memory and list of logs."""
    home = tmp_path / "witness"
    home.mkdir()
    return home
