"""Who may record which code: a code that belongs to a procedure is recorded by that procedure alone.

Otherwise one officer could list, delist or repair a subject by an entry in the archive: without notice,
hearing, or a second person.
"""

from common.problems import InvalidPayload, Text

from .catalogue import FactKind
from .kinds import SourceKind

__all__ = ["BY_HAND", "check_hand_code", "check_hand_kind", "check_source", "procedure_of"]

BY_HAND = frozenset({SourceKind.LICENCE_REGISTER, SourceKind.COURT, SourceKind.OTHER})
"""What officers may enter. Everything else comes from events or from the room that made it: a hand-made fact
under a number of theirs would keep the real one out."""

_PROCEDURES = {
    SourceKind.COMPLAINT_CASE: Text("投诉案件办理或者异议", "the complaint case, or an objection"),
    SourceKind.ENFORCEMENT_CASE: Text("行政处罚案件办理或者异议", "the enforcement case, or an objection"),
    SourceKind.LISTING: Text(
        "名单的列入、移出、撤销或者异议程序", "listing, removal from the list, or an objection"
    ),
    SourceKind.REPAIR: Text("信用修复程序", "the repair of credit"),
    SourceKind.INSPECTION: Text("检查结果的确认程序或者异议", "the inspection's result, or an objection"),
    SourceKind.HAZARD: Text("安全隐患的整改销号或者异议", "putting the hazard right, or an objection"),
    SourceKind.COMMITMENT: Text("信用承诺的核查或者异议", "the check of the commitment, or an objection"),
    SourceKind.BOARD: Text("红黑榜的发布、移出或者异议", "the board, removal from it, or an objection"),
    SourceKind.HONOUR: Text("荣誉的授予、撤销程序或者异议", "granting and revoking honours, or an objection"),
    SourceKind.DEPOSIT: Text("保证金和责任险的登记或者异议", "the deposit's records, or an objection"),
    SourceKind.QUALIFICATION: Text("资格和培训的登记或者异议", "the qualification's record, or an objection"),
    SourceKind.RUN: Text("批量评分或者异议", "the scoring run, or an objection"),
    SourceKind.MERGE: Text("主体合并的撤销或者异议", "undoing the merger, or an objection"),
    SourceKind.LICENCE_REGISTER: Text("登记机关", "the register of licences"),
    SourceKind.COURT: Text("法院", "the court"),
    SourceKind.OTHER: Text("部门信息交换或者异议", "the exchange with other systems, or an objection"),
}


def procedure_of(source: SourceKind, kind: FactKind | None) -> Text | None:
    """The procedure by which alone a fact of that source and code changes; None where officers may."""
    if source not in BY_HAND:
        return _PROCEDURES[source]
    return _named(kind) if kind is not None and kind.recorded_by else None


def check_hand_kind(source: SourceKind) -> None:
    """Refuse a source that nobody enters by hand. Raises InvalidPayload at /source/kind."""
    if source not in BY_HAND:
        raise InvalidPayload.at(
            "/source/kind",
            Text(
                "案件、检查、名单等结果由其办理环节自动记入，不得手工录入",
                "Outcomes of cases, inspections, lists and the like come from where they are handled,"
                " never by hand",
            ),
        )


def check_hand_code(kind: FactKind) -> None:
    """Refuse a code that belongs to a procedure from entry by hand. Raises InvalidPayload at /code."""
    if kind.recorded_by:
        named = _named(kind)
        raise InvalidPayload.at(
            "/code",
            Text(
                f"{kind.code} 只能由{named.zh}记入，不得手工录入",
                f"{kind.code} is recorded by {named.en}, never by hand",
            ),
        )


def check_source(kind: FactKind, source: SourceKind, pointer: str = "/source/kind") -> None:
    """Refuse a source that does not record this code. Raises InvalidPayload at `pointer`.

    A merger repeats what the right source recorded before.
    """
    if kind.recorded_by and source not in (*kind.recorded_by, SourceKind.MERGE):
        allowed = ", ".join(kind.recorded_by)
        raise InvalidPayload.at(
            pointer,
            Text(f"{kind.code} 的来源只能是：{allowed}", f"{kind.code} comes only from: {allowed}"),
        )


def _named(kind: FactKind) -> Text:
    texts = [_PROCEDURES[one] for one in kind.recorded_by]
    return Text("、".join(one.zh for one in texts), "; ".join(one.en for one in texts))
