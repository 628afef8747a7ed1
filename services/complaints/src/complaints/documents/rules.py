"""Kinds and numbers of statutory papers, and how their making is tried again. Pure."""

from datetime import date
from enum import StrEnum

__all__ = [
    "FIRST_RETRY_SECONDS",
    "MAX_ATTEMPTS",
    "SERVED_ON_RESPONDENT",
    "Kind",
    "State",
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


def chinese_date(day: date) -> str:
    """2026年11月23日."""
    return f"{day.year}年{day.month}月{day.day}日"
