"""`kill -9` of the credit service at random moments: nothing acknowledged is lost, nothing is done twice."""

import asyncio
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import nats as nats_client
import pytest
from common.events.stream import STREAM, ensure_stream
from common.ledger.verify import verify_receipt
from common.testing import ServiceDatabase
from credit.draws.rules import commitment_of, verify_draw

from .crowds import QUARTER, TODAY, crowd
from .drawing import OFFICERS
from .drawing import body as draw_of
from .killing import Mortal, mortal_service
from .populations import START, populate
from .test_import_kill import rows as agencies
from .test_imports import PATH as IMPORT
from .test_runs import AGENCY, SAMPLE
from .test_scorecards import card, policy
from .test_two_workers import check_board, check_warnings

pytestmark = pytest.mark.full

SUBJECTS = int(os.environ.get("TOURTRUST_KILL_SUBJECTS", "4000"))
SHARES = (0.0, 0.2, 0.4, 0.6, 0.75, 0.9, 1.0)
"""When the service is killed over a reveal: shares of the time that one takes which is left alone."""
ROWS = int(os.environ.get("TOURTRUST_KILL_ROWS", "25000"))


@pytest.fixture
async def mortal(
    credit_database: ServiceDatabase, nats: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mortal]:
    folder = tmp_path_factory.mktemp("mortal")
    async with mortal_service(credit_database, nats.url, folder) as running:
        yield running


# --- what must hold after every death


async def everything_is_said_once(mortal: Mortal, bus: str) -> None:
    """Each published grade has one event, on the bus too, and one entry in the log; nothing else has."""

    async def settled() -> bool:
        waiting = await mortal.one(
            "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL),"
            " (SELECT count(*) FROM ledger_queue)"
        )
        return waiting == (0, 0)

    await mortal.until(settled, 300)
    grades = await mortal.number("SELECT count(*) FROM published_grades")
    told = await mortal.rows(
        "SELECT id, data ->> 'subject_id', CAST(data ->> 'grade_version' AS int) FROM outbox"
        " WHERE type LIKE '%.grade_changed.%'"
    )
    published = await mortal.rows("SELECT CAST(subject_id AS text), version FROM published_grades")
    assert sorted(row[1:] for row in told) == sorted(published)
    assert (
        await mortal.number(
            "SELECT count(*) FROM subjects s WHERE s.grade_version <>"
            " (SELECT count(*) FROM published_grades g WHERE g.subject_id = s.id)"
            " OR s.grade IS DISTINCT FROM (SELECT grade FROM published_grades g"
            "                              WHERE (g.subject_id, g.version) = (s.id, s.grade_version))"
        )
        == 0
    )
    everything, distinct = await mortal.one(
        "SELECT count(*), count(DISTINCT (aggregate_id, aggregate_version)) FROM outbox"
    )
    assert everything == distinct
    promised, leaves = await mortal.one(
        "SELECT count(*), count(DISTINCT leaf_index) FROM ledger_promises p JOIN published_grades g"
        " ON p.id = 'grade:' || g.subject_id AND p.version = g.version"
        " AND p.document_hash = decode(g.result_hash, 'hex')"
    )
    assert promised == leaves == grades
    assert await mortal.number("SELECT count(*) FROM ledger_promises WHERE id LIKE 'grade:%'") == grades
    assert await mortal.number("SELECT count(*) FROM ledger_leaves") == await mortal.number(
        "SELECT max(leaf_index) + 1 FROM ledger_leaves"
    )
    heard = await on_the_bus(bus)
    assert {heard[str(row[0])] for row in told} == ({1} if told else set())


async def on_the_bus(url: str) -> Counter[str]:
    """How often each event about a grade stands in the stream."""
    found: Counter[str] = Counter()
    async with await nats_client.connect(url) as client:
        stream = client.jetstream()
        await ensure_stream(stream)
        pulled = await stream.pull_subscribe("ev.credit.*.grade_changed", stream=STREAM)
        while True:
            try:
                messages = await pulled.fetch(500, timeout=1)
            except TimeoutError:
                return found
            for message in messages:
                found[json.loads(message.data)["id"]] += 1
                await message.ack()


async def receipts_hold(mortal: Mortal, chance: Random, samples: int = 10) -> None:
    """Some published grades, picked at random, have a receipt that holds offline."""
    grades = await mortal.rows("SELECT subject_id, version, result_hash FROM published_grades ORDER BY 1, 2")
    for subject, version, _ in chance.sample(grades, min(samples, len(grades))):
        answer = await mortal.service.http.get(
            f"/api/v1/credit/subjects/{subject}/score/history/{version}/receipt", headers=mortal.service.who()
        )
        assert answer.status_code == 200, answer.text
        verdict = verify_receipt(answer.content, str(mortal.service.log_key))
        assert (verdict.event, verdict.version) == ("grade_published", version)


# --- scoring runs


async def finish(mortal: Mortal, run: str, kills: int) -> tuple[Any, ...]:
    """Kill the service so often while it does a run, and let it do the rest; gives (total, done, changed)."""

    async def reached() -> int:
        return int(await mortal.number("SELECT done FROM scoring_runs WHERE id = :id", id=run))

    async def going_on() -> bool:
        return await state() in ("queued", "running")

    async def state() -> str:
        return str(await mortal.number("SELECT state FROM scoring_runs WHERE id = :id", id=run))

    async def over() -> bool:
        return await state() not in ("queued", "running")

    seen = await mortal.kill_amid(reached, SUBJECTS, kills, going_on)
    await mortal.until(over, 300)
    found = await mortal.one(
        "SELECT state, total, done, differing, changed, failure FROM scoring_runs WHERE id = :id", id=run
    )
    print(f"run killed at {seen} of {SUBJECTS}: {found}")
    assert found[:4] == ("done", SUBJECTS, SUBJECTS, 0) and found[5] is None
    return found


async def test_runs_over_everyone_go_on_where_they_were(mortal: Mortal, nats: Any) -> None:
    """A trial, a run for the record, a simulation, and the rescoring that a published card brings."""
    service, chance = mortal.service, Random(20261123)
    await populate(mortal.database, chance, SUBJECTS, sorted(SAMPLE.codes), AGENCY)
    wanted = {"region": "140000", "kinds": AGENCY}

    trial = await service.post("/scoring-runs", wanted | {"dry_run": True}, 202)
    await finish(mortal, trial["id"], 2)
    results = "SELECT count(*), count(DISTINCT subject_id) FROM scoring_results WHERE run_id = :id"
    assert await mortal.one(results, id=trial["id"]) == (SUBJECTS, SUBJECTS)
    assert await mortal.number("SELECT count(*) FROM published_grades") == 0

    run = await service.post("/scoring-runs", wanted | {"dry_run": False}, 202)
    done = await finish(mortal, run["id"], 3)
    assert done[4] == SUBJECTS
    assert await mortal.number("SELECT count(*) FROM published_grades WHERE version = 1") == SUBJECTS
    same = (
        "SELECT count(*) FROM scoring_results r JOIN subjects s ON s.id = r.subject_id"
        " AND (s.grade, s.tier, s.score) IS NOT DISTINCT FROM (r.grade, r.tier, r.score) WHERE r.run_id = :id"
    )
    assert await mortal.number(same, id=trial["id"]) == SUBJECTS, "the trial said what the run has done"
    await everything_is_said_once(mortal, nats.url)

    one, two = policy(service, "one"), policy(service, "two")
    harsher = [
        rule | ({"points": 2 * rule["points"], "cap": None} if rule["points"] < 0 else {})
        for rule in card()["rules"]
    ]
    draft = await service.post("/scorecards", card(rules=[_plain(rule) for rule in harsher]), who=one)
    asked = await service.post(f"/scorecards/{draft['id']}/simulations", {}, 202, who=one)
    await finish(mortal, asked["run"]["id"], 2)
    assert await mortal.one(results, id=asked["run"]["id"]) == (SUBJECTS, SUBJECTS)
    told = await service.get(f"/scorecards/{draft['id']}/simulations/{asked['run']['id']}", who=one)
    assert told["figures"]["subjects"] == SUBJECTS
    moved = {
        row[0]
        for row in await mortal.rows(
            "SELECT subject_id FROM scoring_results WHERE run_id = :id"
            " AND grade IS DISTINCT FROM grade_before",
            id=asked["run"]["id"],
        )
    }
    assert SUBJECTS / 10 < len(moved) < SUBJECTS
    await service.post(f"/scorecards/{draft['id']}/publication", {"hash": draft["hash"]}, 200, who=two)
    rescoring = (
        "SELECT CAST(id AS text) FROM scoring_runs"
        " WHERE purpose = 'rescore' AND state IN ('queued', 'running')"
    )

    async def ordered() -> bool:
        return len(await mortal.rows(rescoring)) == 1

    await mortal.until(ordered)
    [[again]] = await mortal.rows(rescoring)
    await finish(mortal, again, 2)
    versions = await mortal.rows("SELECT subject_id, cause FROM published_grades WHERE version = 2")
    assert {row[0] for row in versions} == moved and {row[1] for row in versions} == {"card"}
    assert await mortal.number("SELECT count(*) FROM published_grades") == SUBJECTS + len(moved)
    assert await mortal.number("SELECT count(*) FROM scoring_runs WHERE purpose = 'rescore'") == 2
    warned, once = await mortal.one("SELECT count(*), count(DISTINCT (rule_id, subject_id)) FROM warnings")
    assert warned == once > 0, "a drop of several grades warns once"
    await everything_is_said_once(mortal, nats.url)
    await receipts_hold(mortal, chance)
    print(f"killed {mortal.killed} times; {len(moved)} of {SUBJECTS} moved by the card")


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if value is not None}


# --- imports


async def test_a_whole_province_is_brought_once(mortal: Mortal, nats: Any) -> None:
    service = mortal.service
    headers = service.who() | {"Content-Type": "text/csv"}
    answer = await service.http.post(IMPORT, content=agencies(ROWS), headers=headers)
    assert answer.status_code == 202, answer.text
    made = answer.json()["id"]

    async def reached() -> int:
        return int(await mortal.number("SELECT created FROM imports WHERE id = :id", id=made))

    async def going_on() -> bool:
        return await mortal.number("SELECT state FROM imports WHERE id = :id", id=made) != "done"

    async def over() -> bool:
        return not await going_on()

    seen = await mortal.kill_amid(reached, ROWS, 3, going_on)
    await mortal.until(over, 400)
    told = await service.get(f"/imports/{made}")
    print(f"import killed at {seen} of {ROWS}: {told['state']}, {told['created']} created")
    assert (told["state"], told["created"], told["refused"]) == ("done", ROWS, 0)
    assert (
        await mortal.one(
            "SELECT count(*), count(DISTINCT key), (SELECT count(*) FROM published_grades),"
            " (SELECT count(*) FROM import_rows WHERE outcome = 'created') FROM subjects"
        )
        == (ROWS,) * 4
    )
    await everything_is_said_once(mortal, nats.url)
    await receipts_hold(mortal, Random(7))


# --- facts that a careful client brings, one after another


async def test_no_acknowledged_fact_is_lost(mortal: Mortal, nats: Any) -> None:
    service, chance = mortal.service, Random(11)
    subjects = [await service.subject() for _ in range(20)]
    codes = ["VALID_COMPLAINT", "PENALTY_WARNING", "PENALTY_SUSPENSION"]
    answers: dict[str, dict[str, Any]] = {}
    retries, stop = 0, asyncio.Event()

    async def client(name: str) -> None:
        nonlocal retries
        serial = 0
        while not stop.is_set():
            serial += 1
            key = f"{name}-{serial}"
            body = service.fact_body(chance.choice(subjects), chance.choice(codes), "2026-06-01")
            while (answer := await mortal.try_post("/facts", body, service.who(), key)) is None or (
                answer.status_code in (409, 503)
                and answer.json()["type"].endswith(("in-progress", "unavailable"))
            ):
                retries += 1
                await asyncio.sleep(0.05)
            assert answer.status_code == 201, answer.text
            answers[key] = answer.json()

    clients = [asyncio.create_task(client(f"client-{n}")) for n in range(4)]
    for _ in range(4):
        await asyncio.sleep(1 + chance.random())
        await mortal.kill()
        await mortal.start()
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*clients)
    print(f"{len(answers)} facts acknowledged, {retries} asked for again, {mortal.killed} kills")
    stored = await mortal.rows("SELECT CAST(id AS text), source_reference FROM facts")
    assert Counter(row[0] for row in stored) == Counter(one["id"] for one in answers.values())
    assert len({row[1] for row in stored}) == len(stored)
    told = await mortal.rows("SELECT data ->> 'fact_id' FROM outbox WHERE type LIKE '%.fact_recorded.%'")
    assert sorted(row[0] for row in told) == sorted(row[0] for row in stored)
    await everything_is_said_once(mortal, nats.url)
    await receipts_hold(mortal, chance)


# --- a night's search for warnings, and a board run


async def test_a_night_and_a_board_run_go_on(mortal: Mortal) -> None:
    service, tomorrow = mortal.service, TODAY + timedelta(days=1)
    found = await crowd(mortal.database, Random(3), 200, today=tomorrow)
    service.at(START + timedelta(days=1))

    async def searched() -> int:
        entered = "SELECT coalesce(sum(found), 0) FROM warning_sweeps WHERE day = :day"
        return int(await mortal.number(entered, day=tomorrow))

    async def searching() -> bool:
        left = "SELECT count(*) FROM warning_sweeps WHERE day = :day AND done_at IS NULL"
        return bool(await mortal.number(left, day=tomorrow))

    async def night_over() -> bool:
        return await searched() > 0 and not await searching()

    total = sum(map(len, found.warned.values()))
    seen = await mortal.kill_amid(searched, total, 2, searching)
    await mortal.until(night_over)
    await check_warnings(mortal, found)
    print(f"search killed at {seen} of {total}")

    wanted = {"board": "linfen-board", "region": "141000", "period_day": QUARTER[0].isoformat()}
    board = await service.post("/boards", wanted, 201, service.who(sub="opener"))

    async def recorded() -> int:
        return int(await mortal.number("SELECT count(*) FROM facts WHERE source_kind = 'board'"))

    async def state() -> str:
        return str(await mortal.number("SELECT state FROM boards"))

    async def working() -> bool:
        return await state() in ("ranking", "judging", "publishing")

    async def resting() -> bool:
        return not await working()

    ranked = await mortal.kill_amid(recorded, 200, 2, working)
    await mortal.until(resting)
    boss = service.who(sub="boss", scopes=["credit:read", "credit:decide"])
    await service.post(f"/boards/{board['id']}/publication", None, 200, boss)
    entries = await mortal.number("SELECT count(*) FROM board_entries WHERE decided <> 'none'")

    async def written() -> int:
        return await recorded() - 200

    published = await mortal.kill_amid(written, entries, 2, working)
    await mortal.until(resting)
    assert await state() == "published"
    red, black = await check_board(mortal, found)
    print(f"ranking killed at {ranked} of 200, writing at {published} of {entries}: {red} red, {black} black")


# --- the ripple of an objection


MOMENTS = 120
"""How often something is recorded about a subject after the wrong fact; each brings another grade."""
WITHDRAWN = {
    "action": "revoke",
    "reason": "决定已撤销（演示）",
    "authority": "演示机关",
    "reference": "演示撤〔2026〕1号",
}
LOOKED_AT = """
SELECT count(*) FROM facts f JOIN objections o ON o.subject_id = f.subject_id
 WHERE o.id = :id AND (o.ripple = 'done' OR CAST(o.ripple_at ->> 'step' AS int) > 1
                       OR f.recorded_at <= CAST(o.ripple_at #>> '{mark,1}' AS timestamptz))
"""
"""How many of the moments the search has behind it."""


async def test_a_ripple_lists_each_thing_once(mortal: Mortal) -> None:
    """Two subjects of the same history; the search for one is left alone, for the other it is killed."""
    service = mortal.service
    officer = service.who(sub="officer-1", scopes=["credit:read", "credit:write"])
    lists = []
    for kills in (0, 3):
        subject = await service.subject()
        wrong = await service.fact(subject, "PENALTY_SUSPENSION", "2026-06-01")
        for _ in range(MOMENTS // 2):
            passing = await service.fact(subject, "PENALTY_CONFISCATION", "2026-06-02")
            await service.post(f"/facts/{passing['id']}/corrections", WITHDRAWN)
        filed = {"target": "fact", "fact_id": wrong["id"], "statement": "处罚对象有误"}
        filed |= {"request": await service.paper(subject)}
        clerk = service.who(sub="clerk-1", scopes=["credit:read", "credit:write"])
        made = await service.post("/objections", filed, 201, who=clerk)
        path = f"/objections/{made['id']}"
        await service.post(f"{path}/accept", {}, 200, who=officer)
        await service.post(f"{path}/verify", {"reason": "核查：文书对象确有误"}, 200, who=officer)
        remedy = {"reason": "当事人不符", "remedy": {"action": "revoke"}}
        reviewer = service.who(sub="reviewer-1", scopes=["credit:read", "credit:decide"])
        await service.post(f"{path}/sustain", remedy, 200, who=reviewer)

        async def reached(own: str = made["id"]) -> int:
            return int(await mortal.number(LOOKED_AT, id=own))

        async def going_on(own: str = made["id"]) -> bool:
            return await mortal.number("SELECT ripple FROM objections WHERE id = :id", id=own) == "running"

        async def over(going_on: Any = going_on) -> bool:
            return not await going_on()

        if kills:
            seen = await mortal.kill_amid(reached, MOMENTS, kills, going_on)
            print(f"ripple killed at {seen} of {MOMENTS} moments, {len(lists[0])} entries")
        await mortal.until(over)
        rows = await mortal.rows(
            "SELECT position, kind, number, was, would_be, target_id FROM objection_effects"
            " WHERE objection_id = :id ORDER BY position",
            id=made["id"],
        )
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        named = [row[1:3] + row[5:] for row in rows if row[5] is not None]
        assert len(named) == len(set(named))
        lists.append(
            [(kind, number if kind == "grade" else None, *rest[:2]) for _, kind, number, *rest in rows]
        )
    assert lists[0] == lists[1] and len(lists[0]) > MOMENTS


# --- the reveal of a draw


async def test_a_reveal_draws_once(mortal: Mortal) -> None:
    """The second officer's reveal makes the draw; the service dies at some moment of that request."""
    service = mortal.service
    for _ in range(12):
        await service.subject(region="140603")
    path, body, who = await _one_reveal_short(mortal)
    begun = time.perf_counter()
    await service.post(f"{path}/reveals", body, who=who)
    whole = time.perf_counter() - begun
    died, drawn_before = 0, 0
    for share in SHARES:
        path, body, who = await _one_reveal_short(mortal)
        made = path.rsplit("/", 1)[1]
        request = asyncio.create_task(mortal.try_post(f"{path}/reveals", body, who, made))
        await asyncio.sleep(share * whole)
        await mortal.kill()
        acknowledged = await request
        died += acknowledged is None
        state = await mortal.number("SELECT state FROM draws WHERE id = :id", id=UUID(made))
        drawn_before += acknowledged is None and state == "drawn"
        await mortal.start()
        answer = await mortal.try_post(f"{path}/reveals", body, who, made)
        assert answer is not None and answer.status_code in (201, 409), answer
        drawn = await service.get(path)
        assert drawn["state"] == "drawn" and len(drawn["result"]) == 4
        assert acknowledged is None or acknowledged.json()["result"] == drawn["result"]
        bundle = await service.http.get(f"/api/v1/credit{path}/bundle", headers=service.who())
        assert verify_draw(bundle.content, str(service.log_key), str(service.witness_key)).ok
        assert await _once(mortal, UUID(made)) == (1, 4, 4, 6, 2)
    print(
        f"{died} of {len(SHARES)} reveals died without an answer, {drawn_before} of them drawn already;"
        f" one left alone takes {whole * 1000:.0f} ms"
    )
    assert died > 0


async def _one_reveal_short(mortal: Mortal) -> tuple[str, dict[str, str], dict[str, str]]:
    """A sealed draw that lacks only the second officer's secret: its path, that reveal, and who makes it."""
    service = mortal.service
    made = await service.post("/draws", draw_of())
    path, own = f"/draws/{made['id']}", {officer: secrets.token_bytes(32) for officer in OFFICERS}
    for officer, secret in own.items():
        value = {"commitment": commitment_of(made["id"], officer, secret)}
        await service.post(f"{path}/commitments", value, who=service.who(sub=officer))

    async def sealed() -> bool:
        return bool((await service.get(path))["sealed"])

    await mortal.until(sealed)
    first, second = own
    await service.post(f"{path}/reveals", {"secret": own[first].hex()}, who=service.who(sub=first))
    return path, {"secret": own[second].hex()}, service.who(sub=second)


async def _once(mortal: Mortal, draw: UUID) -> tuple[Any, ...]:
    return tuple(
        await mortal.one(
            "SELECT (SELECT count(*) FROM outbox"
            "        WHERE type LIKE '%.draw_revealed.%' AND aggregate_id = :text),"
            " (SELECT count(*) FROM inspection_draws WHERE draw_id = :id),"
            " (SELECT count(DISTINCT inspection_id) FROM inspection_draws WHERE draw_id = :id),"
            " (SELECT count(*) FROM ledger_promises WHERE id = 'draw:' || :text),"
            " (SELECT count(*) FROM draw_reveals WHERE draw_id = :id)",
            id=draw,
            text=str(draw),
        )
    )
