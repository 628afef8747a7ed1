"""Itinerary and arrangements."""

from .changes import PAID, Broken, days, one, stop
from .samples import domestic, outbound

TRIP: list[Broken] = [
    (
        "L58B",
        domestic,
        {"itinerary[2].transport": [], "itinerary[2].sights": []},
        one("L58B", "itinerary[2]"),
    ),
    ("L58C", domestic, {"group.min_group_size": None}, one("L58C", "group.min_group_size")),
    ("L58C", domestic, {"group.max_group_size": 15}, one("L58C", "group.max_group_size")),
    ("L59", domestic, {"attachments": []}, one("L59", "attachments")),
    (
        "L60C and P06 read the same figure",
        domestic,
        {"guide.guide_fee_per_person_fen": 0, "guide.guide_fee_total_fen": 0},
        {
            ("L60C", "error", "guide.guide_fee_per_person_fen"),
            ("P06", "alert", "guide.guide_fee_per_person_fen"),
        },
    ),
    ("R28D", domestic, {"group.departure_place": "待定"}, one("R28D", "group.departure_place")),
    ("R28D", domestic, {"group.destinations[1]": " "}, one("R28D", "group.destinations[1]")),
    (
        "R28E",
        domestic,
        {"itinerary": days(lambda day: day.update(transport=[]))},
        one("R28E", "itinerary[*].transport"),
    ),
    (
        "R28E",
        domestic,
        {"itinerary[0].transport[0].class_standard": "待定"},
        one("R28E", "itinerary[0].transport[*].class_standard"),
    ),
    (
        "R28E",
        domestic,
        {"itinerary[3].lodging.non_star_facilities": None},
        one("R28E", "itinerary[3].lodging.star_rating"),
    ),
    (
        "R28E",
        domestic,
        {"itinerary[0].lodging.hotel_name": "待定", "itinerary[1].lodging.address": "待定"},
        one("R28E", "itinerary[*].lodging.hotel_name"),
    ),
    (
        "R28E",
        domestic,
        {"itinerary[1].meals[0].standard_fen": None},
        one("R28E", "itinerary[1].meals[*].standard_fen"),
    ),
    (
        "R28F",
        domestic,
        {"itinerary": days(lambda day: day.update(sights=[]))},
        one("R28F", "itinerary[*].sights"),
    ),
    ("R28F", domestic, {"itinerary[0].sights[0].name": " "}, one("R28F", "itinerary[0].sights[*].name")),
    (
        "R28F",
        domestic,
        {
            "itinerary[0].entertainment": [
                {"name": "演出", "place": "太原", "start_time": "晚上", "minutes": 60}
            ]
        },
        one("R28F", "itinerary[0].entertainment[*].start_time"),
    ),
    (
        "R28G",
        domestic,
        {"itinerary[0].free_time[0].minutes": 91},
        one("R28G", "itinerary[0].free_time[*].minutes"),
    ),
    (
        "R28G",
        domestic,
        {"itinerary[0].free_time[0].end_time": "傍晚"},
        one("R28G", "itinerary[0].free_time[*].start_time"),
    ),
    ("R30", outbound, {"guide.leader_required": False}, one("R30", "guide.leader_required")),
    ("R30", outbound, {"guide.leader_name": None}, one("R30", "guide.leader_name")),
    ("R31", domestic, {"guide.guide_certificate_no": None}, one("R31", "guide.guide_certificate_no")),
    (
        "T02",
        domestic,
        {"itinerary[0].lodging.star_rating": "准四星"},
        one("T02", "itinerary[0].lodging.star_rating"),
    ),
    (
        "T02",
        domestic,
        {"itinerary[1].sights[0].name": "五台山（以实际安排为准）"},
        one("T02", "itinerary[1].sights[*].name"),
    ),
    ("L35", domestic, {f"{PAID}.signed_at": None}, one("L35", f"{PAID}.signed_at")),
    ("L35", domestic, {f"{PAID}.signed_at": "2026-12-15T19:30:00+08:00"}, one("L35", f"{PAID}.signed_at")),
    ("L35", domestic, {f"{PAID}.declined_traveler_nos": [3]}, one("L35", f"{PAID}.agreed_traveler_nos")),
    (
        "L35",
        domestic,
        {f"{PAID}.declined_traveler_nos": [2, 3, 4]},
        one("L35", f"{PAID}.agreed_traveler_nos"),
    ),
    (
        "L35",
        domestic,
        {"voluntary_shopping": [stop(1, signed_at=None)]},
        one("L35", "voluntary_shopping[0].signed_at"),
    ),
    (
        "L35",
        domestic,
        {"voluntary_shopping": [stop(2, start_at="2026-12-13T07:30:00+08:00")]},
        one("L35", "voluntary_shopping[0].start_at", "alert"),
    ),
    (
        "L35",
        domestic,
        {
            "itinerary[1].entertainment": [
                {"name": "演出", "place": "台怀镇", "start_time": "15:30", "minutes": 30}
            ],
            "voluntary_shopping": [stop(2)],
        },
        one("L35", "voluntary_shopping[0].start_at", "alert"),
    ),
    (
        "R28I",
        domestic,
        {"voluntary_shopping": [stop(1, shop_name="待定")]},
        one("R28I", "voluntary_shopping[0].shop_name"),
    ),
    (
        "R28I",
        domestic,
        {"voluntary_shopping": [stop(1, day_no=2)]},
        one("R28I", "voluntary_shopping[0].day_no"),
    ),
    ("R28J", domestic, {f"{PAID}.price_fen": 0}, one("R28J", f"{PAID}.price_fen")),
    ("R28J", domestic, {f"{PAID}.item_name": "待定"}, one("R28J", f"{PAID}.item_name")),
    ("R28J", domestic, {f"{PAID}.day_no": 3}, one("R28J", f"{PAID}.day_no")),
]
