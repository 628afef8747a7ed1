"""Making papers: wording, typesetting, and a worker that survives failures, rivals and kill -9."""

import asyncio
import io
import json
import re
import sys
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from common.clock import SystemClock
from common.telemetry import ALERTS
from common.typesetting import Typesetter
from complaints.cases.clocks import Deadline
from complaints.compensation.policy import CompensationBook
from complaints.compensation.schemas import EstimateIn
from complaints.compensation.service import CompensationService
from complaints.documents import worker as worker_module
from complaints.documents.policy import PaperBook
from complaints.documents.rendering import TEMPLATES, template_hash
from complaints.documents.rules import MAX_ATTEMPTS, Kind
from complaints.documents.service import data_context
from complaints.documents.wording import Happening, PaperFacts, hide_contacts, paper_data, plain
from complaints.documents.worker import Worker
from complaints.policybook import POLICIES
from pypdf import PdfReader
from sqlalchemy import text

from tests.complaints.conftest import World

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
DAY = date(2026, 11, 24)
BOOK = PaperBook(POLICIES)
CONCLUDE = Deadline(
    event="conclude",
    due_on=date(2027, 1, 25),
    unit="days",
    counted_days=(),
    pauses=(),
    rule="TCM_2026.conclude",
    article="旅游投诉处理办法办结期限",
    provisional=True,
    started_on=DAY,
    status="open",
    met_on=None,
)


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter(TEMPLATES)


def facts(kind: Kind = Kind.MEDIATION, **changes: Any) -> PaperFacts:
    form = BOOK.form(kind, DAY, "140105")
    return replace(
        PaperFacts(
            kind=kind,
            title=form.title.zh,
            number=BOOK.authority(DAY, "140105").number(form.word, 2026, "140105", 1),
            authority=BOOK.authority(DAY, "140105").name("140105"),
            issued_on=DAY,
            basis=form.basis,
            notes=form.notes,
            case_number="TS1401052026112300001T",
            received_on=date(2026, 11, 23),
            accepted_on=DAY,
            complainant="王样例",
            contacts=["14200000001"],
            respondent="虚构山水旅行社",
            respondent_key=None,
            contract_no=None,
            problems=["漏掉景点"],
            text="取消了木塔。",
            split_from_report=False,
            claim_amount_fen=None,
            wish=None,
            course=[Happening("submit", date(2026, 11, 23)), Happening("suspect_violation", DAY)],
            reply_term="5个工作日",
            reply_article="答复期限",
            conclude=CONCLUDE,
        ),
        **changes,
    )


def squeezed(pdf: bytes) -> str:
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return re.sub(r"[\s\u200b]", "", words)


@pytest.mark.parametrize(
    ("region", "authority", "number"),
    [
        ("140105", "太原市小店区文化和旅游局", "晋旅诉受字〔2026〕第140105-0012号"),
        ("140728", "平遥县文化和旅游局", "晋旅诉受字〔2026〕第140728-0012号"),
        ("140100", "太原市文化和旅游局", "晋旅诉受字〔2026〕第140100-0012号"),
        ("140000", "山西省文化和旅游厅", "晋旅诉受字〔2026〕第140000-0012号"),
        ("110105", "北京市朝阳区文化和旅游局", "京旅诉受字〔2026〕第110105-0012号"),
        ("310000", "上海市文化和旅游局", "沪旅诉受字〔2026〕第310000-0012号"),
        ("659001", "石河子市文化和旅游局", "新旅诉受字〔2026〕第659001-0012号"),
    ],
)
def test_authorities_and_numbers(region: str, authority: str, number: str) -> None:
    bodies = BOOK.authority(DAY, region)
    assert bodies.name(region) == authority
    assert bodies.number("受", 2026, region, 12) == number


def test_every_kind_has_a_form_for_both_rule_sets_and_a_template() -> None:
    for kind in Kind:
        assert BOOK.form(kind, date(2026, 3, 14), "140105").version == "TCM_2010"
        assert BOOK.form(kind, date(2026, 3, 15), "140105").version == "TCM_2026"
        assert re.fullmatch("[0-9a-f]{64}", template_hash(kind))
    assert set(BOOK.form(Kind.REFUSAL, DAY, "140105").grounds) == {f"R{n}" for n in range(1, 7)}
    assert {path.stem for path in TEMPLATES.glob("*.typ")} == {kind.value for kind in Kind} | {"paper"}


def test_wording_hides_splits_and_leaves_out() -> None:
    data = paper_data(
        facts(text="我的电话14200000001，\n另一部13900000002。", terms="一\r\n\r\n二\x07\u202e三")
    )
    assert data["text"] == ["我的电话〔略〕，", "另一部139****0002。"]
    assert data["terms"] == ["一", "二三"]
    assert [step["step"] for step in data["course"]] == ["收到投诉"]
    assert data["conclude"]["provisional"] is True
    assert paper_data(facts(split_from_report=True))["text"] == []
    own = paper_data(facts(Kind.REFUSAL, text="我的电话14200000001"))
    assert own["text"] == ["我的电话14200000001"]
    assert hide_contacts("3号楼1403", ["3", "1403"]) == "3号楼1403"
    assert plain("甲" + "x" * 60) == ["甲" + "x" * 24 + "\u200b" + "x" * 24 + "\u200b" + "x" * 12]
    assert paper_data(facts())["steps"] == []


ESTIMATE = CompensationService(CompensationBook(POLICIES), SystemClock()).estimate(
    EstimateIn.model_validate({"claims": [{"rule": "C10_1", "item_cost_fen": 1}]}), "zh"
)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_template_sets_full_and_bare_data_the_same_way_twice(kind: Kind, typesetter: Typesetter) -> None:
    full = facts(
        kind,
        claim_amount_fen=38_600,
        wish="赔偿\n道歉",
        contract_no="SX-1",
        respondent_key="911401059999990157",
        ground="情形",
        body="市场监督管理部门",
        hotline="12315",
        note="理由",
        terms="协议",
        amount_fen=38_600,
        pay_by=DAY,
        estimate=ESTIMATE,
    )
    bare = facts(kind, conclude=None, accepted_on=None, course=[], problems=[], text="", respondent="")
    for one in (full, bare):
        data = paper_data(one)
        pdf = typesetter.pdf(kind, data, AT)
        assert typesetter.pdf(kind, data, AT) == pdf
        assert BOOK.form(kind, DAY, "140105").title.zh in squeezed(pdf)


@pytest.mark.parametrize("letter", ["字", "A", "😀", "\u0301", "ا", "𠮷"])
def test_long_and_rare_texts_are_set_on_as_many_pages_as_they_need(
    letter: str, typesetter: Typesetter
) -> None:
    pdf = typesetter.pdf(Kind.TERMINATION, paper_data(facts(Kind.TERMINATION, note=letter * 5_000)), AT)
    assert len(PdfReader(io.BytesIO(pdf)).pages) >= (1 if letter == "\u0301" else 3)


def test_many_threads_share_one_typesetter(typesetter: Typesetter) -> None:
    data = paper_data(facts())
    expected = typesetter.pdf(Kind.MEDIATION, data, AT)
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: results.append(typesetter.pdf(Kind.MEDIATION, data, AT)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


@pytest.fixture
async def quiet(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A service whose own worker rests, so that a test can be the worker."""

    async def rest(self: Worker) -> bool:
        return False

    work, pause = Worker.work, worker_module.POLL_SECONDS
    monkeypatch.setattr(Worker, "work", rest)
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 3600)
    await asyncio.sleep(pause + 0.2)
    monkeypatch.setattr(Worker, "work", work)
    return world


def one_worker(world: World, typesetter: Any) -> Worker:
    state = world.app.state
    return Worker(state.db, state.keyring, state.clock, typesetter)


async def accepted(world: World) -> str:
    case_id: str = (await world.file())["id"]
    await world.act(case_id, "accept")
    return case_id


async def status(world: World) -> list[tuple[str, int]]:
    async with world.app.state.db.session() as session:
        found = await session.execute(text("SELECT state, attempts FROM documents ORDER BY id"))
        return [(state, attempts) for state, attempts in found.all()]


async def run(world: World, statement: str, **values: Any) -> None:
    async with world.app.state.db.session() as session:
        await session.execute(text(statement), values)


class Broken:
    """A typesetter that takes nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def pdf(self, kind: Kind, data: Any, at: datetime) -> bytes:
        self.asked += 1
        raise ValueError("no")


async def test_rivals_make_each_paper_once(quiet: World, typesetter: Typesetter) -> None:
    for _ in range(6):
        await accepted(quiet)
    made: list[str] = []

    class Counting:
        def pdf(self, kind: Kind, data: Any, at: datetime) -> bytes:
            made.append(data["number"])
            return typesetter.pdf(kind, data, at)

    async def drain() -> None:
        worker = one_worker(quiet, Counting())
        while await worker.work():
            pass

    await asyncio.gather(*(drain() for _ in range(4)))
    assert sorted(made) == sorted(set(made))
    assert await status(quiet) == [("ready", 1)] * 6


async def test_a_failing_paper_is_tried_again_then_left_to_a_person(
    quiet: World, typesetter: Typesetter
) -> None:
    case_id = await accepted(quiet)
    broken = Broken()
    worker = one_worker(quiet, broken)
    alert = ALERTS.labels(service="complaints", alert="document-failed")
    before = alert._value.get()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert await worker.work()
        assert not await worker.work(), "the next attempt waits"
        assert await status(quiet) == [("failed" if attempt == MAX_ATTEMPTS else "ordered", attempt)]
        await run(quiet, "UPDATE documents SET not_before = now()")
    assert broken.asked == MAX_ATTEMPTS
    assert alert._value.get() == before + 1
    assert await worker.failed() == 1
    (paper,) = (await quiet.get(f"/cases/{case_id}/documents")).json()["items"]
    assert paper["state"] == "failed"
    answer = await quiet.get(f"/cases/{case_id}/documents/{paper['id']}.pdf")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/document-failed")

    path = f"/cases/{case_id}/documents/{paper['id']}/renderings"
    assert (await quiet.post(path, None, "officer")).status_code == 403
    again = await quiet.post(path, None, "supervisor")
    assert (again.status_code, again.json()["state"]) == (202, "ordered")
    assert await one_worker(quiet, typesetter).work()
    assert await status(quiet) == [("ready", 1)]
    refused = await quiet.post(path, None, "supervisor")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/document-not-failed")


async def test_pauses_double(quiet: World) -> None:
    await accepted(quiet)
    pauses = []
    for _ in range(4):
        await one_worker(quiet, Broken()).work()
        async with quiet.app.state.db.session() as session:
            wait = await session.scalar(
                text("SELECT extract(epoch FROM not_before - clock_timestamp()) FROM documents")
            )
        pauses.append(round(float(wait)))
        await run(quiet, "UPDATE documents SET not_before = now()")
    assert pauses == [5, 10, 20, 40]


async def test_a_bad_row_stops_nobody_else(quiet: World, typesetter: Typesetter) -> None:
    await accepted(quiet)
    await run(quiet, "UPDATE documents SET data_cipher = 'k1.AAAA'")
    await accepted(quiet)
    worker = one_worker(quiet, typesetter)
    while await worker.work():
        pass
    assert await status(quiet) == [("ordered", 1), ("ready", 1)]


async def test_data_of_one_paper_do_not_open_in_another(quiet: World, typesetter: Typesetter) -> None:
    await accepted(quiet)
    await accepted(quiet)
    await run(
        quiet, "UPDATE documents SET data_cipher = (SELECT data_cipher FROM documents ORDER BY id LIMIT 1)"
    )
    worker = one_worker(quiet, typesetter)
    while await worker.work():
        pass
    assert sorted(await status(quiet)) == [("ordered", 1), ("ready", 1)]


KILLED = """
import asyncio, sys, time
from pathlib import Path
from common.clock import SystemClock
from common.crypto import Keyring
from common.db import Database
from complaints import schema
from complaints.documents.worker import Worker

class Stuck:
    def pdf(self, kind, data, at):
        print("working", flush=True)
        time.sleep(60)

async def main():
    await Worker(Database(sys.argv[1]), Keyring.from_file(Path(sys.argv[2])), SystemClock(), Stuck()).work()

asyncio.run(main())
"""


async def test_a_killed_worker_loses_nothing(quiet: World, typesetter: Typesetter) -> None:
    await accepted(quiet)
    settings = quiet.app.state.settings
    command = [sys.executable, "-c", KILLED, settings.database_url, str(settings.keyring_file)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async for line in process.stdout:
        if line == b"working\n":
            break
    else:
        pytest.fail("the worker ended before it began")
    process.kill()
    await process.wait()
    assert await status(quiet) == [("ordered", 1)]
    worker = one_worker(quiet, typesetter)
    assert not await worker.work(), "its attempt counts until its pause is over"
    await run(quiet, "UPDATE documents SET not_before = now()")
    assert await worker.work()
    assert await status(quiet) == [("ready", 2)]


async def test_a_paper_that_kills_every_worker_is_given_up(quiet: World, typesetter: Typesetter) -> None:
    await accepted(quiet)
    await run(quiet, "UPDATE documents SET attempts = :most", most=MAX_ATTEMPTS)
    broken = Broken()
    assert await one_worker(quiet, broken).work()
    assert broken.asked == 0
    assert await status(quiet) == [("failed", MAX_ATTEMPTS + 1)]


async def test_a_slow_worker_does_not_write_over_a_faster_one(quiet: World, typesetter: Typesetter) -> None:
    await accepted(quiet)
    started, go_on = threading.Event(), threading.Event()

    class Slow:
        def pdf(self, kind: Kind, data: Any, at: datetime) -> bytes:
            started.set()
            assert go_on.wait(20)
            return b"%PDF-late"

    slow = asyncio.create_task(one_worker(quiet, Slow()).work())
    assert await asyncio.to_thread(started.wait, 20)
    await run(quiet, "UPDATE documents SET not_before = now()")
    assert await one_worker(quiet, typesetter).work()
    go_on.set()
    assert await slow
    async with quiet.app.state.db.session() as session:
        size = await session.scalar(text("SELECT size FROM documents"))
    assert size > 1_000
    assert await status(quiet) == [("ready", 2)]


async def test_readiness_names_papers_that_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await run_ready(world, None)
    await accepted(world)
    await run(
        world,
        "UPDATE documents SET state = 'failed', content = NULL, content_sha256 = NULL,"
        " size = NULL, ready_at = NULL",
    )
    await run_ready(world, "1 documents could not be made")


async def run_ready(world: World, lack: str | None) -> None:
    for _ in range(40):
        found = (await world.http.get("/readyz")).json()["degraded"].get("documents")
        if found == lack:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_data_are_readable_with_the_keyring_only(quiet: World, tmp_path: Path) -> None:
    await accepted(quiet)
    async with quiet.app.state.db.session() as session:
        ((identity, cipher),) = (await session.execute(text("SELECT id, data_cipher FROM documents"))).all()
    data = json.loads(quiet.app.state.keyring.decrypt(cipher, context=data_context(identity)))
    assert data["complainant"] == "王样例"
    assert "14200000001" not in json.dumps(data)
