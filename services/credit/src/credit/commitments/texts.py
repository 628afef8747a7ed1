"""What people wrote in commitments: encrypted, bound to its row, and its words on papers."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.crypto import Keyring

from .models import Commitment
from .rules import Kind

__all__ = ["KINDS", "context", "notice_data", "read_items"]

KINDS = {
    Kind.APPROVAL_SUBSTITUTE: "审批替代型",
    Kind.PROOF_NOTIFICATION: "证明事项告知承诺",
    Kind.VOLUNTARY_PUBLICATION: "主动公示型",
    Kind.SELF_DISCIPLINE: "行业自律型",
    Kind.REPAIR: "信用修复型",
}
_EFFECTS = "违背承诺的情况计入信用档案，参与信用评价；以后不再适用信用承诺。"


def context(commitment_id: UUID, place: str) -> str:
    """What an encrypted text of a commitment is bound to."""
    return f"credit.commitment:{commitment_id}:{place}"


def read_items(commitment: Commitment, keyring: Keyring) -> list[str]:
    """What a commitment promises."""
    items: list[str] = json.loads(
        keyring.decrypt(commitment.items_cipher, context=context(commitment.id, "items"))
    )
    return items


def notice_data(
    commitment: Commitment, items: Sequence[str], reasons: str, hearing: dict[str, Any]
) -> dict[str, Any]:
    """What the notice of an intended finding of breach says; `hearing`: the period for a statement."""
    return {
        "commitment": commitment.number,
        "kind": KINDS[Kind(commitment.kind)],
        "period": f"{commitment.start_on:%Y-%m-%d} 至 {commitment.end_on:%Y-%m-%d}",
        "items": "；".join(items),
        "evidence": "；".join(str(item["name"]) for item in commitment.evidence),
        "reasons": reasons,
        "effects": _EFFECTS,
        **hearing,
    }
