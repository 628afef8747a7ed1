"""Red and black boards: ranks, proposals by the card, review, a second person, one run after the other."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from common.db import new_id
from credit.boards.models import Board
from credit.boards.repository import BoardRepository
from credit.boards.service import BoardService
from credit.boards.work import BoardWork
from credit.rounds import do_round
from credit.subjects.repository import SubjectRepository
from sqlalchemy import text

from .conftest import START, Service

DECIDE = ["credit:read", "credit:decide"]
MAIN = {"payload": {"responsibility": "main", "problem_codes": ["P02.1"]}}


async def settle(service: Service, board: dict[str, Any], who: dict[str, str] | None = None) -> None:
    """Rounds until the run waits for people; the service's own rounds may hold it meanwhile."""
    for _ in range(200):
        await do_round(service.app.state.db, service.app.state.env)
        if (await service.get(f"/boards/{board['id']}", who=who))["state"] == "review":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the run is never judged")


async def agency(service: Service, region: str, *complaints: str, arrivals: int = 0) -> dict[str, Any]:
    made = await service.subject(region=region)
    for day in complaints:
        await service.fact(made, "VALID_COMPLAINT", day, **MAIN)
    if arrivals:
        await service.fact(made, "GROUP_ARRIVALS", "2026-08-10", payload={"count": arrivals})
    return made


async def run(service: Service, region: str, day: str, board: str = "linfen-board") -> dict[str, Any]:
    body = {"board": board, "region": region, "period_day": day}
    opened: dict[str, Any] = await service.post("/boards", body, 201, service.who(sub="opener"))
    await settle(service, opened)
    return opened


async def sides(service: Service, board: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    items = (await service.get(f"/boards/{board['id']}/entries"))["items"]
    return {one["subject_id"]: (one["proposed"], one["decided"]) for one in items}


async def test_a_black_entry_is_removed_by_two_people_and_in_writing(service: Service) -> None:
    made = await agency(service, "140212")
    await service.fact(made, "TOUT_COLLUSION", "2026-05-08")
    board = await run(service, "140200", "2026-05-15", "datong-board")
    await service.post(f"/boards/{board['id']}/publication", None, 200, service.who(sub="p1", scopes=DECIDE))
    path = f"/boards/{board['id']}/entries/{made['id']}"
    decider = service.who(sub="boss-2", scopes=DECIDE)
    order = {"remove": True, "reason": "整改属实，同意移出"}
    early = await service.post(f"{path}/removal-decision", order, 409, decider)
    assert early["type"] == "/problems/board-removal-not-open"
    asker = service.who(sub="asker", scopes=[*DECIDE, "credit:write"])
    asked = await service.post(f"{path}/removal", {"reason": "已经整改"}, 200, asker)
    assert (asked["removal_asked_by"], asked["ended_on"]) == ("asker", None)
    await service.post(f"{path}/removal", {"reason": "已经整改"}, 409, asker)
    alone = await service.post(f"{path}/removal-decision", order, 409, asker)
    assert alone["type"] == "/problems/second-person-needed"
    declined = await service.post(
        f"{path}/removal-decision", {"remove": False, "reason": "尚未整改"}, 200, decider
    )
    assert (declined["removal_asked_by"], declined["ended_on"]) == (None, None)
    await service.post(f"{path}/removal", {"reason": "已经整改"}, 200, asker)
    done = await service.post(f"{path}/removal-decision", order, 200, decider)
    assert (done["removed_by"], done["ended_on"], done["ended_because"]) == (
        "boss-2",
        "2026-11-23",
        "已经整改",
    )
    paper = await service.get(f"/papers/{done['paper_id']}")
    assert (paper["kind"], paper["subject_id"]) == ("board_removal", made["id"])
    pdf = await service.http.get(paper["path"], headers=service.who())
    assert pdf.content.startswith(b"%PDF")


async def test_a_quarter_is_ranked_judged_reviewed_and_published(service: Service) -> None:
    """Arrivals 50, 40, 40, 30 rank 1, 2, 2, 4; the sixth of six is not among the top five."""
    made = [await agency(service, "141002", arrivals=n) for n in (50, 40, 40, 30, 20, 10)]
    black = await agency(service, "141002", "2026-07-02", "2026-08-02", "2026-09-30", arrivals=99)
    nothing = await agency(service, "141002")
    other_city = await agency(service, "140105", arrivals=1000)
    await service.post("/boards", {"board": "linfen-board", "region": "141000"}, 422)
    running = {"board": "linfen-board", "region": "141000", "period_day": "2026-10-01"}
    await service.post("/boards", running, 422)
    await service.post("/boards", running | {"region": "140100", "period_day": "2026-09-01"}, 422)
    await service.post("/boards", running | {"period_day": "2026-09-01"}, 404, service.who("140100"))
    neither = await service.post("/boards", {"board": "linfen-board", "region": "141000"}, 422)
    assert "须填且只填一项" in neither["errors"][0]["detail"]
    board = await run(service, "141000", "2026-09-01")
    again = {"board": "linfen-board", "region": "141000", "period_day": "2026-07-01"}
    await service.post("/boards", again, 409)
    seen = await service.get(f"/boards/{board['id']}")
    assert (seen["state"], seen["period"], seen["first_on"], seen["last_on"]) == (
        "review",
        "2026-Q3",
        "2026-07-01",
        "2026-09-30",
    )
    assert seen["due_on"] == "2026-11-03" and seen["overdue"] is True, "October's holiday is not counted"
    items = {one["subject_id"]: one for one in (await service.get(f"/boards/{board['id']}/entries"))["items"]}
    assert {one["id"]: items[one["id"]]["ranks"]["group_arrivals"]["rank"] for one in made[:4]} == {
        made[0]["id"]: 2,
        made[1]["id"]: 3,
        made[2]["id"]: 3,
        made[3]["id"]: 5,
    }
    assert set(items) == {one["id"] for one in made[:4]} | {black["id"]}, (
        "the fifth and sixth have rank 6 and 7"
    )
    assert nothing["id"] not in items and other_city["id"] not in items
    assert items[black["id"]]["reasons"][0]["legal_basis"] and items[black["id"]]["result_hash"]
    path = f"/boards/{board['id']}"
    officer = service.who(sub="reviewing")
    up = {"side": "red", "note": "没有依据"}
    await service.post(f"{path}/entries/{black['id']}/review", up, 422, officer)
    drop = {"side": "none", "note": "到访量报送有误，待核"}
    await service.post(f"{path}/entries/{made[3]['id']}/review", drop, 200, officer)
    for name in ("opener", "reviewing"):
        await service.post(f"{path}/publication", None, 409, service.who(sub=name, scopes=DECIDE))
    published = await service.post(f"{path}/publication", None, 200, service.who(sub="boss", scopes=DECIDE))
    assert (published["state"], published["counts"]["red"], published["counts"]["black"]) == (
        "published",
        3,
        1,
    )
    await service.post(f"{path}/publication", None, 409, service.who(sub="boss", scopes=DECIDE))
    codes = {one["code"] for one in (await service.get(f"/subjects/{black['id']}/facts"))["items"]}
    assert "BLACK_BOARD" in codes and "RANKED" in codes
    assert "RED_BOARD" not in {
        one["code"] for one in (await service.get(f"/subjects/{made[3]['id']}/facts"))["items"]
    }
    shown = (await service.http.get("/api/v1/credit/public/boards")).json()["items"]
    [public] = [one for one in shown if one["number"] == board["number"]]
    assert (public["red"], public["black"]) == (3, 1)
    async with service.app.state.db.session() as session:
        boards = BoardService(session, service.app.state.env)
        fact_id = UUID(items[black["id"]]["reasons"][0]["fact_id"])
        found = await boards.affected_by(UUID(black["id"]), fact_id, START - timedelta(days=1))
    assert [one.number for one in found] == [board["number"]]


async def test_subjects_are_entered_by_chunks_and_not_in_the_request(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit.boards.work.ENTERED_FOR_ONE", 1)
    for _ in range(5):
        await agency(service, "140225")
    opened = await service.post(
        "/boards",
        {"board": "datong-board", "region": "140225", "period_day": "2026-07-01"},
        201,
        service.who(sub="opener"),
    )
    database, env = service.app.state.db, service.app.state.env
    entered, counted = [], text("SELECT count(*) FROM board_entries WHERE board_id = :id")
    state = opened["state"]
    while state == "entering":
        async with database.session() as session:
            entered.append(await session.scalar(counted, {"id": opened["id"]}))
            await BoardWork(session, env).step(2)
        state = (await service.get(f"/boards/{opened['id']}"))["state"]
    assert entered == [0, 2, 4] and state == "ranking"
    await settle(service, opened)
    assert sum((await service.get(f"/boards/{opened['id']}"))["counts"].values()) == 5


async def test_what_is_recorded_while_a_run_is_ranked_is_in_no_rank(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded of a peer in another county, whom the run itself does not hold."""
    made = await agency(service, "141082", arrivals=900_000)
    late = await agency(service, "141002")
    rank, recorded = BoardRepository.rank, []

    async def while_others_write(*args: Any) -> None:
        if not recorded:
            payload = {"count": 900_001}
            recorded.append(await service.fact(late, "GROUP_ARRIVALS", "2026-08-11", payload=payload))
        await rank(*args)

    monkeypatch.setattr(BoardRepository, "rank", while_others_write)
    opened = await run(service, "141082", "2026-07-01")
    assert recorded
    async with service.app.state.db.session() as session:
        boards = BoardRepository(session)
        entries = await boards.entries(UUID(opened["id"]), None, 100, only="ranked")
        ranks = {str(one.subject_id): one.ranks["group_arrivals"]["rank"] for one in entries}
        assert ranks == {made["id"]: 1}
        peer = await SubjectRepository(session).lock(UUID(late["id"]), None)
        assert peer is not None
        told = [board.id for board, _ in await boards.ranked_since(peer, peer.last_recorded_at)]
        assert UUID(opened["id"]) not in told


async def test_the_next_run_ends_the_one_before_and_cooling_off_bars_the_red_board(service: Service) -> None:
    """Datong's monthly board: black in September, clean in October."""
    made = await agency(service, "140212", "2026-09-02", "2026-09-03", "2026-09-04")
    await service.fact(made, "COMMENDATION", "2026-10-05", payload={"title": "文明单位", "level": "市级"})
    first = await run(service, "140200", "2026-09-15", "datong-board")
    assert (await sides(service, first))[made["id"]] == ("black", None)
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"/boards/{first['id']}/publication", None, 200, boss)
    await service.fact(made, "PRAISE_LETTER", "2026-11-22")
    try:
        service.at(START + timedelta(days=9))
        third = await run(service, "140200", "2026-11-15", "datong-board")
        assert await sides(service, third) == {}, "praised in a clean month, but black less than 3 months ago"
        await service.post(f"/boards/{third['id']}/withdrawal", {"reason": "另行安排"}, 200)
    finally:
        service.at(START)
    second = await run(service, "140200", "2026-10-15", "datong-board")
    assert (await sides(service, second))[made["id"]] == ("red", None), "September was not published by then"
    await service.post(f"/boards/{second['id']}/publication", None, 200, boss)
    entry = (await service.get(f"/boards/{first['id']}/entries", side="black"))["items"][0]
    assert entry["ended_on"] == "2026-11-23"
    codes = [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]]
    assert "BLACK_BOARD_REMOVED" in codes
    gone = await service.post(
        f"/boards/{first['id']}/entries/{made['id']}/removal", {"reason": "已经整改"}, 404
    )
    assert gone["type"] == "/problems/board-not-found"


async def test_a_major_event_calls_for_a_run_of_its_own(service: Service) -> None:
    made = await agency(service, "141002")
    fact = await service.fact(made, "COMPLAINT_HANDLING_REFUSED", "2026-11-20")
    small = await service.fact(made, "COMMENDATION", "2026-11-20")
    body = {"board": "linfen-board", "region": "141000"}
    await service.post("/boards", body | {"event_fact": small["id"]}, 422)
    opened = await service.post("/boards", body | {"event_fact": fact["id"]}, 201, service.who(sub="opener"))
    assert (opened["trigger"], opened["due_on"], opened["subject_id"]) == ("event", "2026-12-02", made["id"])
    await service.post("/boards", body | {"event_fact": fact["id"]}, 409)
    await settle(service, opened)
    assert await sides(service, opened) == {made["id"]: ("black", None)}
    withdrawn = await service.post(f"/boards/{opened['id']}/withdrawal", {"reason": "情况有变"}, 200)
    assert (withdrawn["state"], withdrawn["allowed"]) == ("withdrawn", [])
    await service.post("/boards", body | {"event_fact": fact["id"]}, 201)


async def test_an_accident_calls_for_a_run_only_as_the_card_means_it(service: Service) -> None:
    """Linfen: the main responsibility, and three lightly hurt, or one gravely, or a death."""
    made = await agency(service, "141002")
    who = service.who(sub="opener")
    body = {"board": "linfen-board", "region": "141000"}
    hurt = {
        "severity": "ordinary",
        "responsibility": "main",
        "minor_injuries": 2,
        "serious_injuries": 0,
        "deaths": 0,
    }
    fact = await service.fact(made, "ACCIDENT", "2026-11-20", payload=hurt)
    refused = await service.post("/boards", body | {"event_fact": fact["id"]}, 422, who)
    assert refused["errors"][0]["pointer"] == "/event_fact"
    said = {"reason": "补充伤情", "authority": "演示机关", "reference": "更正8号"}
    worse = said | {"action": "amend", "payload": hurt | {"minor_injuries": 3}}
    await service.post(f"/facts/{fact['id']}/corrections", worse)
    opened = await service.post("/boards", body | {"event_fact": fact["id"]}, 201, who)
    await service.post(f"/boards/{opened['id']}/withdrawal", {"reason": "另行处理"}, 200)
    await service.post(f"/facts/{fact['id']}/corrections", said | {"action": "revoke"})
    await service.post("/boards", body | {"event_fact": fact["id"]}, 422, who)


async def test_twice_black_in_a_row_proposes_a_listing(service: Service) -> None:
    who = service.who("530000", sub="opener")
    firm = {
        "kind": "travel_agency",
        "key": service.key("530102"),
        "name": "云样例旅行社（虚构）",
        "region": "530102",
    }
    made = await service.post("/subjects", firm, 201, who)
    for month in ("09", "10"):
        for index in ("norms", "quality", "experience"):
            body = service.fact_body(
                made, "SUB_INDEX", f"2026-{month}-20", payload={"index": index, "value": 5}
            )
            await service.post("/facts", body, 201, who)
        opened = {"board": "yunnan-board", "region": "530000", "period_day": f"2026-{month}-01"}
        board = await service.post("/boards", opened, 201, who)
        await settle(service, board, who)
        boss = service.who("530000", sub="boss", scopes=DECIDE)
        await service.post(f"/boards/{board['id']}/publication", None, 200, boss)
    [proposal] = (await service.get("/warnings", who=who, subject_id=made["id"], kind="proposal"))["items"]
    assert (proposal["rule"], proposal["details"]["period"]) == ("P-BOARD-TWICE", "2026-10")


async def published(service: Service, board: dict[str, Any]) -> None:
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"/boards/{board['id']}/publication", None, 200, boss)


async def black(service: Service, board: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    items = (await service.get(f"/boards/{board['id']}/entries", side="black"))["items"]
    found: dict[str, Any]
    [found] = [one for one in items if one["subject_id"] == made["id"]]
    return found


async def test_the_next_regular_run_ends_what_an_event_brought(service: Service) -> None:
    """Black by an event of the fourth quarter, clean in the run of it: off the board, with its fact."""
    made = await agency(service, "141022")
    fact = await service.fact(made, "COMPLAINT_HANDLING_REFUSED", "2026-11-20")
    event = {"board": "linfen-board", "region": "141000", "event_fact": fact["id"]}
    extra = await service.post("/boards", event, 201, service.who(sub="opener"))
    await settle(service, extra)
    await published(service, extra)
    assert (await black(service, extra, made))["ended_on"] is None
    said = {"action": "revoke", "reason": "认定有误", "authority": "演示机关", "reference": "撤1号"}
    await service.post(f"/facts/{fact['id']}/corrections", said)
    try:
        service.at(START + timedelta(days=45))
        regular = await run(service, "141000", "2026-12-01")
        await published(service, regular)
        entry = await black(service, extra, made)
        codes = [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]]
    finally:
        service.at(START)
    assert (entry["ended_on"], regular["number"] in entry["ended_because"]) == ("2027-01-07", True)
    assert "BLACK_BOARD_REMOVED" in codes


async def test_a_run_published_late_is_ended_by_the_one_that_follows(service: Service) -> None:
    """June, opened before July and published after it: July stands, and August ends nothing twice."""
    made = await agency(service, "140223", "2026-06-02", "2026-06-03", "2026-06-04")
    again = await agency(
        service, "140223", *(f"2026-{month}-{day}" for month in ("06", "07") for day in ("02", "03", "04"))
    )
    june = await run(service, "140223", "2026-06-15", "datong-board")
    july = await run(service, "140223", "2026-07-15", "datong-board")
    await published(service, july)
    await published(service, june)
    entry = await black(service, june, made)
    assert (entry["ended_on"], july["number"] in entry["ended_because"]) == ("2026-11-23", True)
    assert (await black(service, june, again))["ended_because"] == f"列入下一期 {july['number']}"
    assert (await black(service, july, again))["ended_on"] is None
    august = await run(service, "140223", "2026-08-15", "datong-board")
    await published(service, august)
    assert (await black(service, july, again))["ended_on"] == "2026-11-23"
    codes = [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]]
    assert codes.count("BLACK_BOARD_REMOVED") == 1


async def test_a_countys_run_ranks_within_the_whole_city(service: Service) -> None:
    """Two runs of one quarter: the city's, and that of a county with one small agency; one rank."""
    for count in range(12):
        await agency(service, "140602", arrivals=1_000 + count)
    small = await agency(service, "140681", arrivals=3)
    elsewhere = await agency(service, "140702", arrivals=9_999)
    days = (date(2026, 7, 1), date(2026, 9, 30))
    policy = next(one for one in service.app.state.env.rulebook.boards if one.id == "linfen-board")
    now = service.app.state.env.clock.now()
    names = {"policy_id": policy.id, "policy_version": policy.version, "policy_region": policy.region}
    more = {"card_id": policy.card, "trigger": "period", "period": "2026-Q3", "state": "review"}
    async with service.app.state.db.session() as session:
        boards = BoardRepository(session)
        for region in ("140681", "140600"):
            run = Board(
                id=new_id(),
                number=f"试验{region}",
                region=region,
                first_on=days[0],
                last_on=days[1],
                due_on=days[1],
                opened_by="test",
                opened_at=now,
                ranked_at=now,
                **names,
                **more,
            )
            assert await boards.add_once(run)
            await boards.enter(run, policy.kinds, 1_000)
            await boards.rank(run, policy.metrics[0], policy.kinds)
            entries = await boards.entries(run.id, None, 100, only="ranked")
            ranks = {str(one.subject_id): one.ranks["group_arrivals"] for one in entries}
            assert ranks[small["id"]] == {"value": 3, "rank": 13, "of": 13}
            assert len(ranks) == (1 if region == "140681" else 13) and elsewhere["id"] not in ranks
            subject = await SubjectRepository(session).lock(UUID(small["id"]), None)
            assert subject is not None
            rows = await boards.reranked(run, policy.metrics[0], subject, 1_005, None, 100)
            moved = {str(row.subject_id): (row.rank, row.of) for row in rows}
            assert moved[small["id"]] == (7, 13), "six of the city have more, one as many"
            assert len(moved) == (1 if region == "140681" else 6)
            assert [board.id for board, _ in await boards.ranked_since(subject, now)][-1] == run.id
        await session.rollback()


async def test_every_rank_is_one_plus_the_number_strictly_ahead(service: Service) -> None:
    async with service.app.state.db.session() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT board_id, (ranks #>> '{group_arrivals,value}')::int AS value,"
                    " (ranks #>> '{group_arrivals,rank}')::int AS rank FROM board_entries"
                    " WHERE ranks ? 'group_arrivals'"
                )
            )
        ).all()
    assert rows
    for row in rows:
        ahead = sum(one.board_id == row.board_id and one.value > row.value for one in rows)
        assert row.rank == 1 + ahead
