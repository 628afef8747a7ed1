"""A score as its canonical document: codes and Chinese text, numbers as they read, nothing that varies."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from common.canonical import canonical

from credit.facts.rules import FactVersion, known

from .reckoning import Contribution
from .spans import Span
from .standing import Called, StandingVeto
from .subject import ScoredSubject
from .timeline import Run

if TYPE_CHECKING:
    from .engine import Change, Score

__all__ = ["inputs_hash", "instant", "number", "result_document", "unrated_document"]

_NO_CARD_AT_ALL = "当日没有适用于此类主体的评分卡，不予评级"
_NOTHING_COUNTED = ("contributions", "vetoes", "dimensions", "prerequisites_unmet", "actions", "flags")
_NO_CARD = "该评分卡不适用于此主体或当日未施行"


def instant(moment: datetime) -> str:
    """An instant as it stands in results: UTC with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def number(value: Decimal | None) -> int | float | None:
    """A Decimal as the JSON number that reads the same."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def inputs_hash(subject: ScoredSubject, facts: Iterable[FactVersion]) -> str:
    """SHA-256 over the RFC 8785 form of the subject, as far as scoring looks at it, and its facts."""
    about: dict[str, Any] = {"id": str(subject.id), "kind": subject.kind}
    if subject.licensed_on is not None:
        about["licensed_on"] = subject.licensed_on.isoformat()
    if subject.level is not None:
        about["level"] = subject.level
    if subject.scope:
        about["scope"] = sorted(subject.scope)
    if subject.headcount is not None:
        about["headcount"] = subject.headcount
    inputs: dict[str, Any] = {"subject": about, "facts": [_fact(fact) for fact in facts]}
    return sha256(canonical(inputs)).hexdigest()


def _fact(fact: FactVersion) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": str(fact.id),
        "version": fact.version,
        "code": fact.code,
        "occurred_on": fact.occurred_on.isoformat(),
        "recorded_at": instant(fact.recorded_at),
        "payload": dict(fact.payload),
    }
    if fact.disputed:
        content["disputed"] = [
            [first.isoformat(), last and last.isoformat()] for first, last in fact.disputed
        ]
    return content


def result_document(score: "Score") -> dict[str, Any]:
    """The API's `result` of a score."""
    standing = score.standing
    return {
        "score": number(score.value),
        "grade": score.grade,
        "tier": score.tier,
        "rated": score.rated,
        "state": "rated" if score.rated else "cancelled" if score.state == "cancelled" else "not_rated",
        "not_rated_because": _because(score),
        "contributions": [_contribution(score, item) for item in standing.contributions],
        "vetoes": [_veto(score, item) for item in standing.vetoes],
        "dimensions": [
            {"id": part.id, "score": number(part.score), "weight": number(part.weight)}
            for part in standing.parts
        ],
        "prerequisites_unmet": [
            {
                "rule": item.rule.id,
                "grade": item.rule.grade,
                "unmet": list(item.unmet),
                "to_grade": item.to,
                "reason": item.rule.reason.zh or item.rule.id,
                "legal_basis": score.card.basis_of(item.rule.legal_basis),
            }
            for item in standing.lowered
        ],
        "actions": [_action(score, item) for item in standing.actions],
        "flags": _flags(score),
        "period": _period(score, score.run),
        "next_change": _change(score.next_change),
        "next_grade_change": score.next_grade_change
        and {"on": score.next_grade_change.on.isoformat(), "grade": score.next_grade_change.grade},
        "policy": {
            "id": score.card.id,
            "version": score.card.version,
            "hash": score.card.hash,
            "status": score.card.status,
            "readings": score.card.readings.model_dump(),
        },
        "inputs_hash": score.inputs_hash,
        "valid_at": score.valid_at.isoformat(),
        "known_at": instant(score.known_at),
    }


def unrated_document(
    subject: ScoredSubject, versions: Iterable[FactVersion], valid_at: date, known_at: datetime
) -> dict[str, Any]:
    """The API's `result` for a subject that no card grades there and then: not rated, under no policy."""
    empty: dict[str, Any] = {name: [] for name in _NOTHING_COUNTED}
    return empty | {
        "score": None,
        "grade": None,
        "tier": None,
        "rated": False,
        "state": "not_rated",
        "not_rated_because": {
            "code": "no_card",
            "rule": None,
            "reason": _NO_CARD_AT_ALL,
            "legal_basis": [],
        },
        "period": None,
        "next_change": None,
        "next_grade_change": None,
        "policy": None,
        "inputs_hash": inputs_hash(subject, known(versions, known_at)),
        "valid_at": valid_at.isoformat(),
        "known_at": instant(known_at),
    }


def _change(change: "Change | None") -> dict[str, Any] | None:
    if change is None:
        return None
    return {"on": change.on.isoformat(), "score": number(change.score), "grade": change.grade}


def _because(score: "Score") -> dict[str, Any] | None:
    if score.rated:
        return None
    standing, card = score.standing, score.card
    if standing.because is not None:
        rule = standing.because
        text = rule.reason.zh or "未达到参评条件"
        return {
            "code": "not_eligible",
            "rule": rule.id,
            "reason": text,
            "legal_basis": card.basis_of(rule.legal_basis),
        }
    if score.state == "cancelled":
        veto = next(item.rule for item in standing.vetoes if item.rule.effect == "cancel")
        text = veto.reason.zh or veto.id
        return {
            "code": "cancelled",
            "rule": veto.id,
            "reason": text,
            "legal_basis": card.basis_of(veto.legal_basis),
        }
    return {"code": "no_card", "rule": None, "reason": _NO_CARD, "legal_basis": list(card.legal_basis)}


def _expires(score: "Score", span: Span[Any] | None) -> str | None:
    last = score.timeline.counts_until(score.valid_at, span.last) if span else None
    return last.isoformat() if last else None


def _day(span: Span[Any] | None) -> str:
    return f"（{span.fact.occurred_on.isoformat()}）" if span else ""


def _contribution(score: "Score", item: Contribution) -> dict[str, Any]:
    if item.free:
        effect = "在免计次数之内，不计分"
    elif item.merged:
        effect = "同一行为另有更重的一项，不重复计分"
    elif item.points == 0:
        effect = "该项已达上限，不再计分"
    else:
        effect = f"{'加' if item.points > 0 else '扣'}{number(abs(item.points))}分"
    return {
        "fact_id": str(item.span.fact.id) if item.span else None,
        "rule": item.rule.id,
        "points": number(item.points),
        "reason": f"{item.rule.reason.zh or item.rule.id}{_day(item.span)}，{effect}",
        "legal_basis": score.card.basis_of(item.rule.legal_basis),
        "expires_on": _expires(score, item.span),
    }


def _veto(score: "Score", item: StandingVeto) -> dict[str, Any]:
    return {
        "fact_id": str(item.span.fact.id) if item.span else None,
        "facts": [str(fact) for fact in item.facts],
        "rule": item.rule.id,
        "effect": item.rule.effect,
        "grade": item.rule.grade,
        "reason": f"{item.rule.reason.zh or item.rule.id}{_day(item.span)}",
        "legal_basis": score.card.basis_of(item.rule.legal_basis),
        "expires_on": _expires(score, item.span),
    }


def _action(score: "Score", item: Called) -> dict[str, Any]:
    return {
        "action": item.action,
        "rule": item.rule.id,
        "fact_id": str(item.span.fact.id) if item.span else None,
        "reason": f"{item.rule.reason.zh or item.rule.id}{_day(item.span)}",
        "legal_basis": score.card.basis_of(item.rule.legal_basis),
        "expires_on": _expires(score, item.span),
    }


def _flags(score: "Score") -> list[dict[str, Any]]:
    """What a reader must know beside the points: disputed facts, payloads without the number asked for."""
    flags: list[dict[str, Any]] = []
    day, card = score.run.day, score.card
    for fact in score.facts:
        if fact.code in card.codes and fact.occurred_on <= day and fact.disputed_on(day):
            counted = card.readings.disputed == "count_and_flag"
            flags.append({"flag": "disputed", "fact_id": str(fact.id), "rule": None, "counted": counted})
    for span in score.standing.lacking:
        flags.append(
            {"flag": "field_missing", "fact_id": str(span.fact.id), "rule": span.rule.id, "counted": False}
        )
    return flags


def _period(score: "Score", run: Run) -> dict[str, Any] | None:
    """The period whose evaluation holds; for a run that a fact called for also how soon it had to be made.

    The term stands here, not its last day: holidays are announced year by year, the result is for ever.
    """
    if run.first is None:
        return None
    extra = score.card.extra_runs
    return {
        "from": run.first.isoformat(),
        "to": run.day.isoformat(),
        "extra": run.extra,
        "within_working_days": extra.within_working_days if extra and run.extra else None,
    }
