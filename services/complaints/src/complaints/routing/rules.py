"""From a text and its places to the accountable body. Pure and deterministic; every step names its rule.

Order of the tests: what it says (signals), which problems, report or complaint or both, against whom,
whether it can be taken (refusal grounds R1-R6), which body, which place, which level, how urgent.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from common.calendar import add_days

from complaints.routing.enquiry import Enquiry, Places, Tables
from complaints.routing.place import jurisdiction_of, level_of
from complaints.routing.policy import RoutingRules
from complaints.routing.reading import Reading, TourEnd, fold, read
from complaints.routing.trail import Alternative, AppliedRule, Trail

__all__ = [
    "Alternative",
    "AppliedRule",
    "Enquiry",
    "Places",
    "RoutingResult",
    "Tables",
    "end_of_bar",
    "route",
]

OTHER = "P99"


@dataclass(frozen=True, slots=True)
class RoutingResult:
    """The routing object of the API."""

    kind: str
    categories: tuple[str, ...]
    respondent_type: str
    main_department: str | None
    other_departments: tuple[str, ...]
    jurisdiction: str | None
    level: str
    urgency: str
    admissible: bool | None
    refusal: str | None
    refusals_all: tuple[str, ...]
    rules: tuple[AppliedRule, ...]
    rejected_alternatives: tuple[Alternative, ...]
    confidence: float
    needs_human: bool


def end_of_bar(contract_end_on: date, days: int) -> date:
    """The last day on which a complaint is in time: `days` calendar days after the contract's last day.

    The last day itself is not counted; a bar ending on a non-working day ends on the next working day
    (Civil Code, articles 201 and 203).
    """
    return add_days(contract_end_on, days).due_on


def route(enquiry: Enquiry, tables: Tables) -> RoutingResult:
    """The accountable body for `enquiry` under `tables`, with each rule that led there.

    Nothing is refused on a day that was only reckoned from the text: such a case goes to a person.
    """
    rules = tables.rules
    trail = Trail(rules.version, tables.articles, rules.settings.confidence)
    said = f"{enquiry.text}。被投诉人“{enquiry.respondent_name}”" if enquiry.respondent_name else enquiry.text
    reading = read(said, tables.signals, enquiry.received_on)
    facts = _facts(enquiry, reading, tables)
    for context in rules.contexts:
        facts[context.id] = context.holds(facts)

    categories = _categories(facts, rules, trail)
    facts["categories"] = list(categories)
    facts["report_native"] = any(code in rules.settings.report_native for code in categories)
    facts["only_official"] = bool(facts["official_demand"]) and not facts["report_native"]
    kind = _kind(enquiry, facts, rules, trail)
    facts["kind"] = kind
    respondent = _first(rules.respondents, facts)
    facts["respondent"] = respondent.code
    if kind != "none":
        trail.follow(f"respondent.{respondent.code}", respondent)

    grounds = _refusals(enquiry, reading, facts, tables, trail) if kind in {"complaint", "both"} else ()
    admissible = None if kind not in {"complaint", "both"} else not grounds
    if admissible:
        trail.apply("admissible", "属于旅游投诉受理范围", "{admissible}")
    main = _main_department(facts, tables, trail)
    others = _others(facts, rules, main, refused=bool(grounds) and grounds[0] != "R3", trail=trail)
    level = _first(rules.levels, facts)
    urgency = _first(rules.urgency, facts)
    if main:
        at_once = bool(facts["ongoing"]) or urgency.at_once
        jurisdiction = jurisdiction_of(enquiry, level.level, tables, trail, at_once=at_once)
        trail.apply(f"level.{level.id}", level.because, level.article)
    else:
        jurisdiction = None
    trail.asks_human = trail.asks_human or urgency.at_once
    trail.apply(f"urgency.{urgency.id}", urgency.because, urgency.article)
    if reading.persons >= rules.settings.joint_persons and kind in {"complaint", "both"}:
        trail.apply(
            "joint",
            f"{reading.persons}人以同一事由投诉同一被投诉人，可作共同投诉",
            "{joint}",
        )
    confidence = _confidence(enquiry, reading, categories, jurisdiction, kind, trail)
    return RoutingResult(
        kind=kind,
        categories=categories,
        respondent_type=respondent.code,
        main_department=main,
        other_departments=others,
        jurisdiction=jurisdiction,
        level=level_of(jurisdiction, level.level),
        urgency=urgency.level,
        admissible=admissible,
        refusal=grounds[0] if grounds else None,
        refusals_all=grounds,
        rules=tuple(trail.applied),
        rejected_alternatives=tuple(trail.rejected),
        confidence=confidence,
        needs_human=trail.asks_human or confidence < rules.settings.needs_human_below,
    )


def _facts(enquiry: Enquiry, reading: Reading, tables: Tables) -> dict[str, Any]:
    settings = tables.rules.settings
    facts: dict[str, Any] = {name: count > 0 for name, count in reading.hits.items()}
    facts["civil_claim"] = facts["civil_claim"] or enquiry.claims
    facts["vanished_weak_hits"] = reading.hits.get("vanished_weak", 0)
    facts["persons"] = reading.persons
    facts["has_contract"] = enquiry.contract_no is not None
    facts["low_price"] = (
        reading.price_per_day_fen is not None and reading.price_per_day_fen < settings.low_price_per_day_fen
    )
    facts["imminent"] = (
        reading.starts_in_days is not None and reading.starts_in_days <= settings.imminent_days
    )
    end = _end_of_contract(enquiry, reading)
    facts["bar_passed"] = (
        end is not None
        and end.basis == "stated"
        and enquiry.received_on > end_of_bar(end.on, settings.time_bar_days)
    )
    return facts


def _end_of_contract(enquiry: Enquiry, reading: Reading) -> TourEnd | None:
    if enquiry.contract_end_on is not None:
        return TourEnd(enquiry.contract_end_on, "stated")
    return reading.tour_end


def _first(rules: list[Any], facts: dict[str, Any]) -> Any:
    """The first rule that holds; each table ends with one that always does."""
    return next(rule for rule in rules if rule.holds(facts))


def _categories(facts: dict[str, Any], rules: RoutingRules, trail: Trail) -> tuple[str, ...]:
    found: list[tuple[int, int, str]] = []
    for place, rule in enumerate(rules.categories):
        facts["categories"] = [code for _, _, code in found]
        if rule.holds(facts):
            found.append((rule.rank, place, rule.code))
            trail.follow(f"category.{rule.code}", rule)
    return tuple(code for _, _, code in sorted(found))


def _kind(enquiry: Enquiry, facts: dict[str, Any], rules: RoutingRules, trail: Trail) -> str:
    read_kind = _first(rules.kinds, facts)
    declared = enquiry.declared_kind
    if declared is None or declared == read_kind.kind:
        trail.follow(f"kind.{read_kind.id}", read_kind)
        return str(read_kind.kind)
    if declared == "complaint" and read_kind.kind == "report" and not facts["civil_claim"]:
        trail.follow(f"kind.{read_kind.id}", read_kind)
        trail.reject(
            "kind.declared", declared, "文中没有民事请求，为保护反映人不按投诉办理", read_kind.article
        )
        return str(read_kind.kind)
    trail.apply("kind.declared", "按提交人自己的选择", "{declared}")
    trail.reject(f"kind.{read_kind.id}", read_kind.kind, read_kind.because, read_kind.article)
    trail.doubt(trail.confidence.against_choice)
    return declared


def _refusals(
    enquiry: Enquiry, reading: Reading, facts: dict[str, Any], tables: Tables, trail: Trail
) -> tuple[str, ...]:
    grounds: list[str] = []
    for rule in tables.rules.refusals:
        if not rule.holds(facts):
            continue
        grounds.append(rule.ground)
        trail.apply(f"refusal.{rule.ground}", rule.because, rule.article)
    end = _end_of_contract(enquiry, reading)
    if end is not None and "R4" not in grounds:
        last = end_of_bar(end.on, tables.rules.settings.time_bar_days)
        late = enquiry.received_on > last
        trail.reject(
            "refusal.R4",
            "R4",
            f"依文中日期推算可能已过时限（至{last.isoformat()}），须核对合同"
            if late
            else f"时限至{last.isoformat()}",
            "{R4}",
        )
        if late:
            trail.asks_human = True
            trail.doubt(trail.confidence.reckoned_bar)
    return tuple(grounds)


def _main_department(facts: dict[str, Any], tables: Tables, trail: Trail) -> str | None:
    local = tables.local.main_department if tables.local else []
    for rule in local:
        if rule.holds(facts):
            assert tables.local is not None  # noqa: S101
            trail.apply(
                f"department.local.{rule.department}",
                rule.because,
                rule.article,
                version=tables.local.version,
            )
            return rule.department
    rule = _first(tables.rules.main_department, facts)
    if rule.department is not None:
        trail.apply(f"department.{rule.department}", rule.because, rule.article)
    department: str | None = rule.department
    return department


def _others(
    facts: dict[str, Any], rules: RoutingRules, main: str | None, *, refused: bool, trail: Trail
) -> tuple[str, ...]:
    found: list[str] = []
    for rule in rules.other_departments:
        if rule.department in {main, *found} or not rule.holds(facts):
            continue
        if facts["kind"] == "consultation" and not rule.always:
            continue
        rule_id = f"other.{rule.department}"
        if refused and not rule.always and not (rule.report_side and facts["kind"] == "both"):
            trail.reject(rule_id, rule.department, "投诉不予受理，不再转请协办", rule.article)
            continue
        found.append(rule.department)
        trail.apply(rule_id, rule.because, rule.article)
    return tuple(found)


def _confidence(
    enquiry: Enquiry,
    reading: Reading,
    categories: tuple[str, ...],
    jurisdiction: str | None,
    kind: str,
    trail: Trail,
) -> float:
    """How far the rules carry, 0 to 1: each weak rule, missing place and unread text lowers it."""
    weights = trail.confidence
    sure = trail.sure * weights.at_best
    letters = len(fold(enquiry.text))
    if letters and reading.han / letters < weights.han_share_read:
        sure *= weights.unread_script
        trail.asks_human = True
    if kind in {"none", "consultation"}:
        return round(sure, 2)
    if not categories:
        sure *= weights.no_category
    elif categories == (OTHER,):
        sure *= weights.other_category
    elif len(categories) > weights.many_categories_above:
        sure *= weights.many_categories
    if jurisdiction is None:
        sure *= weights.no_place
    if letters < weights.short_below_letters:
        sure *= weights.short_text
    return round(sure, 2)
