"""What every use case of this service works with, put together once at start."""

from dataclasses import dataclass

from common.clock import Clock
from common.crypto import Keyring
from common.ledger import LogSigner

from credit.rulebook.rules import Rulebook

__all__ = ["Environment"]


@dataclass(frozen=True)
class Environment:
    """Time, keys, rules and the signer of the log."""

    clock: Clock
    keyring: Keyring
    rulebook: Rulebook
    log: LogSigner
