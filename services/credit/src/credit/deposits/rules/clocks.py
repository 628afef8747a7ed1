"""When a payment or a top-up is due, when the amount may be halved, and which days lack cover."""

from collections.abc import Iterable
from datetime import date, timedelta

from common.calendar import add_months, add_working_days
from common.problems import Text

from credit.deposits.policy import DepositOverlay, DepositPolicy

from .sums import standing_entries
from .terms import Certificate, Clock, Demand, DemandCause, DueDay, Entry, EntryKind, Gap, Step

__all__ = [
    "clean_clock",
    "cover_gaps",
    "deferral_for",
    "first_due",
    "halving_on",
    "next_cover_change",
    "top_up_due",
]

_DAY = timedelta(days=1)


def halving_on(certificates: Iterable[Certificate], broken: Iterable[date], on: date) -> Certificate | None:
    """The certificate that lowers the amount on a day: a fine or worse after it has ended it."""
    begun = [one for one in certificates if one.effective_on <= on]
    if not begun:
        return None
    last = max(begun, key=lambda one: (one.effective_on, one.id))
    return None if any(last.effective_on < day <= on for day in broken) else last


def clean_clock(
    months: int, entries: Iterable[Entry], demands: Iterable[Demand], broken: Iterable[date], on: date
) -> Clock:
    """Since when the clean years run on a day, and the first day after them.

    They run from the latest of payment, top-up and last fine or worse; an addition or another form does not
    start them again. While a demanded top-up is unpaid, nothing runs.
    """
    counted = standing_entries(entries, on)
    asked = [one for one in demands if one.notified_on <= on]
    starts = [(e.occurred_on, "payment") for e in counted if e.kind is EntryKind.PAYMENT]
    if not starts:
        return Clock(None, "nothing_paid", None)
    if any(one.met_on is None or one.met_on > on for one in asked):
        return Clock(None, "top_up_open", None)
    starts += [(one.met_on, "top_up") for one in asked if one.met_on is not None]
    starts += [(day, "penalty") for day in broken if day <= on]
    since, because = max(starts)
    return Clock(since, because, add_months(since, months) + _DAY)


def top_up_due(
    policy: DepositPolicy,
    overlays: Iterable[DepositOverlay],
    cause: DemandCause,
    notified_on: date,
) -> DueDay:
    """The last day of a demanded top-up: working days from the notice, or later where an overlay says so."""
    laid = list(overlays)
    days, basis, status = policy.top_up.working_days, policy.top_up.legal_basis, policy.top_up.status
    for overlay in laid:
        if overlay.kind == "longer_top_up" and (overlay.working_days or 0) > days:
            days, basis, status = overlay.working_days or 0, overlay.legal_basis, overlay.status
    counted = add_working_days(notified_on, days)
    reason = Text(f"自通知之日起{days}个工作日", f"{days} working days from the notice")
    steps = [Step("top_up", 0, reason, basis, status)]
    due = counted.due_on
    provisional = counted.provisional
    for overlay in laid:
        if cause is DemandCause.DEFERRAL_ENDED and overlay.refunded and overlay.until and overlay.until > due:
            due, provisional = overlay.until, False
            steps.append(_deferred(overlay))
    return DueDay(due, provisional, tuple(steps))


def first_due(policy: DepositPolicy, overlays: Iterable[DepositOverlay], licensed_on: date) -> DueDay:
    """The last day of the first payment after the licence, or later where a deferral covers that licence."""
    counted = add_working_days(licensed_on, policy.first_payment.working_days)
    days = policy.first_payment.working_days
    reason = Text(f"自取得许可证之日起{days}个工作日", f"{days} working days from the licence")
    steps = [Step("first_payment", 0, reason, policy.first_payment.legal_basis, policy.first_payment.status)]
    due, provisional = counted.due_on, counted.provisional
    for overlay in overlays:
        covered = overlay.licensed_from is not None and overlay.licensed_from <= licensed_on
        if covered and overlay.until is not None and overlay.until > due:
            due, provisional = overlay.until, False
            steps.append(_deferred(overlay))
    return DueDay(due, provisional, tuple(steps))


def deferral_for(overlays: Iterable[DepositOverlay], overlay_id: str) -> DepositOverlay | None:
    """The deferral of that id under which a deposit can be given back."""
    return next((one for one in overlays if one.id == overlay_id and one.refunded), None)


def cover_gaps(covers: Iterable[tuple[date, date]], today: date, none_by: Iterable[date] = ()) -> list[Gap]:
    """The days without cover up to today, in order.

    `covers` are first and last day of each policy, both inside. Before the first policy nothing is known, so
    nothing is said, unless the agency was found without: `none_by` are the last days for showing a policy.
    Behind the earliest of them cover is missing until the first policy.
    """
    gaps: list[Gap] = []
    begun = sorted(cover for cover in covers if cover[0] <= min(today, cover[1]))
    covered_to = min(none_by, default=None)
    if covered_to is not None and any(first <= covered_to for first, _ in begun):
        covered_to = None
    for first, last in begun:
        if covered_to is not None and first > covered_to + _DAY:
            gaps.append(Gap(covered_to + _DAY, first - _DAY))
        covered_to = last if covered_to is None else max(covered_to, last)
    if covered_to is not None and covered_to < today:
        gaps.append(Gap(covered_to + _DAY, None))
    return gaps


def next_cover_change(
    covers: Iterable[tuple[date, date]], today: date, none_by: Iterable[date] = ()
) -> date | None:
    """The next day on which cover begins or is missing, with nothing new recorded; None when never again."""
    spans = sorted(cover for cover in covers if cover[0] <= cover[1])
    held = max((last for first, last in spans if first <= today <= last), default=None)
    if held is None:
        missing = [] if any(first <= today for first, _ in spans) else [day + _DAY for day in none_by]
        coming = [*(first for first, _ in spans), *missing]
        return min((day for day in coming if day > today), default=None)
    for first, last in spans:
        if first <= held + _DAY:
            held = max(held, last)
    return held + _DAY


def _deferred(overlay: DepositOverlay) -> Step:
    until = overlay.until.isoformat() if overlay.until else ""
    reason = Text(f"暂退、缓交期限至 {until}", f"Deferred until {until}")
    return Step(overlay.id, 0, reason, overlay.legal_basis, overlay.status)
