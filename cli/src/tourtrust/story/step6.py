"""The officer accepts, serves, mediates; an enforcement case ends in a fine inside its band."""

from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage
from tourtrust.story.step5 import TOURIST

TITLE = Text("受理、送达、调解与行政处罚", "Accepted, served, mediated; the violation is punished")

TOTAL_FEE_FEN = 300_000
TICKET_FEN = 5_000
FINE_FEN = 3_000_000


def play(stage: Stage) -> list[str]:
    """The statutory procedure to an agreement, its papers, then clue to penalty with two persons."""
    case = f"/api/v1/complaints/cases/{stage.book['complaint']['id']}"
    proved = _mediate(stage, case)
    papers = stage.get(f"{case}/documents", by="taiyuan_officer")
    items = papers["items"] if isinstance(papers, dict) else papers
    stage.check(len(items) >= 2, f"expected at least two papers, found {len(items)}")
    for paper in items:
        path = f"{case}/documents/{paper['id']}.pdf"

        def look(path: str = path) -> bytes | None:
            answer = stage.call("GET", path, by="taiyuan_officer", expect=(200, 202))
            return answer.content if answer.status_code == 200 else None

        content = stage.wait(f"the paper {paper['number']}", look)
        stage.check(content.startswith(b"%PDF-"), f"{paper['number']} is no PDF")
    proved.append("papers rendered: " + ", ".join(f"{p['kind']} {p['number']}" for p in items))
    return proved + _punish(stage)


def _mediate(stage: Stage, case: str) -> list[str]:
    def happen(event: str, by: str = "taiyuan_officer", **fields: Any) -> Any:
        return stage.post(f"{case}/events", {"event": event, **fields}, by=by)

    happen("accept")
    served = stage.call(
        "POST", f"{case}/events", by="taiyuan_officer", json={"event": "agree"}, expect=(409, 422)
    )
    stage.check(
        "allowed" in served.text or served.status_code == 422, "a refusal must name the allowed events"
    )
    happen("serve", method="electronic")
    seen = stage.call("GET", case, by="agency")
    stage.check(TOURIST["phone"] not in seen.text, "the agency sees the tourist's phone number")
    happen("reply", by="agency", note="确因堵车临时调整，未取得书面同意，愿意赔偿。")
    claims = {
        "total_fee_fen": TOTAL_FEE_FEN,
        "occurred_on": "2026-11-12",
        "region": "140105",
        "claims": [{"rule": "C10_1", "item_cost_fen": TICKET_FEN}, {"rule": "C10_3", "count": 1}],
    }
    estimate = stage.post("/api/v1/complaints/compensation/estimates", claims, by="taiyuan_officer")
    stage.equal(estimate["total_fen"], 2 * TICKET_FEN + TOTAL_FEE_FEN // 10, "the compensation")
    happen("mediate")
    agreed = happen(
        "agree",
        amount_fen=estimate["total_fen"],
        terms="旅行社自协议签订之日起五个工作日内向投诉人支付赔偿款，双方就本次纠纷再无争议。",
        pay_by="2026-11-30",
        estimate=claims,
    )
    stage.equal(agreed["state"], "mediated", "the state after the agreement")
    steps = "; ".join(step["formula"] for step in estimate["steps"])
    return [
        "accepted, served, answered by the agency, which never saw the tourist's phone number",
        f"mediated at {estimate['total_fen'] / 100:.2f} yuan: {steps}",
    ]


def _punish(stage: Stage) -> list[str]:
    clue = stage.post(
        "/api/v1/complaints/enforcement-cases",
        {
            "respondent_key": stage.book["agency"]["key"],
            "violation_code": "T100_1",
            "region": "140105",
            "occurred_on": "2026-11-12",
            "clue_source": "complaint",
            "clue": "未经旅游者同意取消景点并增加购物场所。",
            "complaint_id": stage.book["complaint"]["id"],
        },
        by="enforcement_officer",
        expect=201,
    )
    path = f"/api/v1/complaints/enforcement-cases/{clue['id']}/events"

    def happen(event: str, by: str = "enforcement_officer", expect: int = 200, **fields: Any) -> Any:
        return stage.post(path, {"event": event, **fields}, by=by, expect=expect)

    happen("file", officers=["enforcement_officer", "inspector"])
    happen("add_evidence", title="行程单与旅游者陈述", sha256="ab" * 32)
    happen("conclude", note="事实清楚，证据确凿。")
    small = happen("propose", kind="fine", amount_fen=FINE_FEN - 1, note="低于法定幅度", expect=422)
    stage.equal(small["type"], "/problems/penalty-outside-band", "a fine below the band")
    happen("propose", kind="fine", amount_fen=FINE_FEN, gradation="light", note="初次违法，积极赔偿，从轻。")
    happen("notify_rights")
    early = happen("decide", by="reviewer", expect=409)
    stage.equal(early["type"], "/problems/rights-still-open", "a decision before the rights are over")
    happen("waive_rights", by="agency")
    alone = happen("decide", expect=409)
    stage.equal(alone["type"], "/problems/second-person-needed", "a decision by the proposer")
    happen("decide", by="reviewer")
    served = happen("serve")
    stage.equal((served["state"], served["amount_fen"]), ("served", FINE_FEN), "the penalty served")
    return [
        f"enforcement case {clue['number']}: {served['article']}, fined {FINE_FEN // 100} yuan, inside "
        f"{served['band']['low_fen'] // 100}-{served['band']['high_fen'] // 100} yuan",
        "refused: a fine one fen below the band, a decision before the hearing term, one by the proposer",
    ]
