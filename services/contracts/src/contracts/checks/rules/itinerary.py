"""The itinerary: every day, its services with their standards, guide and leader, and plain words."""

from collections.abc import Iterator

from contracts.checks.rules.case import Case, Hit, clock_minutes, each, spot

__all__ = [
    "every_day_has_a_programme",
    "free_time_is_stated",
    "guide_fee_is_stated",
    "guide_holds_a_card",
    "leader_is_arranged",
    "no_vague_wording",
    "places_are_named",
    "services_have_a_standard",
    "sheet_is_attached",
    "sights_have_content_and_time",
    "smallest_group_is_agreed",
]


def _days(case: Case, at: list[int]) -> dict[str, object]:
    return {"days": each(case.document.itinerary[index].day_no for index in at)}


def every_day_has_a_programme(case: Case) -> Iterator[Hit]:
    """旅游法 58(2)."""
    for at, day in enumerate(case.document.itinerary):
        if not (day.transport or day.sights or day.free_time or day.entertainment):
            yield Hit(spot("itinerary", [at]), "empty_day", {"day": day.day_no})


def smallest_group_is_agreed(case: Case) -> Iterator[Hit]:
    """旅游法 58(3)."""
    group = case.document.group
    if not group.min_group_size:
        yield Hit("group.min_group_size", "missing")
    elif group.max_group_size is not None and group.max_group_size < group.min_group_size:
        values = {"least": group.min_group_size, "most": group.max_group_size}
        yield Hit("group.max_group_size", "contradiction", values)


def sheet_is_attached(case: Case) -> Iterator[Hit]:
    """旅游法 59: the itinerary sheet is part of the contract."""
    if all(attachment.kind != "itinerary_sheet" for attachment in case.document.attachments):
        yield Hit("attachments", "missing")


def guide_fee_is_stated(case: Case) -> Iterator[Hit]:
    """旅游法 60(3)."""
    guide = case.document.guide
    if guide.guide_required and guide.guide_fee_per_person_fen == 0:
        yield Hit("guide.guide_fee_per_person_fen", "zero")


def places_are_named(case: Case) -> Iterator[Hit]:
    """条例 28(4)."""
    group = case.document.group
    for name in ("departure_place", "end_place"):
        if case.blank(getattr(group, name)):
            yield Hit(f"group.{name}", "blank", {"field": name})
    for name in ("transit_places", "destinations"):
        blank = [at for at, place in enumerate(getattr(group, name)) if case.blank(place)]
        if blank:
            yield Hit(spot(f"group.{name}", blank), "blank", {"field": name})


def services_have_a_standard(case: Case) -> Iterator[Hit]:
    """条例 28(5), 旅游法 58(4): transport, lodging and meals, each with its standard."""
    plan = case.document.itinerary
    if not any(day.transport for day in plan):
        yield Hit("itinerary[*].transport", "transport")
    faults = {
        ("transport[*].class_standard", "transport_class"): [
            at for at, day in enumerate(plan) if any(case.blank(leg.class_standard) for leg in day.transport)
        ],
        ("lodging.star_rating", "lodging_standard"): [
            at
            for at, day in enumerate(plan)
            if day.lodging and case.blank(day.lodging.star_rating) and not day.lodging.non_star_facilities
        ],
        ("lodging.hotel_name", "lodging_name"): [
            at
            for at, day in enumerate(plan)
            if day.lodging and (case.blank(day.lodging.hotel_name) or case.blank(day.lodging.address))
        ],
        ("meals[*].standard_fen", "meal_standard"): [
            at
            for at, day in enumerate(plan)
            if any(meal.included and meal.standard_fen is None for meal in day.meals)
        ],
    }
    for (name, reason), at in faults.items():
        if at:
            yield Hit(spot("itinerary", at, name), reason, _days(case, at))


def sights_have_content_and_time(case: Case) -> Iterator[Hit]:
    """条例 28(6), 旅游法 58(5)."""
    plan = case.document.itinerary
    if not any(day.sights or day.entertainment for day in plan):
        yield Hit("itinerary[*].sights", "none")
    blank = [at for at, day in enumerate(plan) if any(case.blank(sight.name) for sight in day.sights)]
    if blank:
        yield Hit(spot("itinerary", blank, "sights[*].name"), "blank", _days(case, blank))
    unreadable = [
        at
        for at, day in enumerate(plan)
        if any(clock_minutes(item.start_time) is None for item in day.entertainment)
    ]
    if unreadable:
        path = spot("itinerary", unreadable, "entertainment[*].start_time")
        yield Hit(path, "time", _days(case, unreadable))


def free_time_is_stated(case: Case) -> Iterator[Hit]:
    """条例 28(7), 旅游法 58(6): free time with its beginning and end; it may cross midnight."""
    unreadable, wrong = [], []
    for at, day in enumerate(case.document.itinerary):
        for stretch in day.free_time:
            start, end = clock_minutes(stretch.start_time), clock_minutes(stretch.end_time)
            if start is None or end is None:
                unreadable.append(at)
            elif (end - start) % 1440 != stretch.minutes % 1440 or stretch.minutes == 0:
                wrong.append(at)
    for at_days, reason, name in (
        (unreadable, "unreadable", "free_time[*].start_time"),
        (wrong, "minutes", "free_time[*].minutes"),
    ):
        days = sorted(set(at_days))
        if days:
            yield Hit(spot("itinerary", days, name), reason, _days(case, days))


def leader_is_arranged(case: Case) -> Iterator[Hit]:
    """条例 30, 旅游法 36: a group that leaves the mainland has a leader."""
    guide = case.document.guide
    if not guide.leader_required:
        yield Hit("guide.leader_required", "not_arranged")
    elif case.blank(guide.leader_name):
        yield Hit("guide.leader_name", "unnamed")


def guide_holds_a_card(case: Case) -> Iterator[Hit]:
    """条例 31: a guide who is named is named with the card. Naming one later is allowed."""
    guide = case.document.guide
    if not case.blank(guide.guide_name) and case.blank(guide.guide_certificate_no):
        yield Hit("guide.guide_certificate_no", "certificate")


def no_vague_wording(case: Case) -> Iterator[Hit]:
    """示范文本 art. 2: no vague words for lodging, transport, meals and sights.

    One finding for the contract, at the first kind of text that uses such a word; the sentence lists all.
    """
    places: dict[str, list[int]] = {}
    words: list[str] = []
    for at, day in enumerate(case.document.itinerary):
        lodging = day.lodging
        texts: list[tuple[str, str | None]] = []
        if lodging is not None:
            texts += [
                ("lodging.star_rating", lodging.star_rating),
                ("lodging.hotel_name", lodging.hotel_name),
                ("lodging.address", lodging.address),
                ("lodging.room_type", lodging.room_type),
            ]
        texts += [("transport[*].class_standard", leg.class_standard) for leg in day.transport]
        texts += [("meals[*].place", meal.place) for meal in day.meals]
        texts += [("sights[*].name", sight.name) for sight in day.sights]
        for name, text in texts:
            found = [
                match[0] for pattern in case.book.wording.vague for match in pattern.finditer(text or "")
            ]
            if found:
                places.setdefault(name, []).append(at)
                words += found
    order = (
        "lodging.star_rating",
        "lodging.hotel_name",
        "lodging.address",
        "lodging.room_type",
        "transport[*].class_standard",
        "meals[*].place",
        "sights[*].name",
    )
    for name in order:
        if name in places:
            listed = "、".join(f"“{word}”" for word in dict.fromkeys(words))
            yield Hit(spot("itinerary", sorted(set(places[name])), name), "vague", {"words": listed})
