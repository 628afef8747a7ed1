"""Warnings: what the rules found overnight, one of them worked off, how often a rule was right."""

from collections import Counter
from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("风险预警:扫描、约谈、处置、准确率", "Warnings: swept, talked over, resolved, measured")


def play(stage: Stage) -> list[str]:
    """A warning is a clue: it does not score and no subject sees it."""

    def swept() -> list[dict[str, Any]] | None:
        found = stage.pages("/api/v1/credit/warnings", by="province_officer", state="raised")
        return found if len({one["rule"] for one in found}) >= 2 else None

    found = stage.wait("the sweep of the rules", swept, 120)
    rules = Counter(one["rule"] for one in found)
    clue = next(one for one in found if one["kind"] == "clue")
    subject = f"/api/v1/credit/subjects/{clue['subject_id']}"
    before = stage.get(f"{subject}/score", by="province_officer")["result_hash"]
    path = f"/api/v1/credit/warnings/{clue['id']}"
    stage.post(f"{path}/acknowledge", {"note": "已受理"}, by="province_officer")
    talk = {"note": "约谈主要负责人,要求说明情况(虚构)。", "held_on": "2026-11-23"}
    stage.post(f"{path}/interview", talk, by="province_officer")
    resolved = stage.post(
        f"{path}/resolve", {"outcome": "confirmed", "note": "情况属实,已督促整改。"}, by="province_officer"
    )
    stage.equal(resolved["state"], "resolved", "the warning's state")
    after = stage.get(f"{subject}/score", by="province_officer")["result_hash"]
    stage.equal(after, before, "the score of a warned subject")
    stage.equal(stage.get("/api/v1/credit/warnings", by="agency")["items"], [], "warnings a subject sees")
    measured = stage.get(f"/api/v1/credit/warning-rules/{clue['rule']}/precision", by="province_officer")
    total = measured["total"]
    return [
        "open: " + ", ".join(f"{rule} {number}" for rule, number in sorted(rules.items())),
        f"{clue['rule']} ({clue['name']}): acknowledged by {clue['acknowledge_by']}, talk held, confirmed",
        f"precision of {clue['rule']}: {total['precision']} of {total['resolved']} resolved, "
        f"95 % interval {total['low']:.2f} to {total['high']:.2f}",
        "the score is the same to the byte, and the subject sees no warning",
    ]
