"""Numbers and wording of papers. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from common.typesetting import plain

__all__ = ["MARKS", "chinese_date", "cleaned", "paper_number"]

MARKS: dict[str, str | None] = {
    "verified": None,
    "recalled": "依据条文待核",
    "sample": "样例",
}
"""What a paper says of its own form, by the status of the policy that holds it."""


def paper_number(short_name: str, word: str, year: int, region: str, serial: int) -> str:
    """文号 such as 晋文旅信告字〔2026〕第140100-0001号. The region keeps two authorities' numbers apart."""
    return f"{short_name}文旅信{word}字〔{year}〕第{region}-{serial:04d}号"


def chinese_date(day: date) -> str:
    """2026年11月23日."""
    return f"{day.year}年{day.month}月{day.day}日"


def cleaned(value: Any) -> Any:
    """What a room says, ready for a template: days in Chinese, texts of people without control characters."""
    if isinstance(value, str):
        return "\n".join(plain(value))
    if isinstance(value, date):
        return chinese_date(value)
    if isinstance(value, Mapping):
        return {str(name): cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value
