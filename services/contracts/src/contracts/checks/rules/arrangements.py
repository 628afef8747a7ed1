"""Shopping stops and paid extras: described in full, and agreed by each traveller before they begin."""

from collections.abc import Iterator, Sequence
from datetime import date

from common.clock import CHINA, china_date

from contracts.checks.rules.case import Case, Hit, clock_minutes, each, spot
from contracts.documents.trip import Arrangement

__all__ = ["agreed_by_each_traveller", "paid_extras_are_described", "shops_are_described"]


def _lists(case: Case) -> tuple[tuple[str, Sequence[Arrangement]], ...]:
    return (
        ("voluntary_shopping", case.document.voluntary_shopping),
        ("optional_paid_items", case.document.optional_paid_items),
    )


def agreed_by_each_traveller(case: Case) -> Iterator[Hit]:
    """旅游法 35: agreed with each traveller, before the activity, without disturbing those who declined.

    One finding for the contract: shopping before paid extras, a missing agreement before its faults.
    """
    everybody, busy = case.traveler_numbers, _busy(case)
    for array, items in _lists(case):
        faults: dict[tuple[str, str], list[int]] = {}
        for at, item in enumerate(items):
            agreed, declined = set(item.agreed_traveler_nos), set(item.declined_traveler_nos)
            if item.signed_at is None:
                faults.setdefault(("signed_at", "unsigned"), []).append(at)
            elif item.signed_at >= item.start_at:
                faults.setdefault(("signed_at", "late"), []).append(at)
            elif agreed & declined:
                faults.setdefault(("agreed_traveler_nos", "both"), []).append(at)
            elif agreed | declined != everybody:
                faults.setdefault(("agreed_traveler_nos", "incomplete"), []).append(at)
            elif _clashes(item, busy):
                faults.setdefault(("start_at", "clash"), []).append(at)
        for reason in ("unsigned", "late", "both", "incomplete", "clash"):
            for (name, found), at_items in faults.items():
                if found == reason:
                    values = {"items": each(at + 1 for at in at_items)}
                    yield Hit(spot(array, at_items, name), reason, values)


def _busy(case: Case) -> dict[date, tuple[int, int]]:
    """For each day two bit sets of minutes: when something departs, and when a show runs."""
    busy: dict[date, tuple[int, int]] = {}
    for day in case.document.itinerary:
        departures, shows = busy.get(day.date, (0, 0))
        for leg in day.transport:
            if (leaves := clock_minutes(leg.depart_time or "")) is not None:
                departures |= 1 << leaves
        for show in day.entertainment:
            if (opens := clock_minutes(show.start_time)) is not None:
                shows |= _span(opens, show.minutes)
        busy[day.date] = departures, shows
    return busy


def _span(begins: int, minutes: int) -> int:
    return ((1 << min(minutes, 1440)) - 1) << begins


def _clashes(item: Arrangement, busy: dict[date, tuple[int, int]]) -> bool:
    """Whether it runs over a departure or a show of the same day; whoever declined could not be in both."""
    start = item.start_at.astimezone(CHINA)
    departures, shows = busy.get(start.date(), (0, 0))
    begins = start.hour * 60 + start.minute
    return bool(
        departures & _span(begins + 1, item.max_minutes - 1) or shows & _span(begins, item.max_minutes)
    )


def _wrong_days(case: Case, items: Sequence[Arrangement]) -> list[int]:
    wrong = []
    for at, item in enumerate(items):
        on = china_date(item.start_at)
        if (on - case.departs_on).days + 1 != item.day_no or on > case.returns_on:
            wrong.append(at)
    return wrong


def shops_are_described(case: Case) -> Iterator[Hit]:
    """条例 28(9): name, place and goods of each shop, on a day of the trip."""
    stops = case.document.voluntary_shopping
    for name in ("shop_name", "place", "main_goods"):
        blank = [at for at, stop in enumerate(stops) if case.blank(getattr(stop, name))]
        if blank:
            values = {"items": each(at + 1 for at in blank)}
            yield Hit(spot("voluntary_shopping", blank, name), "blank", values)
    wrong = _wrong_days(case, stops)
    if wrong:
        yield Hit(spot("voluntary_shopping", wrong, "day_no"), "day", {"items": each(at + 1 for at in wrong)})


def paid_extras_are_described(case: Case) -> Iterator[Hit]:
    """条例 28(10): name, place and price of each paid extra, on a day of the trip."""
    items = case.document.optional_paid_items
    for name in ("item_name", "place"):
        blank = [at for at, item in enumerate(items) if case.blank(getattr(item, name))]
        if blank:
            values = {"items": each(at + 1 for at in blank)}
            yield Hit(spot("optional_paid_items", blank, name), "blank", values)
    free = [at for at, item in enumerate(items) if item.price_fen == 0]
    if free:
        values = {"items": each(at + 1 for at in free)}
        yield Hit(spot("optional_paid_items", free, "price_fen"), "price", values)
    wrong = _wrong_days(case, items)
    if wrong:
        values = {"items": each(at + 1 for at in wrong)}
        yield Hit(spot("optional_paid_items", wrong, "day_no"), "day", values)
