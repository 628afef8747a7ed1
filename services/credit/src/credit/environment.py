"""What every use case of this service works with, put together once at start."""

from dataclasses import dataclass, field

from common.clock import Clock
from common.crypto import Keyring
from common.ledger import LogSigner

from credit.rulebook.rules import Rulebook
from credit.scorecards.shelf import CardShelf
from credit.warnings.rules import RuleShelf

__all__ = ["Environment"]


@dataclass(frozen=True)
class Environment:
    """Time, keys, rules, the signer of the log, and the cards and warning rules last read."""

    clock: Clock
    keyring: Keyring
    rulebook: Rulebook
    log: LogSigner
    shelf: CardShelf = field(default_factory=CardShelf, compare=False)
    warning_rules: RuleShelf = field(default_factory=RuleShelf, compare=False)
