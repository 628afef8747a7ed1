"""Who is in the demo province: five sample firms with fixed ids, then invented subjects as planned."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from common import regions
from common.seeding import DEMO_SUBJECT_IDS, SeedPlan, demo_id

from credit.subjects.rules import Kind

from . import names

__all__ = ["SAMPLE_PROVINCE", "Firm", "firms", "guides"]

SAMPLE_PROVINCE = "140000"
_LETTERS = {"14": "SX", "65": "XJ"}
_STARS = ("五星级", "四星级", "三星级", "二星级")
_GRADES = ("5A", "4A", "3A", "2A")


@dataclass(frozen=True, slots=True)
class Firm:
    """A subject to seed; a guide has personal data."""

    id: UUID
    kind: Kind
    key: str | None
    name: str
    region: str
    license_no: str | None = None
    scope: list[str] = field(default_factory=list)
    level: str | None = None
    id_number: str | None = None
    phone: str | None = None


_SAMPLES = (
    ("sample_agency", "911401059999990157", "山西晋样例旅行社有限公司（虚构）", "140105", "L-SX-990001"),
    ("ground_agency", "911409029999990230", "忻州样例地接旅行社有限公司（虚构）", "140902", "L-SX-990002"),
    ("lowprice_agency", "91140213999999058C", "大同低价样例旅行社有限公司（虚构）", "140213", "L-SX-990003"),
    (
        "international_agency",
        "9114010699999904X3",
        "太原样例国际旅行社有限公司（虚构）",
        "140106",
        "L-SX-CJ99001",
    ),
)


def firms(plan: SeedPlan) -> Iterator[Firm]:
    """Platform, agencies, hotels and scenic areas; the sample firms first, counted among the agencies."""
    chance = Random(f"firms {plan.seed}")  # noqa: S311  (invented data, no secret)
    samples = list(_samples()) if plan.province == SAMPLE_PROVINCE else []
    yield from samples
    named = sum(firm.kind is Kind.TRAVEL_AGENCY for firm in samples)
    counties = regions.counties(plan.province)
    for serial in range(named + 1, plan.agencies + 1):
        yield _agency(chance, chance.choice(counties), serial)
    for serial in range(1, plan.hotels + 1):
        region = chance.choice(counties)
        yield Firm(
            id=demo_id(f"hotel {plan.province} {serial}"),
            kind=Kind.STAR_HOTEL,
            key=names.unified_code("91", region, 200_000 + serial),
            name=names.hotel_name(chance, _place(region), serial),
            region=region,
            level=chance.choices(_STARS, weights=[8, 25, 50, 17])[0],
        )
    for serial in range(1, plan.scenic_areas + 1):
        region = chance.choice(counties)
        yield Firm(
            id=demo_id(f"scenic area {plan.province} {serial}"),
            kind=Kind.SCENIC_AREA,
            key=names.unified_code("91", region, 300_000 + serial),
            name=names.scenic_name(chance, _place(region), serial),
            region=region,
            level=chance.choices(_GRADES, weights=[4, 44, 38, 14])[0],
        )


def guides(plan: SeedPlan) -> Iterator[Firm]:
    """Tour guides, each with a card and invented personal data."""
    chance = Random(f"guides {plan.seed}")  # noqa: S311  (invented data, no secret)
    cities = regions.children(plan.province)
    for serial in range(1, plan.guides + 1):
        city = chance.choice(cities)
        yield Firm(
            id=demo_id(f"guide {plan.province} {serial}"),
            kind=Kind.TOUR_GUIDE,
            key=names.guide_card(city, serial),
            name=names.person_name(chance),
            region=city,
            level=chance.choices(("初级", "中级", "高级"), weights=[80, 17, 3])[0],
            id_number=names.resident_id(chance, city),
            phone=names.phone_number(chance),
        )


def _samples() -> Iterator[Firm]:
    for name, key, title, region, licence in _SAMPLES:
        scope = ["domestic", "inbound"] + (["outbound"] if name == "international_agency" else [])
        yield Firm(DEMO_SUBJECT_IDS[name], Kind.TRAVEL_AGENCY, key, title, region, licence, scope)
    yield Firm(
        DEMO_SUBJECT_IDS["ota_platform"],
        Kind.OTA_PLATFORM,
        "911401089999990318",
        "样例出行平台（虚构）",
        "140108",
    )


def _agency(chance: Random, region: str, serial: int) -> Firm:
    outbound = chance.random() < 0.12
    letters = _LETTERS.get(region[:2], "XX")
    licence = f"L-{letters}-CJ{serial:05d}" if outbound else f"L-{letters}-{serial:06d}"
    return Firm(
        id=demo_id(f"agency {region[:2]}0000 {serial}"),
        kind=Kind.TRAVEL_AGENCY,
        key=names.unified_code("91", region, 100_000 + serial),
        name=names.agency_name(chance, _place(region), serial),
        region=region,
        license_no=licence,
        scope=["domestic", "inbound"] + (["outbound"] if outbound else []),
    )


def _place(region: str) -> str:
    """A city's everyday name: 太原 for a district of 太原市."""
    return regions.name_of(region[:4] + "00" if regions.exists(region[:4] + "00") else region).removesuffix(
        "市"
    )
