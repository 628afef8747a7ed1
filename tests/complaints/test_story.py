"""The way of one complaint: filed, accepted, served, answered, mediated, with its papers."""

import asyncio
import io

from pypdf import PdfReader

from tests.complaints.conftest import AGENCY_KEY, AGENCY_NAME, World


async def paper_text(world: World, case_id: str, document_id: str, who: str = "officer") -> str:
    for _ in range(100):
        answer = await world.get(f"/cases/{case_id}/documents/{document_id}.pdf", who)
        if answer.status_code == 200:
            assert answer.headers["content-type"] == "application/pdf"
            return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
        assert answer.status_code == 202
        assert answer.headers["retry-after"]
        await asyncio.sleep(0.1)
    raise AssertionError("the paper was never ready")


async def test_a_complaint_from_filing_to_mediation(world: World) -> None:
    filed = await world.file()
    assert filed["kind"] == "complaint"
    assert filed["categories"] == ["P04.2", "P04.4"]
    assert filed["routing"]["jurisdiction"] == "140105"
    assert filed["routing"]["main_department"] == "WL"
    assert filed["report"] is None
    accept = filed["deadlines"][0]
    assert (accept["event"], accept["due_on"]) == ("accept", "2026-11-25")
    assert accept["counted_days"] == ["2026-11-24", "2026-11-25"]
    assert accept["rule"] == "TCM_2026.accept"
    assert accept["article"]
    case_id = filed["id"]

    case = (await world.get(f"/cases/{case_id}")).json()
    assert case["contract"] == {
        "number": case["contract"]["number"],
        "check": "verified",
        "end_on": "2026-11-14",
    }
    assert case["respondent"]["key"] == AGENCY_KEY
    assert case["respondent"]["name"] == AGENCY_NAME

    await world.act(case_id, "accept")
    await world.act(case_id, "serve", method="electronic")
    replied = await world.act(case_id, "reply", "agency", note="行程调整系堵车所致，愿意协商。")
    assert replied["state"] == "replied"
    await world.act(case_id, "mediate")
    claims = {
        "total_fee_fen": 872_000,
        "claims": [{"rule": "C10_1", "item_cost_fen": 5_000}, {"rule": "C10_3", "count": 1}],
    }
    estimate = await world.post("/compensation/estimates", claims)
    assert estimate.status_code == 200, estimate.text
    total = estimate.json()["total_fen"]
    assert total == 5_000 * 2 + 87_200
    agreed = await world.act(
        case_id,
        "agree",
        amount_fen=total,
        terms="旅行社按未游览项目费用及同额违约金、增加购物一次的违约金赔偿。",
        pay_by="2026-12-10",
        estimate=claims,
    )
    assert agreed["state"] == "mediated"
    assert agreed["outcome_amount_fen"] == total
    assert agreed["next_due_on"] is None

    papers = (await world.get(f"/cases/{case_id}/documents")).json()["items"]
    assert [paper["kind"] for paper in papers] == ["acceptance", "mediation"]
    acceptance = await paper_text(world, case_id, papers[0]["id"])
    assert "受理通知书" in acceptance.replace(" ", "")
    letter = (await paper_text(world, case_id, papers[1]["id"])).replace("\n", "")
    assert "972" in letter
    assert "14200000001" not in acceptance + letter

    deadlines = (await world.get(f"/cases/{case_id}/deadlines")).json()["items"]
    assert {item["event"]: item["status"] for item in deadlines} == {
        "accept": "met",
        "serve": "met",
        "reply": "met",
        "conclude": "met",
    }
    steps = (await world.get(f"/cases/{case_id}/timeline")).json()["items"]
    assert [step["event"] for step in steps] == ["submit", "accept", "serve", "reply", "mediate", "agree"]
