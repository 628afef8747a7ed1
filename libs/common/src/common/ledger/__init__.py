"""The transparency log: what is registered is committed to in public, and can be proven without us.

`tree`, `note`, `checkpoint`, `tiles`, `entries`, `receipt`, `walk` and `verify` are pure; `store`,
`sequencing`, `sequencer`, `cosigner` and `part` keep a log in PostgreSQL; `witness` is the memory of a
witness. Names are loaded when first used, so the offline verifiers need neither database nor web.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.ledger.models import TABLES
    from common.ledger.part import ledger_part
    from common.ledger.signer import LogSigner
    from common.ledger.store import (
        NewEntry,
        append,
        append_many,
        erase,
        find_leaf,
        first_checkpoint,
        get_receipt,
        rotate,
    )

__all__ = [
    "TABLES",
    "LogSigner",
    "NewEntry",
    "append",
    "append_many",
    "erase",
    "find_leaf",
    "first_checkpoint",
    "get_receipt",
    "ledger_part",
    "rotate",
]

_HOME = dict.fromkeys(__all__, "store") | {"TABLES": "models", "LogSigner": "signer", "ledger_part": "part"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
