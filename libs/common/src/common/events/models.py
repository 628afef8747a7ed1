"""The tables behind events. A service copies them into its metadata with `include(metadata, *TABLES)`.

- `outbox`: what this service has to say, written in the transaction that makes it true. It is the source of
  truth for replay, so published rows stay; `published_at IS NULL` marks the work left, and two partial
  indexes over only those rows keep the relay's questions cheap however long the history grows.
- `event_epoch`: at most one row. `epoch` rises with each restore, because a restored cluster starts its
  transaction ids low; `system_identifier` and `stream_created_at` tell a restore, or a lost stream.
- `inbox`: the events a consumer has taken, unique by its key. `handled_at` is null while one waits in
  `inbox_held`.
- `inbox_held`: events whose handler failed, and later ones of the same aggregate that wait behind them. A
  row is *retrying* (`next_attempt_at`), *waiting* (neither instant) or *parked* (`parked_at`).

Partitioning by month, when a database grows to need it: the ids are UUIDv7, whose first 48 bits are the
millisecond of making, so `outbox` is split by RANGE (id) and `inbox` by RANGE (event_id), a month being the
ids between two instants. Each is (part of) the primary key already, so uniqueness stays global without a
table of keys. `event_epoch` and `inbox_held` stay small and whole.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, base
from sqlalchemy.types import UserDefinedType

from common.db import UtcDateTime

__all__ = ["EPOCH", "HELD", "INBOX", "OUTBOX", "TABLES", "Xid8"]


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id. Compared and ordered as itself, never as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


# Reflection (Alembic's check) must know the type, or it warns.
base.ischema_names["xid8"] = Xid8

_metadata = MetaData()

OUTBOX = Table(
    "outbox",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("aggregate_version", BigInteger, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Index("ix_outbox_unpublished", "epoch", "xid", "seq", postgresql_where=text("published_at IS NULL")),
    Index(
        "ix_outbox_unpublished_aggregate",
        "aggregate_id",
        "seq",
        postgresql_where=text("published_at IS NULL"),
    ),
)

EPOCH = Table(
    "event_epoch",
    _metadata,
    Column("single", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", Integer, nullable=False),
    Column("system_identifier", BigInteger),
    Column("stream_created_at", UtcDateTime),
    Column("raised_at", UtcDateTime, nullable=False, server_default=text("now()")),
    CheckConstraint("single", name="single_row"),
)

INBOX = Table(
    "inbox",
    _metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("handled_at", UtcDateTime),
)

HELD = Table(
    "inbox_held",
    _metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(), nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("event", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("parked_at", UtcDateTime),
    Column("error", Text),
    Index("ix_inbox_held_aggregate", "consumer", "aggregate", "position"),
)

TABLES: tuple[Table, ...] = (OUTBOX, EPOCH, INBOX, HELD)
