"""Routing of narratives: each worked example and its paraphrases reach the same body by the same rules."""

import time
from datetime import date

import pytest
from common import regions
from complaints.policybook import policy_book
from complaints.routing.rules import Enquiry, Places, RoutingResult
from complaints.routing.service import RoutingService
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.complaints.narratives import CASES, JUNE, N02, N07, Case

BOOK = policy_book()
SERVICE = RoutingService(BOOK)
XIAODIAN = Places(respondent="140105")


def ask(text: str, **more: object) -> RoutingResult:
    values = {"received_on": JUNE, "places": XIAODIAN} | more
    return SERVICE.route(Enquiry(text=text, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_narrative_reaches_its_body(case: Case) -> None:
    result = ask(case.text, received_on=case.received_on, contract_end_on=case.contract_end_on)
    assert result.kind == case.kind
    assert result.categories == case.categories
    assert result.respondent_type == case.respondent
    assert result.main_department == case.main
    assert set(result.other_departments) == set(case.others)
    assert (result.urgency, result.level) == (case.urgency, case.level)
    assert result.refusals_all == case.refusals
    assert result.refusal == (case.refusals[0] if case.refusals else None)
    if case.kind in {"complaint", "both"}:
        assert result.admissible is (not case.refusals)
    else:
        assert result.admissible is None
    assert result.jurisdiction == ("140100" if case.level == "city" else "140105")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_step_names_its_rule_and_article(case: Case) -> None:
    result = ask(case.text, received_on=case.received_on)
    ids = [rule.id for rule in result.rules]
    assert len(ids) == len(set(ids))
    assert all(rule.because and rule.version for rule in result.rules)
    for start in ("category.", "kind.", "respondent.", "department.", "urgency.", "jurisdiction."):
        assert any(rule_id.startswith(start) for rule_id in ids), start
    articles = [rule.article for rule in result.rules if rule.id.startswith(("category.", "refusal."))]
    assert all(articles)
    assert 0 < result.confidence <= 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请问研学旅行需要准备哪些材料？", "consultation"),
        ("你们的投诉电话是多少？想了解旅游合同有什么规定。", "consultation"),
        ("导游小周服务很好，特此表扬，感谢你们。", "none"),
        ("今天天气不错。", "none"),
        ("景区主管部门的科长推诿扯皮、不作为。", "none"),
    ],
)
def test_what_asks_for_nothing_is_no_complaint(text: str, kind: str) -> None:
    result = ask(text)
    assert result.kind == kind
    assert result.admissible is None
    if kind == "none":
        assert result.main_department is None
        assert result.jurisdiction is None


def test_an_officials_conduct_never_goes_to_the_tourism_body() -> None:
    result = ask("请处分那个局里的干部，他不但不道歉还训斥老人。")
    assert result.categories == ("P90",)
    assert result.main_department is None
    assert result.other_departments == ("ZJ",)


def test_an_intention_to_sue_is_no_ground_of_refusal() -> None:
    result = ask("“样例旅行社”少去了两个景点，再不赔偿我就向法院起诉。")
    assert result.refusals_all == ()


def test_negation_takes_a_signal_away() -> None:
    assert ask("机票是我自己在官网买的，不是旅行社订的，航班取消后退款没到账。").respondent_type == "R15"


@pytest.mark.parametrize(
    ("received_on", "refused"),
    [(date(2026, 6, 30), False), (date(2026, 7, 1), True)],
)
def test_ninety_days_end_on_their_last_day(received_on: date, refused: bool) -> None:
    """The tour ended on 2026-04-01: 2026-06-30 is day 90."""
    result = ask(N07.text, received_on=received_on, contract_end_on=date(2026, 4, 1))
    assert (result.refusal == "R4") is refused


def test_the_contracts_own_end_goes_before_the_text() -> None:
    result = ask(N07.text, received_on=date(2026, 7, 20), contract_end_on=date(2026, 6, 1))
    assert result.refusals_all == ()
    assert any(item.id == "refusal.R4" for item in result.rejected_alternatives)


def test_nobody_is_refused_on_a_reckoned_day() -> None:
    """The text gives the first day of a three-day tour, not its end: a person must look at the contract."""
    result = ask(N02.text, received_on=date(2026, 11, 23))
    assert result.refusals_all == ()
    assert result.needs_human
    assert any(item.id == "refusal.R4" for item in result.rejected_alternatives)


def test_unknown_place_asks_for_a_person() -> None:
    result = ask(N02.text, places=Places())
    assert result.jurisdiction is None
    assert result.needs_human
    assert result.main_department == "WL"


def test_the_place_of_the_dispute_counts_from_2026_only() -> None:
    incident = Places(incident="140922")
    assert ask(N02.text, places=incident).jurisdiction == "140922"
    before = ask(N02.text, places=incident, received_on=date(2025, 5, 20))
    assert before.jurisdiction is None
    assert any(item.id == "jurisdiction.incident" for item in before.rejected_alternatives)


def test_where_harm_goes_on_the_place_of_the_incident_comes_first() -> None:
    text = "救命，我们还被困在店里，“样例旅行社”的导游不买东西不让走，要求退款。"
    result = ask(text, places=Places(respondent="140105", incident="140922"))
    assert result.jurisdiction == "140922"
    assert result.urgency == "U1"


def test_a_local_duty_list_goes_before_the_national_table() -> None:
    text = "在“示例云山民宿”住了一晚，房间发霉有虫，要求退房费。"
    assert ask(text).main_department == "WL"
    local = ask(text, places=Places(respondent="140981"))
    assert local.main_department == "SC"
    assert any(rule.id == "department.local.SC" for rule in local.rules)


def test_the_filers_own_choice_of_kind_is_followed_and_said() -> None:
    both = next(case for case in CASES if case.name == "N01")
    chosen = ask(both.text, declared_kind="complaint")
    assert chosen.kind == "complaint"
    assert any(item.candidate == "both" for item in chosen.rejected_alternatives)


def test_an_insiders_report_is_never_taken_as_a_complaint() -> None:
    report = next(case for case in CASES if case.name == "N05")
    assert ask(report.text, declared_kind="complaint").kind == "report"


def test_a_text_in_another_script_goes_to_a_person() -> None:
    result = ask("The guide forced us to buy jade and kept us on the bus for an hour. We want a refund.")
    assert result.needs_human


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=400), county=st.sampled_from(regions.counties("140000")))
def test_any_text_gets_an_honest_answer(text: str, county: str) -> None:
    result = ask(text, places=Places(respondent=county))
    assert result.kind in {"complaint", "report", "both", "consultation", "none"}
    assert (result.main_department is None) == (result.kind == "none")
    assert 0 <= result.confidence <= 1
    if not result.categories and result.kind in {"complaint", "both"}:
        assert result.needs_human


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(CASES), blanks=st.lists(st.integers(0, 100), max_size=5))
def test_blanks_and_wide_letters_change_nothing(case: Case, blanks: list[int]) -> None:
    text = case.text
    for place in blanks:
        cut = place % len(text)
        text = text[:cut] + "　\n" + text[cut:]
    wide = text.replace("，", ", ").replace("%", "％")
    first = ask(case.text, received_on=case.received_on)
    again = ask(wide, received_on=case.received_on)
    assert again.categories == first.categories
    assert again.main_department == first.main_department


@pytest.mark.parametrize("word", ["途牛", "旅行社", "不买", "没有旅行社", "1元2天", "十一", "起诉", "在店里"])
def test_a_text_made_to_be_slow_is_not(word: str) -> None:
    """Milliseconds on an idle machine; quadratic work took twenty seconds."""
    text = (word * 5000)[:5000]
    started = time.perf_counter()
    ask(text)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("text", "kind", "others"),
    [
        ("我们一车人现在被扔在高速服务区，司机跑了，有老人心脏病发作，快来人！", "complaint", {"GA", "WJ"}),
        ("救命！快来人啊！", "complaint", {"GA"}),
        ("我们被困在山上下不来，有孩子中暑昏迷，请求救援", "complaint", {"GA", "WJ"}),
        ("导游把我们丢在戈壁滩，赶快派救护车，有人昏倒了", "complaint", {"GA", "WJ"}),
        ("请问现在怎么办，有人晕倒了，赶紧来人", "complaint", {"GA", "WJ"}),
        ("酒店着火了，我们还被困在楼上，快来救人", "complaint", {"GA", "XF"}),
        ("店里不让我们走，还打人，快来救救我们，请查处", "both", {"GA"}),
        ("司机跑了，我们现在都被丢在高速上，举报这家公司", "both", {"GA"}),
    ],
)
def test_a_cry_for_help_is_urgent_whatever_it_asks(text: str, kind: str, others: set[str]) -> None:
    result = ask(text, places=Places(respondent="140105", incident="140922"))
    assert (result.kind, result.main_department, result.urgency) == (kind, "WL", "U1")
    assert result.needs_human
    assert others <= set(result.other_departments)
    assert len(result.other_departments) == len(set(result.other_departments))
    assert result.jurisdiction == "140922"
    assert result.refusals_all == ()


def test_a_cry_for_help_beside_a_claim_asks_for_a_person_too() -> None:
    result = ask("救命，我们还被困在店里，“样例旅行社”的导游不买东西不让走，要求退款。")
    assert (result.urgency, result.needs_human) == ("U1", True)
    assert "GA" in result.other_departments


@pytest.mark.parametrize(
    "text",
    [
        "这是老人的救命钱，请“样例旅行社”退款。",
        "当时我喊救命没人理，现在要求“样例旅行社”赔偿。",
        "请尽快派人来查处“样例旅行社”。",
    ],
)
def test_words_of_help_alone_are_no_danger(text: str) -> None:
    result = ask(text)
    assert result.urgency != "U1"
    assert "GA" not in result.other_departments


@pytest.mark.parametrize(
    "text",
    [
        "我要举报：这家公司没有旅行社许可证却组团收钱，请依法查处。我不要求赔偿。",
        "举报导游强迫购物，我放弃赔偿和退款，只请严惩。",
        "请查处无证导游，我不需要退款、赔偿或者道歉。",
        "我举报这家旅行社低价团，不是为了赔偿，请查处。",
        "举报该社超低价团。赔偿我不要，退款也不用了，请依法处罚。",
        "请查处样例旅行社强迫购物，我没有任何赔偿请求。",
        "举报零负团费，本人不图任何经济补偿。",
    ],
)
def test_a_waived_claim_is_no_claim(text: str) -> None:
    result = ask(text)
    assert (result.kind, result.main_department, result.admissible) == ("report", "WZ", None)
    assert ask(text, declared_kind="complaint").kind == "report"


@pytest.mark.parametrize(
    "text",
    [
        "请查处强迫购物的样例旅行社，我不要求赔偿但要求退款。",
        "要求退款不要求赔偿，请查处强迫购物的旅行社。",
        "不要求道歉，退款必须到位，请查处样例旅行社强迫购物。",
        "请查处样例旅行社强迫购物，商家说不用赔偿，我不同意，要求退款。",
        "旅行社强迫购物还不肯退款，请查处。",
        "旅行社强迫购物，难道不需要赔偿吗，请查处。",
        "旅行社强迫购物，逼我们放弃赔偿，请查处。",
        "旅行社强迫购物，不仅要求道歉还要赔偿，请查处。",
        "请查处旅行社强迫购物，不得不要求赔偿。",
    ],
)
def test_a_claim_is_not_lost_beside_a_no(text: str) -> None:
    assert ask(text).kind == "both"
