"""Every rule: what breaks it and it alone, and what does not."""

import random
from typing import Any

import pytest
from contracts.checks.findings import examine
from contracts.checks.rules import CHECKS
from contracts.checks.rules.case import Case, KnownAgency
from contracts.checks.service import region_of
from contracts.documents.schemas import Submission
from contracts.policies import load_library

from .mutations import BROKEN, CLEAN, CROSS_BORDER, Expected
from .samples import changed, domestic, outbound
from .test_schema import accepted, mutations


def found(document: Any, agency: KnownAgency | None = None) -> Expected:
    submission = Submission.model_validate(document)
    blank = Case(submission, None)  # type: ignore[arg-type]
    book = load_library().rulebook(on=blank.signed_on, region=region_of(submission, None) or "000000")
    case = Case(submission, book, agency)
    findings = examine(case)
    assert all("{" not in f.reason.zh + f.reason.en for f in findings)
    return {(f.rule_id, f.severity, f.path) for f in findings}


@pytest.mark.parametrize(
    ("name", "base", "changes", "expected"), BROKEN, ids=[f"{n}-{at}" for at, (n, *_) in enumerate(BROKEN)]
)
def test_a_small_change_breaks_just_this_rule(name: str, base: Any, changes: Any, expected: Expected) -> None:
    always = CROSS_BORDER if base is outbound and not any(rule == "C06" for rule, *_ in expected) else set()
    assert found(changed(base(), changes)) == expected | always


@pytest.mark.parametrize(("name", "base", "changes"), CLEAN, ids=[name for name, *_ in CLEAN])
def test_a_clean_variant_breaks_none(name: str, base: Any, changes: Any) -> None:
    assert found(changed(base(), changes)) == set()


def test_every_rule_is_broken_by_some_change() -> None:
    """But for Q02, which no document breaks by itself: see test_measures.py."""
    broken = {rule for _, _, _, expected in BROKEN for rule, _, _ in expected}
    assert broken == set(CHECKS) - {"Q02"}


def test_the_tables_and_the_checks_name_the_same_rules() -> None:
    library = load_library()
    listed = [rule.id for table in library.rules for rule in table.rules]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(CHECKS)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (KnownAgency("L-SX-990001", frozenset({"domestic"}), "active"), set()),
        (KnownAgency(None, frozenset(), "active"), set()),
        (
            KnownAgency("L-SX-990001", frozenset({"inbound"}), "active"),
            {("Q01", "error", "agency.business_scope")},
        ),
        (
            KnownAgency("L-SX-990009", frozenset({"domestic"}), "active"),
            {("Q01", "error", "agency.license_no")},
        ),
        (
            KnownAgency("L-SX-990001", frozenset({"domestic"}), "revoked"),
            {("Q01", "error", "agency.license_no")},
        ),
    ],
)
def test_the_archive_is_believed_where_it_speaks(known: KnownAgency, expected: Expected) -> None:
    assert found(domestic(), known) == expected


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        ("2027-01-20", {("ID", "error", "travelers[0].passport.expiry_date")}),
        ("2027-01-21", {("ID", "warn", "travelers[0].passport.expiry_date")}),
        ("2027-07-20", {("ID", "warn", "travelers[0].passport.expiry_date")}),
        ("2027-07-21", set()),
    ],
)
def test_a_passport_lasts_six_months_beyond_the_return(expiry: str, expected: Expected) -> None:
    document = changed(outbound(), {"travelers[0].passport.expiry_date": expiry})
    assert found(document) == expected | CROSS_BORDER


def test_a_trip_abroad_needs_a_passport() -> None:
    document = outbound()
    del document["travelers"][1]["passport"]
    assert found(document) == {("ID", "error", "travelers[1].passport")} | CROSS_BORDER


@pytest.mark.parametrize("kind", ["agency_to_ground", "single_service"])
def test_rules_of_package_tours_are_not_asked_of_other_contracts(kind: str) -> None:
    document = changed(
        domestic(), {"contract.contract_type": kind, "attachments": [], "group.min_group_size": None}
    )
    assert found(document) == set()


def test_hundreds_of_changes_never_make_a_check_fail() -> None:
    chance = random.Random(11)
    checked = 0
    for _, document in mutations(domestic(), chance, 1500):
        if accepted(document):
            found(document)
            checked += 1
    assert checked > 200
