"""What the codes of a report are called, for whoever reads it as a file. Pure."""

from collections.abc import Mapping

from common.problems import Text

from credit.facts.rules import Action
from credit.inspections.rules import InspectionKind, Result
from credit.listings.rules import Event as ListingEvent
from credit.listings.rules import ListName
from credit.objections.rules import Event as ObjectionEvent
from credit.objections.rules import Target
from credit.repairs.rules import Event as RepairEvent
from credit.subjects.rules import Kind
from credit.warnings.rules import Outcome

from .rules import Duty

__all__ = ["DUTIES", "PRECISION", "SECTIONS", "item_word", "mark_word"]

PRECISION = "precision_bp"
SECTIONS = {
    "subjects": Text("主体", "Subjects"),
    "movements": Text("等级变动", "Movements of grades"),
    "facts": Text("信用信息", "Facts"),
    "warnings": Text("风险预警", "Warnings"),
    "inspections": Text("监督检查", "Inspections"),
    "listings": Text("失信名单", "Lists of dishonesty"),
    "repairs": Text("信用修复", "Repairs"),
    "objections": Text("异议", "Objections"),
}
DUTIES = {
    Duty.LISTING_REPLIED: Text("答复陈述申辩", "Answer to a statement in defence"),
    Duty.LISTING_DECIDED: Text("作出列入决定", "Decision on a listing"),
    Duty.OBJECTION_FLAGGED: Text("标注异议", "Flag of an objection"),
    Duty.OBJECTION_DECIDED: Text("作出异议决定", "Decision on an objection"),
    Duty.OBJECTION_REMEDIED: Text("异议成立后更正", "Correction after a sustained objection"),
    Duty.REPAIR_ACCEPTED: Text("受理修复申请", "Acceptance of a repair"),
    Duty.REPAIR_VERIFIED: Text("核查修复申请", "Verification of a repair"),
    Duty.REPAIR_DECIDED: Text("作出修复决定", "Decision on a repair"),
    Duty.HONOUR_REVIEWED: Text("审查荣誉申请", "Review of an honour"),
    Duty.HONOUR_DECIDED: Text("作出授予决定", "Decision on an honour"),
    Duty.HONOUR_REVOCATION_DECIDED: Text("作出荣誉撤销决定", "Decision on revoking an honour"),
    Duty.WARNING_ACKNOWLEDGED: Text("签收预警", "Acknowledgement of a warning"),
    Duty.WARNING_RESOLVED: Text("办结预警", "Resolution of a warning"),
    Duty.INSPECTION_PUBLISHED: Text("公示检查结果", "Publication of an inspection"),
    Duty.HAZARD_CLOSED: Text("隐患整改销号", "Closing of a hazard"),
}
_KINDS: Mapping[str, Text] = {
    Kind.TRAVEL_AGENCY: Text("旅行社", "Travel agencies"),
    Kind.AGENCY_BRANCH: Text("旅行社分社", "Agency branches"),
    Kind.TOUR_GUIDE: Text("导游", "Tour guides"),
    Kind.STAR_HOTEL: Text("星级饭店", "Star hotels"),
    Kind.HOMESTAY: Text("民宿", "Homestays"),
    Kind.SCENIC_AREA: Text("景区", "Scenic areas"),
    Kind.OTA_PLATFORM: Text("在线旅游平台", "Online platforms"),
    Kind.COACH_COMPANY: Text("旅游客运企业", "Coach companies"),
    Kind.NATURAL_PERSON: Text("自然人", "Natural persons"),
    Kind.UNLICENSED_OPERATOR: Text("无证经营者", "Unlicensed operators"),
}
_ITEMS: dict[str, Mapping[str, Text]] = {
    "subjects": _KINDS,
    "movements": _KINDS,
    "inspections": {
        InspectionKind.DRAWN: Text("双随机抽查", "Random inspections"),
        InspectionKind.TARGETED: Text("专项核查（随机之外）", "Targeted checks"),
        InspectionKind.CAMPAIGN: Text("专项行动检查", "Checks of campaigns"),
    },
    "listings": {
        ListName.SERIOUS: Text("严重失信主体名单", "Serious list"),
        ListName.SLIGHT: Text("轻微失信主体名单", "Slight list"),
    },
    "repairs": {"repair": Text("修复申请", "Applications for repair")},
    "objections": {
        Target.FACT: Text("对信用信息的异议", "Against facts"),
        Target.GRADE: Text("对信用等级的异议", "Against grades"),
        Target.LISTING: Text("对名单记录的异议", "Against listings"),
        Target.PAGE: Text("对公示内容的异议", "Against entries of the public page"),
    },
}
_MARKS: dict[str, Mapping[str, Text]] = {
    "subjects": {"unrated": Text("未评级", "Not rated")},
    "facts": {
        Action.RECORD: Text("记录", "Recorded"),
        Action.AMEND: Text("更正", "Amended"),
        Action.REVOKE: Text("撤销", "Revoked"),
        Action.RESTORE: Text("恢复", "Restored"),
        Action.DISPUTE: Text("标注异议", "Disputed"),
        Action.SETTLE: Text("解除异议标注", "Settled"),
    },
    "warnings": {
        "raised": Text("发出", "Raised"),
        Outcome.CONFIRMED: Text("属实", "Confirmed"),
        Outcome.FALSE_ALARM: Text("误报", "False alarm"),
        Outcome.HANDED_OVER: Text("移送", "Handed over"),
        Outcome.NO_ACTION: Text("无需处置", "No action"),
        PRECISION: Text("准确率（万分比）", "Precision (basis points)"),
    },
    "inspections": {
        Result.NORMAL: Text("未发现问题", "No problem found"),
        Result.PROBLEM_FOUND: Text("发现问题", "Problem found"),
        Result.REFUSED: Text("拒绝或阻碍检查", "Inspection refused"),
        Result.UNREACHABLE: Text("无法联系", "Not to be reached"),
        Result.CLOSED_BUSINESS: Text("已停业或注销", "Out of business"),
        "published": Text("已公示结果", "Result published"),
    },
    "listings": {
        ListingEvent.OPEN: Text("立案", "Opened"),
        ListingEvent.NOTIFY: Text("告知", "Notice served"),
        ListingEvent.STATEMENT: Text("陈述申辩", "Statement in defence"),
        ListingEvent.REPLY: Text("答复申辩", "Statement answered"),
        ListingEvent.DECIDE: Text("决定列入", "Decided"),
        ListingEvent.DISMISS: Text("不予列入", "Dismissed"),
        ListingEvent.PUBLISH: Text("送达并列入", "Served and listed"),
        ListingEvent.REMOVE: Text("移出", "Removed"),
        ListingEvent.ANNUL: Text("撤销列入", "Annulled"),
        ListingEvent.LIFT: Text("暂时解除", "Lifted for a time"),
        ListingEvent.RESTORE: Text("恢复列入", "Restored"),
        ListingEvent.FLAG: Text("标注异议", "Objection flagged"),
        ListingEvent.UNFLAG: Text("解除异议标注", "Flag taken away"),
    },
    "repairs": {
        RepairEvent.APPLY: Text("申请", "Applied"),
        RepairEvent.RESOLVE: Text("裁定是否须信用承诺", "Commitment letter settled"),
        RepairEvent.MATERIALS: Text("补交材料", "Materials handed in"),
        RepairEvent.ACCEPT: Text("受理", "Accepted"),
        RepairEvent.REFUSE: Text("不予受理", "Not accepted"),
        RepairEvent.VERIFY: Text("核查", "Verified"),
        RepairEvent.GRANT: Text("准予修复", "Granted"),
        RepairEvent.REJECT: Text("不予修复", "Refused"),
        RepairEvent.CLOSE: Text("终止", "Closed"),
    },
    "objections": {
        ObjectionEvent.FILE: Text("提出", "Filed"),
        ObjectionEvent.ACCEPT: Text("受理", "Taken up"),
        ObjectionEvent.REFUSE: Text("不予受理", "Refused"),
        ObjectionEvent.FORWARD: Text("转来源单位核实", "Handed to the source"),
        ObjectionEvent.EXTEND: Text("延长办理期限", "Extended"),
        ObjectionEvent.START_APPRAISAL: Text("鉴定开始", "Appraisal begun"),
        ObjectionEvent.END_APPRAISAL: Text("鉴定结束", "Appraisal ended"),
        ObjectionEvent.VERIFY: Text("核实", "Verified"),
        ObjectionEvent.SUSTAIN: Text("异议成立", "Sustained"),
        ObjectionEvent.DISMISS: Text("异议不成立", "Dismissed"),
        ObjectionEvent.WITHDRAW: Text("撤回", "Withdrawn"),
        ObjectionEvent.CLOSE: Text("办结", "Closed"),
    },
}


def item_word(section: str, item: str, named: Mapping[str, Text]) -> Text:
    """What an item is called; `named` holds the names of fact codes and warning rules. Unknown, the code."""
    return _ITEMS.get(section, named).get(item) or Text(item, item)


def mark_word(section: str, mark: str) -> Text:
    """What a mark is called; a grade is called by itself."""
    if section == "movements":
        before, _, after = mark.partition(">")
        return Text(f"首次评为 {after}", f"First grade {after}") if before == "-" else _moved(before, after)
    return _MARKS.get(section, {}).get(mark) or Text(mark, mark)


def _moved(before: str, after: str) -> Text:
    return Text(f"由 {before} 变为 {after}", f"From {before} to {after}")
