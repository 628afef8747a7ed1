"""More of the demo province: branches, legal representatives, homestays, and some without a licence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from common import regions
from common.seeding import SeedPlan, demo_id

from credit.subjects.rules import Kind, TraceKind

from . import names
from .firms import Firm

__all__ = ["Related", "more_firms", "traces"]

_LEVELS = ("甲级", "乙级", "丙级")
_EVERY_TENTH, _EVERY_FIFTH = 10, 5


@dataclass(frozen=True, slots=True)
class Related(Firm):
    """A branch of an agency, or its legal representative."""

    agency: UUID | None = None


def more_firms(plan: SeedPlan, agencies: Sequence[Firm]) -> Iterator[Firm]:
    """What stands beside the counted kinds, in proportion to the agencies; `agencies` come before these."""
    chance = Random(f"more {plan.seed}")  # noqa: S311  (invented data, no secret)
    counties = regions.counties(plan.province)
    for serial, agency in enumerate(agencies[::_EVERY_TENTH], start=1):
        region = chance.choice(counties)
        yield Related(
            id=demo_id(f"branch {plan.province} {serial}"),
            kind=Kind.AGENCY_BRANCH,
            key=names.unified_code("91", region, 400_000 + serial),
            name=f"{agency.name.removesuffix('（虚构）')}第{serial:03d}分社（虚构）",
            region=region,
            scope=[one for one in agency.scope if one != "outbound" or chance.random() < 0.5],
            agency=agency.id,
        )
    for serial, agency in enumerate(agencies[::_EVERY_FIFTH], start=1):
        yield Related(
            id=demo_id(f"legal representative {plan.province} {serial}"),
            kind=Kind.NATURAL_PERSON,
            key=None,
            name=names.person_name(chance),
            region=agency.region,
            id_number=names.resident_id(chance, agency.region),
            phone=names.phone_number(chance),
            agency=agency.id,
        )
    for serial in range(1, len(agencies) // 20 + 1):
        region = chance.choice(counties)
        yield Firm(
            id=demo_id(f"homestay {plan.province} {serial}"),
            kind=Kind.HOMESTAY,
            key=names.unified_code("92", region, 500_000 + serial),
            name=f"{regions.name_of(region)}样例民宿{serial:03d}号（虚构）",
            region=region,
            level=chance.choices(_LEVELS, weights=[10, 40, 50])[0],
        )
    for serial in range(1, max(3, len(agencies) // 100) + 1):
        yield Firm(
            id=demo_id(f"unlicensed {plan.province} {serial}"),
            kind=Kind.UNLICENSED_OPERATOR,
            key=None,
            name=f"{names.person_name(chance)}（虚构）",
            region=chance.choice(counties),
            phone=names.phone_number(chance),
        )


def traces(firm: Firm) -> list[tuple[TraceKind, str]]:
    """Under what an unlicensed operator of the demo is known."""
    tail = firm.id.hex[:6]
    return [
        (TraceKind.ALIAS, f"晋游包车{tail}（虚构）"),
        (TraceKind.PHONE, firm.phone or ""),
        (TraceKind.ACCOUNT, f"jinyou_demo_{tail}"),
    ]
