"""What the papers of a listing say, as plain data for their templates. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from credit.facts.retention import PublicityPolicy
from credit.papers.rules import chinese_date

from .clocks import Deadline
from .policy import ListForm, ListingCondition, RepairClock
from .rules import Removal, Role

__all__ = [
    "CONFLICT",
    "REASONS",
    "annulment_data",
    "decision_data",
    "heard",
    "notice_data",
    "removal_data",
    "repair_notice_data",
]

ROLES: dict[Role, str | None] = {
    Role.SELF: None,
    Role.PRINCIPAL: "主要负责人",
    Role.LEGAL_REPRESENTATIVE: "法定代表人",
    Role.MANAGER: "有关管理人员",
    Role.CONTROLLER: "实际控制人",
}
REASONS = {
    Removal.EXPIRED: "管理措施期限届满，自动修复",
    Removal.REPAIRED: "准予信用修复",
    Removal.REVOKED: "认定所依据的决定被撤销或者变更",
    Removal.POLICY: "法律、政策调整或者其他不宜继续列入的情形",
}
STARTS = {"listed_on": "列入之日", "document_on": "决定书作出之日"}
EFFECTS = ["停止公示", "停止共享和使用", "解除管理措施", "更新信用评价结果"]
CONFLICT = (
    "关于信用承诺书，信用修复工作指南规定严重失信主体不作信用承诺，"
    "国家发展改革委令第36号要求公开作出信用承诺；是否提交由主管部门认定后告知。"
)


def heard(*, stated: bool, replied: bool) -> str:
    """What the decision says of the hearing: only an answered statement was reviewed on record."""
    if not stated:
        return "在规定期限内未提出，视为放弃"
    return "已听取陈述、申辩并复核" if replied else "已听取陈述、申辩"


def notice_data(
    form: ListForm,
    condition: ListingCondition,
    basis: Sequence[str],
    reasons: str,
    role: Role,
    defence: Deadline,
) -> dict[str, Any]:
    """The notice: facts, reasons, basis, intended measures and the right to be heard."""
    return _core(form, condition, basis, reasons, role) | {
        "period": f"{form.months}个月，自决定书送达之日起计算",
        "publication": "依法向社会公示" if form.public else "原则上不公示",
        "defence_term": f"{len(defence.counted_days)}个工作日",
        "defence_until": defence.due_on,
        "provisional": defence.provisional,
    }


def decision_data(
    form: ListForm,
    condition: ListingCondition,
    basis: Sequence[str],
    reasons: str,
    role: Role,
    document_on: date,
    publicity: PublicityPolicy,
    heard: str,
    notice_number: str,
    steps: dict[str, str],
    longer: tuple[date, str] | None,
) -> dict[str, Any]:
    """The decision to list."""
    shown = []
    if publicity.covers_lists:
        last = publicity.published_until(form.publicity_class, document_on)
        shown.append(f"自本决定作出之日起，至{chinese_date(last)}止")
    period = f"{form.months}个月，自本决定书送达之日起计算"
    if longer is not None:
        period += f"；其他法律规定更长限制期限的，至{chinese_date(longer[0])}止（{longer[1]}）"
    return _core(form, condition, basis, reasons, role) | {
        "role": ROLES[role],
        "notice_number": notice_number,
        "heard": heard,
        "expert": steps.get("expert"),
        "legal_review": steps.get("legal_review"),
        "discussion": steps.get("discussion"),
        "period": period,
        "publication": (shown or ["管理期限内公示"]) if form.public else "原则上不公示",
    }


def repair_notice_data(
    form: ListForm, on_list: str, decision_number: str, packs: Sequence[RepairClock]
) -> dict[str, Any]:
    """How to have the listing repaired; served together with the decision (两书同达)."""
    minimum = [
        f"{pack.name.zh}：自{STARTS[pack.runs_from]}起满{months}个月后"
        for pack in packs
        if (months := pack.minimum_months.get(form.publicity_class)) is not None
    ]
    terms = {
        "accept": "受理",
        "verify": "核查",
        "decide": "决定",
        "lift": "修复",
    }
    steps = [
        f"{terms[name]}：{term.working_days}个工作日" for pack in packs for name, term in pack.steps.items()
    ]
    conflict = on_list == "serious" and {pack.commitment for pack in packs} == {
        "always",
        "never_from_serious",
    }
    commitment = [] if on_list == "serious" else ["信用承诺书（载明承诺事项和违诺责任）"]
    return {
        "list_name": form.name.zh,
        "decision_number": decision_number,
        "apply_from": minimum,
        "conditions": ["最短期限届满", "已纠正失信行为、履行义务、消除不良影响"],
        "materials": [
            "信用修复申请书",
            "纠正失信行为的证明",
            *commitment,
            "信用修复培训记录（可在培训后补交）",
        ],
        "terms": steps,
        "expires": "管理措施期限届满后由系统自动移出，无需申请",
        "conflict": CONFLICT if conflict else None,
    }


def removal_data(
    form: ListForm, listed_on: date, decision_number: str, removed_on: date, why: Removal, note: str
) -> dict[str, Any]:
    """The removal, with what ends with it."""
    return {
        "list_name": form.name.zh,
        "listed_on": listed_on,
        "decision_number": decision_number,
        "removed_on": removed_on,
        "reason": REASONS[why],
        "effects": EFFECTS if form.public else EFFECTS[1:],
        "note": note,
    }


def annulment_data(
    form: ListForm,
    decision_number: str,
    decided_on: date,
    listed_on: date | None,
    annulled_on: date,
    because: str,
    note: str,
) -> dict[str, Any]:
    """The annulment: the listing never was, and what was noted of it is undone from its start."""
    return {
        "because": because,
        "list_name": form.name.zh,
        "decision_number": decision_number,
        "decided_on": decided_on,
        "listed_on": listed_on or "决定书尚未送达",
        "annulled_on": annulled_on,
        "effects": ["原列入记录自始撤销", *(EFFECTS if form.public else EFFECTS[1:])],
        "note": note,
    }


def _core(
    form: ListForm, condition: ListingCondition, basis: Sequence[str], reasons: str, role: Role
) -> dict[str, Any]:
    return {
        "list_name": form.name.zh,
        "condition_code": condition.id,
        "condition": condition.name.zh + (f"（以{ROLES[role]}身份）" if ROLES[role] else ""),
        "basis": list(basis),
        "measures": form.measures,
        "reasons": reasons,
    }
