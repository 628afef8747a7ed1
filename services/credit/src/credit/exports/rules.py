"""What can be exported, in which columns, and which events the feed of changes passes on."""

from enum import StrEnum

from common.events import event_type
from common.problems import Text

from credit.sheets import Column

__all__ = [
    "BOARDS",
    "FACTS",
    "FACTS_TOLD",
    "FEED",
    "GRADES",
    "HONOURS",
    "INSPECTIONS",
    "LISTINGS",
    "SUBJECT",
    "WARNINGS",
    "Name",
]


class Name(StrEnum):
    """The tables that can be exported."""

    SUBJECTS = "subjects"
    GRADES = "grades"
    FACTS = "facts"
    WARNINGS = "warnings"
    LISTINGS = "listings"
    BOARDS = "boards"
    INSPECTIONS = "inspections"
    HONOURS = "honours"


FEED = {
    event_type("credit", name): name
    for name in (
        "subject_registered",
        "subject_updated",
        "subject_merged",
        "grade_changed",
        "fact_recorded",
        "fact_withdrawn",
        "listing_published",
        "listing_removed",
        "certificate_ended",
    )
}
"""Types of events by name: ids and codes only. A fact goes out only when it is shown."""
FACTS_TOLD = tuple(type_ for type_, name in FEED.items() if name in ("fact_recorded", "fact_withdrawn"))
"""Those of them that are about a fact."""

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
LISTINGS = (
    *SUBJECT,
    Column("listing_id", Text("名单记录编号", "listing_id")),
    Column("number", Text("文号", "number")),
    Column("list", Text("名单", "list")),
    Column("condition", Text("情形", "condition")),
    Column("role", Text("身份", "role")),
    Column("state", Text("状态", "state")),
    Column("listed_on", Text("列入日期", "listed_on")),
    Column("management_until", Text("管理至", "management_until")),
    Column("publication_until", Text("公示至", "publication_until")),
    Column("removal", Text("移出原因", "removal")),
    Column("removed_on", Text("移出日期", "removed_on")),
    Column("objected", Text("异议标注", "objected")),
)
BOARDS = (
    *SUBJECT,
    Column("board_id", Text("红黑榜编号", "board_id")),
    Column("number", Text("文号", "number")),
    Column("period", Text("期间", "period")),
    Column("side", Text("榜单", "side")),
    Column("score", Text("评分", "score")),
    Column("grade", Text("等级", "grade")),
    Column("published_at", Text("公布时间", "published_at")),
    Column("disputed", Text("异议标注", "disputed")),
)
INSPECTIONS = (
    *SUBJECT,
    Column("inspection_id", Text("检查编号", "inspection_id")),
    Column("number", Text("文号", "number")),
    Column("inspection_kind", Text("检查类别", "inspection_kind")),
    Column("department", Text("检查部门", "department")),
    Column("items", Text("检查事项", "items")),
    Column("result", Text("检查结果", "result")),
    Column("finished_on", Text("完成日期", "finished_on")),
    Column("published_at", Text("公示时间", "published_at")),
    Column("disputed", Text("异议标注", "disputed")),
)
HONOURS = (
    *SUBJECT,
    Column("honour_id", Text("荣誉编号", "honour_id")),
    Column("number", Text("文号", "number")),
    Column("honour", Text("荣誉", "honour")),
    Column("state", Text("状态", "state")),
    Column("granted_on", Text("授予日期", "granted_on")),
    Column("expires_on", Text("有效期至", "expires_on")),
    Column("ended_on", Text("终止日期", "ended_on")),
)
