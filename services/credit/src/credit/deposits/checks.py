"""Whether an entry of the deposit's history makes sense, and rows as rules see them."""

from collections.abc import Sequence
from datetime import date

from common.problems import InvalidPayload, Text

from .errors import DepositRefused
from .models import DepositDemand, DepositEntry
from .rules import OPENING, Demand, Entry, EntryKind, Form, balance_of, ended_by, standing_entries
from .schemas import EntryIn

__all__ = ["check_day", "check_entry", "demand_of", "entry_of"]

_FIRST_DAY = date(2000, 1, 1)
_TAKING = (EntryKind.USE, EntryKind.REFUND)


def check_day(pointer: str, day: date, today: date) -> None:
    """Refuse a day in the future or before 2000. Raises InvalidPayload."""
    if not _FIRST_DAY <= day <= today:
        raise InvalidPayload.at(
            pointer, Text("不得在将来，不得早于2000年", "Must lie between the year 2000 and today")
        )


def check_entry(
    wanted: EntryIn,
    entries: Sequence[Entry],
    demands: Sequence[DepositDemand],
    *,
    pilot: bool,
    deferrable: bool,
    most_fen: int,
) -> None:
    """Whether an entry makes sense by itself and beside what stands.

    `pilot` and `deferrable` say whether insurance was allowed there on its day, and whether the deferral it
    names held; `most_fen` how much may be paid at once.

    Raises:
        InvalidPayload: a field is missing, does not belong to this kind of entry, or names nothing; more is
            paid than may be.
        DepositRefused: it does not fit what stands.
    """
    kind = wanted.kind
    opening, paper = kind in OPENING, kind in OPENING and wanted.form is not Form.CASH
    takes = kind in _TAKING
    names = kind in (EntryKind.RELEASE, EntryKind.CONFIRMATION, EntryKind.VOID)
    _field("amount_fen", wanted.amount_fen > 0, opening or takes, opening or takes)
    if opening and wanted.amount_fen > most_fen:
        most = Text(
            f"一笔不得超过 {most_fen} 分（应存数额的规定倍数）",
            f"At most {most_fen} fen at once, a multiple of the sum required",
        )
        raise InvalidPayload.at("/amount_fen", most)
    replaces = kind is EntryKind.REPLACEMENT
    _field("refers_to", wanted.refers_to is not None, names, names or takes or replaces)
    _field("expires_on", wanted.expires_on is not None, paper, paper)
    _field("institution", wanted.institution is not None, paper, opening)
    _field("instrument_no", wanted.instrument_no is not None, paper, opening)
    _field("demand_id", wanted.demand_id is not None, kind is EntryKind.TOP_UP, kind is EntryKind.TOP_UP)
    _field("reason", wanted.reason is not None, kind is EntryKind.VOID, True)
    _field("deferral", wanted.deferral is not None, False, kind is EntryKind.REFUND)
    if wanted.expires_on is not None and wanted.expires_on < wanted.occurred_on:
        raise InvalidPayload.at("/expires_on", Text("不得早于发生日期", "Must not lie before the entry"))
    if wanted.form is not Form.CASH and not opening:
        raise InvalidPayload.at("/form", Text("由 refers_to 指明", "refers_to says which form it is"))
    if not deferrable:
        raise InvalidPayload.at("/deferral", Text("当日没有此项暂退规定", "No such deferral on that day"))
    if wanted.form is Form.INSURANCE and not pilot:
        raise DepositRefused(
            Text("该地区当日不是保险替代保证金试点", "No pilot allowed insurance there on that day")
        )
    if wanted.demand_id is not None:
        _check_demand(wanted, demands)
    if wanted.refers_to is not None:
        _check_target(wanted, entries)
    if replaces and wanted.refers_to is None:
        _check_cash(wanted, entries)
    if takes:
        counted = standing_entries(entries, wanted.occurred_on)
        if balance_of(counted, wanted.refers_to) < wanted.amount_fen:
            raise DepositRefused(Text("余额不足", "There is not that much left"))


def entry_of(row: DepositEntry) -> Entry:
    """A row of the history as rules see it."""
    return Entry(
        row.id,
        EntryKind(row.kind),
        row.occurred_on,
        row.amount_fen,
        Form(row.form),
        row.expires_on,
        row.refers_to,
        row.demand_id,
        row.deferral,
    )


def demand_of(row: DepositDemand) -> Demand:
    """A demand as rules see it."""
    return Demand(row.id, row.notified_on, row.amount_fen, row.met_on)


def _field(name: str, given: bool, needed: bool, allowed: bool) -> None:
    if needed and not given:
        raise InvalidPayload.at(f"/{name}", Text("此类记录须填写", "This kind of entry needs it"))
    if given and not allowed:
        raise InvalidPayload.at(f"/{name}", Text("此类记录不得填写", "This kind of entry has none"))


def _check_demand(wanted: EntryIn, demands: Sequence[DepositDemand]) -> None:
    demand = next((one for one in demands if one.id == wanted.demand_id), None)
    if demand is None:
        raise InvalidPayload.at("/demand_id", Text("没有此补足通知", "There is no such demand"))
    if demand.withdrawn_at is not None or demand.met_on is not None:
        raise DepositRefused(Text("该通知已补足或已撤回", "The demand is met or withdrawn"))
    if wanted.occurred_on < demand.notified_on:
        raise InvalidPayload.at("/occurred_on", Text("不得早于通知之日", "Must not lie before the notice"))


def _check_cash(wanted: EntryIn, entries: Sequence[Entry]) -> None:
    if balance_of(standing_entries(entries, wanted.occurred_on), None) == 0:
        raise InvalidPayload.at(
            "/refers_to", Text("须指明所替换的保函或保险", "Say which guarantee or insurance it replaces")
        )


def _check_target(wanted: EntryIn, entries: Sequence[Entry]) -> None:
    target = next((one for one in entries if one.id == wanted.refers_to), None)
    if target is None:
        raise InvalidPayload.at("/refers_to", Text("没有此记录", "There is no such entry"))
    if any(one.kind is EntryKind.VOID and one.refers_to == target.id for one in entries):
        raise DepositRefused(Text("该记录已作废", "The entry was taken back"))
    if wanted.kind is EntryKind.VOID:
        if target.kind is EntryKind.VOID:
            raise DepositRefused(Text("作废记录不得再作废", "What takes back is not taken back"))
        standing = standing_entries(entries, date.max)
        if any(one.kind in _TAKING and one.refers_to == target.id for one in standing):
            raise DepositRefused(
                Text("已有使用或退还，须先作废其记录", "Something was taken from it: take that back first")
            )
    elif target.kind not in OPENING or target.form is Form.CASH:
        raise InvalidPayload.at("/refers_to", Text("须为担保或保险记录", "Must be a guarantee or insurance"))
    elif (known_on := _needs_standing(wanted)) and ended_by(target, standing_entries(entries, known_on)):
        raise DepositRefused(Text("该保函或保险已解除或已被替换", "It was released or replaced before"))
    elif wanted.kind is EntryKind.CONFIRMATION and target.form is not Form.INSURANCE:
        raise InvalidPayload.at("/refers_to", Text("须为保险记录", "Must be an insurance"))


def _needs_standing(wanted: EntryIn) -> date | None:
    """The day by which nothing may have ended a guarantee or insurance for this entry of it.

    What was used or given back before its end may be entered late; it is replaced only once.
    """
    if wanted.kind is EntryKind.REPLACEMENT:
        return date.max
    return wanted.occurred_on if wanted.kind in _TAKING else None
