"""A campaign's report as a workbook."""

from io import BytesIO
from typing import Any

import xlsxwriter

from .schemas import CampaignReport

__all__ = ["report_sheet"]


def report_sheet(report: CampaignReport) -> bytes:
    """Three sheets: the figures, the targets, the departments' tasks. Texts never become formulas."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    figures: list[tuple[Any, ...]] = [
        ("编号", report.number),
        ("名称", report.name),
        ("地区", report.region),
        ("起止", f"{report.starts_on.isoformat()} 至 {report.ends_on.isoformat()}"),
        ("截至", report.as_of.isoformat()),
        ("性质", "终报" if report.final else "进度"),
        ("总结", report.summary or ""),
        *((f"检查（{name}）", count) for name, count in sorted(report.inspections.items())),
        *((f"结果（{name}）", count) for name, count in sorted(report.results.items())),
        *((f"部门（{name}）", count) for name, count in sorted(report.by_department.items())),
        *((f"隐患（{name}）", count) for name, count in sorted(report.hazards.items())),
        *((f"约谈（{name}）", count) for name, count in sorted(report.talks.items())),
        ("暗访", report.mystery_visits),
    ]
    targets = [("目标", "指标", "数量", "完成")]
    targets += [(one.name, one.measure, str(one.number), str(one.reached)) for one in report.targets]
    tasks = [("序号", "任务", "部门", "期限", "数量", "完成", "办结")]
    tasks += [
        (
            str(one.no),
            one.name,
            one.department,
            one.due_on.isoformat(),
            str(one.number),
            str(one.done),
            "是" if one.finished else "否",
        )
        for one in report.tasks
    ]
    for name, rows in (("情况", figures), ("目标", targets), ("任务", tasks)):
        sheet = book.add_worksheet(name)
        sheet.set_column(0, 6, 22)
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    book.close()
    return buffer.getvalue()
