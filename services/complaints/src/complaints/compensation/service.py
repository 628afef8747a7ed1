"""The one use case of compensation: an estimate."""

from common.clock import Clock, china_date
from common.policies import PolicyNotInForce
from common.problems import InvalidPayload, Text

from .policy import CompensationBook
from .rules import Claim, Step, estimate, faults
from .schemas import ClaimIn, EstimateIn, EstimateOut, StepOut

__all__ = ["NOTE", "CompensationService"]

NOTE = Text(
    "合同对赔偿另有约定的，依合同；不可抗力及旅游者自身原因不适用本标准。",
    "A clause of the contract goes first; not for force majeure or the tourist's own cause.",
)


class CompensationService:
    """Estimates by the standard in force on a day."""

    def __init__(self, book: CompensationBook, clock: Clock) -> None:
        self._book, self._clock = book, clock

    def estimate(self, wanted: EstimateIn, language: str) -> EstimateOut:
        """Reckon `wanted`; amounts in fen.

        Raises:
            InvalidPayload: an unknown rule, a sum or number its rule needs, a rate outside its bounds, or a
                day before the standard existed.
        """
        day = wanted.occurred_on or china_date(self._clock.now())
        try:
            policy = self._book.on(day, wanted.region)
        except PolicyNotInForce as error:
            raise InvalidPayload.at(
                "/occurred_on", Text("当日尚无赔偿标准", "No standard was in force on that day")
            ) from error
        claims = [_claim(wanted, claim) for claim in wanted.claims]
        if found := faults(policy, claims):
            raise InvalidPayload(found)
        steps = estimate(policy, claims)
        return EstimateOut(
            total_fen=sum(step.amount_fen for step in steps),
            steps=[_view(step, language) for step in steps],
            policy={"id": policy.id, "version": policy.version, "hash": policy.hash, "status": policy.status},
            note=NOTE.render(language),
        )


def _claim(wanted: EstimateIn, claim: ClaimIn) -> Claim:
    amounts = {
        "total_fee_fen": wanted.total_fee_fen,
        "prepaid_fen": wanted.prepaid_fen,
        "item_cost_fen": claim.item_cost_fen,
        "direct_loss_fen": claim.direct_loss_fen,
        "difference_fen": claim.difference_fen,
        "extra_charge_fen": claim.extra_charge_fen,
    }
    return Claim(
        rule=claim.rule,
        amounts={name: amount for name, amount in amounts.items() if amount is not None},
        count=claim.count,
        days_before=claim.days_before,
        percent=claim.percent,
        reason=claim.reason,
    )


def _view(step: Step, language: str) -> StepOut:
    return StepOut(
        rule=step.rule,
        article=step.article,
        status=step.status,
        kind=step.kind,  # type: ignore[arg-type]
        base=step.base,
        base_fen=step.base_fen,
        percent=step.percent,
        count=step.count,
        amount_fen=step.amount_fen,
        formula=step.formula.render(language),
        reason=step.reason,
    )
