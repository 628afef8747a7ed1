"""Papers: numbers without gaps or doubles, what each says, who may read which."""

import asyncio
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.auth import Principal
from common.typesetting import Typesetter
from credit.papers.rules import MARKS, cleaned, paper_number
from credit.papers.service import TEMPLATES, PaperService, _typesetter
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from .conftest import Service

BOOK = Rulebook.load(FOLDER)
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICER = Principal(
    sub="officer-1", client_id="c", kind="officer", scopes=frozenset({"credit:read"}), regions=("140000",)
)
LONG = "连续多次拒绝配合执法检查，经责令改正后仍不改正。" * 6
NOTICE: dict[str, Any] = {
    "list_name": "严重失信主体名单",
    "condition_code": "SEV-T-3",
    "condition": "侵害旅游者合法权益，造成游客滞留",
    "basis": ["规定第十三条"],
    "period": "三年",
    "measures": ["提高检查比例和频次"],
    "publication": "公示",
    "reasons": LONG,
    "defence_term": "10个工作日",
    "defence_until": date(2026, 12, 7),
    "provisional": True,
}
SAID: dict[str, dict[str, Any]] = {
    "listing_notice": NOTICE,
    "listing_reply": {
        "stated_on": date(2026, 11, 24),
        "notice_number": "晋文旅信告字〔2026〕第140000-0001号",
        "statement": LONG,
        "findings": LONG,
        "result": "不予采纳，继续办理。",
    },
    "commitment_notice": {
        "commitment": "CN-1",
        "kind": "行业自律型",
        "period": "2026-11-01 至 2026-12-31",
        "items": "不组织不合理低价游",
        "evidence": "核查记录.pdf",
        "reasons": LONG,
        "effects": "计入信用档案。",
        "term": "5个工作日",
        "until": date(2026, 11, 30),
        "provisional": True,
    },
    "commitment_decision": {
        "commitment": "CN-1",
        "notified_on": date(2026, 11, 23),
        "notice_number": "1号",
        "heard": "已听取你（单位）的陈述、申辩。",
        "outcome": "认定你（单位）违背信用承诺。",
        "reasons": LONG,
    },
    "listing_dismissal": {
        "notified_on": date(2026, 11, 24),
        "notice_number": "1号",
        "list_name": "严重失信主体名单",
        "reasons": LONG,
    },
    "listing_decision": NOTICE
    | {
        "role": "主要负责人",
        "notice_number": "1号",
        "heard": "未提出，视为放弃",
        "expert": "已评估",
        "legal_review": "已审核",
        "discussion": "已讨论",
    },
    "repair_notice": {
        "decision_number": "2号",
        "list_name": "严重失信主体名单",
        "apply_from": date(2027, 11, 24),
        "conditions": ["已改正"],
        "materials": ["申请书"],
        "terms": "10个工作日内受理",
        "expires": date(2029, 11, 23),
        "conflict": "两项规定不一致，报请认定。",
    },
    "listing_removal": {
        "listed_on": date(2026, 11, 23),
        "decision_number": "2号",
        "list_name": "严重失信主体名单",
        "removed_on": date(2029, 11, 24),
        "reason": "期限届满",
        "effects": ["停止公示"],
        "note": LONG,
    },
    "repair_acceptance": {
        "applied_on": date(2027, 12, 1),
        "application": "XF-1",
        "target": "3号",
        "materials": ["申请书"],
        "outstanding": [],
        "verify_by": date(2027, 12, 15),
    },
    "repair_refusal": {
        "applied_on": date(2027, 12, 1),
        "application": "XF-1",
        "decision": "不予受理",
        "target": "3号",
        "grounds": ["REP-X-1"],
        "again": date(2028, 1, 1),
        "reasons": LONG,
    },
    "repair_decision": {
        "applied_on": date(2027, 12, 1),
        "application": "XF-1",
        "target": "3号",
        "verified_how": "现场核查",
        "repaired_on": date(2027, 12, 20),
        "effects": ["停止公示"],
        "reasons": LONG,
    },
}


def words(pdf: bytes) -> str:
    """All the words of a paper, without the spaces that typesetting brings."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def envelope(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    form = BOOK.papers.choose(f"paper-{kind}", on=date(2026, 11, 23))
    return {
        "title": form.title.zh,
        "number": "晋文旅信告字〔2026〕第140000-0001号",
        "authority": "山西省文化和旅游厅",
        "date": "2026年11月23日",
        "mark": MARKS[form.status],
        "basis": form.legal_basis,
        "notes": form.notes,
        "subject": {"name": "虚构旅行社", "key": "91140100MA0A00014A", "license_no": None},
        "data": cleaned(said),
    }


@pytest.fixture(scope="module")
def typesetter() -> Iterator[Typesetter]:
    yield Typesetter(TEMPLATES)


def test_every_form_has_its_template_and_every_template_its_form() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.typ")} == {form.kind for form in BOOK.papers} | {"paper"}
    assert all(form.id == f"paper-{form.kind}" for form in BOOK.papers)


def test_each_kind_has_a_word_of_its_own_in_its_number() -> None:
    """Two kinds with one word would give two papers one number."""
    kinds = {form.word: form.kind for form in BOOK.papers}
    assert len(kinds) == len({form.kind for form in BOOK.papers})


@pytest.mark.parametrize("kind", SAID)
def test_each_template_sets_its_data_the_same_way_twice(kind: str, typesetter: Typesetter) -> None:
    data = envelope(kind, SAID[kind])
    pdf = typesetter.pdf(kind, data, AT)
    assert typesetter.pdf(kind, data, AT) == pdf
    shown = words(pdf)
    assert data["title"] in shown and data["basis"][0][:12] in shown
    assert (data["mark"] is None) or data["mark"] in shown


def test_what_people_write_is_never_markup(typesetter: Typesetter) -> None:
    said = NOTICE | {"reasons": '#panic("x") *bold* $x$ \x00\u202e<b>'}
    shown = words(typesetter.pdf("listing_notice", envelope("listing_notice", said), AT))
    assert '#panic("x")*bold*$x$' in shown


def test_numbers_and_issuers() -> None:
    assert paper_number("晋", "告", 2026, "140100", 7) == "晋文旅信告字〔2026〕第140100-0007号"
    issuers = BOOK.paper_issuers.choose("paper-issuers", on=date(2026, 11, 23))
    assert issuers.name("140000") == "山西省文化和旅游厅"
    assert issuers.name("140105") == "太原市小店区文化和旅游局"
    assert issuers.name("500000") == "重庆市文化和旅游发展委员会"


async def issue(service: Service, subject_id: str, kind: str = "listing_notice", fail: bool = False) -> Any:
    state = service.app.state
    async with state.db.session() as session:
        subject = await SubjectRepository(session).lock(UUID(subject_id), None)
        assert isinstance(subject, Subject)
        paper = await PaperService(session, state.env).issue(
            kind, subject, ("listing", uuid4()), SAID[kind], "officer-1"
        )
        if fail:
            raise RuntimeError
    return paper


async def test_numbers_have_neither_gaps_nor_doubles_when_rivals_fail_and_race(service: Service) -> None:
    firms = [await service.subject(region="140106") for _ in range(4)]

    async def attempt(n: int) -> Any:
        try:
            return await issue(service, firms[n % 4]["id"], fail=n % 3 == 0)
        except RuntimeError:
            return None

    made = [one for one in await asyncio.gather(*(attempt(n) for n in range(12))) if one]
    assert sorted(one.serial for one in made) == list(range(1, len(made) + 1))
    assert len({one.number for one in made}) == 8


async def test_a_paper_is_read_by_its_region_and_its_subject_only(service: Service) -> None:
    firm = await service.subject(name="文书样例旅行社（虚构）")
    paper = await issue(service, firm["id"])
    view = await service.get(f"/papers/{paper.id}")
    assert (view["number"], view["authority"]) == (paper.number, "太原市小店区文化和旅游局")
    assert view["template"]["status"] == "recalled"
    own = service.who(kind="agency", subject_id=firm["id"], scopes=["credit:read"])
    other = await service.subject()
    stranger = service.who(kind="agency", subject_id=other["id"], scopes=["credit:read"])
    datong = service.who("140200")
    client = service.who(kind="client", sub="department", scopes=["credit:read"])
    first = await service.http.get(f"/api/v1/credit/papers/{paper.id}.pdf", headers=service.who())
    assert first.status_code == 200 and first.headers["content-type"] == "application/pdf"
    assert "文书样例旅行社（虚构）" in words(first.content)
    again = await service.http.get(f"/api/v1/credit/papers/{paper.id}.pdf", headers=own)
    assert again.content == first.content
    for who in (stranger, datong, client):
        await service.get(f"/papers/{paper.id}", 404, who)
        assert (await service.get("/papers", who=who, subject_id=firm["id"]))["items"] == []
        refused = await service.http.get(f"/api/v1/credit/papers/{paper.id}.pdf", headers=who)
        assert refused.status_code == 404
    await service.get(f"/papers/{uuid4()}", 404)
    await service.get("/papers/nonsense", 422)
    [listed] = (await service.get("/papers", who=own))["items"]
    assert listed == view


async def test_a_persons_name_stands_on_the_paper_and_nowhere_in_the_table(service: Service) -> None:
    guide = await service.subject(kind="tour_guide", key=service.card(), name="虚构人甲乙")
    paper = await issue(service, guide["id"])
    answer = await service.http.get(f"/api/v1/credit/papers/{paper.id}.pdf", headers=service.who())
    assert "虚构人甲乙" in words(answer.content)
    async with service.app.state.db.session() as session:
        rows = (await session.execute(text("SELECT papers::text FROM papers"))).scalars().all()
    assert "虚构人" not in "".join(rows)


async def test_a_restarted_process_gives_the_same_bytes(service: Service) -> None:
    paper = await issue(service, (await service.subject())["id"])
    url = f"/api/v1/credit/papers/{paper.id}.pdf"
    first = await service.http.get(url, headers=service.who())
    _typesetter.cache_clear()
    assert (await service.http.get(url, headers=service.who())).content == first.content


async def test_papers_refuse_to_be_rewritten(service: Service) -> None:
    await issue(service, (await service.subject())["id"])
    for statement in ("UPDATE papers SET number = 'X'", "DELETE FROM papers"):
        with pytest.raises(DBAPIError):
            async with service.app.state.db.session() as session:
                await session.execute(text(statement))


def test_templates_lie_in_the_package() -> None:
    assert TEMPLATES.is_relative_to(Path(FOLDER).parent)
