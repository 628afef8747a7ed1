"""The terms: model text, notices, withdrawal, disputes, surcharges, unfair clauses, payee."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from contracts.checks.rules.case import Case, Hit, each
from contracts.policies import TemplateEdition

__all__ = [
    "clauses_are_no_worse",
    "disputes_are_covered",
    "edition_is_current",
    "edition_is_known",
    "no_discriminating_surcharge",
    "no_one_sided_change",
    "no_unfair_terms",
    "not_formed_notice",
    "payee_is_no_person",
    "traveller_was_told",
    "withdrawal_is_covered",
]

_TOPICS = {
    "unsuitable_conditions": ("不适合参加的情形", "who should not take part"),
    "safety_notes": ("安全注意事项", "safety"),
    "liability_exemptions": ("责任减免信息", "limits of liability"),
    "destination_rules": ("目的地法律、风俗", "law and customs of the destination"),
    "informed_at": ("告知时间", "when the traveller was told"),
}


def traveller_was_told(case: Case) -> Iterator[Hit]:
    """旅游法 62: who should not take part, safety, liability, law and customs; told before departure."""
    notices = case.document.risk_notices
    missing = [
        topic
        for topic in _TOPICS
        if (value := getattr(notices, topic)) is None or (isinstance(value, str) and case.blank(value))
    ]
    exempt = case.book.wording.exempts_agency.search(notices.liability_exemptions or "")
    if missing:
        values = {
            "topics": "、".join(_TOPICS[topic][0] for topic in missing),
            "topics_en": ", ".join(_TOPICS[topic][1] for topic in missing),
        }
        yield Hit("risk_notices", "missing_and_exempt" if exempt else "missing", values)
    elif exempt:
        yield Hit("risk_notices", "exempt")
    elif notices.informed_at is not None and notices.informed_at > case.document.group.departure_at:
        yield Hit("risk_notices", "late")


def not_formed_notice(case: Case) -> Iterator[Hit]:
    """旅游法 63: notice 7 days before (30 when leaving the mainland); transfers name the other agency."""
    group = case.document.group
    least = case.kind.notice_days
    if least is not None and group.below_min_notice_days < least:
        kind = "出境" if case.kind.leaves_mainland else "境内"
        values = {"kind": kind, "least": least, "stated": group.below_min_notice_days}
        yield Hit("group.below_min_notice_days", "short", values)
    transfer = group.not_formed_options.transfer_to_agency
    if transfer.agreed and case.blank(transfer.agency_name):
        yield Hit("group.not_formed_options.transfer_to_agency.agency_name", "transfer")
    if group.pooling.agreed and case.blank(group.pooling.agency_name):
        yield Hit("group.pooling.agency_name", "pooling")


def no_one_sided_change(case: Case) -> Iterator[Hit]:
    """旅游法 69(1): no term may let the agency change the itinerary by itself."""
    found = [
        at
        for at, term in enumerate(case.document.supplementary_terms)
        if case.book.wording.one_sided_change.search(term)
    ]
    if found:
        yield Hit("supplementary_terms", "one_sided", {"items": each(at + 1 for at in found)})


class _Tier(Protocol):
    @property
    def days_before_min(self) -> int: ...
    @property
    def days_before_max(self) -> int | None: ...
    @property
    def percent(self) -> float | Decimal: ...


def _sorted(tiers: Sequence[_Tier]) -> list[_Tier]:
    return sorted(tiers, key=lambda tier: tier.days_before_min)


def _edges(tiers: Sequence[_Tier]) -> set[int]:
    """Day counts at which a rate begins, or ends for good: enough to compare two tables everywhere."""
    ends = {tier.days_before_max + 1 for tier in tiers if tier.days_before_max is not None}
    return {0, *(tier.days_before_min for tier in tiers), *ends}


def _rate(tiers: Sequence[_Tier], days: int) -> _Tier | None:
    """The tier of sorted `tiers` that covers a notice `days` before departure."""
    at = bisect_right(tiers, days, key=lambda tier: tier.days_before_min) - 1
    if at < 0:
        return None
    last = tiers[at].days_before_max
    return tiers[at] if last is None or days <= last else None


def withdrawal_is_covered(case: Case) -> Iterator[Hit]:
    """条例 28(11): for either side exactly one rate for every number of days before departure."""
    for name in ("traveler_cancel", "agency_cancel"):
        covered: int | None = 0
        for tier in _sorted(getattr(case.document.cancellation, name)):
            if covered is None or tier.days_before_min < covered:
                yield Hit(f"cancellation.{name}", "twice", {"days": tier.days_before_min})
                break
            if tier.days_before_min > covered:
                yield Hit(f"cancellation.{name}", "uncovered", {"days": covered})
                break
            covered = None if tier.days_before_max is None else tier.days_before_max + 1
        else:
            if covered is not None:
                yield Hit(f"cancellation.{name}", "uncovered", {"days": covered})


def disputes_are_covered(case: Case) -> Iterator[Hit]:
    """条例 28(12): arbitration by a named commission, or the court."""
    dispute = case.document.dispute_resolution
    if dispute.method is None:
        yield Hit("dispute_resolution.method", "missing")
    elif dispute.method == "arbitration" and case.blank(dispute.arbitration_commission):
        yield Hit("dispute_resolution.arbitration_commission", "commission")


def no_discriminating_surcharge(case: Case) -> Iterator[Hit]:
    """法释〔2020〕17号 art. 20: no surcharge for age or occupation, nor for declining to shop."""
    wording = case.book.wording
    found = [
        at
        for at, surcharge in enumerate(case.document.fees.surcharges)
        if surcharge.amount_fen and wording.surcharge_ground.search(surcharge.reason)
    ]
    if found:
        yield Hit("fees.surcharges", "surcharge", {"items": each(at + 1 for at in found)})
    terms = [
        at
        for at, term in enumerate(case.document.supplementary_terms)
        if wording.surcharge_ground.search(term)
        and wording.surcharge_word.search(term)
        and not wording.forced_shopping.search(term)
    ]
    if terms:
        yield Hit("supplementary_terms", "term", {"items": each(at + 1 for at in terms)})


def _editions(case: Case) -> list[TemplateEdition]:
    wanted = case.document.contract.contract_type
    return [edition for edition in case.book.editions if edition.contract_type == wanted]


def edition_is_known(case: Case) -> Iterator[Hit]:
    """The edition exists and was in use on the day of signing. Types without a model text are not asked."""
    template, known = case.document.contract.template, _editions(case)
    if not known:
        return
    edition = next((entry for entry in known if entry.edition_year == template.edition_year), None)
    if edition is None:
        yield Hit("contract.template.edition_year", "unknown", {"year": template.edition_year})
    elif edition.in_use_from > case.signed_on:
        values = {"year": template.edition_year, "since": edition.in_use_from}
        yield Hit("contract.template.edition_year", "not_yet", values)
    elif edition.gf_number and template.gf_number and template.gf_number != edition.gf_number:
        values = {"year": template.edition_year, "known": edition.gf_number}
        yield Hit("contract.template.gf_number", "number", values)


def edition_is_current(case: Case) -> Iterator[Hit]:
    """The model texts are recommended, so a superseded one is a warning."""
    template = case.document.contract.template
    for edition in _editions(case):
        since = edition.superseded_on
        if edition.edition_year == template.edition_year and since is not None and case.signed_on >= since:
            values = {"year": template.edition_year, "since": since}
            yield Hit("contract.template.edition_year", "superseded", values)


def clauses_are_no_worse(case: Case) -> Iterator[Hit]:
    """示范文本 note 3: changed clauses may not lessen the agency's duties against the model text's table.

    Every span of days is compared: what the traveller forfeits may not be more, what the agency pays may not
    be less. One finding, at the first clause that is worse; the sentence lists all.
    """
    document = case.document
    year = document.contract.template.edition_year
    table = case.book.cancellation_table(document.contract.contract_type, year)
    if table is None:
        return
    agreed = document.cancellation
    worse: list[tuple[str, str, str]] = []
    for name, sign, zh, en in (
        ("traveler_cancel", 1, "旅游者解除", "the traveller withdraws"),
        ("agency_cancel", -1, "旅行社解除", "the agency withdraws"),
    ):
        ours, model = _sorted(getattr(agreed, name)), _sorted(getattr(table, name))
        for days in sorted(_edges(ours) | _edges(model)):
            mine, theirs = _rate(ours, days), _rate(model, days)
            if mine is None or theirs is None:
                continue
            rate, due = Decimal(str(mine.percent)), Decimal(theirs.percent)
            if (rate - due) * sign > 0:
                worse.append(
                    (
                        name,
                        f"{zh}（提前{days}日）{rate.normalize():f}%，示范文本{due}%",
                        f"{en} {days} days before: {rate.normalize():f} %, model text {due} %",
                    )
                )
                break
    for name, sign, zh, en in (
        ("cap_percent", 1, "扣款上限", "cap on deductions"),
        ("refund_working_days", 1, "退款期限（工作日）", "working days to refund"),
        ("refuse_to_perform_penalty_percent", -1, "拒绝履行违约金", "penalty for refusing to perform"),
        (
            "unauthorised_transfer_penalty_percent",
            -1,
            "擅自转团违约金",
            "penalty for transfer without consent",
        ),
    ):
        stated, due = Decimal(str(getattr(agreed, name))), Decimal(getattr(table, name))
        if (stated - due) * sign > 0:
            worse.append(
                (
                    name,
                    f"{zh}{stated.normalize():f}，示范文本{due}",
                    f"{en}: {stated.normalize():f}, model text {due}",
                )
            )
    if worse:
        values = {
            "points": "；".join(zh for _, zh, _ in worse),
            "points_en": "; ".join(en for _, _, en in worse),
        }
        yield Hit(f"cancellation.{worse[0][0]}", "worse", values)


def no_unfair_terms(case: Case) -> Iterator[Hit]:
    """旅游法 35, 条例 29: forced shopping is an error, "no refund" and the last word a warning."""
    wording, terms = case.book.wording, case.document.supplementary_terms
    for pattern, reason in ((wording.forced_shopping, "forced"), (wording.unfair_term, "unfair")):
        found = [at for at, term in enumerate(terms) if pattern.search(term)]
        if found:
            yield Hit("supplementary_terms", reason, {"items": each(at + 1 for at in found)})


def payee_is_no_person(case: Case) -> Iterator[Hit]:
    """The fee goes to the agency or the platform."""
    if case.book.wording.personal_payee.search(case.document.fees.payment_method):
        yield Hit("fees.payment_method", "personal")
