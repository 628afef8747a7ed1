"""Freezing a draw: the document of all its inputs, and whether they make a draw at all."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from common.ledger.strict import hash_document
from common.problems import InvalidPayload, Text
from sqlalchemy import Row

from credit.plans.strata import ALL, Layer, Sampled, layers_by_tier, one_layer, strata_of
from credit.rulebook.rules import DrawLimits, DrawPolicy
from credit.scoring.rules.engine import instant
from credit.subjects.rules import is_person
from credit.supervision.figures import Tiers

from .preparing import Prepared
from .rules import INPUTS_FORMAT, Inputs, inputs_of
from .rules.inputs import LISTS, allowed_by_hand, by_hand, most_drawn
from .schemas import DrawIn

__all__ = ["check_grounds", "check_people", "frozen_inputs"]

Candidate = Row[UUID, str, str | None, str, str]
_TWICE = Text("人员重复", "A person stands twice")


def _named_again(people: Sequence[str]) -> int | None:
    """Where a person is first named again; names that differ only in letter case or width are one."""
    same = [unicodedata.normalize("NFKC", person).casefold() for person in people]
    return next((place for place, person in enumerate(same) if person in same[:place]), None)


def check_people(wanted: Prepared, policy: DrawPolicy) -> None:
    """Refuse officers and inspectors who are too few, named twice, or recused without being on the list.

    At least two officers draw, and at least two inspectors inspect (Article 42 of the penalty law).
    """
    inspectors = [one.id for one in wanted.inspectors]
    departments = {one.department for one in wanted.inspectors if one.department is not None}
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
            len(inspectors) >= least,
            "/inspectors",
            Text(f"名录库中可抽取的检查人员不足 {least} 人", f"Fewer than {least} inspectors can be drawn"),
        ),
        (
            wanted.inspectors_per_object >= least,
            "/inspectors_per_object",
            Text(f"执法人员不得少于 {least} 人", f"At least {least} inspectors are required"),
        ),
        (
            wanted.min_departments == 1 or len(departments) >= wanted.min_departments,
            "/inspectors",
            Text("参与部门不足", "Too few departments for a joint inspection"),
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


def check_grounds(wanted: DrawIn, limits: DrawLimits) -> None:
    """Refuse recusals and exclusions of a request for a ground that the policy does not know."""
    for field, given, known in (
        ("recusals", [one.reason for one in wanted.recusals], limits.recusal_grounds),
        ("exclusions", [one.reason for one in wanted.exclusions], limits.exclusion_grounds),
    ):
        codes = {one.code for one in known}
        for place, reason in enumerate(given):
            if reason not in codes:
                raise InvalidPayload.at(
                    f"/{field}/{place}/reason", Text("目录中没有该理由", "Not a ground of the policy")
                )


def frozen_inputs(
    wanted: Prepared,
    candidates: Sequence[Candidate],
    policy: DrawPolicy,
    limits: DrawLimits,
    tiers: Tiers,
    draw_id: UUID,
    number: str,
    now: datetime,
    times: Mapping[str, datetime],
) -> dict[str, Any]:
    """All inputs as one document: objects weighted by the sampling ratio of their tier, everything in order.

    Keys of natural persons and reasons in words stay out of it: the document is public with the bundle.

    `times` says until when to commit, seal and reveal (`commit_by`, `seal_by`, `reveal_by`).

    Raises:
        InvalidPayload: more is to be drawn than there is, the draw is too large, recusals leave an object
            with too few inspectors, or people keep more apart than `limits` allow.
    """
    among = {str(row.id) for row in candidates}
    excluded = {item: why for item, why in wanted.exclusions.items() if item in among or why[1] is not None}
    objects = [row for row in candidates if str(row.id) not in excluded]
    sampled = [(row.tier, tiers.sampling_bp(row.kind, row.region, row.tier)) for row in objects]
    layers, strata = _layers(wanted, sampled), strata_of(sampled)
    by_tier = layers[0].id != ALL if layers else False
    recusals = [one for one in wanted.recusals if one.given or one.object in among]
    frozen: dict[str, Any] = {
        "format": INPUTS_FORMAT,
        "draw_id": str(draw_id),
        "number": number,
        "purpose": wanted.purpose,
        "region": wanted.region,
        "kinds": sorted(wanted.kinds),
        "tiers": sorted(wanted.tiers),
        "algorithm": policy.algorithm,
        "policy": {name: getattr(tiers.policy, name) for name in ("id", "version", "hash")},
        "task": wanted.task_document(),
        "officers": sorted(wanted.officers),
        "count": sum(layer.count for layer in layers),
        "strata": [_stratum(layer) for layer in layers],
        "inspectors_per_object": wanted.inspectors_per_object,
        "min_departments": wanted.min_departments,
        "expertise": wanted.expertise,
        "objects": [
            {
                "id": str(row.id),
                "key": None if is_person(row.kind, row.key) else row.key,
                "tier": row.tier,
                "stratum": strata[pair] if by_tier else ALL,
                "weight": max(1, pair[1]),
            }
            for row, pair in zip(objects, sampled, strict=True)
        ],
        "inspectors": [
            {"id": one.id, "department": one.department, "expertise": list(one.expertise)}
            for one in sorted(wanted.inspectors, key=lambda one: one.id)
        ],
        "recusals": [
            {
                "inspector": one.inspector,
                "object": one.object,
                "reason": one.reason,
                "by": one.by,
                "source": "request" if one.given else "library",
            }
            for one in recusals
        ],
        "exclusions": [
            {"object": item, "reason": reason, "by": by} for item, (reason, by) in sorted(excluded.items())
        ],
        "frozen_by": wanted.by,
        "redraw_of": str(wanted.redraw_of) if wanted.redraw_of else None,
        "created_at": instant(now),
        **{name: instant(moment) for name, moment in times.items()},
    }
    found = by_hand(frozen)
    frozen["by_hand"] = {
        "inspectors": len(wanted.inspectors) if wanted.named else 0,
        "recused": found["recused"][0],
        "recused_bp": limits.recused_bp,
        "excluded": found["excluded"][0],
        "excluded_bp": limits.excluded_bp,
    }
    frozen["digests"] = {name: hash_document(frozen[name]).hex() for name in LISTS}
    _check_feasible(frozen)
    return frozen


def _layers(wanted: Prepared, sampled: Sequence[Sampled]) -> list[Layer]:
    if wanted.count is not None:
        return one_layer(len(sampled), count=wanted.count)
    if wanted.ratio_bp is not None:
        return one_layer(len(sampled), ratio_bp=wanted.ratio_bp)
    return layers_by_tier(sampled, wanted.items, wanted.above_cap)


def _stratum(layer: Layer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "ratio_bp": layer.ratio_bp,
        "objects": layer.objects,
        "weight": layer.weight,
        "count": layer.count,
    }


def _check_feasible(frozen: dict[str, Any]) -> None:
    there = len(frozen["objects"])
    if not 0 < frozen["count"] <= there:
        raise InvalidPayload.at("/count", Text(f"可抽对象只有 {there} 个", f"There are {there} objects only"))
    _check_size(frozen["count"], there, len(frozen["inspectors"]))
    _check_by_hand(frozen)
    inputs = inputs_of(frozen)
    if not _nobody_recused(inputs).can_inspect(""):
        raise InvalidPayload.at(
            "/inspectors",
            Text(
                "检查人员的人数、专业或部门不足",
                "The inspectors are too few, in number, expertise or departments",
            ),
        )
    recused = {item for _, item in inputs.recusals if item in inputs.weights}
    if not all(inputs.can_inspect(item) for item in recused):
        raise InvalidPayload.at(
            "/recusals", Text("回避后可用检查人员不足", "Recusals leave an object with too few inspectors")
        )


def _check_size(count: int, objects: int, inspectors: int) -> None:
    if count > (most := most_drawn(objects, inspectors)):
        raise InvalidPayload.at(
            "/count",
            Text(
                f"从 {objects} 个对象中一次至多抽取 {most} 个，现为 {count}，请分批",
                f"At most {most} of {objects} objects are drawn at once, not {count}; split the draw",
            ),
        )


def _check_by_hand(frozen: dict[str, Any]) -> None:
    hand = frozen["by_hand"]
    for name, field in (("recused", "recusals"), ("excluded", "exclusions")):
        found, whole = by_hand(frozen)[name]
        most = allowed_by_hand(whole, hand[f"{name}_bp"])
        if found > most:
            raise InvalidPayload.at(
                f"/{field}",
                Text(
                    f"人工回避或排除过多：{whole} 中至多 {most}，现为 {found}",
                    f"Too much is kept apart by hand: {found} of {whole}, {most} at most",
                ),
            )


def _nobody_recused(inputs: Inputs) -> Inputs:
    return replace(inputs, recusals=frozenset())
