"""A stricter card is drafted, tried on the whole province, and published by a second person."""

from collections import Counter
from typing import Any

from common.problems import Text

from tourtrust.story.charts import compared
from tourtrust.story.stage import Stage

TITLE = Text("评分卡:起草、全量试算、两人发布", "A scorecard: drafted, tried on everyone, published by two")

CARD = "agency-100-sample"
STRICTER = "AG-COMPLAINT"


def play(stage: Stage) -> list[str]:
    """Nobody publishes what is not simulated, nor alone; from its day on the new version grades."""
    before = _grades(stage)
    draft = stage.post("/api/v1/credit/scorecards", _stricter(stage), by="admin", expect=201)
    path = f"/api/v1/credit/scorecards/{draft['id']}"
    refused = stage.post(f"{path}/publication", {"hash": draft["hash"]}, by="admin2", expect=409)
    simulation = stage.post(f"{path}/simulations", {}, by="admin", expect=202)

    def finished() -> dict[str, Any] | None:
        view: dict[str, Any] = stage.get(f"{path}/simulations/{simulation['run']['id']}", by="admin")
        stage.check(view["run"]["state"] not in {"failed", "cancelled"}, f"simulation: {view['run']}")
        return view if view["figures"] else None

    figures = stage.wait("the simulation", finished)["figures"]
    moves = [move for move in figures["migration"] if move["before"] != move["after"]]
    stage.check(figures["changed"] > 0 and bool(moves), "the stricter card moves nobody")
    stage.equal(_grades(stage), before, "grades after a simulation")
    stage.post(f"{path}/publication", {"hash": draft["hash"]}, by="admin", expect=(403, 409))
    published = stage.post(f"{path}/publication", {"hash": draft["hash"]}, by="admin2")
    stage.equal(published["state"], "published", "the card's state")
    expected = Counter(before)
    for move in moves:
        expected[move["before"]] -= move["subjects"]
        expected[move["after"]] += move["subjects"]

    def moved() -> dict[str, int] | None:
        now = _grades(stage)
        return now if now == {grade: n for grade, n in expected.items() if n} else None

    after = stage.wait("the grades of the new version", moved, 120)
    return [
        f"{STRICTER}: two points a valid complaint instead of one, drafted by admin",
        f"published without a simulation: refused ({refused['title']}); by the author: refused",
        f"tried on {figures['subjects']} agencies: {figures['changed']} change, PSI {figures['psi']:.4f}, "
        f"mean shift {figures['mean_shift']:+.2f}",
        *(f"{move['before']} to {move['after']}: {move['subjects']}" for move in moves),
        "published by admin2; all grades are as simulated:",
        *compared(before, after),
    ]


def _stricter(stage: Stage) -> dict[str, Any]:
    """The card in force, with twice the deduction for complaints, from today on."""
    policies = stage.get("/api/v1/credit/policies", by="admin")
    card: dict[str, Any] = next(one["content"] for one in policies if one["id"] == CARD)
    rules = [rule | {"points": -2, "cap": -20} if rule["id"] == STRICTER else rule for rule in card["rules"]]
    return card | {"rules": rules, "version": "2", "effective_from": "2026-11-23", "region": "140000"}


def _grades(stage: Stage) -> dict[str, int]:
    agencies = stage.pages("/api/v1/credit/subjects", by="province_officer", kind="travel_agency")
    return dict(sorted(Counter(str(one["grade"]) for one in agencies).items()))
