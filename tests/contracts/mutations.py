"""For every way to break a rule a small change of a clean sample that does so, and what is then found."""

from collections.abc import Callable
from datetime import date
from typing import Any

from contracts.synthetic import resident_number

from .samples import ABSENT, domestic, outbound

Expected = set[tuple[str, str, str]]
Broken = tuple[str, Callable[[], Any], dict[str, Any], Expected]


def one(rule: str, path: str, severity: str = "error") -> Expected:
    return {(rule, severity, path)}


def without_consent(kind: str) -> Callable[[Any], Any]:
    return lambda consents: [entry for entry in consents if entry["consent_type"] != kind]


def days(change: Callable[[Any], None]) -> Callable[[Any], Any]:
    """Change every day of the itinerary."""

    def mapped(plan: Any) -> Any:
        for day in plan:
            change(day)
        return plan

    return mapped


def stop(number: int, **changes: Any) -> dict[str, Any]:
    """A shopping stop on day `number` of the domestic sample, agreed by all."""
    return {
        "day_no": number,
        "start_at": f"2026-12-{11 + number}T15:00:00+08:00",
        "place": "太原市",
        "shop_name": "示例特产店（虚构）",
        "main_goods": "特产",
        "max_minutes": 60,
        "note": None,
        "agreed_traveler_nos": [1, 2],
        "declined_traveler_nos": [3, 4],
        "signed_at": "2026-11-20T10:29:10+08:00",
        **changes,
    }


SELLER = domestic()["agency"] | {"uscc": "911409029999990230", "license_no": "L-SX-990002"}
PAID = "optional_paid_items[0]"

BROKEN: list[Broken] = [
    # parties
    ("L58A", domestic, {"travelers[1].is_representative": True}, one("L58A", "travelers")),
    ("L58A", domestic, {"travelers[0].phone": None}, one("L58A", "travelers[0].phone")),
    (
        "L58A",
        domestic,
        {"travelers[3].guardian_traveler_no": 9},
        one("L58A", "travelers[3].guardian_traveler_no"),
    ),
    (
        "L58A",
        domestic,
        {"travelers[2].traveler_no": 2, f"{PAID}.declined_traveler_nos": [4]},
        one("L58A", "travelers[*].traveler_no"),
    ),
    ("L60A", domestic, {"selling_agent": domestic()["agency"]}, one("L60A", "selling_agent.uscc")),
    ("L60A", domestic, {"selling_agent": SELLER | {"address": " "}}, one("L60A", "selling_agent.address")),
    ("L60B", domestic, {"ground_agencies[0].license_no": None}, one("L60B", "ground_agencies[0].license_no")),
    (
        "L60B",
        domestic,
        {"ground_agencies[0].contact_name": "待定"},
        one("L60B", "ground_agencies[0].contact_name"),
    ),
    ("R28A", domestic, {"agency.address": " "}, one("R28A", "agency.address")),
    ("R28B", domestic, {"agency.handler.phone": "无"}, one("R28B", "agency.handler.phone")),
    ("R28C", domestic, {"contract.signing_place": "-"}, one("R28C", "contract.signing_place")),
    (
        "R28C",
        domestic,
        {"contract.signed_at": "2026-11-20T10:33:00+08:00"},
        one("R28C", "contract.signed_at"),
    ),
    (
        "R28C",
        domestic,
        {"contract.signed_at": "2026-12-12T10:33:00+08:00"},
        one("R28C", "contract.signed_at"),
    ),
    ("R28M", domestic, {"agency.complaint_phone": None}, one("R28M", "agency.complaint_phone")),
    ("R28M", domestic, {"supervision_contact.authority": None}, one("R28M", "supervision_contact.phone")),
    ("L61", domestic, {"insurance.agency_prompted": False}, one("L61", "insurance.agency_prompted")),
    ("L61", domestic, {"insurance.choice": None}, one("L61", "insurance.choice")),
    (
        "L61",
        domestic,
        {"insurance.agency_has_insurance_agent_license": False},
        one("L61", "insurance.agency_has_insurance_agent_license"),
    ),
    ("Q01", domestic, {"agency.business_scope": ["inbound"]}, one("Q01", "agency.business_scope")),
    ("Q01", outbound, {"agency.business_scope": ["domestic"]}, one("Q01", "agency.business_scope")),
    (
        "Q01",
        domestic,
        {"selling_agent": SELLER | {"business_scope": ["inbound"]}},
        one("Q01", "selling_agent.business_scope"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.valid_to": "2026-12-15"},
        one("R38", "agency.liability_insurance.valid_to"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.valid_from": "2026-12-13"},
        one("R38", "agency.liability_insurance.valid_from"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.per_person_death_limit_fen": 19_999_999},
        one("R38", "agency.liability_insurance.per_person_death_limit_fen"),
    ),
    # identity
    ("ID", domestic, {"travelers[0].id_number": "140100198506159953"}, one("ID", "travelers[0].id_number")),
    ("ID", domestic, {"travelers[0].birth_date": "1985-06-16"}, one("ID", "travelers[0].birth_date")),
    ("ID", domestic, {"travelers[0].gender": "female"}, one("ID", "travelers[0].gender")),
    (
        "ID",
        domestic,
        {"travelers[0].id_number": resident_number("990100", date(1985, 6, 15), 995)},
        one("ID", "travelers[0].id_number", "warn"),
    ),
    (
        "ID",
        domestic,
        {
            "travelers[3].traveler_kind": "adult",
            "fees.adult_count": 4,
            "fees.child_count": 0,
            "fees.total_fen": 952000,
        },
        one("ID", "travelers[3].traveler_kind"),
    ),
    (
        "ID",
        domestic,
        {
            "travelers[1].id_number": "140100198506159952",
            "travelers[1].birth_date": "1985-06-15",
            "travelers[1].gender": "male",
        },
        one("ID", "travelers[1].id_number"),
    ),
    ("ID", domestic, {"agency.uscc": "911401059999990158"}, one("ID", "agency.uscc")),
    ("ID", domestic, {"ground_agencies[0].uscc": "911409029999990231"}, one("ID", "ground_agencies[0].uscc")),
    (
        "ID",
        domestic,
        {
            "travelers[1].id_type": "other",
            "travelers[1].id_number": "X1",
            "travelers[1].birth_date": "2026-11-21",
        },
        {
            ("ID", "error", "travelers[1].birth_date"),
            ("ID", "error", "travelers[1].traveler_kind"),
        },
    ),
    # itinerary
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
    # arrangements
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
    # terms
    ("L62", domestic, {"risk_notices.safety_notes": None}, one("L62", "risk_notices")),
    ("L62", domestic, {"risk_notices.informed_at": "2026-12-12T09:00:00+08:00"}, one("L62", "risk_notices")),
    (
        "L62",
        domestic,
        {"risk_notices.liability_exemptions": "一切意外由游客自负，旅行社不承担任何责任。"},
        one("L62", "risk_notices"),
    ),
    ("L63", domestic, {"group.below_min_notice_days": 6}, one("L63", "group.below_min_notice_days")),
    ("L63", outbound, {"group.below_min_notice_days": 29}, one("L63", "group.below_min_notice_days")),
    (
        "L63",
        domestic,
        {"group.not_formed_options.transfer_to_agency.agency_name": None},
        one("L63", "group.not_formed_options.transfer_to_agency.agency_name"),
    ),
    ("L63", domestic, {"group.pooling.agency_name": None}, one("L63", "group.pooling.agency_name")),
    (
        "L69",
        domestic,
        {"supplementary_terms": ["旅行社有权根据情况调整行程。"]},
        one("L69", "supplementary_terms", "alert"),
    ),
    (
        "R28K",
        domestic,
        {"cancellation.traveler_cancel[1].days_before_max": 5},
        one("R28K", "cancellation.traveler_cancel"),
    ),
    (
        "R28K",
        domestic,
        {"cancellation.agency_cancel[2].days_before_max": 4},
        one("R28K", "cancellation.agency_cancel"),
    ),
    (
        "R28K",
        domestic,
        {"cancellation.traveler_cancel[0].days_before_max": 90},
        one("R28K", "cancellation.traveler_cancel"),
    ),
    ("R28L", domestic, {"dispute_resolution.method": None}, one("R28L", "dispute_resolution.method")),
    (
        "R28L",
        domestic,
        {"dispute_resolution.method": "arbitration"},
        one("R28L", "dispute_resolution.arbitration_commission"),
    ),
    (
        "S20",
        domestic,
        {
            "fees.surcharges": [
                {"reason": "老人附加费", "applies_to_traveler_nos": [3], "amount_fen": 10000}
            ],
            "fees.total_fen": 882000,
        },
        one("S20", "fees.surcharges"),
    ),
    ("S20", domestic, {"supplementary_terms": ["教师须加收附加费。"]}, one("S20", "supplementary_terms")),
    ("T01", domestic, {"contract.template.edition_year": 2019}, one("T01", "contract.template.edition_year")),
    (
        "T01",
        outbound,
        {"contract.signed_at": "2026-03-01T10:00:00+08:00"},
        {
            ("C06", "info", "consents"),
            ("T01", "error", "contract.template.edition_year"),
        },
    ),
    (
        "T01 beside T03",
        domestic,
        {"contract.template.edition_year": 2014, "contract.template.gf_number": "GF-2014-2402"},
        {
            ("T01", "warn", "contract.template.gf_number"),
            ("T03", "warn", "contract.template.edition_year"),
        },
    ),
    (
        "T03",
        domestic,
        {"contract.template.edition_year": 2014},
        one("T03", "contract.template.edition_year", "warn"),
    ),
    (
        "T04",
        domestic,
        {"cancellation.traveler_cancel[1].percent": 20.5},
        one("T04", "cancellation.traveler_cancel"),
    ),
    (
        "T04",
        domestic,
        {"cancellation.agency_cancel[3].percent": 19},
        one("T04", "cancellation.agency_cancel"),
    ),
    (
        "T04",
        domestic,
        {"cancellation.refund_working_days": 6},
        one("T04", "cancellation.refund_working_days"),
    ),
    (
        "U01",
        domestic,
        {"supplementary_terms": ["购物为行程组成部分，不进店者每店补差价200元。"]},
        one("U01", "supplementary_terms"),
    ),
    (
        "U01",
        domestic,
        {"supplementary_terms": ["最终解释权归旅行社所有。"]},
        one("U01", "supplementary_terms", "warn"),
    ),
    (
        "B01",
        domestic,
        {"fees.payment_method": "transfer_to_personal_account"},
        one("B01", "fees.payment_method", "warn"),
    ),
    # figures and prices
    ("M01", domestic, {"fees.total_fen": 872001}, one("M01", "fees.total_fen")),
    (
        "M01",
        domestic,
        {"fees.adult_count": 4, "fees.total_fen": 1_110_000},
        one("M01", "fees.adult_count"),
    ),
    (
        "M01",
        domestic,
        {
            "fees.discounts": [{"reason": "早订优惠", "applies_to_traveler_nos": [9], "amount_fen": 100}],
            "fees.total_fen": 871_900,
        },
        one("M01", "fees.discounts[0].applies_to_traveler_nos"),
    ),
    ("M01", domestic, {"guide.guide_fee_total_fen": 30000}, one("M01", "guide.guide_fee_total_fen")),
    (
        "M01",
        domestic,
        {"group.return_at": "2026-12-12T08:30:00+08:00"},
        {("M01", "error", "group.return_at"), ("R28J", "error", f"{PAID}.day_no")},
    ),
    ("M01", domestic, {"group.days": 6}, one("M01", "group.days")),
    ("M01", domestic, {"group.nights": 3}, one("M01", "group.nights")),
    ("M01", domestic, {"itinerary[2].date": "2026-12-15"}, one("M01", "itinerary[2].date")),
    ("M01", domestic, {"itinerary": lambda plan: plan[:4]}, {("M01", "error", "itinerary")}),
    ("R28H", domestic, {"fees.included": []}, one("R28H", "fees.included")),
    ("R28H", domestic, {"fees.payment_method": "无"}, one("R28H", "fees.payment_method")),
    (
        "R27",
        domestic,
        {"fees.cost_breakdown_per_adult[6].amount_fen": 30001},
        one("R27", "fees.adult_price_fen", "alert"),
    ),
    (
        "P01",
        domestic,
        {
            "fees.adult_price_fen": 90000,
            "fees.total_fen": 428000,
            "fees.cost_breakdown_per_adult": [{"item": "all", "amount_fen": 90000}],
        },
        one("P01", "fees.adult_price_fen", "alert"),
    ),
    (
        "P02",
        domestic,
        {"ground_agencies[0].settlement_price_per_person_fen": 184_999},
        one("P02", "ground_agencies[0].settlement_price_per_person_fen", "alert"),
    ),
    (
        "P02",
        domestic,
        {"ground_agencies[0].settlement_price_per_person_fen": 0},
        one("P02", "ground_agencies[0].settlement_price_per_person_fen", "alert"),
    ),
    (
        "P03",
        domestic,
        {"fees.cost_breakdown_per_adult": []},
        one("P03", "fees.cost_breakdown_per_adult", "alert"),
    ),
    (
        "P04",
        domestic,
        {"voluntary_shopping": [stop(1), stop(2), stop(3)]},
        one("P04", "voluntary_shopping", "alert"),
    ),
    (
        "P04",
        domestic,
        {"voluntary_shopping": [stop(1, max_minutes=91)]},
        one("P04", "voluntary_shopping", "alert"),
    ),
    ("P05", domestic, {f"{PAID}.price_fen": 119_001}, one("P05", PAID, "alert")),
    # consents and signatures
    ("C01", domestic, {"consents": []}, one("C01", "consents")),
    ("C02", domestic, {"consents": without_consent("share_with_ground_agency")}, one("C02", "consents")),
    ("C03", domestic, {"consents": without_consent("minor_guardian")}, one("C03", "consents")),
    ("C04", domestic, {"consents[4].separate_consent": False}, one("C04", "consents")),
    (
        "C05",
        domestic,
        {"consents[2].consent_type": "marketing"},
        one("C05", "consents[2]"),
    ),
    ("C06", domestic, {"consents[2]": outbound()["consents"][3]}, one("C06", "consents", "info")),
    ("C06", outbound, {"consents": without_consent("cross_border_transfer")}, one("C06", "consents")),
    ("E01", domestic, {"signatures[0].method": "checkbox_only"}, one("E01", "signatures[0]")),
    ("E01", domestic, {"signatures[1].algorithm": "none"}, one("E01", "signatures[1]")),
    ("E01", domestic, {"signatures[0].signer_role": "platform"}, one("E01", "signatures")),
    ("E01", domestic, {"signatures[0].signer_id_ref": "traveler:9"}, one("E01", "signatures")),
    ("E01", domestic, {"signatures[1].signer_role": "agency_handler"}, one("E01", "signatures")),
    (
        "E01",
        domestic,
        {"signatures[0].signed_at": "2026-12-13T10:00:00+08:00"},
        one("E01", "signatures[0].signed_at"),
    ),
    ("E01", domestic, {"signatures[0].signature_value": "***"}, one("E01", "signatures[0].signature_value")),
]

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
