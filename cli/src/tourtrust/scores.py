"""How scored cases look on a terminal."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from credit.scoring.evaluation import Row

__all__ = ["found_in", "scored_table"]

_SHORT = {
    "contributions": ("rule", "points"),
    "vetoes": ("rule", "grade"),
    "actions": ("action", "rule"),
    "flags": ("flag", "fact_id"),
    "dimensions": ("id", "score"),
    "prerequisites_unmet": ("rule", "to_grade"),
}


def scored_table(rows: "Sequence[Row]") -> Table:
    """A line for each expectation: expected, got, PASS or FAIL; a case without any shows its score."""
    table = Table(show_lines=False)
    for title in ("用例 case", "项 check", "预期 expected", "实得 got", ""):
        table.add_column(title, overflow="fold")
    for row in rows:
        if not row.checks:
            table.add_row(escape(row.case), "-", "-", f"{row.got['score']} {row.got['grade']}", "-")
        for place, check in enumerate(row.checks):
            table.add_row(
                escape(row.case) if place == 0 else "",
                check.key,
                escape(_shown(check.key, check.expected)),
                escape(_shown(check.key, check.got)),
                "[green]PASS[/]" if check.passed else "[bold red]FAIL[/]",
            )
    return table


def found_in(rows: "Sequence[Row]") -> list[str]:
    """What the cases say that the card cannot read, a line each."""
    return [
        escape(
            f"注意 note: {row.case}: {item['rule']}: 事实 {item['fact_id']} 的 payload 类型不符，when 不成立"
            f" / fact {item['fact_id']}: {item['reason']}, so it is not met"
        )
        for row in rows
        for item in row.got["findings"]
    ]


def _shown(key: str, value: Any) -> str:
    if key.startswith("next_") and isinstance(value, dict):
        return " ".join(str(item) for item in value.values() if item is not None)
    names = _SHORT.get(key)
    if names and isinstance(value, list):
        return "; ".join(_item(one, names) for one in value) or "[]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _item(item: Any, names: tuple[str, ...]) -> str:
    if not isinstance(item, dict):
        return str(item)
    return " ".join(str(item[name]) for name in names if item.get(name) is not None)
