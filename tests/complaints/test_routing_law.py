"""The articles a routing names are those of the measures in force on the day of receipt."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from complaints.policybook import policy_book
from complaints.routing import rules
from complaints.routing.rules import Enquiry, Places, RoutingResult
from complaints.routing.service import RoutingService

from tests.complaints.narratives import CASES, N07, Case

BOOK = policy_book()
SERVICE = RoutingService(BOOK)
FIRST_OF_2026 = date(2026, 3, 15)
LAST_OF_2010 = date(2026, 3, 14)
XIAODIAN = Places(respondent="140105", incident="140922")
ENQUIRY = Enquiry(text="", received_on=FIRST_OF_2026, places=XIAODIAN)
FIFTEEN = [case for case in CASES if re.fullmatch(r"N\d\d", case.name)]


def ask(text: str, **more: object) -> RoutingResult:
    return SERVICE.route(replace(ENQUIRY, text=text, **more))  # type: ignore[arg-type]


def articles(result: RoutingResult) -> list[str]:
    return [rule.article for rule in result.rules] + [item.article for item in result.rejected_alternatives]


def article_of(result: RoutingResult, rule_id: str) -> str:
    return next(rule.article for rule in result.rules if rule.id == rule_id)


def test_the_fifteen_narratives_are_here() -> None:
    assert len(FIFTEEN) == 15


@pytest.mark.parametrize("case", FIFTEEN, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("received_on", "other"),
    [
        (FIRST_OF_2026, "2010"),
        (date(2026, 6, 20), "2010"),
        (LAST_OF_2010, "2026"),
        (date(2025, 6, 20), "2026"),
    ],
)
def test_no_article_of_measures_that_are_not_in_force(case: Case, received_on: date, other: str) -> None:
    for declared in (None, "complaint"):
        result = ask(
            case.text, received_on=received_on, contract_end_on=case.contract_end_on, declared_kind=declared
        )
        assert not [article for article in articles(result) if other in article]
        assert not [article for article in articles(result) if "{" in article]


def test_the_narratives_own_refusals_cite_the_measures_of_their_day() -> None:
    late = ask(N07.text, received_on=date(2026, 7, 20), contract_end_on=date(2026, 4, 1))
    assert late.refusal == "R4"
    assert "（2026）" in article_of(late, "refusal.R4")
    assert "令第14号正式文本核对" in article_of(late, "refusal.R4")
    sued = next(case for case in FIFTEEN if case.name == "N12")
    now = ask(sued.text, received_on=sued.received_on)
    assert now.refusal == "R1"
    assert "（2026）" in article_of(now, "refusal.R1")
    before = ask(sued.text, received_on=date(2025, 6, 20))
    assert article_of(before, "refusal.R1") == "旅游投诉处理办法（2010）第9条第1项"
    late_before = ask(N07.text, received_on=date(2025, 7, 20), contract_end_on=date(2025, 4, 1))
    assert article_of(late_before, "refusal.R4") == "旅游投诉处理办法（2010）第9条第4项"


def test_the_last_day_of_2010_and_the_first_of_2026() -> None:
    before, after = (
        ask(FIFTEEN[0].text, received_on=LAST_OF_2010),
        ask(FIFTEEN[0].text, received_on=FIRST_OF_2026),
    )
    assert article_of(before, "admissible") == "旅游投诉处理办法（2010）第8条、第10条"
    assert article_of(after, "admissible").startswith("旅游投诉处理办法（2026）")
    assert "核对" in article_of(after, "admissible")
    assert [rule.id for rule in before.rules] == [rule.id for rule in after.rules]


def test_both_rule_sets_name_every_article_and_what_was_not_read_says_so() -> None:
    old, new = (BOOK.procedure.national(day) for day in (LAST_OF_2010, FIRST_OF_2026))
    assert set(old.citations()) == set(new.citations())
    assert new.status == "recalled"
    read = {"measures", "object", "declared"}
    for name, article in new.citations().items():
        assert "（2026）" in article
        assert name in read or "核对" in article
    with pytest.raises(ValueError, match="R3"):
        BOOK.routing.check_articles(set(old.citations()) - {"R3"})


def test_no_article_stands_in_the_code() -> None:
    for source in Path(rules.__file__).parent.glob("*.py"):
        assert not re.search(r"第\d+条|〔\d{4}〕|（20\d\d）", source.read_text("utf-8")), source.name
