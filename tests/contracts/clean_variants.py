"""Clean variants, in which no rule finds anything."""

from collections.abc import Callable
from datetime import date
from typing import Any

from contracts.synthetic import resident_number

from .changes import PAID, SELLER, Expected, stop, without_consent
from .samples import ABSENT, domestic

CROSS_BORDER: Expected = {("C06", "info", "consents")}

CLEAN: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
    (
        "no ground agency",
        domestic,
        {"ground_agencies": [], "consents": without_consent("share_with_ground_agency")},
    ),
    ("a selling agency", domestic, {"selling_agent": SELLER}),
    ("policy ends on the last day", domestic, {"agency.liability_insurance.valid_to": "2026-12-16"}),
    ("policy begins on the first day", domestic, {"agency.liability_insurance.valid_from": "2026-12-12"}),
    ("the lowest limit", domestic, {"agency.liability_insurance.per_person_death_limit_fen": 20_000_000}),
    (
        "own insurance",
        domestic,
        {"insurance.choice": "waived", "insurance.agency_has_insurance_agent_license": False},
    ),
    ("guide named later", domestic, {"guide.guide_name": None, "guide.guide_certificate_no": None}),
    (
        "arbitration by a named commission",
        domestic,
        {
            "dispute_resolution.method": "arbitration",
            "dispute_resolution.arbitration_commission": "太原仲裁委员会",
        },
    ),
    (
        "better for the traveller",
        domestic,
        {"cancellation.traveler_cancel[1].percent": 10, "cancellation.agency_cancel[1].percent": 30},
    ),
    ("tiers in another order", domestic, {"cancellation.traveler_cancel": lambda tiers: tiers[::-1]}),
    (
        "no order of clocks at midnight",
        domestic,
        {"itinerary[3].free_time[0].end_time": "00:30", "itinerary[3].free_time[0].minutes": 360},
    ),
    (
        "everybody declined",
        domestic,
        {f"{PAID}.agreed_traveler_nos": [], f"{PAID}.declined_traveler_nos": [1, 2, 3, 4]},
    ),
    (
        "a group discount",
        domestic,
        {
            "fees.discounts": [{"reason": "早订优惠", "applies_to_traveler_nos": [1], "amount_fen": 1000}],
            "fees.total_fen": 871_000,
        },
    ),
    (
        "a surcharge for a single room",
        domestic,
        {
            "fees.surcharges": [{"reason": "单房差", "applies_to_traveler_nos": [3], "amount_fen": 20000}],
            "fees.total_fen": 892_000,
        },
    ),
    ("two moderate stops", domestic, {"voluntary_shopping": [stop(1, max_minutes=90), stop(3)]}),
    ("paid extras of exactly half", domestic, {f"{PAID}.price_fen": 119_000}),
    (
        "settlement of exactly the cost",
        domestic,
        {"ground_agencies[0].settlement_price_per_person_fen": 185_000},
    ),
    ("settlement not told", domestic, {"ground_agencies[0].settlement_price_per_person_fen": None}),
    ("notice of more days", domestic, {"group.below_min_notice_days": 10}),
    ("a readable signature value", domestic, {"signatures[0].signature_value": "c2FtcGxl"}),
    (
        "a child turning 14 on the trip",
        domestic,
        {
            "travelers[3].id_number": resident_number("140105", date(2012, 12, 13), 992),
            "travelers[3].birth_date": "2012-12-13",
        },
    ),
    (
        "marketing asked for separately",
        domestic,
        {"consents[2].consent_type": "marketing", "consents[2].separate_consent": True},
    ),
    ("an added term", domestic, {"supplementary_terms": ["旅游者可在出发前3日免费更换一名参团人。"]}),
    ("without the notice", domestic, {"sample_notice": ABSENT}),
    (
        "a legal clause with a vague word",
        domestic,
        {"risk_notices.safety_notes": "以景区公告为准，服从工作人员安排。"},
    ),
]
