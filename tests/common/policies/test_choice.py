"""Which version holds: the nearest place, then the day."""

from datetime import date, timedelta

import pytest
from common.policies import Policy, PolicyError, PolicyNotInForce, PolicySet
from hypothesis import given
from hypothesis import strategies as st

START = date(2020, 1, 1)
REGIONS = ["000000", "140000", "140100", "140105", "650000"]


def policy(
    version: str, first: date, last: date | None = None, region: str = "000000", name: str = "term"
) -> Policy:
    return Policy(
        id=name,
        version=version,
        effective_from=first,
        effective_to=last,
        region=region,
        legal_basis=["甲"],
        status="sample",
    )


def test_the_law_of_the_day_holds_on_its_first_and_last_day() -> None:
    rules = PolicySet(
        [policy("2026", date(2026, 3, 15)), policy("2010", date(2010, 7, 1), date(2026, 3, 14))]
    )
    assert rules.choose("term", on=date(2010, 7, 1)).version == "2010"
    assert rules.choose("term", on=date(2026, 3, 14)).version == "2010"
    assert rules.choose("term", on=date(2026, 3, 15)).version == "2026"
    with pytest.raises(PolicyNotInForce) as caught:
        rules.choose("term", on=date(2010, 6, 30))
    assert caught.value.status == 422
    assert rules.find("other", on=date(2026, 3, 15)) is None


def test_the_nearest_place_wins_and_a_lapsed_local_rule_gives_way() -> None:
    rules = PolicySet(
        [
            policy("national", START),
            policy("province", START, region="140000"),
            policy("city", START, date(2020, 12, 31), region="140100"),
        ]
    )
    assert rules.choose("term", on=date(2020, 6, 1), region="140105").version == "city"
    assert rules.choose("term", on=date(2021, 6, 1), region="140105").version == "province"
    assert rules.choose("term", on=date(2021, 6, 1), region="140200").version == "province"
    assert rules.choose("term", on=date(2021, 6, 1), region="652301").version == "national"
    assert rules.choose("term", on=date(2021, 6, 1)).version == "national"


def test_overlap_and_repeated_version_are_refused() -> None:
    with pytest.raises(PolicyError, match="overlap"):
        PolicySet([policy("1", START, date(2020, 5, 1)), policy("2", date(2020, 5, 1))])
    with pytest.raises(PolicyError, match="overlap"):
        PolicySet([policy("1", START), policy("2", date(2030, 1, 1))])
    with pytest.raises(PolicyError, match="twice"):
        PolicySet([policy("1", START, date(2020, 5, 1)), policy("1", date(2021, 5, 1))])
    PolicySet([policy("1", START), policy("1", START, region="140000")])


def test_an_old_version_is_found_by_its_number() -> None:
    rules = PolicySet([policy("1", START, date(2020, 5, 1)), policy("2", date(2020, 5, 2))])
    assert rules.get("term", "1").effective_to == date(2020, 5, 1)
    with pytest.raises(PolicyNotInForce):
        rules.get("term", "3")


def test_in_force_gives_one_version_of_each() -> None:
    rules = PolicySet(
        [
            policy("1", START, name="b"),
            policy("1", START, name="a"),
            policy("2", START, region="140000", name="a"),
        ]
    )
    assert [(p.id, p.version) for p in rules.in_force(on=START, region="140105")] == [("a", "2"), ("b", "1")]
    assert len(rules) == 3 and len(list(rules)) == 3


spans = st.tuples(st.sampled_from(REGIONS), st.integers(0, 400), st.none() | st.integers(0, 200))


@given(
    st.lists(spans, max_size=12),
    st.sampled_from(["140105", "140181", "141000", "652301", "000000"]),
    st.integers(0, 700),
)
def test_the_choice_agrees_with_a_plain_search(
    drawn: list[tuple[str, int, int | None]], region: str, day: int
) -> None:
    made = [
        policy(
            str(n),
            START + timedelta(first),
            None if length is None else START + timedelta(first + length),
            place,
        )
        for n, (place, first, length) in enumerate(drawn)
    ]
    on = START + timedelta(day)
    try:
        rules = PolicySet(made)
    except PolicyError:
        assert any(
            a is not b
            and a.region == b.region
            and (a.effective_to is None or b.effective_from <= a.effective_to)
            and (b.effective_to is None or a.effective_from <= b.effective_to)
            for a in made
            for b in made
        )
        return
    fitting = [
        p
        for p in made
        if region.startswith(p.region.rstrip("0"))
        and p.effective_from <= on
        and (p.effective_to is None or on <= p.effective_to)
    ]
    expected = max(fitting, key=lambda p: len(p.region.rstrip("0")), default=None)
    assert rules.find("term", on=on, region=region) is expected
