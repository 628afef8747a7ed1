"""Papers of a case over HTTP: ordered with the event, made beside it, seen only by those they concern."""

import asyncio
import io
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from complaints.documents.worker import Worker
from pypdf import PdfReader
from sqlalchemy import text

from tests.complaints.conftest import AGENCY_KEY, AGENCY_NAME, World

PHONE, ID_NUMBER, ADDRESS = "14200000001", "140100198506159952", "山西省太原市样例路8号（虚构）"
LANDLINE, MAIL = "03510000001", "wang@example.invalid"
CONTACTS = (PHONE, ID_NUMBER, ADDRESS, LANDLINE, MAIL)


def squeezed(pdf: bytes) -> str:
    """The words of a PDF without what only moves them about the page."""
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return re.sub(r"[\s\u200b]", "", words)


async def papers_of(world: World, case_id: str, who: str = "officer") -> list[dict[str, Any]]:
    answer = await world.get(f"/cases/{case_id}/documents", who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def pdf_of(world: World, case_id: str, document_id: str, who: str = "officer") -> httpx.Response:
    for _ in range(100):
        answer = await world.get(f"/cases/{case_id}/documents/{document_id}.pdf", who)
        if answer.status_code != 202:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("the paper was never made")


async def text_of(world: World, case_id: str, who: str = "officer", which: int = -1) -> str:
    paper = (await papers_of(world, case_id, who))[which]
    answer = await pdf_of(world, case_id, paper["id"], who)
    assert answer.status_code == 200, answer.text
    return squeezed(answer.content)


async def served(world: World, **changes: Any) -> str:
    case_id: str = (await world.file(**changes))["id"]
    await world.act(case_id, "accept")
    await world.act(case_id, "serve", method="electronic")
    return case_id


async def mediating(world: World, **changes: Any) -> str:
    case_id = await served(world, **changes)
    await world.act(case_id, "reply", "agency", note="愿意协商。")
    await world.act(case_id, "mediate")
    return case_id


async def rows(world: World, query: str, **values: Any) -> list[Any]:
    async with world.app.state.db.session() as session:
        return list((await session.execute(text(query), values)).all())


async def test_acceptance_notice_says_what_the_form_asks(world: World) -> None:
    case_id = (await world.file())["id"]
    await world.act(case_id, "accept")
    (paper,) = await papers_of(world, case_id)
    assert (paper["kind"], paper["title"]) == ("acceptance", "旅游投诉受理通知书")
    assert paper["number"] == "晋旅诉受字〔2026〕第140105-0001号"
    assert paper["template"]["id"] == "paper-acceptance"
    assert (paper["template"]["version"], paper["template"]["status"]) == ("TCM_2026", "recalled")
    words = await text_of(world, case_id)
    case = (await world.get(f"/cases/{case_id}")).json()
    deadlines = (await world.get(f"/cases/{case_id}/deadlines")).json()["items"]
    conclude = next(item for item in deadlines if item["event"] == "conclude")
    for part in (
        "太原市小店区文化和旅游局",
        "旅游投诉受理通知书",
        paper["number"],
        f"{AGENCY_NAME}：",
        case["number"],
        "王样例",
        AGENCY_KEY,
        "按合同赔偿",
        "人民币1,000.00元",
        "《旅游投诉处理办法》（文化和旅游部令第14号）",
        "5个工作日内",
        "2027年1月22日止（暂定",
        conclude["article"],
        "2026年11月23日",
        "此处盖章",
        "送达回证",
        "投诉书副本",
        "没有征求我们意见就取消了木塔",
    ):
        assert part in words, part
    assert conclude["provisional"] is True


async def test_the_pdf_carries_title_authority_and_the_day_of_the_order(world: World) -> None:
    case_id = await served(world)
    (paper,) = await papers_of(world, case_id)
    answer = await pdf_of(world, case_id, paper["id"])
    about = PdfReader(io.BytesIO(answer.content)).metadata
    assert about is not None
    assert about.title == f"旅游投诉受理通知书 {paper['number']}"
    assert about.author == "太原市小店区文化和旅游局"
    assert about.creation_date == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert answer.headers["cache-control"] == "no-store"
    ready = (await papers_of(world, case_id))[0]
    assert (ready["state"], ready["size"]) == ("ready", len(answer.content))
    assert answer.headers["etag"] == f'"{ready["sha256"]}"'
    assert ready["path"].endswith(f"/cases/{case_id}/documents/{paper['id']}.pdf")
    assert (await pdf_of(world, case_id, paper["id"])).content == answer.content


async def test_refusal_and_transfer_go_to_the_complainant(world: World) -> None:
    refused = (await world.file())["id"]
    await world.act(refused, "refuse", ground="R4", note="合同四月一日履行完毕，已一百一十日。")
    words = await text_of(world, refused)
    for part in (
        "旅游投诉不予受理通知书",
        "王样例：",
        "超过九十日",
        "已一百一十日",
        "旅诉不受字",
        "申请仲裁",
    ):
        assert part in words, part
    elsewhere = (await world.file())["id"]
    await world.act(elsewhere, "transfer", department="SC", region="140106", note="属于价格争议。")
    words = await text_of(world, elsewhere)
    for part in ("旅游投诉转办通知书", "王样例：", "山西省太原市迎泽区", "12315", "属于价格争议", "旅诉转字"):
        assert part in words, part


async def test_an_agreement_takes_inputs_of_an_estimate_and_never_its_result(world: World) -> None:
    case_id = await mediating(world)
    agree = {"event": "agree", "amount_fen": 1, "terms": "一次付清。"}
    claims = {"claims": [{"rule": "C10_1", "item_cost_fen": 20_000}]}
    forged = (await world.post("/compensation/estimates", claims)).json() | {"total_fen": 1}
    for estimate, pointer in (
        (forged, "/estimate/total_fen"),
        ({"claims": [{"rule": "C10_1"}]}, "/estimate/claims/0"),
        ({"claims": [{"rule": "none"}]}, "/estimate/claims/0"),
        (claims | {"occurred_on": "1999-01-01"}, "/estimate/occurred_on"),
    ):
        refused = await world.post(f"/cases/{case_id}/events", {**agree, "estimate": estimate})
        assert refused.status_code == 422, refused.text
        assert any(error["pointer"].startswith(pointer) for error in refused.json()["errors"]), refused.text
    await world.act(case_id, "agree", amount_fen=1, terms="一次付清。", estimate=claims)
    kept = (await world.get(f"/cases/{case_id}/timeline")).json()["items"][-1]["data"]["estimate"]
    assert kept["total_fen"] == 40_000
    words = await text_of(world, case_id)
    assert "合计人民币400.00元；双方自愿协商确定的数额为人民币0.01元" in words


async def test_mediation_letter_and_termination_letter(world: World) -> None:
    case_id = await mediating(world)
    await world.act(
        case_id,
        "agree",
        amount_fen=97_200,
        terms="一、退还费用；\n二、支付违约金。",
        pay_by="2026-12-10",
        note="合同写明木塔，行程中未经同意取消。",
        estimate={"claims": [{"rule": "C10_1", "item_cost_fen": 5_000}]},
    )
    words = await text_of(world, case_id)
    for part in (
        "一、投诉请求",
        "二、事实",
        "合同写明木塔",
        "三、调解经过",
        "被投诉人作出书面答复",
        "四、调解结果",
        "一、退还费用；",
        "人民币972.00元，于2026年12月10日前付清",
        "按上述标准测算，合计人民币100.00元；双方自愿协商确定的数额为人民币972.00元",
        "具有合同约束力",
        "投诉人（签名）",
        "被投诉人（签章）",
    ):
        assert part in words, part
    failed = await mediating(world)
    await world.act(failed, "terminate", note="双方分歧较大，不能达成协议。")
    words = await text_of(world, failed)
    for part in ("旅游投诉终止调解书", "不能达成协议", "保证金", "提起诉讼", "受送达人"):
        assert part in words, part


async def test_the_respondent_gets_its_own_papers_without_contact_data(world: World) -> None:
    story = (
        f"导游没有征求我们意见就取消了木塔这个景点，要求按合同赔偿。联系我：{PHONE}，座机{LANDLINE}，"
        f"身份证{ID_NUMBER}，住{ADDRESS}，邮箱{MAIL}。"
    )
    case_id = (await world.file())["id"]
    await world.act(case_id, "refuse", ground="R5", note="请写明合同。")
    refusal = (await papers_of(world, case_id))[0]
    await world.act(case_id, "reopen", "supervisor", note="补充了合同。")
    await world.act(case_id, "accept")
    acceptance = (await papers_of(world, case_id))[1]
    for paper in (refusal, acceptance):
        hidden = await world.get(f"/cases/{case_id}/documents/{paper['id']}.pdf", "agency")
        assert hidden.status_code == 404
    assert (await world.get(f"/cases/{case_id}/documents", "agency")).status_code == 404
    await world.act(case_id, "serve", method="post")
    assert [paper["kind"] for paper in await papers_of(world, case_id, "agency")] == ["acceptance"]
    assert (await pdf_of(world, case_id, acceptance["id"], "agency")).status_code == 200
    assert (await pdf_of(world, case_id, refusal["id"], "agency")).status_code == 404

    person = {"name": "王样例", "phone": LANDLINE, "id_number": ID_NUMBER, "address": ADDRESS, "email": MAIL}
    leaky = await mediating(world, text=story, complainant=person)
    await world.act(
        leaky,
        "agree",
        amount_fen=1,
        terms=f"款项付清后通知投诉人（{LANDLINE}，{MAIL}）。",
        note=f"投诉人住{ADDRESS}。",
    )
    for which in (0, 1):
        words = await text_of(world, leaky, "agency", which)
        assert "王样例" in words
        for contact in CONTACTS:
            assert contact not in words, contact


async def test_a_story_that_also_reports_is_left_out_of_the_copy(world: World) -> None:
    told = "导游取消木塔，要求赔偿差价。另外举报这家旅行社以不合理低价揽客，三百元游六天，请查处这家旅行社。"
    filed = await world.file(text=told, kind="both")
    assert filed["kind"] == "both"
    await world.act(filed["id"], "accept")
    await world.act(filed["id"], "serve", method="post")
    words = await text_of(world, filed["id"], "agency")
    assert "按合同赔偿" in words
    for part in ("举报", "低价", "三百元"):
        assert part not in words, part


async def test_nobody_else_sees_papers(world: World) -> None:
    case_id = await served(world)
    (paper,) = await papers_of(world, case_id)
    other_case = await served(world)
    for who, status in (("datong", 404), ("other_agency", 404), ("stranger", 403), (None, 401)):
        for path in (f"/cases/{case_id}/documents", f"/cases/{case_id}/documents/{paper['id']}.pdf"):
            assert (await world.get(path, who)).status_code == status, (who, path)
    mixed = await world.get(f"/cases/{other_case}/documents/{paper['id']}.pdf")
    assert mixed.status_code == 404
    assert mixed.json()["type"] == "/problems/document-not-found"
    unknown = await world.get(f"/cases/{case_id}/documents/{case_id}.pdf")
    assert unknown.status_code == 404
    assert (await world.get(f"/cases/{case_id}/documents/1.pdf")).status_code == 422


async def test_reading_is_audited_and_nothing_personal_stands_open(world: World) -> None:
    case_id = await served(world)
    (paper,) = await papers_of(world, case_id)
    await pdf_of(world, case_id, paper["id"])
    entries = await rows(
        world, "SELECT actor, target, details::text FROM audit WHERE action = 'document.read'"
    )
    assert [(actor, target) for actor, target, _ in entries] == [
        ("officer-taiyuan", f"document:{paper['id']}")
    ]
    assert "王样例" not in entries[0][2]
    ((data, content, state),) = await rows(world, "SELECT data_cipher, content, state FROM documents")
    assert state == "ready"
    for secret in ("王样例", "木塔", PHONE):
        assert secret not in data
    assert not content.startswith(b"%PDF")
    outbox = await rows(world, "SELECT data::text FROM outbox")
    assert all("王样例" not in data for (data,) in outbox)


async def test_until_it_is_made_the_answer_is_202(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()
    work = Worker.work

    async def gated(self: Worker) -> bool:
        await gate.wait()
        return await work(self)

    monkeypatch.setattr(Worker, "work", gated)
    await asyncio.sleep(0.6)
    case_id = await served(world)
    (paper,) = await papers_of(world, case_id)
    assert (paper["state"], paper["ready_at"], paper["sha256"]) == ("ordered", None, None)
    waiting = await world.get(f"/cases/{case_id}/documents/{paper['id']}.pdf")
    assert waiting.status_code == 202
    assert waiting.headers["retry-after"] == "1"
    assert waiting.json() == {"id": paper["id"], "number": paper["number"], "state": "ordered"}
    gate.set()
    assert (await pdf_of(world, case_id, paper["id"])).status_code == 200


async def test_numbers_have_no_gaps_and_never_meet(world: World) -> None:
    cases = [(await world.file())["id"] for _ in range(5)]
    await asyncio.gather(*(world.act(case_id, "accept") for case_id in cases))
    again = await world.post(f"/cases/{cases[0]}/events", {"event": "accept"})
    assert again.status_code == 409
    last = (await world.file())["id"]
    await world.act(last, "accept")
    numbers = [(await papers_of(world, case_id))[0]["number"] for case_id in [*cases, last]]
    assert sorted(numbers) == [f"晋旅诉受字〔2026〕第140105-{serial:04d}号" for serial in range(1, 7)]
    assert numbers[-1].endswith("-0006号")


WRITTEN = [
    '#panic("boom")',
    "*粗* _斜_ $x^2$ \\ \\n `code` <label> @ref // 注释 /* */",
    '#import "/etc/passwd": * #read("paper.typ") #{ [ }',
    '"}], "title": "伪造", {"',
    "😀👨‍👩‍👧𠮷㊙️\u202e反向",
    "长" + "A1-" * 150,
]


async def test_what_people_write_is_never_read_as_markup(world: World) -> None:
    for written in WRITTEN:
        case_id = await mediating(world, claim={"wish": written[:900]})
        await world.act(case_id, "agree", amount_fen=1, terms=written, note=written)
        words = await text_of(world, case_id)
        letters = re.sub(r"[^\x21-\x7e\u4e00-\u9fff]", "", written)
        assert letters in re.sub(r"[^\x21-\x7e\u4e00-\u9fff]", "", words)
        assert "具有合同约束力" in words


async def test_texts_beyond_measure_are_refused_at_the_door(world: World) -> None:
    huge = "字" * 70_000
    assert (await world.post("/complaints", {"text": huge}, "tourist")).status_code == 422
    case_id = await mediating(world)
    refused = await world.post(f"/cases/{case_id}/events", {"event": "terminate", "note": huge})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/note"
    assert len(await papers_of(world, case_id)) == 1
