"""A campaign's report as a workbook."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import xlsxwriter
from common import regions

from credit.hazards.rules import HazardState
from credit.inspections.rules import InspectionState, Result
from credit.talks.rules import TalkState

from .schemas import CampaignReport

__all__ = ["WORDS", "report_sheet"]

WORDS: dict[str, Mapping[str, str]] = {
    "检查": {
        InspectionState.ASSIGNED: "已派员",
        InspectionState.IN_PROGRESS: "检查中",
        InspectionState.FINISHED: "检查完毕",
        InspectionState.DECIDED: "结果已审定",
        InspectionState.PUBLISHED: "结果已公示",
        InspectionState.CANCELLED: "已取消",
    },
    "结果": {
        Result.NORMAL: "未发现问题",
        Result.PROBLEM_FOUND: "发现问题",
        Result.REFUSED: "拒绝或阻碍检查",
        Result.UNREACHABLE: "无法联系",
        Result.CLOSED_BUSINESS: "已停业或注销",
    },
    "隐患": {
        HazardState.FOUND: "已发现",
        HazardState.ORDERED: "已责令整改",
        HazardState.CLOSED: "已销号",
        HazardState.HANDED_OVER: "已移送",
    },
    "约谈": {
        TalkState.INVITED: "已通知",
        TalkState.HELD: "已约谈",
        TalkState.MISSED: "未到",
        TalkState.CANCELLED: "已取消",
    },
    "指标": {
        "inspections": "检查户次",
        "hazards_closed": "销号隐患",
        "talks": "约谈次数",
        "mystery_visits": "暗访次数",
    },
}


def report_sheet(report: CampaignReport) -> bytes:
    """Three sheets: the figures, the targets, the departments' tasks.

    Numbers are numbers, to be added up; texts never become formulas.
    """
    buffer = BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    figures: list[tuple[Any, ...]] = [
        ("编号", report.number),
        ("名称", report.name),
        ("地区", f"{regions.full_name(report.region)}（{report.region}）"),
        ("起止", f"{report.starts_on.isoformat()} 至 {report.ends_on.isoformat()}"),
        ("截至", report.as_of.isoformat()),
        ("性质", "终报" if report.final else "进度"),
        ("总结", report.summary or ""),
        *_counted("检查", report.inspections),
        *_counted("结果", report.results),
        *((f"部门（{name}）", count) for name, count in sorted(report.by_department.items())),
        *_counted("隐患", report.hazards),
        *_counted("约谈", report.talks),
        ("暗访", report.mystery_visits),
    ]
    targets: list[tuple[Any, ...]] = [("目标", "指标", "数量", "完成")]
    targets += [(one.name, WORDS["指标"][one.measure], one.number, one.reached) for one in report.targets]
    tasks: list[tuple[Any, ...]] = [("序号", "任务", "部门", "期限", "数量", "完成", "办结")]
    tasks += [
        (
            one.no,
            one.name,
            one.department,
            one.due_on.isoformat(),
            one.number,
            one.done,
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


def _counted(what: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(f"{what}（{WORDS[what][code]}）", count) for code, count in sorted(counts.items())]
