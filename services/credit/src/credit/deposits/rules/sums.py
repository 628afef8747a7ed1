"""What an agency has to deposit, and what secures it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from uuid import UUID

from common.problems import Text

from credit.deposits.policy import Amount, DepositPolicy

from .terms import OPENING, Entry, EntryKind, Form, Instrument, InstrumentState, Required, Secured, Step

__all__ = [
    "balance_of",
    "ended_by",
    "met_on",
    "required",
    "secured",
    "standing_entries",
]

_OUTBOUND = "outbound"


def required(
    policy: DepositPolicy,
    scope: Iterable[str],
    branches: Iterable[tuple[str, Iterable[str]]],
    *,
    halved: bool,
) -> Required:
    """What an agency with this scope and these branches (name, scope) has to deposit, step by step.

    Every agency sells domestic or inbound travel at least (条例 Art. 13), so the base is always due. The
    halving takes the whole sum, additions for branches and outbound business included.
    """
    steps = [_amount("base", policy.base, Text("国内和入境旅游业务", "Domestic and inbound business"))]
    if _OUTBOUND in set(scope):
        steps.append(_amount("outbound", policy.outbound, Text("出境旅游业务", "Outbound business")))
    for name, branch_scope in branches:
        code, amount = _branch(policy, frozenset(branch_scope))
        steps.append(_amount(code, amount, Text(f"分社：{name}", f"Branch: {name}")))
    full = sum(step.amount_fen for step in steps)
    fen = full
    if halved:
        fen = full * (100 - policy.halving.percent) // 100
        reason = Text("凭主管部门凭证降低数额", "Lowered on the authority's certificate")
        basis = policy.halving.legal_basis
        steps.append(Step("halving", fen - full, reason, basis, policy.halving.status))
    return Required(tuple(steps), full, fen)


def standing_entries(entries: Iterable[Entry], on: date) -> list[Entry]:
    """The entries that count on a day, in order: made by then and not taken back."""
    kept = list(entries)
    voided = {entry.refers_to for entry in kept if entry.kind is EntryKind.VOID}
    counted = [
        entry
        for entry in kept
        if entry.kind is not EntryKind.VOID and entry.id not in voided and entry.occurred_on <= on
    ]
    return sorted(counted, key=lambda entry: (entry.occurred_on, entry.id))


def secured(entries: Iterable[Entry], on: date, pilot: Callable[[date], bool]) -> Secured:
    """What secures the deposit on a day. `pilot` says whether insurance was allowed there on a day.

    A guarantee or insurance that has expired, was released or was replaced secures nothing, nor does an
    insurance that its insurer has not confirmed.
    """
    counted = standing_entries(entries, on)
    found = [
        Instrument(None, Form.CASH, balance_of(counted, None), InstrumentState.VALID, None),
        *(
            Instrument(
                entry.id,
                entry.form,
                balance_of(counted, entry.id),
                _state(entry, counted, on, pilot),
                entry.expires_on,
            )
            for entry in counted
            if entry.kind in OPENING and entry.form is not Form.CASH
        ),
    ]
    return Secured(tuple(found), sum(one.secures_fen for one in found))


def balance_of(counted: Sequence[Entry], instrument: UUID | None) -> int:
    """What is left of an instrument, or of the cash when None, after what was used or given back."""
    if instrument is None:
        brought = sum(e.amount_fen for e in counted if e.kind in OPENING and e.form is Form.CASH)
    else:
        brought = sum(e.amount_fen for e in counted if e.id == instrument)
    takes = (EntryKind.USE, EntryKind.REFUND)
    taken = sum(e.amount_fen for e in counted if e.kind in takes and e.refers_to == instrument)
    return max(0, brought - taken)


def ended_by(entry: Entry, counted: Sequence[Entry]) -> Entry | None:
    """The line that ended a guarantee or insurance: its release, or what stands in its place.

    An insurance takes the place of another from its confirmation on, so there is no gap between them.
    """
    for one in counted:
        if one.refers_to != entry.id:
            continue
        if one.kind is EntryKind.RELEASE:
            return one
        if one.kind is EntryKind.REPLACEMENT and (
            one.form is not Form.INSURANCE or _confirmed_on(one, counted) is not None
        ):
            return one
    return None


def met_on(demand_id: UUID, amount_fen: int, entries: Iterable[Entry], on: date) -> date | None:
    """The day by which a demanded top-up was paid in full; an insurance counts from its confirmation."""
    counted = standing_entries(entries, on)
    paid = []
    for entry in counted:
        if entry.kind is not EntryKind.TOP_UP or entry.demand_id != demand_id:
            continue
        day: date | None = entry.occurred_on
        if entry.form is Form.INSURANCE:
            day = _confirmed_on(entry, counted)
        if day is not None:
            paid.append((day, entry.amount_fen))
    total = 0
    for day, fen in sorted(paid):
        total += fen
        if total >= amount_fen:
            return day
    return None


def _amount(code: str, amount: Amount, reason: Text) -> Step:
    return Step(code, amount.fen, reason, amount.legal_basis, amount.status)


def _branch(policy: DepositPolicy, scope: frozenset[str]) -> tuple[str, Amount]:
    if _OUTBOUND not in scope:
        return "branch_domestic", policy.branch_domestic
    if scope == {_OUTBOUND}:
        return "branch_outbound", policy.branch_outbound
    return "branch_both", policy.branch_both


def _state(
    entry: Entry, counted: Sequence[Entry], on: date, pilot: Callable[[date], bool]
) -> InstrumentState:
    if (end := ended_by(entry, counted)) is not None:
        released = end.kind is EntryKind.RELEASE
        return InstrumentState.RELEASED if released else InstrumentState.REPLACED
    if entry.expires_on is not None and entry.expires_on < on:
        return InstrumentState.EXPIRED
    if entry.form is Form.INSURANCE:
        if not pilot(entry.occurred_on):
            return InstrumentState.NO_PILOT
        if _confirmed_on(entry, counted) is None:
            return InstrumentState.UNCONFIRMED
    return InstrumentState.VALID


def _confirmed_on(entry: Entry, counted: Sequence[Entry]) -> date | None:
    confirmed = [
        e.occurred_on for e in counted if e.kind is EntryKind.CONFIRMATION and e.refers_to == entry.id
    ]
    return max(min(confirmed), entry.occurred_on) if confirmed else None
