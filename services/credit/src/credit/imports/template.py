"""The rows that the template file shows: invented, plainly so, and refused nowhere."""

from typing import Any

__all__ = ["SAMPLES"]

SAMPLES: tuple[dict[str, Any], ...] = (
    {
        "kind": "旅行社",
        "key": "91140100MA0A00014A",
        "name": "太原模板样例旅行社有限公司（虚构）",
        "region": "140105",
        "license_no": "L-SX-00001",
        "business_scope": "国内;入境",
        "status": "正常",
        "licensed_on": "2021-05-10",
        "headcount": 12,
    },
    {
        "kind": "景区",
        "name": "晋中模板样例景区（虚构）",
        "region": "140702",
        "level": "4A",
        "status": "正常",
    },
)
