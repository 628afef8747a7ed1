"""The table, and how entries are chained without one lock for all.

One chain would hold every auditing transaction back until the one before it commits. There are `LANES`
chains instead. A writer takes a lane that nobody holds, with a transaction lock that PostgreSQL gives back at
commit or rollback; it waits only when all lanes are held, and there are more lanes than a service has
connections. Inside a lane entries are gapless from 1, and each hash covers the one before it:
SHA-256(previous hash || SHA-256(RFC 8785 of the entry)).

Should the table grow to need partitions, it is split by month of `recorded_at`, which then joins the primary
key; (lane, position) stays unique because positions are given under the lane's lock.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from common.db import UtcDateTime

__all__ = ["AUDIT", "LANES", "LOCK_SPACE", "TABLES"]

LANES = 64
LOCK_SPACE = 0x41554454  # "AUDT": the first half of the advisory lock's key, the lane being the second

AUDIT = Table(
    "audit",
    MetaData(),
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("department", Text),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("purpose", Text),
    Column("details", JSON, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint(f"lane >= 0 AND lane < {LANES}", name="lane"),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint("octet_length(hash) = 32", name="hash"),
    Index("ix_audit_target", "target", "recorded_at"),
    Index("ix_audit_actor", "actor", "recorded_at"),
    Index("ix_audit_recorded_at", "recorded_at"),
)
TABLES = (AUDIT,)
