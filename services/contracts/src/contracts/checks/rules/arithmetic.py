"""Whether the figures of the document agree with one another."""

from collections.abc import Iterator
from datetime import timedelta

from common.money import format_yuan

from contracts.checks.rules.case import Case, Hit, each, spot

__all__ = ["figures_agree"]


def figures_agree(case: Case) -> Iterator[Hit]:
    """Total, heads and guide fee (in fen); days, nights and dates of the itinerary."""
    yield from _money(case)
    yield from _dates(case)


def _money(case: Case) -> Iterator[Hit]:
    fees, guide = case.document.fees, case.document.guide
    total = (
        fees.adult_price_fen * fees.adult_count
        + fees.child_price_fen * fees.child_count
        + sum(surcharge.amount_fen for surcharge in fees.surcharges)
        - sum(discount.amount_fen for discount in fees.discounts)
    )
    if total != fees.total_fen:
        yield Hit(
            "fees.total_fen",
            "total",
            {"stated": format_yuan(fees.total_fen), "computed": format_yuan(total)},
        )
    for name, kind, zh, stated in (
        ("adult_count", "adult", "成人", fees.adult_count),
        ("child_count", "child", "儿童", fees.child_count),
    ):
        listed = sum(traveler.traveler_kind == kind for traveler in case.document.travelers)
        if stated != listed:
            values = {"kind": zh, "kind_en": kind, "stated": stated, "listed": listed}
            yield Hit(f"fees.{name}", "heads", values)
    for array, entries in (("fees.surcharges", fees.surcharges), ("fees.discounts", fees.discounts)):
        for at, entry in enumerate(entries):
            unknown = sorted(set(entry.applies_to_traveler_nos) - case.traveler_numbers)
            if unknown:
                path = spot(array, [at], "applies_to_traveler_nos")
                yield Hit(path, "unknown_traveler", {"numbers": each(unknown)})
    computed = guide.guide_fee_per_person_fen * len(case.document.travelers)
    if guide.guide_fee_total_fen != computed:
        values = {"stated": format_yuan(guide.guide_fee_total_fen), "computed": format_yuan(computed)}
        yield Hit("guide.guide_fee_total_fen", "guide_total", values)


def _dates(case: Case) -> Iterator[Hit]:
    group, plan = case.document.group, case.document.itinerary
    if group.return_at <= group.departure_at:
        yield Hit("group.return_at", "order")
        return
    natural = (case.returns_on - case.departs_on).days + 1
    under_a_day = group.return_at - group.departure_at < timedelta(hours=24)
    if group.days != natural and not (under_a_day and group.days == 1):
        yield Hit("group.days", "days", {"stated": group.days, "computed": natural})
    elif group.days != len(plan):
        yield Hit("itinerary", "plan_days", {"stated": group.days, "computed": len(plan)})
    nights = sum(day.lodging is not None for day in plan)
    if group.nights != nights and case.kind.package:
        yield Hit("group.nights", "nights", {"stated": group.nights, "computed": nights})
    wrong = [
        at
        for at, day in enumerate(plan)
        if day.day_no != at + 1 or day.date != case.departs_on + timedelta(days=at)
    ]
    if wrong:
        yield Hit(spot("itinerary", wrong, "date"), "plan_dates", {"days": each(at + 1 for at in wrong)})
