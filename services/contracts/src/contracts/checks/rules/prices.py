"""The fee, and the watch over unreasonably low prices. A low price alone is an alert, never a refusal."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from common.money import format_yuan

from contracts.checks.rules.case import Case, Hit, spot
from contracts.policies import PriceParts, PriceReference

__all__ = [
    "against_reference",
    "cost_is_broken_down",
    "fee_is_stated",
    "guide_is_paid",
    "not_below_own_cost",
    "paid_extras_are_moderate",
    "price_ratio",
    "settlement_covers_reception",
    "shopping_is_moderate",
]

_STARS = {letter: number for number, letter in enumerate("一二三四五", start=1)} | {
    str(number): number for number in range(1, 6)
}


def fee_is_stated(case: Case) -> Iterator[Hit]:
    """条例 28(8), 旅游法 58(7)."""
    fees = case.document.fees
    if fees.total_fen == 0:
        yield Hit("fees.total_fen", "no_fee")
    if not fees.included:
        yield Hit("fees.included", "no_content")
    if case.blank(fees.payment_method):
        yield Hit("fees.payment_method", "method")


def not_below_own_cost(case: Case) -> Iterator[Hit]:
    """条例 27: the price covers the cost that the contract itself lists per adult."""
    fees = case.document.fees
    cost = sum(line.amount_fen for line in fees.cost_breakdown_per_adult)
    if fees.adult_count and cost > fees.adult_price_fen:
        values = {"price": format_yuan(fees.adult_price_fen), "cost": format_yuan(cost)}
        yield Hit("fees.adult_price_fen", "below_cost", values)


def stars(text: str | None) -> int | None:
    """The number of stars a text claims: 四星级, 准四星 and 4星 make 4."""
    for at, letter in enumerate(text or ""):
        if letter == "星" and at and text and text[at - 1] in _STARS:
            return _STARS[text[at - 1]]
    return None


def _applies(case: Case, reference: PriceReference) -> bool:
    """Whether a guide price is for such a trip: its places, length and season, and no better standard."""
    group = case.document.group
    route = " ".join([group.product_name, *group.transit_places, *group.destinations])
    months = case.book.terms.seasons.get(reference.season, [])
    if (
        group.days != reference.days
        or case.departs_on.month not in months
        or not all(place in route for place in reference.places)
    ):
        return False
    claimed = [stars(day.lodging.star_rating) for day in case.document.itinerary if day.lodging]
    best = max((found for found in claimed if found is not None), default=None)
    demanded = stars(reference.standard)
    return best is None or demanded is None or best >= demanded


def _sum_of_parts(case: Case, parts: PriceParts) -> int | None:
    """Cost of reception per adult in fen, or None if the trip leaves the places the parts are known for."""
    group = case.document.group
    ends = [group.departure_place, *group.destinations, group.end_place]
    if case.kind.leaves_mainland or not all(any(place in end for place in parts.places) for end in ends):
        return None
    total = 0
    for day in case.document.itinerary:
        if day.lodging is not None:
            star = stars(day.lodging.star_rating)
            total += parts.lodging_per_night.get(str(star), parts.lodging_unrated)
        total += parts.meal * sum(meal.included for meal in day.meals)
        total += parts.coach_per_day * any(leg.mode == "coach" for leg in day.transport)
        total += sum(sight.ticket_price_fen or 0 for sight in day.sights if sight.ticket_included)
    return total + parts.services_per_day * len(case.document.itinerary)


def _reference(case: Case) -> tuple[int, Decimal, str | None] | None:
    """What the adult price is measured by: fen, the ratio that is too low, the line if it is published."""
    for reference in case.book.references:
        if _applies(case, reference):
            return reference.per_person_fen, reference.low_threshold_ratio, reference.line
    for parts in case.book.parts:
        total = _sum_of_parts(case, parts)
        if total:
            return total, case.book.thresholds.low_price_ratio, None
    return None


def price_ratio(case: Case) -> Decimal | None:
    """The adult price over its reference, to four decimals, or None if there is nothing to measure by."""
    found = _reference(case)
    if found is None or not case.document.fees.adult_count:
        return None
    exact = Decimal(case.document.fees.adult_price_fen) / found[0]
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def against_reference(case: Case) -> Iterator[Hit]:
    """30 % or more below the guide price, or below the sum of parts where none is published."""
    found, ratio = _reference(case), price_ratio(case)
    if found is None or ratio is None:
        return
    reference, low, line = found
    price = case.document.fees.adult_price_fen
    if price <= low * reference:
        values: dict[str, object] = {
            "price": price,
            "reference": reference,
            "ratio": ratio,
            "percent": int(low * 100),
            "threshold": int(low * reference),
            "line": line or "",
        }
        yield Hit("fees.adult_price_fen", "published" if line else "parts", values)


def settlement_covers_reception(case: Case) -> Iterator[Hit]:
    """旅游法 69: what the organiser pays the ground agency covers lodging, meals, coach and tickets."""
    agencies = case.document.ground_agencies
    paid = [agency.settlement_price_per_person_fen for agency in agencies]
    for at, amount in enumerate(paid):
        if amount == 0:
            yield Hit(spot("ground_agencies", [at], "settlement_price_per_person_fen"), "zero")
    if not agencies or any(not amount for amount in paid):
        return
    settled = sum(amount for amount in paid if amount)
    ground = case.book.terms.ground_items
    cost = sum(line.amount_fen for line in case.document.fees.cost_breakdown_per_adult if line.item in ground)
    if settled < cost:
        path = spot("ground_agencies", range(len(paid)), "settlement_price_per_person_fen")
        yield Hit(path, "below", {"paid": format_yuan(settled), "cost": format_yuan(cost)})


def cost_is_broken_down(case: Case) -> Iterator[Hit]:
    """Without a breakdown nobody can show that the price is reasonable."""
    if not case.document.fees.cost_breakdown_per_adult:
        yield Hit("fees.cost_breakdown_per_adult", "missing")


def shopping_is_moderate(case: Case) -> Iterator[Hit]:
    """At most one stop in two days, and at most 90 minutes on any day."""
    stops, days = case.document.voluntary_shopping, case.document.group.days
    thresholds = case.book.thresholds
    per_day: dict[int, int] = {}
    for stop in stops:
        per_day[stop.day_no] = per_day.get(stop.day_no, 0) + stop.max_minutes
    if (
        len(stops) * thresholds.days_per_shopping_stop > days
        or max(per_day.values(), default=0) > thresholds.shopping_minutes_per_day
    ):
        values = {"days": days, "stops": len(stops), "minutes": sum(per_day.values())}
        yield Hit("voluntary_shopping", "too_much", values)


def paid_extras_are_moderate(case: Case) -> Iterator[Hit]:
    """Paid extras of more than half the adult price."""
    items, price = case.document.optional_paid_items, case.document.fees.adult_price_fen
    paid = sum(item.price_fen for item in items)
    if not price or paid <= case.book.thresholds.paid_extras_ratio * price:
        return
    compulsory = any(
        case.book.wording.compulsory.search(f"{item.item_name} {item.note or ''}") for item in items
    )
    percent = (Decimal(paid) * 100 / price).quantize(Decimal(1), ROUND_HALF_UP)
    yield Hit(
        spot("optional_paid_items", range(len(items))),
        "compulsory" if compulsory else "too_much",
        {"paid": paid, "percent": percent},
    )


def guide_is_paid(case: Case) -> Iterator[Hit]:
    """A guide who is paid nothing lives on shopping."""
    guide = case.document.guide
    if guide.guide_required and guide.guide_fee_per_person_fen == 0:
        yield Hit("guide.guide_fee_per_person_fen", "zero")
