"""What can be exported, in which columns, and which events the feed of changes passes on."""

from enum import StrEnum

from common.events import event_type
from common.problems import Text

from credit.sheets import Column

__all__ = ["FACTS", "FEED", "GRADES", "SUBJECT", "WARNINGS", "Name"]


class Name(StrEnum):
    """The tables that can be exported."""

    SUBJECTS = "subjects"
    GRADES = "grades"
    FACTS = "facts"
    WARNINGS = "warnings"


FEED = {
    event_type("credit", name): name
    for name in (
        "subject_registered",
        "subject_updated",
        "subject_merged",
        "grade_changed",
        "fact_recorded",
        "listing_published",
        "listing_removed",
    )
}
"""Types of events by name: ids and codes only. A fact goes out only when its code is published."""

SUBJECT = (
    Column("subject_id", Text("主体编号", "subject_id")),
    Column("key", Text("代码", "key")),
    Column("name", Text("名称", "name")),
    Column("kind", Text("类别", "kind")),
    Column("region", Text("行政区划代码", "region")),
)
GRADES = (
    *SUBJECT,
    Column("version", Text("版本", "version")),
    Column("grade", Text("信用等级", "grade")),
    Column("tier", Text("监管层级", "tier")),
    Column("score", Text("评分", "score")),
    Column("policy_id", Text("评分卡", "policy_id")),
    Column("policy_version", Text("评分卡版本", "policy_version")),
    Column("valid_at", Text("评分日期", "valid_at")),
    Column("published_at", Text("公布时间", "published_at")),
    Column("result_hash", Text("结果哈希", "result_hash")),
)
FACTS = (
    *SUBJECT,
    Column("fact_id", Text("信息编号", "fact_id")),
    Column("version", Text("版本", "version")),
    Column("code", Text("信息代码", "code")),
    Column("code_name", Text("信息名称", "code_name")),
    Column("nature", Text("性质", "nature")),
    Column("occurred_on", Text("发生日期", "occurred_on")),
    Column("authority", Text("机关", "authority")),
    Column("reference", Text("文号", "reference")),
    Column("shown_until", Text("公示至", "shown_until")),
    Column("status", Text("状态", "status")),
)
WARNINGS = (
    *SUBJECT,
    Column("warning_id", Text("预警编号", "warning_id")),
    Column("rule_id", Text("预警规则", "rule_id")),
    Column("severity", Text("级别", "severity")),
    Column("state", Text("状态", "state")),
    Column("occurred_on", Text("发生日期", "occurred_on")),
    Column("acknowledge_by", Text("处理期限", "acknowledge_by")),
    Column("outcome", Text("处理结果", "outcome")),
)
