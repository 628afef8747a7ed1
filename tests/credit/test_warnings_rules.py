"""The pure rules of warnings: windows, the test of a rise, discovery rates, intervals, versions."""

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import comb, exp
from time import perf_counter
from uuid import UUID

import pytest
from common.calendar import add_months
from common.policies import PolicyError, PolicyNotInForce
from credit.warnings.rules import (
    Act,
    Counts,
    Hit,
    Rise,
    RuleSet,
    State,
    WarningRule,
    acts_allowed,
    benjamini_hochberg,
    latest_cluster,
    next_state,
    parent_region,
    rise_p,
    statistics,
    unusual,
    wilson,
)
from credit.warnings.rules.statistics import own_past_p, peers_p
from hypothesis import given
from hypothesis import strategies as st

from .cases import BOOK

DAY = date(2026, 11, 23)


_RISE = BOOK.warning_rules.get("W-COMPLAINT-RISE", "1").rise
assert _RISE is not None
RISE = _RISE


def hits(*days: date) -> list[Hit]:
    return [Hit(UUID(int=number), day) for number, day in enumerate(days, start=1)]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (["2025-11-23", "2026-11-23"], 2),  # the corresponding day lies inside
        (["2025-11-22", "2026-11-23"], None),
        (["2025-01-10", "2025-11-23"], 2),  # the window ended on 2025-11-23, whose year is not over
        (["2025-01-10", "2025-11-22"], None),  # over longer ago than the window is long
        (["2026-11-24", "2026-11-23"], None),  # tomorrow's fact does not count today
        (["2026-11-23"], None),
        (["2026-01-31", "2026-02-28", "2026-11-23"], 3),
    ],
)
def test_two_within_twelve_months(days: list[str], found: int | None) -> None:
    cluster = latest_cluster(hits(*map(date.fromisoformat, days)), 12, 2, DAY)
    assert (cluster and len(cluster)) == found


@given(
    st.lists(st.dates(date(2023, 1, 1), date(2026, 12, 31)), max_size=12),
    st.integers(1, 14),
    st.integers(1, 4),
)
def test_a_cluster_is_what_the_definition_says(days: list[date], months: int, least: int) -> None:
    cluster = latest_cluster(hits(*days), months, least, DAY)
    past = [day for day in days if day <= DAY]
    enough = [
        last
        for last in past
        if add_months(last, months) >= DAY
        and sum(day <= last and add_months(day, months) >= last for day in past) >= least
    ]
    assert (cluster[-1].on if cluster else None) == max(enough, default=None)
    assert cluster is None or len(cluster) >= least


def test_the_exact_tests_agree_with_small_cases_by_hand() -> None:
    # 3 of 3 in a window that is a quarter of the time: (1/4)^3.
    assert own_past_p(3, 0, 1, 3) == Fraction(1, 64)
    # 2 recent and 1 past of one's own, 1 and 3 of the peers': P(X >= 2), X the recent among 3 drawn of 7.
    assert peers_p(2, 1, 1, 3) == Fraction(comb(3, 2) * comb(4, 1) + comb(3, 3), comb(7, 3))
    both = rise_p(Counts(2, 1), Counts(1, 3), 1, 3)
    assert (both.own, both.peers) == (own_past_p(2, 1, 1, 3), peers_p(2, 1, 1, 3))
    assert both.p == max(both.own, peers_p(2, 1, 1, 3))
    assert rise_p(Counts(3, 0), Counts(0, 0), 1, 3).p == Fraction(1, 64), "without peers the own past alone"


def own_past_by_definition(recent: int, past: int, recent_days: int, past_days: int) -> Fraction:
    n = recent + past
    ways = sum(comb(n, k) * recent_days**k * past_days ** (n - k) for k in range(recent, n + 1))
    return Fraction(ways, (recent_days + past_days) ** n)


def peers_by_definition(recent: int, past: int, peers_recent: int, peers_past: int) -> Fraction:
    n, recents, others = recent + past, recent + peers_recent, past + peers_past
    ways = sum(comb(recents, k) * comb(others, n - k) for k in range(recent, min(n, recents) + 1))
    return Fraction(ways, comb(recents + others, n))


COUNT = st.integers(0, 40)


@given(COUNT, COUNT, COUNT, COUNT, st.integers(1, 92), st.integers(1, 366))
def test_the_tails_are_those_of_the_definition(
    recent: int, past: int, peers_recent: int, peers_past: int, recent_days: int, past_days: int
) -> None:
    own = own_past_by_definition(recent, past, recent_days, past_days)
    peers = peers_by_definition(recent, past, peers_recent, peers_past)
    assert own_past_p(recent, past, recent_days, past_days) == own
    assert peers_p(recent, past, peers_recent, peers_past) == peers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "EXACT", -1)
        digits = (
            own_past_p(recent, past, recent_days, past_days),
            peers_p(recent, past, peers_recent, peers_past),
        )
    for found, wanted in zip(digits, (own, peers), strict=True):
        assert abs(found - wanted) <= wanted / 10**60


@given(st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=8))
def test_the_same_alarms_come_out_as_by_the_definition(members: list[tuple[int, int]]) -> None:
    tested = {n: Counts(*one) for n, one in enumerate(members) if sum(one)}
    recents, pasts = sum(one.recent for one in tested.values()), sum(one.past for one in tested.values())
    values = []
    for own in tested.values():
        p = own_past_by_definition(own.recent, own.past, 91, 365)
        others = recents - own.recent, pasts - own.past
        if sum(others):
            p = max(p, peers_by_definition(own.recent, own.past, *others))
        values.append(p if own.recent >= 3 else Fraction(1))
    wanted = {list(tested)[place] for place in benjamini_hochberg(values, RISE.q_of_look)}
    with pytest.MonkeyPatch.context() as patch:
        for limit in (statistics.EXACT, -1):
            patch.setattr(statistics, "EXACT", limit)
            found = unusual(tested, recent_days=91, past_days=365, q=RISE.q_of_look, at_least=3)
            assert set(found) == wanted


def test_a_platform_with_very_many_complaints_is_judged_in_seconds() -> None:
    began = perf_counter()
    group = {n: Counts(4_000 + n, 16_000) for n in range(3)} | {3: Counts(4_800, 16_000)}
    assert list(unusual(group, recent_days=91, past_days=365, q=RISE.q_of_look, at_least=3)) == [3]
    assert perf_counter() - began < 5


def test_a_season_that_all_share_is_no_alarm() -> None:
    flood = {n: Counts(12, 12) for n in range(20)}
    assert own_past_p(12, 12, 91, 365) < Fraction(1, 100)
    q = RISE.q_of_look
    assert unusual(flood, recent_days=91, past_days=365, q=q, at_least=3) == {}
    flood[0] = Counts(40, 6)
    assert list(unusual(flood, recent_days=91, past_days=365, q=q, at_least=3)) == [0]


def test_the_discovery_rate_is_held_step_by_step() -> None:
    values = [Fraction(n, 1000) for n in (1, 8, 39, 41, 42, 60, 74, 205, 212, 216)]
    assert benjamini_hochberg(values, Fraction(1, 20)) == {0, 1}
    assert benjamini_hochberg([], Fraction(1, 20)) == set()
    assert benjamini_hochberg([Fraction(1)] * 4, Fraction(1, 20)) == set()
    assert benjamini_hochberg([Fraction(1, 25), Fraction(1, 25)], Fraction(1, 20)) == {0, 1}


def poisson(rng: random.Random, mean: float) -> int:
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def test_what_is_put_up_with_is_spent_over_the_looks_of_a_quarter() -> None:
    def rise(look: str) -> Rise:
        return Rise.model_validate({"recent_months": 3, "past_months": 12, "q": Decimal("0.1"), "look": look})

    assert (rise("month").q_of_look, rise("quarter").q_of_look) == (Fraction(1, 30), Fraction(1, 10))
    assert rise("month").period_begins(date(2026, 12, 31)) == date(2026, 12, 1)
    assert rise("quarter").period_begins(date(2026, 12, 31)) == date(2026, 10, 1)
    assert (RISE.q, RISE.look) == (Decimal("0.1"), "month"), "of which the guide states the figures"


MIXED = (0.2, 0.5, 1.0, 3.0)


def simulate(
    groups: int, size: int, times: float, seed: int, rates: tuple[float, ...] = MIXED, quarters: int = 1
) -> dict[str, float]:
    """Three looks a quarter at groups of peers, day by day, with seasons that they share.

    Five quarters pass first, the past of the first look. One member's rate is multiplied by `times` in the
    last quarter. Of the subjects, groups and alarms of all looks together.
    """
    rng = random.Random(seed)
    false = alarmed = hit = found = 0
    for _ in range(groups):
        seasons = [rng.choice([0.7, 1.0, 1.5, 2.0]) for _ in range(5 + quarters)]
        means = [rng.choice(rates) for _ in range(size - 1)] + [2.0]
        days = [
            [
                rng.randrange(number * 91, number * 91 + 91)
                for number, season in enumerate(seasons)
                for _ in range(
                    poisson(rng, rate * season * (times if n == size - 1 and number == 4 + quarters else 1))
                )
            ]
            for n, rate in enumerate(means)
        ]
        warned: set[int] = set()
        for look in range(485, 456 + 91 * quarters, 30):
            group = {
                n: Counts(
                    sum(look - 91 < day <= look for day in own),
                    sum(look - 456 < day <= look - 91 for day in own),
                )
                for n, own in enumerate(days)
            }
            warned |= unusual(group, recent_days=91, past_days=365, q=RISE.q_of_look, at_least=3).keys()
        wrong = [one for one in warned if times == 1 or one != size - 1]
        false += len(wrong)
        alarmed += bool(wrong)
        hit += size - 1 in warned
        found += len(warned)
    return {
        "per_subject": round(false / (groups * size), 6),
        "per_group": round(alarmed / groups, 4),
        "power": round(hit / groups, 3),
        "false_share": round(false / found, 3) if found else 0.0,
    }


def test_the_false_alarm_rate_stays_below_what_is_put_up_with() -> None:
    """Where nothing rises, any alarm is false: at most one group in ten sees one in a whole quarter."""
    calm = simulate(60, 60, 1, 20261123)
    print(f"\nnothing rises: {calm}")
    assert calm["per_group"] <= 0.10
    assert calm["per_subject"] <= 0.002
    risen = simulate(60, 60, 5, 20261124)
    print(f"one rate times five: {risen}")
    assert risen["power"] >= 0.3
    assert risen["false_share"] <= 0.10


@pytest.mark.full
def test_the_false_alarm_rate_over_many_groups() -> None:
    """The figures that the guide states for a quarter of looks."""
    calm = simulate(5_000, 60, 1, 7)
    print(f"\nnothing rises, 5,000 groups: {calm}")
    assert calm["per_group"] <= 0.05
    assert calm["per_subject"] <= 1 / 1500
    year = simulate(500, 40, 1, 8, (2.0,), 4)
    print(f"nothing rises, 40 peers at 2 a quarter, a whole year: {year}")
    assert year["per_group"] <= 0.40
    for times in (3, 5, 8):
        risen = simulate(1_500, 60, times, 7 + times)
        print(f"one rate times {times}: {risen}")
        assert risen["false_share"] <= 0.15


def test_wilsons_interval() -> None:
    assert wilson(0, 0) is None
    assert wilson(8, 10) == (Decimal("0.4902"), Decimal("0.9433"))
    assert wilson(0, 10) == (Decimal("0.0000"), Decimal("0.2775"))
    assert wilson(10, 10) == (Decimal("0.7225"), Decimal("1.0000"))


def test_the_life_of_a_warning() -> None:
    assert acts_allowed(State.RAISED) == [Act.ACKNOWLEDGE]
    assert acts_allowed(State.ACKNOWLEDGED) == [Act.INTERVIEW, Act.RESOLVE]
    assert next_state(State.INVITED, Act.INTERVIEW) is State.INTERVIEWED
    assert next_state(State.RESOLVED, Act.INTERVIEW) is None
    assert [parent_region(code) for code in ("140105", "140100", "140000")] == ["140100", "140000", "000000"]


RULE = BOOK.warning_rules.get("W-COMPLAINTS", "1").content


def rule(**changes: object) -> WarningRule:
    return WarningRule.parse(RULE | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"when": "points > 3"},
        {"when": "count >"},
        {"months": None},
        {"codes": []},
        {"kind": "proposal"},
        {"within_days": 3},
        {"trigger": "due_date"},
        {"proposes": {"what": "listing", "on_list": "slight", "condition": "MIN-1"}},
        {"acknowledge_within_working_days": 40},
        {"severity": "grave"},
        {"unknown": 1},
        {"counts": "firms"},
        {"trigger": "fact_recorded", "months": None, "at_least": None, "counts": "listings"},
    ],
)
def test_what_is_no_rule_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        rule(**changes)


def test_later_versions_replace_earlier_ones_from_their_day_and_nearer_places_win() -> None:
    tomorrow = DAY + timedelta(days=1)
    written = rule(version="api-1", effective_from=tomorrow.isoformat())
    local = rule(version="api-1", region="140100", effective_from=DAY.isoformat())
    rules = RuleSet([rule()], [written, local])

    def version(on: date, region: str) -> tuple[str, str] | None:
        found = rules.find("W-COMPLAINTS", on=on, region=region)
        return found and (found.version, found.region)

    assert version(DAY, "140200") == ("1", "000000")
    assert version(tomorrow, "140200") == ("api-1", "000000")
    assert version(DAY, "140105") == ("api-1", "140100")
    assert [one.region for one in rules.holding(DAY)] == ["000000", "140100"]
    with pytest.raises(PolicyNotInForce):
        rules.get("W-COMPLAINTS", "9", "000000")
