"""From a text and its places to the accountable body. Pure and deterministic; every step names its rule.

Order of the tests: what it says (signals), which problems, report or complaint or both, against whom,
whether it can be taken (refusal grounds R1-R6), which body, which place, which level, how urgent.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from common import regions
from common.calendar import add_days

from complaints.routing.policy import LocalDuties, RoutingRules, Rule, SignalList
from complaints.routing.reading import Reading, TourEnd, fold, read

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

PLACES = ("respondent", "contract_signed", "incident")
OTHER = "P99"


@dataclass(frozen=True, slots=True)
class Places:
    """GB/T 2260 codes of the three places on which jurisdiction can rest."""

    contract_signed: str | None = None
    respondent: str | None = None
    incident: str | None = None

    def get(self, name: str) -> str | None:
        """The place called `name`."""
        value: str | None = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What is known when routing begins. `declared_kind` is the filer's own choice, if one was made."""

    text: str
    received_on: date
    places: Places = Places()
    contract_end_on: date | None = None
    contract_no: str | None = None
    respondent_name: str | None = None
    declared_kind: str | None = None
    claims: bool = False


@dataclass(frozen=True, slots=True)
class Tables:
    """The policy versions in force for one enquiry."""

    signals: SignalList
    rules: RoutingRules
    local: LocalDuties | None
    procedure_version: str
    places_in_order: tuple[str, ...]
    stop_at_once_first: str
    jurisdiction_article: str
    time_bar_article: str


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule that led to the result."""

    id: str
    version: str
    because: str
    article: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """What was looked at and not chosen."""

    id: str
    candidate: str
    because: str
    article: str


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


@dataclass(slots=True)
class _Trail:
    """Collects the rules that applied, what was rejected, and how sure we still are."""

    version: str
    applied: list[AppliedRule] = field(default_factory=list)
    rejected: list[Alternative] = field(default_factory=list)
    sure: float = 1.0
    asks_human: bool = False

    def apply(self, rule_id: str, because: str, article: str, *, version: str | None = None) -> None:
        self.applied.append(AppliedRule(rule_id, version or self.version, because, article))

    def follow(self, rule_id: str, rule: Rule) -> None:
        self.apply(rule_id, rule.because, rule.article)
        if rule.strength == "weak":
            self.doubt(0.6)

    def reject(self, rule_id: str, candidate: str, because: str, article: str) -> None:
        self.rejected.append(Alternative(rule_id, candidate, because, article))

    def doubt(self, factor: float) -> None:
        self.sure *= factor


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
    trail = _Trail(rules.version)
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
        trail.apply("admissible", "属于旅游投诉受理范围", "旅游投诉处理办法（2010）第8条、第10条")
    main = _main_department(facts, tables, trail)
    others = _others(facts, rules, main, refused=bool(grounds) and grounds[0] != "R3", trail=trail)
    level = _first(rules.levels, facts)
    jurisdiction = _jurisdiction(enquiry, facts, level.level, tables, trail) if main else None
    if main:
        trail.apply(f"level.{level.id}", level.because, level.article)
    urgency = _first(rules.urgency, facts)
    trail.apply(f"urgency.{urgency.id}", urgency.because, urgency.article)
    if reading.persons >= rules.settings.joint_persons and kind in {"complaint", "both"}:
        trail.apply(
            "joint",
            f"{reading.persons}人以同一事由投诉同一被投诉人，可作共同投诉",
            "旅游投诉处理办法（2010）第14条",
        )
    confidence = _confidence(enquiry, reading, categories, jurisdiction, kind, trail)
    return RoutingResult(
        kind=kind,
        categories=categories,
        respondent_type=respondent.code,
        main_department=main,
        other_departments=others,
        jurisdiction=jurisdiction,
        level=_level_of(jurisdiction, level.level),
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


def _categories(facts: dict[str, Any], rules: RoutingRules, trail: _Trail) -> tuple[str, ...]:
    found: list[tuple[int, int, str]] = []
    for place, rule in enumerate(rules.categories):
        facts["categories"] = [code for _, _, code in found]
        if rule.holds(facts):
            found.append((rule.rank, place, rule.code))
            trail.follow(f"category.{rule.code}", rule)
    return tuple(code for _, _, code in sorted(found))


def _kind(enquiry: Enquiry, facts: dict[str, Any], rules: RoutingRules, trail: _Trail) -> str:
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
    trail.apply("kind.declared", "按提交人自己的选择", "旅游投诉处理办法第2条")
    trail.reject(f"kind.{read_kind.id}", read_kind.kind, read_kind.because, read_kind.article)
    trail.doubt(0.9)
    return declared


def _refusals(
    enquiry: Enquiry, reading: Reading, facts: dict[str, Any], tables: Tables, trail: _Trail
) -> tuple[str, ...]:
    grounds: list[str] = []
    for rule in tables.rules.refusals:
        if not rule.holds(facts):
            continue
        grounds.append(rule.ground)
        article = f"{rule.article}；{tables.time_bar_article}" if rule.ground == "R4" else rule.article
        trail.apply(f"refusal.{rule.ground}", rule.because, article)
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
            tables.time_bar_article,
        )
        if late:
            trail.asks_human = True
            trail.doubt(0.7)
    return tuple(grounds)


def _main_department(facts: dict[str, Any], tables: Tables, trail: _Trail) -> str | None:
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
        trail.apply(f"department.{rule.department}", rule.because, rule.article or "国办发〔2016〕5号")
    department: str | None = rule.department
    return department


def _others(
    facts: dict[str, Any], rules: RoutingRules, main: str | None, *, refused: bool, trail: _Trail
) -> tuple[str, ...]:
    found: list[str] = []
    for rule in rules.other_departments:
        if rule.department == main or facts["kind"] == "consultation" or not rule.holds(facts):
            continue
        rule_id = f"other.{rule.department}"
        if refused and not (rule.report_side and facts["kind"] == "both"):
            trail.reject(rule_id, rule.department, "投诉不予受理，不再转请协办", rule.article)
            continue
        found.append(rule.department)
        trail.apply(rule_id, rule.because, rule.article)
    return tuple(found)


def _jurisdiction(
    enquiry: Enquiry, facts: dict[str, Any], level: str, tables: Tables, trail: _Trail
) -> str | None:
    order = tables.places_in_order
    article = tables.jurisdiction_article
    if facts["ongoing"] and enquiry.places.get(tables.stop_at_once_first):
        order = (tables.stop_at_once_first, *order)
    chosen: str | None = None
    for name in dict.fromkeys(order):
        code = enquiry.places.get(name)
        if code is None:
            continue
        if chosen is None:
            chosen = code
            trail.apply(
                f"jurisdiction.{name}", _PLACE_REASONS[name], article, version=tables.procedure_version
            )
        elif code != chosen:
            trail.reject(f"jurisdiction.{name}", code, "同样有管辖权，已有在先的连接点", article)
    for name in PLACES:
        if name not in order and (code := enquiry.places.get(name)):
            trail.reject(f"jurisdiction.{name}", code, "该规则下此地不是管辖连接点", article)
    if chosen is None:
        trail.asks_human = True
        return None
    if regions.level(chosen) == "county" and level == "city":
        return regions.parent(chosen) or chosen
    if regions.level(chosen) != "county":
        trail.asks_human = trail.asks_human or level == "county"
    return chosen


_PLACE_REASONS = {
    "respondent": "被投诉人所在地（住所地）",
    "contract_signed": "旅游合同签订地",
    "incident": "纠纷发生地",
}


def _level_of(jurisdiction: str | None, level: str) -> str:
    """A place known only as a city or province cannot be handled lower than that."""
    if jurisdiction is None or level != "county":
        return level
    return str(regions.level(jurisdiction))


def _confidence(
    enquiry: Enquiry,
    reading: Reading,
    categories: tuple[str, ...],
    jurisdiction: str | None,
    kind: str,
    trail: _Trail,
) -> float:
    """How far the rules carry, 0 to 1: each weak rule, missing place and unread text lowers it."""
    sure = trail.sure * 0.95
    letters = len(fold(enquiry.text))
    if letters and reading.han / letters < 0.3:
        sure *= 0.3
        trail.asks_human = True
    if kind in {"none", "consultation"}:
        return round(sure, 2)
    if not categories:
        sure *= 0.4
    elif categories == (OTHER,):
        sure *= 0.6
    elif len(categories) > 4:
        sure *= 0.8
    if jurisdiction is None:
        sure *= 0.8
    if letters < 20:
        sure *= 0.7
    return round(sure, 2)
