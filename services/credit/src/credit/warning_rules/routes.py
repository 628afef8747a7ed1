"""Routes of warning rules."""

from datetime import date
from typing import Annotated

from common.problems import SecondPersonNeeded, declare
from common.web import ServiceRouter
from fastapi import Path, Query

from .dependencies import Author, Reader, WarningRuleServiceDep
from .errors import AlreadyActive, RuleNotFound
from .schemas import ActivationIn, PrecisionView, RuleIn, RuleView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/warning-rules", tags=["warnings"])

RuleId = Annotated[str, Path(max_length=100)]


@router.get("", summary="Every version of every warning rule, or those that hold on a day")
async def list_warning_rules(
    actor: Reader,
    rules: WarningRuleServiceDep,
    on: Annotated[date | None, Query(description="a Chinese day")] = None,
) -> list[RuleView]:
    return await rules.list_of(actor, on)


@router.put(
    "",
    responses=declare(RuleNotFound),
    summary="Write a new version of a rule, with a dry run; somebody else activates it",
)
async def write_warning_rule(body: RuleIn, actor: Author, rules: WarningRuleServiceDep) -> RuleView:
    return await rules.write(actor, body)


@router.post(
    "/{rule_id}/activation",
    responses=declare(RuleNotFound, SecondPersonNeeded, AlreadyActive),
    summary="Let a written version count from its first day on",
)
async def activate_warning_rule(
    rule_id: RuleId, body: ActivationIn, actor: Author, rules: WarningRuleServiceDep
) -> RuleView:
    return await rules.activate(actor, rule_id, body)


@router.get(
    "/{rule_id}/precision",
    responses=declare(RuleNotFound),
    summary="How often a rule was right, by year, with Wilson's interval",
)
async def get_precision(rule_id: RuleId, actor: Reader, rules: WarningRuleServiceDep) -> PrecisionView:
    return await rules.precision(actor, rule_id)
