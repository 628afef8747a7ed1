"""What a band of a card says of supervision is done: ratio, frequency, publicity, warning; it is cited."""

from typing import Any

import pytest
from credit.scoring.rules import Scorecard
from credit.supervision.figures import figures_of, publicity_of

from .cases import BOOK, CARD
from .conftest import Service
from .test_boards import DECIDE, MAIN, agency, run
from .test_present_cards import published
from .test_scorecards import card, settle

POLICY = BOOK.supervision.get("tiered-supervision", "1")
SAID: dict[str, dict[str, Any]] = {
    "A": {"sampling_bp": 100, "checks_per_year": 0},
    "B": {"publish": False},
    "C": {"sampling_bp": 10_000, "publish": True, "warn": True, "notes": ["约谈负责人"]},
    "D": {"warn": False},
}


def measured(**changes: Any) -> dict[str, Any]:
    return card(bands=[one | {"measures": SAID[one["grade"]]} for one in card()["bands"]], **changes)


OWN = Scorecard.parse(measured())
BANDS = next(one for one in BOOK.scorecards if one.id == "linfen-board").content["bands"]


@pytest.mark.parametrize(
    ("grade", "ratio", "checks", "publicity"),
    [
        ("A", 100, 0, "grade"),
        ("B", 500, 2, "none"),
        ("C", 10_000, 4, "grade_and_warning"),
        ("D", 10_000, 12, "none"),
    ],
)
def test_the_band_goes_before_the_policy_and_what_it_leaves_unsaid_is_the_policys(
    grade: str, ratio: int, checks: int, publicity: str
) -> None:
    figures = figures_of(POLICY, grade, OWN)
    assert (figures.sampling_bp, figures.routine_checks_per_year) == (ratio, checks)
    assert publicity_of(POLICY, grade, OWN, grade) == publicity
    plain = figures_of(POLICY, grade, CARD)
    assert plain.sampling_bp == POLICY.of(grade).sampling_bp


def test_a_grade_that_its_card_does_not_publish_is_on_no_board() -> None:
    policy = BOOK.boards.get("linfen-board", "1", "141000")
    linfen = next(one for one in BOOK.scorecards if one.id == "linfen-board")
    assert [policy.side(linfen, grade) for grade in linfen.grades] == ["red", "none", "black"]
    kept = [one | ({"measures": {"publish": False}} if one["grade"] == "RED" else {}) for one in BANDS]
    own = Scorecard.parse(linfen.content | {"bands": kept})
    assert [policy.side(own, grade) for grade in own.grades] == ["none", "none", "black"]


def test_a_figure_that_the_policy_has_stands_in_no_shipped_card() -> None:
    said = {
        (one.id, band.grade)
        for one in BOOK.scorecards
        for band in one.bands
        if band.measures and (band.measures.sampling_bp, band.measures.checks_per_year) != (None, None)
    }
    assert not said


async def test_supervision_draws_page_and_warnings_go_by_the_band(service: Service) -> None:
    """A subject falls into band C of a card that samples it whole, shows the grade and warns."""
    good, bad = await service.subject(), await service.subject()
    await published(service, measured())
    await settle(service)
    view = await service.get(f"/subjects/{good['id']}/supervision")
    assert (view["sampling_bp"], view["routine_checks_per_year"], view["publicity"]) == (100, 0, "grade")
    assert (await service.get(f"/public/subjects/{good['key']}"))["grade"]["warning"] is None

    for day in ("2026-05-01", "2026-06-01"):
        await service.fact(bad, "PENALTY_SUSPENSION", day)
    view = await service.get(f"/subjects/{bad['id']}/supervision")
    assert (view["grade"], view["sampling_bp"], view["publicity"]) == ("C", 10_000, "grade_and_warning")
    assert view["card"]["id"] == "shanxi-agency" and view["policy"]["id"] == "tiered-supervision"
    [band] = [one for one in view["measures"] if one["code"] == "BAND-C"]
    assert "100%" in band["name"] and "约谈负责人" in band["name"] and band["policy"] == view["card"]
    assert band["legal_basis"] == OWN.legal_basis and band["ends_on"]
    page = await service.get(f"/public/subjects/{bad['key']}")
    assert page["grade"]["grade"] == "C" and "风险提示" in page["grade"]["warning"]
    objects = (await service.get("/inspection-objects", region="140100", limit=100))["items"]
    ratios = {one["subject_id"]: one["sampling_bp"] for one in objects}
    assert (ratios[good["id"]], ratios[bad["id"]]) == (100, 10_000)

    await service.fact(bad, "PENALTY_SUSPENSION", "2026-07-01")
    assert (await service.get(f"/public/subjects/{bad['key']}"))["grade"] is None, "D is not shown"
    [warning] = (await service.get("/warnings", subject_id=bad["id"]))["items"]
    assert (warning["rule"], warning["details"]["steps_down"]) == ("W-GRADE-DROP", 1)
    known = [one["details"] for one in warning["sources"]]
    [entered] = [one for one in known if one.get("card")]
    assert (entered["grade"], entered["notes"], entered["card"]["id"]) == (
        "C",
        ["约谈负责人"],
        "shanxi-agency",
    )


async def test_another_card_that_warns_of_its_band_warns_without_a_drop(service: Service) -> None:
    quiet = await service.subject(region="140702")
    names = {"A": "优", "B": "良", "C": "中", "D": "差"}
    bands = [one | {"grade": names[one["grade"]], "measures": {"warn": True}} for one in card()["bands"]]
    vetoes = [one | {"grade": "差"} for one in card()["vetoes"]]
    await published(service, card(id="jinzhong", region="140700", bands=bands, vetoes=vetoes))
    await settle(service)
    [warning] = (await service.get("/warnings", subject_id=quiet["id"]))["items"]
    assert warning["rule"] == "W-GRADE-DROP"


async def test_a_black_board_warns_where_its_card_says_so(service: Service) -> None:
    black = await agency(service, "141002", "2026-07-02", "2026-08-02", "2026-09-30")
    board = await run(service, "141000", "2026-09-01")
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"/boards/{board['id']}/publication", None, 200, boss)
    await settle(service)
    found = (await service.get("/warnings", subject_id=black["id"]))["items"]
    assert "W-BOARD-WARN" in {one["rule"] for one in found} and MAIN
