"""What the lists of changes are written with."""

from collections.abc import Callable
from typing import Any

from .samples import domestic

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
