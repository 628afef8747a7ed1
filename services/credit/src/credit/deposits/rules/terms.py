"""The words of the deposit: forms, entries, demands, and what a reckoning consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.problems import Text

__all__ = [
    "OPENING",
    "Certificate",
    "Clock",
    "Demand",
    "DemandCause",
    "DueDay",
    "Entry",
    "EntryKind",
    "Form",
    "Gap",
    "Harm",
    "Instrument",
    "InstrumentState",
    "Penalty",
    "Required",
    "RiskClass",
    "Secured",
    "Step",
]


class Form(StrEnum):
    """In what a deposit stands."""

    CASH = "cash"
    GUARANTEE = "guarantee"
    INSURANCE = "insurance"


class EntryKind(StrEnum):
    """What an entry does to the deposit.

    `payment` is the first one, `addition` what a branch or outbound business adds, `replacement` another form
    in place of one that stood and that ends by it (cash by its own `refund`), `top_up` answers a demand;
    `void` takes back a wrong entry.
    """

    PAYMENT = "payment"
    ADDITION = "addition"
    REPLACEMENT = "replacement"
    TOP_UP = "top_up"
    USE = "use"
    REFUND = "refund"
    RELEASE = "release"
    CONFIRMATION = "confirmation"
    VOID = "void"


OPENING = frozenset({EntryKind.PAYMENT, EntryKind.ADDITION, EntryKind.REPLACEMENT, EntryKind.TOP_UP})
"""The entries that bring money, a guarantee or an insurance."""


class DemandCause(StrEnum):
    """Why a top-up is demanded."""

    COMPENSATION_USED = "compensation_used"
    FINED_AFTER_HALVING = "fined_after_halving"
    DEFERRAL_ENDED = "deferral_ended"
    SHORTFALL = "shortfall"


class RiskClass(StrEnum):
    """The market regulator's forecast of the risk of breaking the law: low, ordinary, higher, high."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class InstrumentState(StrEnum):
    """Whether a guarantee or an insurance secures anything on a day, and if not, why."""

    VALID = "valid"
    EXPIRED = "expired"
    UNCONFIRMED = "unconfirmed"
    RELEASED = "released"
    REPLACED = "replaced"
    NO_PILOT = "no_pilot"


class Harm(StrEnum):
    """Whether a penalty was for harming tourists, as its record says."""

    TOURISTS = "tourists"
    OTHERS = "others"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Penalty:
    """A fine or worse that stands against an agency."""

    fact_id: UUID
    code: str
    occurred_on: date
    harmed_tourists: bool | None

    @property
    def harm(self) -> Harm:
        """Whom it was about."""
        if self.harmed_tourists is None:
            return Harm.NOT_STATED
        return Harm.TOURISTS if self.harmed_tourists else Harm.OTHERS

    @property
    def counts(self) -> bool:
        """Whether it ends the clean years (Art. 17): what does not say whom it was about counts."""
        return self.harm is not Harm.OTHERS


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the deposit's history. `refers_to` is the opening entry it acts on."""

    id: UUID
    kind: EntryKind
    occurred_on: date
    amount_fen: int = 0
    form: Form = Form.CASH
    expires_on: date | None = None
    refers_to: UUID | None = None
    demand_id: UUID | None = None
    deferral: str | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """A demanded top-up as rules see it; `met_on` is the day it was paid in full."""

    id: UUID
    notified_on: date
    amount_fen: int
    met_on: date | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The authority's certificate that the amount is lowered from a day."""

    id: UUID
    effective_on: date


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reckoning."""

    code: str
    amount_fen: int
    reason: Text
    legal_basis: Sequence[str]
    status: str

    def document(self) -> dict[str, Any]:
        """The step as it is stored with what was decided by it."""
        return {
            "code": self.code,
            "amount_fen": self.amount_fen,
            "reason": {"zh": self.reason.zh, "en": self.reason.en},
            "legal_basis": list(self.legal_basis),
            "status": self.status,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Step":
        """A stored step."""
        return cls(**{**stored, "reason": Text(**stored["reason"])})


@dataclass(frozen=True, slots=True)
class Required:
    """What has to be deposited: in full, and after a halving."""

    steps: tuple[Step, ...]
    full_fen: int
    fen: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """Cash together, or one guarantee or insurance: what is left of it, and whether that secures."""

    entry_id: UUID | None
    form: Form
    balance_fen: int
    state: InstrumentState
    expires_on: date | None

    @property
    def secures_fen(self) -> int:
        """What it secures."""
        return self.balance_fen if self.state is InstrumentState.VALID else 0


@dataclass(frozen=True, slots=True)
class Secured:
    """Everything that was deposited, and what of it secures."""

    instruments: tuple[Instrument, ...]
    fen: int


@dataclass(frozen=True, slots=True)
class DueDay:
    """The last day to pay, how it was counted, and by which rules."""

    due_on: date
    provisional: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """The clean years: since when they run and for what, and the first day on which halving may be asked.

    `eligible_on` is None while nothing has been paid or a demanded top-up is open.
    """

    since: date | None
    because: str
    eligible_on: date | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without cover, both inside; `last` None: still."""

    first: date
    last: date | None
