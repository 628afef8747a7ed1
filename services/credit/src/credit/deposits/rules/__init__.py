"""The rules of the deposit and of liability cover.

All amounts are fen, all days Chinese days. Every answer brings the steps it was reckoned in, each with its
legal basis and how sure that is.
"""

from .clocks import (
    clean_clock,
    cover_gaps,
    deferral_for,
    first_due,
    halving_on,
    next_cover_change,
    top_up_due,
)
from .sums import balance_of, ended_by, met_on, required, secured, standing_entries
from .terms import (
    OPENING,
    Certificate,
    Clock,
    Demand,
    DemandCause,
    DueDay,
    Entry,
    EntryKind,
    Form,
    Gap,
    Harm,
    Instrument,
    InstrumentState,
    Penalty,
    Required,
    RiskClass,
    Secured,
    Step,
)

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
    "balance_of",
    "clean_clock",
    "cover_gaps",
    "deferral_for",
    "ended_by",
    "first_due",
    "halving_on",
    "met_on",
    "next_cover_change",
    "required",
    "secured",
    "standing_entries",
    "top_up_due",
]
