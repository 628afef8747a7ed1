"""Repair: states, what bars it and until when, who gives a commitment, what is due by when. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from common.calendar import add_months

from credit.listings.clocks import Deadline, deadline
from credit.listings.policy import Article, DishonestyClass, RepairClock

__all__ = [
    "ENDED",
    "FEASIBLE",
    "Ban",
    "Bar",
    "Commitment",
    "Event",
    "Findings",
    "Materials",
    "Reading",
    "State",
    "Steps",
    "Target",
    "bars_of",
    "commitment_rule",
    "deadlines_of",
    "earliest",
    "events_allowed",
    "in_use",
    "missing_materials",
    "next_state",
]

_DAY = timedelta(days=1)
Reading = Literal["stricter", "order7", "order36"]


class State(StrEnum):
    """Where an application stands."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    GRANTED = "granted"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"
    CLOSED = "closed"


class Event(StrEnum):
    """What happens to an application."""

    APPLY = "apply"
    RESOLVE = "resolve"
    MATERIALS = "materials"
    ACCEPT = "accept"
    REFUSE = "refuse"
    VERIFY = "verify"
    GRANT = "grant"
    REJECT = "reject"
    CLOSE = "close"


class Commitment(StrEnum):
    """Whether a commitment letter belongs to an application; in conflict the regulator says."""

    NONE = "none"
    REQUIRED = "required"
    CONFLICT = "conflict"


FEASIBLE = {Event.ACCEPT: False, Event.GRANT: True}
"""The events that nothing may bar and no material may lack; with whether late materials must be there."""
ENDED = frozenset({State.GRANTED, State.REFUSED, State.NOT_ACCEPTED, State.CLOSED})
_RUNNING = (State.APPLIED, State.CONFLICT, State.ACCEPTED, State.VERIFIED)
_NEXT: dict[tuple[State, Event], State] = {
    (State.CONFLICT, Event.RESOLVE): State.APPLIED,
    (State.CONFLICT, Event.REFUSE): State.NOT_ACCEPTED,
    (State.CONFLICT, Event.MATERIALS): State.CONFLICT,
    (State.APPLIED, Event.MATERIALS): State.APPLIED,
    (State.APPLIED, Event.ACCEPT): State.ACCEPTED,
    (State.APPLIED, Event.REFUSE): State.NOT_ACCEPTED,
    (State.ACCEPTED, Event.MATERIALS): State.ACCEPTED,
    (State.ACCEPTED, Event.VERIFY): State.VERIFIED,
    (State.VERIFIED, Event.MATERIALS): State.VERIFIED,
    (State.VERIFIED, Event.GRANT): State.GRANTED,
    (State.VERIFIED, Event.REJECT): State.REFUSED,
    **{(state, Event.CLOSE): State.CLOSED for state in _RUNNING},
}
_BY_SYSTEM = frozenset({Event.CLOSE})
"""What no officer does: it follows from the end of what was to be repaired."""


def next_state(state: State, event: Event) -> State | None:
    """The state after an event; None when the event does not fit."""
    return _NEXT.get((state, event))


def events_allowed(state: State) -> list[Event]:
    """The events that fit a state, in order."""
    return [event for event in Event if (state, event) in _NEXT and event not in _BY_SYSTEM]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be repaired, a listing or a penalty's publication, with the days its clocks run from."""

    kind: Literal["listing", "penalty"]
    publicity_class: DishonestyClass
    listed_on: date
    document_on: date
    repairable: bool = True


@dataclass(frozen=True, slots=True)
class Ban:
    """A statutory entry ban; `until` None is for life."""

    code: str
    act: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What officers have found in a case, beside what can be computed."""

    fraud: bool = False
    punished_again: bool = False
    excluded_by_law: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A ground of refusal. `barred_until` is the last day on which it bars; None: no day ends it."""

    code: str
    barred_until: date | None
    rule: str
    article: str
    status: str


@dataclass(frozen=True, slots=True)
class Steps:
    """The days that an application has reached."""

    applied_on: date
    accepted_on: date | None = None
    verified_on: date | None = None
    decided_on: date | None = None
    lifted_on: date | None = None
    ended_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Materials:
    """What has been handed in."""

    evidence: int = 0
    commitment: bool = False
    training: bool = False


def in_use(packs: Sequence[RepairClock], target: Target, reading: Reading) -> list[RepairClock]:
    """The rule sets that decide whether and when `target` can be repaired, under a reading.

    One set alone prevails where the reading says so and it applies; else all that apply.
    """
    fitting = [pack for pack in packs if target.kind in pack.covers]
    wanted = {"order7": "ORDER7", "order36": "ORDER36"}.get(reading)
    return [pack for pack in fitting if pack.rule == wanted] or fitting


def bars_of(
    target: Target,
    packs: Iterable[RepairClock],
    grounds: dict[str, Article],
    today: date,
    bans: Iterable[Ban],
    last_repaired_on: date | None,
    gap: tuple[int, Article] | None,
    findings: Findings,
) -> list[Bar]:
    """Every ground on which an application must be refused today, each with the last day on which it bars.

    X-1 too early (each rule set on its own), X-2 an entry ban still runs, X-3 too soon after the last repair,
    X-4 fraud, X-5 punished again for the same cause meanwhile, X-6 not repairable by law. The corresponding
    day of a period is its last day inside.
    """
    found = [*_too_early(target, packs, today)]
    for ban in bans:
        if ban.until is None or today <= ban.until:
            found.append(_bar("REP-X-2", ban.until, grounds["REP-X-2"]))
    if last_repaired_on is not None and gap is not None:
        months, article = gap
        last = add_months(last_repaired_on, months)
        if today <= last:
            found.append(_bar("REP-X-3", last, article))
    for code, holds in (
        ("REP-X-4", findings.fraud),
        ("REP-X-5", findings.punished_again),
        ("REP-X-6", findings.excluded_by_law or not target.repairable),
    ):
        if holds:
            found.append(_bar(code, None, grounds[code]))
    return found


def earliest(bars: Iterable[Bar], today: date) -> date | None:
    """The first day on which nothing bars an application any more; None when no day ends a bar."""
    first = today
    for bar in bars:
        if bar.barred_until is None:
            return None
        first = max(first, bar.barred_until + _DAY)
    return first


def commitment_rule(
    packs: Iterable[RepairClock], *, serious: bool, false_promiser: bool, reading: Reading
) -> tuple[Commitment, list[Article]]:
    """Whether a commitment letter is asked for, and by which articles.

    The Guide of 2022 takes none from serious subjects and from who once promised falsely; Order 36 asks one
    of all. Where both hold, the stricter reading decides for neither side: the case goes to the regulator.
    """
    excluded = serious or false_promiser
    said = {
        pack.rule: (
            Commitment.NONE if excluded and pack.commitment == "never_from_serious" else Commitment.REQUIRED,
            pack.commitment_article,
        )
        for pack in packs
    }
    wanted = {"order7": "ORDER7", "order36": "ORDER36"}.get(reading)
    if wanted in said:
        answer, article = said[wanted]
        return answer, [article]
    answers = {answer for answer, _ in said.values()}
    articles = [article for _, article in said.values()]
    return (answers.pop() if len(answers) == 1 else Commitment.CONFLICT), articles


def missing_materials(given: Materials, commitment: Commitment, *, at_decision: bool) -> list[str]:
    """What is still missing. The training record may come late, but not later than the decision."""
    missing = []
    if given.evidence == 0:
        missing.append("evidence")
    if commitment is Commitment.REQUIRED and not given.commitment:
        missing.append("commitment")
    if at_decision and not given.training:
        missing.append("training_record")
    return missing


def deadlines_of(pack: RepairClock, steps: Steps, today: date) -> list[Deadline]:
    """The deadlines that an application has set so far: acceptance, verification, decision, lifting.

    Those of a closed application run no further than the day on which it was closed.
    """
    ran = [
        ("accept", steps.applied_on, steps.accepted_on or steps.ended_on),
        ("verify", steps.accepted_on, steps.verified_on),
        ("decide", steps.verified_on, steps.decided_on),
        ("lift", steps.decided_on if steps.lifted_on else None, steps.lifted_on),
    ]
    found = [
        deadline(name, pack.steps[name], start, met, steps.closed_on or today)
        for name, start, met in ran
        if start is not None and name in pack.steps
    ]
    if steps.closed_on is None:
        return found
    return [replace(one, status="closed") if one.status == "open" else one for one in found]


def _too_early(target: Target, packs: Iterable[RepairClock], today: date) -> Iterator[Bar]:
    for pack in packs:
        months = {str(name): n for name, n in pack.minimum_months.items()}.get(target.publicity_class)
        if not months:
            continue
        start = target.listed_on if pack.runs_from == "listed_on" else target.document_on
        last = add_months(start, months)
        if today <= last:
            yield _bar("REP-X-1", last, pack.minimum_article)


def _bar(code: str, until: date | None, article: Article) -> Bar:
    return Bar(code, until, article.rule, article.article, article.status)
