"""Numbers, authorities and periods of statutory papers. Pure."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from common import regions

__all__ = [
    "FIRST_RETRY_SECONDS",
    "MAX_ATTEMPTS",
    "SERVED_ON_RESPONDENT",
    "Kind",
    "State",
    "authority_name",
    "chinese_date",
    "paper_number",
    "series_name",
]

MAX_ATTEMPTS = 5
FIRST_RETRY_SECONDS = 5
"""The pause after the first attempt; each further one is twice as long."""


class Kind(StrEnum):
    """Which paper."""

    ACCEPTANCE = "acceptance"
    REFUSAL = "refusal"
    TRANSFER = "transfer"
    MEDIATION = "mediation"
    TERMINATION = "termination"


class State(StrEnum):
    """Whether its PDF exists."""

    ORDERED = "ordered"
    READY = "ready"
    FAILED = "failed"


SERVED_ON_RESPONDENT = (Kind.ACCEPTANCE, Kind.MEDIATION, Kind.TERMINATION)
"""The papers of which the respondent gets a copy; the others go to the complainant alone."""


def series_name(kind: Kind, region: str, year: int) -> str:
    """The number series of one authority, kind and year: numbers begin again each year."""
    return f"paper:{kind}:{region}:{year}"


def paper_number(short_name: str, word: str, year: int, region: str, serial: int) -> str:
    """文号 such as 晋旅诉受字〔2026〕第140105-0001号. The region keeps two authorities' numbers apart."""
    return f"{short_name}旅诉{word}字〔{year}〕第{region}-{serial:04d}号"


def authority_name(region: str, names: Mapping[str, str], endings: Mapping[str, str]) -> str:
    """The complaint body of a place: `names` first, else the place's name with its level's ending.

    A district is named with its city (太原市小店区), a county or county-level city by itself. Raises
    UnknownRegion.
    """
    if region in names:
        return names[region]
    level = regions.level(region)
    above = regions.parent(region)
    place = "" if above is None else regions.name_of(region)
    if level == "county" and above is not None and place.endswith("区"):
        place = regions.name_of(above) + place
    return place + endings[level]


def chinese_date(day: date) -> str:
    """2026年11月23日."""
    return f"{day.year}年{day.month}月{day.day}日"
