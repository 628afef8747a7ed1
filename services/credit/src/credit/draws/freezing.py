"""Freezing a draw: the document of all its inputs, and whether they make a draw at all."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.problems import InvalidPayload, Text
from sqlalchemy import Row

from credit.rulebook.rules import DrawPolicy, SupervisionPolicy
from credit.scoring.rules.engine import instant
from credit.subjects.rules import is_person

from .rules.inputs import INPUTS_FORMAT, inputs_of
from .schemas import DrawIn

__all__ = ["check_people", "frozen_inputs"]

_MOST_WORK = 3_000_000
Candidate = Row[UUID, str, str | None, str | None]


def _named_again(people: Sequence[str]) -> int | None:
    """Where a person is first named again; names that differ only in letter case or width are one."""
    same = [unicodedata.normalize("NFKC", person).casefold() for person in people]
    return next((place for place, person in enumerate(same) if person in same[:place]), None)


def check_people(wanted: DrawIn, policy: DrawPolicy) -> None:
    """Refuse officers and inspectors who are too few, named twice, or recused without being on the list.

    At least two officers draw, and at least two inspectors inspect (Article 42 of the penalty law).
    """
    inspectors = [one.id for one in wanted.inspectors]
    again = _named_again(wanted.officers)
    least = policy.min_inspectors_per_object
    checks = (
        (again is None, f"/officers/{again}", _TWICE),
        (
            len(wanted.officers) >= policy.min_officers,
            "/officers",
            Text(f"至少 {policy.min_officers} 人", f"At least {policy.min_officers} are needed"),
        ),
        (len(set(inspectors)) == len(inspectors), "/inspectors", _TWICE),
        (
            wanted.inspectors_per_object >= least,
            "/inspectors_per_object",
            Text(f"执法人员不得少于 {least} 人", f"At least {least} inspectors are required"),
        ),
        (
            {one.inspector for one in wanted.recusals} <= set(inspectors),
            "/recusals",
            Text("回避人员不在检查人员名单中", "A recused inspector is not on the list"),
        ),
    )
    for holds, pointer, reason in checks:
        if not holds:
            raise InvalidPayload.at(pointer, reason)


_TWICE = Text("人员重复", "A person stands twice")


def frozen_inputs(
    wanted: DrawIn,
    candidates: Sequence[Candidate],
    policy: DrawPolicy,
    tiers: SupervisionPolicy,
    draw_id: UUID,
    number: str,
    now: datetime,
) -> dict[str, Any]:
    """All inputs as one document: objects weighted by the sampling ratio of their tier, everything in order.

    Keys of natural persons and reasons in words stay out of it: the document is public with the bundle.

    Raises:
        InvalidPayload: more is to be drawn than there is, the draw is too large, or recusals leave an object
            with too few inspectors.
    """
    excluded = {str(one.subject_id): one.reason for one in wanted.exclusions}
    recusals = [(one.inspector, str(one.subject_id), str(one.reason)) for one in wanted.recusals]
    frozen: dict[str, Any] = {
        "format": INPUTS_FORMAT,
        "draw_id": str(draw_id),
        "number": number,
        "purpose": wanted.purpose,
        "region": wanted.region,
        "algorithm": policy.algorithm,
        "policy": {"id": tiers.id, "version": tiers.version, "hash": tiers.hash},
        "officers": sorted(wanted.officers),
        "count": wanted.count,
        "inspectors_per_object": wanted.inspectors_per_object,
        "objects": [
            {
                "id": str(row.id),
                "key": None if is_person(row.kind, row.key) else row.key,
                "tier": row.tier,
                "weight": tiers.of(row.tier).sampling_bp,
            }
            for row in candidates
            if str(row.id) not in excluded
        ],
        "inspectors": [
            {"id": one.id, "department": one.department}
            for one in sorted(wanted.inspectors, key=lambda one: one.id)
        ],
        "recusals": [
            {"inspector": inspector, "object": item, "reason": reason}
            for inspector, item, reason in sorted(recusals)
        ],
        "exclusions": [{"object": key, "reason": reason} for key, reason in sorted(excluded.items())],
        "redraw_of": str(wanted.redraw_of) if wanted.redraw_of else None,
        "created_at": instant(now),
    }
    _check_feasible(frozen)
    return frozen


def _check_feasible(frozen: dict[str, Any]) -> None:
    inputs = inputs_of(frozen)
    there = len(inputs.weights)
    if inputs.count > there:
        raise InvalidPayload.at("/count", Text(f"可抽对象只有 {there} 个", f"There are {there} objects only"))
    if inputs.count * there > _MOST_WORK:
        raise InvalidPayload.at("/count", Text("一次抽取过大，请分批", "Too large for one draw; split it"))
    recused = {item for _, item in inputs.recusals if item in inputs.weights}
    if any(len(inputs.eligible(item)) < inputs.inspectors_per_object for item in recused) or (
        len(inputs.inspectors) < inputs.inspectors_per_object
    ):
        raise InvalidPayload.at(
            "/recusals", Text("回避后可用检查人员不足", "Recusals leave an object with too few inspectors")
        )
