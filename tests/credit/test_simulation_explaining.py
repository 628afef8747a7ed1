"""Every difference between two cards is told: rules, and each other part that makes it."""

from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from credit.scoring.rules import Score, Scorecard, score
from credit.scoring.rules.subject import ScoredSubject
from credit.simulations.explaining import changed_parts, explained, explanation

from .cases import NOW
from .populations import random_card
from .test_scorecard_format import facts

TODAY = date(2026, 11, 23)
AGENCY = ScoredSubject(UUID(int=1), "travel_agency", "140105", licensed_on=date(2020, 1, 1))
BASE: dict[str, Any] = {
    "id": "t",
    "version": "1",
    "base": 100,
    "bounds": {"min": 0, "max": 100},
    "figures": {"praise": {"codes": "PRAISE"}},
    "rules": [{"id": "FINE", "codes": "FINE", "points": -10}],
    "vetoes": [{"id": "LISTED", "codes": "LISTED", "grade": "C"}],
    "bands": [
        {"grade": "A", "min": 90},
        {"grade": "B", "min": 60, "max": 90, "max_inclusive": False},
        {"grade": "C", "max": 60, "max_inclusive": False},
    ],
}
DIMENSIONS: dict[str, Any] = {
    "base": 0,
    "dimensions": [
        {"id": "one", "base": 100, "weight": 1, "bounds": {"min": 0, "max": 100}},
        {"id": "two", "base": 60, "weight": 1, "bounds": {"min": 0, "max": 100}},
    ],
    "rules": [{"id": "FINE", "codes": "FINE", "points": -10, "dimension": "one"}],
}


def weighed(first: int) -> list[dict[str, Any]]:
    one, two = DIMENSIONS["dimensions"]
    return [one | {"weight": first}, two]


def edged(a: int, b: int) -> list[dict[str, Any]]:
    """Bands with other edges below A and B."""
    return [
        {"grade": "A", "min": a},
        {"grade": "B", "min": b, "max": a, "max_inclusive": False},
        {"grade": "C", "max": b, "max_inclusive": False},
    ]


def scored(content: dict[str, Any], *codes: str) -> Score:
    rows = facts(*((code, "2026-05-01") for code in codes))
    return score(AGENCY, rows, TODAY, NOW, Scorecard.parse(BASE | content))


def told(before: Score, after: Score) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.part, one.name, one.before, one.after) for one in changed_parts(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "codes", "parts"),
    [
        ({}, {"base": 80}, (), [("base", "", "100", "80")]),
        ({}, {"bounds": {"min": 0, "max": 95}, "base": 95}, (), None),
        (
            {"base": 50},
            {"base": 50, "bounds": {"min": 45, "max": 100}},
            ("FINE",),
            [("bounds", "", "0–100", "45–100")],
        ),
        (
            {},
            {"bands": edged(95, 60)},
            ("FINE",),
            [("band", "A", "[90, ∞)", "[95, ∞)"), ("band", "B", "[60, 90)", "[60, 95)")],
        ),
        (
            {},
            {"bands": [{"grade": "A", "tier": "T1", "min": 90}, *BASE["bands"][1:]]},
            (),
            [("tier", "A", "A", "T1")],
        ),
        (
            {},
            {"eligibility": {"if": "praise > 0"}},
            (),
            [("eligibility", "ELIGIBILITY", "rated", "not_eligible")],
        ),
        (
            {"eligibility": {"if": "praise > 0"}},
            {},
            (),
            [("eligibility", "ELIGIBILITY", "not_eligible", "rated")],
        ),
        (
            {},
            {"prerequisites": [{"id": "P", "grade": "A", "needs": [{"id": "N", "if": "praise > 0"}]}]},
            (),
            [("prerequisite", "P", None, "B")],
        ),
        ({}, {"vetoes": [BASE["vetoes"][0] | {"grade": "B"}]}, ("LISTED",), [("veto", "LISTED", "C", "B")]),
        (
            DIMENSIONS,
            DIMENSIONS | {"dimensions": weighed(3)},
            (),
            [("weight", "one", "1", "3")],
        ),
        (
            DIMENSIONS,
            DIMENSIONS | {"rules": [DIMENSIONS["rules"][0] | {"dimension": "two"}], "dimensions": weighed(2)},
            ("FINE",),
            [("weight", "one", "1", "2"), ("dimension", "FINE", "one", "two")],
        ),
    ],
)
def test_the_changed_part_is_named(
    old: dict[str, Any],
    new: dict[str, Any],
    codes: tuple[str, ...],
    parts: list[tuple[str, str, str | None, str | None]] | None,
) -> None:
    before, after = scored(old, *codes), scored(new, *codes)
    found = told(before, after)
    if parts is None:
        assert {one[0] for one in found} == {"base", "bounds"}
    else:
        assert found == parts
    line = explanation(explained(before, after), changed_parts(before, after))
    assert all(name in line.zh and name in line.en for _, name, _, _ in found)


def test_what_this_subject_does_not_meet_is_not_named() -> None:
    lower = {"bands": edged(90, 50)}
    wider = lower | {"bounds": {"min": -50, "max": 100}}
    harsher = wider | {"rules": [BASE["rules"][0] | {"points": -15}]}
    before, after = scored({}, "FINE"), scored(harsher, "FINE")
    assert told(before, after) == []
    assert explanation(explained(before, after), []).en == "FINE: -10 → -15"
    assert told(before, scored({})) == [] and explained(before, before) == []


def test_nobody_was_graded_before() -> None:
    [part] = changed_parts(None, scored({}))
    assert (part.part, part.name, part.before, part.after) == ("card", "t", None, "1")


def test_no_difference_between_random_cards_is_left_unexplained() -> None:
    chance = Random(5)
    codes = ["C1", "C2", "C3", "C4", "C5"]
    for number in range(60):
        one, other = (random_card(chance, codes, ["travel_agency"], n) for n in (number, number + 1))
        rows = facts(*((chance.choice(codes), f"2026-0{chance.randrange(1, 9)}-11") for _ in range(6)))
        before, after = (score(AGENCY, rows, TODAY, NOW, card) for card in (one, other))
        if (before.value, before.grade, before.tier) != (after.value, after.grade, after.tier):
            assert explained(before, after) or changed_parts(before, after)
