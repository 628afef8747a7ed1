"""Synthetic contracts: clean by the rules, fictitious in every name and number.

Used to seed demonstrations and loads. People carry 样例 in their names, order codes 99x in their identity
numbers and telephone numbers of the prefix 142, which is given to nobody.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from common.clock import CHINA

__all__ = ["Platform", "Seller", "Trip", "build_contract", "resident_number", "synthetic_trip"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗"
_SIGHTS = (
    ("大同市", "云冈石窟", 12000, 180),
    ("应县", "木塔", 5000, 60),
    ("五台山", "五台山风景名胜区", 13500, 240),
    ("平遥", "平遥古城", 12500, 180),
    ("晋中市", "乔家大院", 11500, 90),
    ("忻州市", "测试湖", 8000, 120),
)
_MEAL_FEN, _BREAKFAST_FEN, _NIGHT_FEN, _COACH_FEN, _GUIDE_FEN, _SERVICE_FEN = (
    4000,
    2000,
    16000,
    9000,
    10000,
    30000,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """Who files."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Seller:
    """The agency that organises."""

    key: str
    name: str
    license_no: str
    scope: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """What is sold: first day, sights in the order of days (place, name, ticket in fen, minutes), people."""

    departs_on: date
    days: tuple[tuple[tuple[str, str, int, int], ...], ...]
    adults: int
    order_no: str
    tour_code: str
    signed_on: date
    adult_price_fen: int | None = None


def resident_number(region: str, born: date, order: int) -> str:
    """An identity number with a good check character; fictitious with an order code of 990 or more."""
    body = f"{region}{born:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECKS[total % 11]


def synthetic_trip(seed: int, number: int, around: date) -> Trip:
    """The `number`-th trip of a seed: two to four days of Shanxi's sights, within ten weeks of `around`."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311  (synthetic data, the same for the same seed)
    length = chance.randint(2, 4)
    departs_on = around + timedelta(days=chance.randint(-60, 14))
    return Trip(
        departs_on=departs_on,
        days=tuple((chance.choice(_SIGHTS),) for _ in range(length)),
        adults=chance.randint(1, 4),
        order_no=f"SEED-{seed}-{number:07d}",
        tour_code=f"SEED-{departs_on:%Y%m%d}-{number % 1000:03d}",
        signed_on=departs_on - timedelta(days=chance.randint(8, 30)),
    )


def build_contract(platform: Platform, seller: Seller, trip: Trip) -> dict[str, Any]:
    """The document of a clean domestic group contract."""
    chance = random.Random(trip.order_no)  # noqa: S311  (synthetic data, the same for the same order)
    length = len(trip.days)
    signed_at = _at(trip.signed_on, time(10, 30))
    tickets = sum(sight[2] for day in trip.days for sight in day)
    parts = {
        "lodging": _NIGHT_FEN * (length - 1),
        "meals": _BREAKFAST_FEN * (length - 1) + _MEAL_FEN * 2 * length,
        "coach_transport": _COACH_FEN * length,
        "tickets": tickets,
    }
    cost = sum(parts.values()) + _GUIDE_FEN + _SERVICE_FEN
    price = trip.adult_price_fen or -(-cost // 10000) * 10000
    breakdown = parts | {
        "guide_service": _GUIDE_FEN,
        "agency_service": price - sum(parts.values()) - _GUIDE_FEN,
    }
    places = list(dict.fromkeys(sight[0] for day in trip.days for sight in day))
    travelers = [_traveler(number, chance) for number in range(1, trip.adults + 1)]
    return {
        "schema_version": "1.0",
        "sample_notice": "测试数据：企业、人员、证照均为虚构",
        "contract": {
            "contract_type": "domestic_group",
            "contract_no": None,
            "template": {
                "title": "团队境内旅游合同（示范文本）",
                "edition_year": 2026,
                "gf_number": None,
                "legacy_gf_number": "GF-2014-2401",
                "modified_clauses": [],
            },
            "language": "zh-CN",
            "signing_place": "山西省太原市",
            "signed_at": signed_at,
            "signing_channel": "online",
            "copies": 2,
        },
        "submitting_platform": {
            "platform_name": platform.name,
            "platform_uscc": platform.key,
            "platform_role": "platform_operator",
            "platform_order_no": trip.order_no,
            "platform_contract_no": f"HT-{trip.order_no}",
            "submitted_at": _at(trip.signed_on, time(10, 32)),
        },
        "agency": _agency(seller, trip),
        "selling_agent": None,
        "ground_agencies": [],
        "travelers": travelers,
        "group": _group(trip, places),
        "itinerary": [_day(trip, at) for at in range(length)],
        "guide": {
            "guide_required": True,
            "guide_name": "周导游（虚构）",
            "guide_certificate_no": "SAMPLE0001",
            "leader_required": False,
            "leader_name": None,
            "guide_fee_per_person_fen": _GUIDE_FEN,
            "guide_fee_total_fen": _GUIDE_FEN * trip.adults,
        },
        "fees": {
            "currency": "CNY",
            "adult_price_fen": price,
            "child_price_fen": price // 2,
            "adult_count": trip.adults,
            "child_count": 0,
            "surcharges": [],
            "discounts": [],
            "total_fen": price * trip.adults,
            "included": [
                "行程所列交通",
                "住宿",
                "餐饮",
                "行程所列景点首道门票",
                "导游服务",
                "旅行社责任保险",
            ],
            "excluded": ["人身意外伤害保险", "行程以外项目", "个人消费"],
            "payment_method": "online_payment",
            "payment_deadline": _at(trip.signed_on, time(23, 59, 59)),
            "cost_breakdown_per_adult": [
                {"item": item, "amount_fen": amount} for item, amount in breakdown.items()
            ],
        },
        "insurance": {
            "agency_prompted": True,
            "choice": "waived",
            "agency_has_insurance_agent_license": False,
            "product_name": None,
            "insurer": None,
            "premium_per_person_fen": None,
            "accident_coverage_fen": None,
        },
        "voluntary_shopping": [],
        "optional_paid_items": [],
        "cancellation": _CANCELLATION,
        "risk_notices": {
            "unsuitable_conditions": "患有严重心脑血管疾病或医生建议不宜出行者不适合参加。",
            "safety_notes": "山区行车须系安全带；景区内按标识行走。",
            "liability_exemptions": "自由活动期间旅行社尽到警示与救助义务的，不承担赔偿责任。",
            "destination_rules": "文物区域禁止触摸；宗教场所请勿高声喧哗。",
            "informed_at": _at(trip.signed_on, time(10, 20)),
        },
        "dispute_resolution": {
            "mediation": True,
            "method": "litigation",
            "arbitration_commission": None,
            "court": "依法向人民法院起诉",
        },
        "supervision_contact": {
            "authority": "太原市文化市场综合行政执法队",
            "phone": "12345",
            "address": "山西省太原市",
            "postcode": "030000",
            "national_hotline": "12345",
        },
        "supplementary_terms": [],
        "consents": [
            {
                "consent_type": kind,
                "description": description,
                "separate_consent": False,
                "given": True,
                "given_at": _at(trip.signed_on, time(10, 20)),
            }
            for kind, description in (
                ("personal_info_processing", "个人信息处理（订立、履行合同所必需）"),
                ("report_to_supervision_platform", "向旅游监管平台登记合同"),
            )
        ],
        "signatures": [
            _signature(
                "traveler_representative", travelers[0]["name"], "traveler:1", trip, "sms_otp_plus_cert"
            ),
            _signature("agency_seal", seller.name, "agency", trip, "organisation_seal"),
        ],
        "attachments": [
            {"kind": "itinerary_sheet", "title": "旅游行程单", "sha256": None},
            {"kind": "traveler_list", "title": "旅游报名表", "sha256": None},
        ],
    }


def _at(day: date, clock: time) -> str:
    return datetime.combine(day, clock, CHINA).isoformat()


def _agency(seller: Seller, trip: Trip) -> dict[str, Any]:
    last = trip.departs_on + timedelta(days=len(trip.days) - 1)
    return {
        "name": seller.name,
        "uscc": seller.key,
        "license_no": seller.license_no,
        "business_scope": list(seller.scope),
        "address": "山西省样例街1号（虚构）",
        "phone": "0351-0000001",
        "complaint_phone": "0351-0000002",
        "handler": {"name": "钱经办（虚构）", "phone": "14200000011"},
        "liability_insurance": {
            "insurer": "示例财产保险股份有限公司（虚构）",
            "policy_no": f"LXSZRX-SAMPLE-{seller.key[-6:]}",
            "per_person_death_limit_fen": 50_000_000,
            "valid_from": trip.departs_on.replace(month=1, day=1).isoformat(),
            "valid_to": last.replace(month=12, day=31).isoformat(),
        },
    }


def _traveler(number: int, chance: random.Random) -> dict[str, Any]:
    born = date(1955, 1, 1) + timedelta(days=chance.randrange(365 * 48))
    order = 990 + chance.randrange(10)
    male = order % 2 == 1
    return {
        "traveler_no": number,
        "name": f"{chance.choice(_SURNAMES)}样例",
        "id_type": "resident_id_card",
        "id_number": resident_number("140100", born, order),
        "gender": "male" if male else "female",
        "birth_date": born.isoformat(),
        "nationality": "CHN",
        "phone": f"142{chance.randrange(10**8):08d}",
        "traveler_kind": "adult",
        "is_representative": number == 1,
        "guardian_traveler_no": None,
        "health_note": None,
        "emergency_contact": {"name": "郑联络（虚构）", "relation": "亲属", "phone": "14200000099"},
    }


def _group(trip: Trip, places: list[str]) -> dict[str, Any]:
    length = len(trip.days)
    last = trip.departs_on + timedelta(days=length - 1)
    declined = {"agreed": False}
    return {
        "tour_code": trip.tour_code,
        "product_name": f"{'·'.join(places)}{length}日跟团游",
        "departure_at": _at(trip.departs_on, time(8)),
        "return_at": _at(last, time(18)),
        "days": length,
        "nights": length - 1,
        "departure_place": "太原市",
        "transit_places": [],
        "destinations": places,
        "end_place": "太原市",
        "min_group_size": 10,
        "max_group_size": 30,
        "below_min_notice_days": 7,
        "not_formed_options": {
            "transfer_to_agency": declined,
            "postpone": declined,
            "change_route": declined,
            "terminate": {"agreed": True},
        },
        "pooling": declined,
    }


def _day(trip: Trip, at: int) -> dict[str, Any]:
    sights, last = trip.days[at], at == len(trip.days) - 1
    meals = (("breakfast", at > 0, _BREAKFAST_FEN), ("lunch", True, _MEAL_FEN), ("dinner", True, _MEAL_FEN))
    return {
        "day_no": at + 1,
        "date": (trip.departs_on + timedelta(days=at)).isoformat(),
        "title": "—".join(sight[1] for sight in sights),
        "transport": [
            {
                "mode": "coach",
                "from_place": "太原" if at == 0 else trip.days[at - 1][-1][0],
                "to_place": "太原" if last else sights[-1][0],
                "class_standard": "空调旅游大巴，正规营运资质",
                "depart_time": "08:00",
                "vehicle_no": None,
                "has_transfer": False,
            }
        ],
        "sights": [
            {"name": name, "min_minutes": minutes, "ticket_included": True, "ticket_price_fen": ticket}
            for _, name, ticket, minutes in sights
        ],
        "meals": [
            {
                "meal": meal,
                "included": included,
                "standard_fen": fen if included else None,
                "place": "团队餐厅（虚构）" if included else None,
            }
            for meal, included, fen in meals
        ],
        "lodging": None
        if last
        else {
            "hotel_name": "示例宾馆（虚构）",
            "address": sights[-1][0],
            "star_rating": "三星级",
            "non_star_facilities": None,
            "room_type": "双人标准间",
        },
        "free_time": [],
        "entertainment": [],
    }


def _signature(role: str, name: str, reference: str, trip: Trip, method: str) -> dict[str, Any]:
    return {
        "signer_role": role,
        "signer_name": name,
        "signer_id_ref": reference,
        "method": method,
        "algorithm": "SM2withSM3",
        "cert_issuer": "示例电子认证服务机构（虚构）",
        "cert_serial": f"SAMPLE-{trip.order_no}",
        "signed_at": _at(trip.signed_on, time(10, 29)),
        "signature_value": None,
    }


def _tiers(first_free_day: int, *rates: tuple[int, int | None, int]) -> list[dict[str, Any]]:
    free = (first_free_day, None, 0)
    return [
        {"days_before_min": low, "days_before_max": high, "percent": percent}
        for low, high, percent in (free, *rates)
    ]


_CANCELLATION = {
    "basis": "total_fee",
    "day_count_rule": "departure_date_minus_notice_arrival_date",
    "traveler_cancel": _tiers(7, (4, 6, 20), (1, 3, 40), (0, 0, 60)),
    "agency_cancel": _tiers(7, (4, 6, 10), (1, 3, 15), (0, 0, 20)),
    "in_trip_formula": "fee*p0+(fee-fee*p0)/days*days_elapsed",
    "cap_percent": 100,
    "refund_working_days": 5,
    "refuse_to_perform_penalty_percent": 30,
    "unauthorised_transfer_penalty_percent": 25,
}
