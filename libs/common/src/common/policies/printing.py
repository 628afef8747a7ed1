"""Policies for readers: the answer of `GET .../policies`, and a printed form a lawyer can check."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from common.regions import full_name

from .model import Policy, PolicyStatus

__all__ = ["PolicyView", "policies_payload", "printed"]

_HEAD = frozenset({"id", "version", "effective_from", "effective_to", "region", "legal_basis", "status"})
_STATUS = {
    "verified": "✔ verified 已核对原文",
    "recalled": "? recalled 待核对：依记忆写入，使用前须核对原文",
    "sample": "✎ sample 示例：并非任何机关发布的规则",
}


class PolicyView(BaseModel):
    """One policy version as the API shows it; `content` is the whole of what was written."""

    model_config = ConfigDict(extra="forbid")

    id: str
    version: str
    region: str
    effective_from: date
    effective_to: date | None
    status: PolicyStatus
    legal_basis: list[str]
    hash: str
    content: dict[str, Any]


def policies_payload(policies: Iterable[Policy], *, on: date | None = None) -> list[PolicyView]:
    """Each version as a view, or only those in force on `on`."""
    return [
        PolicyView(
            id=policy.id,
            version=policy.version,
            region=policy.region,
            effective_from=policy.effective_from,
            effective_to=policy.effective_to,
            status=policy.status,
            legal_basis=list(policy.legal_basis),
            hash=policy.hash,
            content=policy.content,
        )
        for policy in policies
        if on is None or policy.in_force(on)
    ]


def printed(policies: Iterable[Policy]) -> str:
    """Markdown: each policy with its period, place, status mark, articles beside the rules, and its hash."""
    return "\n".join(line for policy in policies for line in _print_policy(policy))


def _print_policy(policy: Policy) -> Iterator[str]:
    until = policy.effective_to.isoformat() if policy.effective_to else "…"
    place = f"{full_name(policy.region)} {policy.region}"
    yield f"## {policy.id} · {policy.version}"
    yield ""
    yield f"- 生效 in force: {policy.effective_from.isoformat()} – {until} · 地区 region: {place}"
    yield f"- 状态 status: {_STATUS[policy.status]}"
    for article in policy.legal_basis:
        yield f"- 依据 basis: {article}"
    yield f"- 文件 file: {policy.file} · sha256 {policy.hash}"
    yield ""
    yield from _print_value({k: v for k, v in policy.content.items() if k not in _HEAD}, 0)
    yield ""


def _print_value(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "status" and item in _STATUS:
                yield f"{indent}- status: {_STATUS[item]}"
            elif isinstance(item, dict | list) and item:
                yield f"{indent}- {key}:"
                yield from _print_value(item, depth + 1)
            else:
                yield f"{indent}- {key}: {_scalar(item)}"
    else:
        for item in value:
            if isinstance(item, dict | list) and item:
                yield f"{indent}-"
                yield from _print_value(item, depth + 1)
            else:
                yield f"{indent}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    return (
        {None: "—", True: "是 yes", False: "否 no"}[value]
        if value is None or value is True or value is False
        else str(value)
    )
