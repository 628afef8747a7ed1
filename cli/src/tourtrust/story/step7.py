"""Credit receives the facts: the agency loses a grade with reasons, and is told the way back."""

from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("信用降级、监管收紧、修复路径", "The agency loses a grade, with reasons and the way back")


def play(stage: Stage) -> list[str]:
    """Score, grade, reasons, supervision and paths after the two facts arrived."""
    agency, before = stage.book["agency"], stage.book["score_before"]
    base = f"/api/v1/credit/subjects/{agency['id']}"

    def lower() -> dict[str, Any] | None:
        answer: dict[str, Any] = stage.get(f"{base}/score", by="province_officer")
        rules = {contribution["rule"] for contribution in answer["result"]["contributions"]}
        before_rules = {contribution["rule"] for contribution in before["contributions"]}
        return (
            answer
            if len(answer["result"]["contributions"]) >= len(before["contributions"]) + 2
            or len(rules - before_rules) >= 2
            else None
        )

    answer = stage.wait("the facts at credit", lower, 120)
    after = answer["result"]
    stage.check(after["score"] < before["score"], "the score did not fall")
    stage.check(after["grade"] != before["grade"], f"the grade is still {after['grade']}")
    known = {c["fact_id"] for c in before["contributions"]}
    new = [c for c in after["contributions"] if c["fact_id"] not in known]
    again = stage.get(
        f"{base}/score",
        by="province_officer",
        params={"valid_at": after["valid_at"], "known_at": after["known_at"]},
    )
    stage.equal(again["result_hash"], answer["result_hash"], "the same question asked again")

    supervision = stage.get(f"{base}/supervision", by="province_officer")
    stage.equal(supervision["grade"], after["grade"], "the grade that supervision goes by")
    lighter = stage.book["supervision_before"]["sampling_bp"]
    stage.check(supervision["sampling_bp"] > lighter, "supervision did not tighten")
    paths = stage.get(f"{base}/paths", by="province_officer")
    ways = paths["paths"] if isinstance(paths, dict) else paths
    stage.check(len(ways) >= 1, "no way to a better grade is named")
    return [
        f"score {before['score']} to {after['score']}, grade {before['grade']} to {after['grade']}",
        *(f"{c['points']:+} {c['rule']}: {c['reason']}, until {c['expires_on']}" for c in new),
        f"asked again for the same moment: the same hash {answer['result_hash'][:16]}…",
        f"supervision tightened: sampled at {supervision['sampling_bp'] / 100:.0f} % instead of "
        f"{lighter / 100:.0f} %, "
        f"{len(supervision['measures'])} measures in force",
        *(f"a way to {way['grade']} on {way['on']}: {_steps(way)}" for way in ways),
    ]


def _steps(way: dict[str, Any]) -> str:
    return ", ".join(f"{step['action']} ({step['rule']}) from {step['earliest']}" for step in way["steps"])
