"""The index by which the outbox is read in the order of its transactions."""

from sqlalchemy import Index, MetaData

__all__ = ["index_outbox"]

_NAME = "ix_outbox_order"


def index_outbox(metadata: MetaData) -> None:
    """Add the index of the feed of changes to this service's outbox; others have no such feed."""
    outbox = metadata.tables["outbox"]
    if all(index.name != _NAME for index in outbox.indexes):
        Index(_NAME, outbox.c.epoch, outbox.c.xid, outbox.c.seq)
