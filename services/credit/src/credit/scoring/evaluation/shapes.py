"""The short forms that an expectation may take: a list of ids or objects, null, text or an object."""

from typing import Any

from pydantic import BeforeValidator

from credit.scoring.rules import CardError

__all__ = ["change_of", "items_of"]


def _known_keys(value: Any, known: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise CardError("须为文本或 JSON 对象", "must be text or an object")
    if unknown := sorted(set(value) - set(known)):
        names = ", ".join(known)
        raise CardError(f"未知字段 {unknown[0]}；可用：{names}", f"unknown key {unknown[0]}; known: {names}")
    return value


def items_of(*known: str, by_rule: bool = False) -> BeforeValidator:
    """A list of ids or objects, one of these alone, or (by rule) a mapping of rule to points."""

    def check(value: Any) -> Any:
        if value is None:
            return []
        if isinstance(value, dict) and by_rule and "rule" not in value:
            return value
        items = value if isinstance(value, list) else [value]
        return [one if isinstance(one, str) else _known_keys(one, known) for one in items]

    return BeforeValidator(check)


def change_of(*known: str) -> BeforeValidator:
    """Null, text, or an object."""
    return BeforeValidator(
        lambda value: value if value is None or isinstance(value, str) else _known_keys(value, known)
    )
