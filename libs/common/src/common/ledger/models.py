"""The tables of a log, defined once; a service copies them into its metadata: `include(metadata, *TABLES)`.

Growth and keys. `ledger_leaves` grows for ever and is read by index only: its key is the leaf index, which
rises with time, so it can be partitioned by range of index, each partition being a span of time.
`ledger_tiles` is a 256th of it. `ledger_promises` is keyed by `(id, version)`, the uniqueness that makes
appending idempotent; it holds what can be erased (salt, document hash, the way from a row to its leaf) and
can be partitioned by hash of the id. `ledger_queue` is emptied within a second and stays small.
`ledger_checkpoints` and `ledger_cosignatures` are keyed by tree size, which rises with time like the index.
No table refers to another by foreign key: a log never deletes what it published, and erasing must not
cascade.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from common.db import UtcDateTime

__all__ = ["TABLES", "checkpoints", "cosignatures", "keys", "leaves", "promises", "queue", "tiles"]

_metadata = MetaData()

promises = Table(
    "ledger_promises",
    _metadata,
    Column("id", String(255), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("event", String(64), nullable=False),
    Column("document_hash", LargeBinary, nullable=False),
    Column("salt", Text, nullable=False, comment="encrypted by the keyring"),
    Column("commitment", LargeBinary, nullable=False),
    Column("include_by", UtcDateTime, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("leaf_index", BigInteger, comment="null until sequenced"),
)

queue = Table(
    "ledger_queue",
    _metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", String(255), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("event", String(64), nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("include_by", UtcDateTime, nullable=False),
)

leaves = Table(
    "ledger_leaves",
    _metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    CheckConstraint("leaf_index >= 0", name="leaf_index_not_negative"),
)

tiles = Table(
    "ledger_tiles",
    _metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False, comment="up to 256 hashes of 32 bytes"),
    CheckConstraint(
        "octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0", name="whole_hashes"
    ),
)

checkpoints = Table(
    "ledger_checkpoints",
    _metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False, comment="signed by the log's key alone"),
    Column("signed_at", UtcDateTime, nullable=False),
)

cosignatures = Table(
    "ledger_cosignatures",
    _metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("witness", String(255), primary_key=True),
    Column("line", Text, nullable=False),
    Column("cosigned_at", UtcDateTime, nullable=False, comment="by the witness's clock"),
)

keys = Table(
    "ledger_keys",
    _metadata,
    Column("key", Text, primary_key=True, comment="verifier key"),
    Column("first_size", BigInteger, nullable=False, comment="signs trees from this size"),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("announced_size", BigInteger, comment="tree whose last leaf announces this key"),
    Index("ix_ledger_keys_first_size", "first_size", unique=True),
)

TABLES = (promises, queue, leaves, tiles, checkpoints, cosignatures, keys)
