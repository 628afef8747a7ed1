"""Who reads what in credit: every route that is read, asked by those who are told little or nothing.

`readers.yaml` beside this file says, for a person to review, what each of them finds. The routes come from
the OpenAPI document, so a new one fails here until somebody has given it a line.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from common.db import migrations_folder
from common.testing import ServiceDatabase
from tourtrust.runtime.postgres import PostgresServer

from tests.architecture.test_access import TABLE as ACCESS
from tests.architecture.things_of_credit import names_of
from tests.credit.conftest import Service, running_service
from tests.credit.listing import listed, opened, reviewer, to_decided
from tests.credit.test_certificates import wanted
from tests.credit.test_inspections import finished, ordered

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("readers.yaml").read_text(encoding="utf-8"))
READERS: list[str] = TABLE["readers"]
EXPORTS = ("subjects", "grades", "facts", "listings", "boards", "inspections", "honours", "warnings")
OPEN_NAMES = {"subject_id", "fact_id", "draw_id", "version", "no", "extension"}
"""Of what a program may know: a subject in its regions, a published fact, that a draw is held."""
ELSEWHERE = {"trace_id", "qualification_id"}
"""Of what belongs to a person whom no address here names."""
UNDECIDED = ("warning_id", "board_id", "run_id", "card_id", "honour_id", "listing_id", "certificate_id")
"""What authorities alone are told of, also where a department sees what is internal."""
POINTS = re.compile(r'"score":\s*"?-?\d')
REGION = "140603"
REMOVED = {"ground": "REP-A-3", "note": "政策调整后不宜列入。", "proof": "调字1号"}
ASKED = {
    "/reports/": {"region": "140000", "year": "2026"},
    "/inspection-objects": {"region": "140600"},
    "/public/boards/": {"side": "red"},
    "/public/subjects": {"q": "样例"},
    "/log/proofs/inclusion": {"index": "0", "size": "1"},
    "/log/proofs/consistency": {"from": "0", "to": "0"},
}
"""What an answer needs to be asked, by part of the route."""


@dataclass
class Stage:
    """A service with a record of each kind, its readers, and what each of these is not told."""

    service: Service
    names: dict[str, str]
    who: dict[str, dict[str, str]] = field(default_factory=dict)
    kept: dict[str, set[str]] = field(default_factory=dict)
    taken_back: str = ""
    told: set[str] = field(default_factory=set)

    def urls(self, route: str) -> list[str]:
        """The addresses of a route, filled with the names of records."""
        room = route.removeprefix("/api/v1/credit").split("/")[1]
        names = self.names | {"extension": "ndjson" if room == "exports" else "csv"}
        own = {name.split()[1]: value for name, value in names.items() if name.startswith(f"/{room}/ ")}
        filled = [names | own | {"name": name} for name in (EXPORTS if "{name}" in route else ("",))]
        return [route.format(**{"key": names["key"]} | one) for one in filled]

    async def ask(self, url: str, who: dict[str, str]) -> httpx.Response:
        params = next((asked for part, asked in ASKED.items() if part in url), {})
        return await self.service.http.get(url, headers=who, params=params)


async def staged(service: Service) -> Stage:
    names = await names_of(service)
    firm = await service.get(f"/subjects/{names['subject_id']}")
    other = await service.subject(region=REGION, name="旁人样例旅行社（虚构）")
    names |= {"key": firm["key"], "rule_id": "W-GRADE-DROP", "level": "0", "index": "0"}
    serious = await listed(service, subject_id=(await service.subject(region=REGION))["id"])
    removed = await listed(service, subject_id=(await service.subject(region=REGION))["id"])
    unserved = await to_decided(service, await opened(service, subject_id=other["id"]))
    for one in (removed, unserved):
        await service.post(f"/listings/{one['id']}/remove", REMOVED, 200, reviewer(service))
    slight = await listed(service, "MIN-4", subject_id=(await service.subject(region=REGION))["id"])
    visit = await finished(service, await ordered(service, firm), "problem_found", "problem")
    found = f"/inspections/{visit['id']}/decide"
    decided = await service.post(found, {"note": "事实清楚"}, 200, service.who(sub="chief"))
    complaint = await service.fact(firm, "VALID_COMPLAINT", "2026-06-01")
    warned = await service.fact(firm, "PENALTY_WARNING", "2026-06-02")
    made = await service.post("/certificates", wanted(firm, relying_party="演示招标方（虚构）"))
    use = {"code": made["code"], "relying_party": "演示招标方（虚构）", "reference": "PS-8"}
    await service.post(f"/certificates/{made['id']}/uses", use)

    stage = Stage(service, names, told={serious["id"], names["fact_id"]}, taken_back=removed["id"])
    records = {
        value
        for name, value in names.items()
        if name.split()[-1] not in OPEN_NAMES | ELSEWHERE and len(value) > 20
    }
    records |= {one["id"] for one in (removed, unserved, slight, visit, complaint, warned, made)}
    records |= {
        decided["fact_id"],
        "演示招标方",
        "VALID_COMPLAINT",
        "PENALTY_WARNING",
        "SLIGHT_LISTED",
        "M-MIN-1",
    }
    read = ["credit:read"]
    every = sorted({one for role, held in ACCESS["roles"].items() if "service" not in role for one in held})
    stage.who = {
        "officer": service.who(scopes=every),
        "program": service.who(kind="client", sub="platform-9", scopes=read),
        "department": service.who(kind="client", sub="market-9", scopes=read, department="SC"),
        "agency": service.who(kind="agency", sub="rival", scopes=read, subject_id=other["id"]),
        "elsewhere": service.who("150000", scopes=every, sub="stranger"),
    }
    firms = {firm["id"], firm["key"], names["fact_id"], serious["id"]}
    undecided = {names[one] for one in UNDECIDED} | {names["/scorecards/ run_id"]}
    stage.kept = {
        "program": records,
        "department": undecided | {one["id"] for one in (removed, unserved, made)},
    }
    stage.kept |= {"agency": (records - {unserved["id"]}) | firms}
    stage.kept["elsewhere"] = records | firms | {other["id"]}
    return stage


@pytest.fixture(scope="module")
async def stage(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    database = ServiceDatabase(postgres, "credit", migrations_folder("credit"))
    await database.build()
    async with running_service(database, tmp_path_factory.mktemp("readers")) as service:
        yield await staged(service)


def read_routes(stage: Stage) -> list[str]:
    paths = stage.service.app.state.openapi["paths"]
    return [path for path, verbs in paths.items() if "get" in verbs and path.startswith("/api/")]


def fault(stage: Stage, reader: str, verdict: str, url: str, answer: httpx.Response) -> str | None:
    """What is wrong with an answer, if anything is."""
    refused = answer.status_code in {403, 404, 409}
    if answer.status_code >= 400 and not refused:
        return str(answer.status_code)
    if verdict == "deny":
        empty = answer.status_code == 200 and answer.text in {'{"items":[],"next_cursor":null}', "[]"}
        return None if refused or empty else f"{answer.status_code} {answer.text[:120]}"
    kept = stage.kept[reader]
    leaks = sorted(one for one in kept if one in answer.text and one not in url)
    if verdict == "public":  # it may name codes, and the firm that was asked for, but no record
        leaks = [one for one in leaks if one in stage.kept["program"] and len(one) == 36]
    if url.endswith("/changes"):  # tells of a listing that it is not shared any more
        leaks = [one for one in leaks if one != stage.taken_back]
    if POINTS.search(answer.text) and reader == "program":
        leaks.append("points")
    return f"tells {leaks}" if leaks else None


async def test_every_route_that_is_read_has_its_line(stage: Stage) -> None:
    assert sorted(read_routes(stage)) == sorted(TABLE["routes"])


async def test_nobody_is_told_more_than_the_table_says(stage: Stage) -> None:
    wrong, told = [], ""
    for route in read_routes(stage):
        verdicts = dict(zip(READERS, TABLE["routes"].get(route, "deny deny deny deny").split(), strict=True))
        for url in stage.urls(route):
            for reader, verdict in verdicts.items():
                answer = await stage.ask(url, stage.who[reader])
                found = fault(stage, reader, verdict, url, answer)
                if found is not None:
                    wrong.append(f"{verdict} {url} to {reader}: {found}")
                told += answer.text if reader == "program" else ""
    assert wrong == [], "\n".join(wrong)
    assert [one for one in stage.told if one not in told] == [], "what is public is told"


async def test_their_officer_finds_all_of_it(stage: Stage) -> None:
    """Else the test above would be content with records that are not there."""
    missing, told = [], ""
    for route in read_routes(stage):
        for url in stage.urls(route):
            answer = await stage.ask(url, stage.who["officer"])
            told += answer.text
            # Tiles and proofs come with the log's next checkpoint, entries with the publication of a board.
            due = "/log/" in url or "/public/boards/" in url
            if answer.status_code not in {200, 202, 409} and not due:  # 409: there, but not finished
                missing.append(f"{url}: {answer.status_code} {answer.text[:120]}")
    assert missing == [], "\n".join(missing)
    unseen = {one for one in stage.kept["program"] if one not in told}
    assert [name for name, value in stage.names.items() if value in unseen] == []
    assert unseen == set()
