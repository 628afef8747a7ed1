"""Who did what, and who saw whose data: append-only, hash-chained, in the transaction of the act itself.

A service copies the table with `include(metadata, *TABLES)` and makes it append-only in its migration with
`append_only_ddl`. Entries carry codes and ids, never personal data.
"""

from .append_only import append_only_ddl, drop_append_only_ddl
from .chain import ChainReport, Head, heads, verify_chain
from .records import record, record_reveal
from .table import AUDIT, LANES, TABLES

__all__ = [
    "AUDIT",
    "LANES",
    "TABLES",
    "ChainReport",
    "Head",
    "append_only_ddl",
    "drop_append_only_ddl",
    "heads",
    "record",
    "record_reveal",
    "verify_chain",
]
