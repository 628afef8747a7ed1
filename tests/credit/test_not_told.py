"""No route tells a program of others that a subject is on the slight list, by whatever hangs on that."""

import re
from typing import Any

from .conftest import Service
from .test_boards import run
from .test_exports import taken
from .test_honours import granted, until
from .test_listings import listed

READ = ["credit:read"]
PLAIN = {"policies", "catalogue", "warning-rules", "scorecards", "imports", "log"}
"""Routes of policy data, which say the same to everyone."""


class Told:
    """A subject on the slight list, with all that follows from it, and what none of it may show."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.ids: dict[str, str] = {}
        self.secrets: set[str] = set()

    async def build(self) -> "Told":
        service = self.service
        firm = await service.subject(region="141002", name="内部名单样例旅行社（虚构）")
        own = service.who(kind="agency", sub="own", scopes=READ, subject_id=firm["id"])
        honour = await granted(service, firm)
        listing = await listed(service, "MIN-4", subject_id=firm["id"])
        facts = (await service.get(f"/subjects/{firm['id']}/facts"))["items"]
        [slight] = [one for one in facts if one["code"] == "SLIGHT_LISTED"]
        said = "对轻微失信名单的异议陈述"
        wanted = {"target": "listing", "listing_id": listing["id"], "statement": said}
        objection = await service.post("/objections", wanted, 201, own)
        await service.post(f"/objections/{objection['id']}/accept", {}, 200)
        reply = await service.post(f"/facts/{slight['id']}/reply", {"text": "对轻微名单的说明"}, 201, own)
        file = {"file": ("决定书.txt", "轻微名单决定书（虚构）".encode(), "text/plain")}
        url = f"/api/v1/credit/facts/{slight['id']}/evidence"
        sent = await service.http.post(url, files=file, headers=service.who())
        assert sent.status_code == 201, sent.text
        trial = {"kinds": ["travel_agency"], "region": "141000", "dry_run": True}
        scoring = await service.post("/scoring-runs", trial, 202)
        board = await run(service, "141000", "2026-09-01")
        suspended = await until(service, honour, "suspended")
        assert suspended["failing"] == ["not-listed"]
        papers = (await service.get("/papers", subject_id=firm["id"]))["items"]
        warnings = (await service.get("/warnings", subject_id=firm["id"]))["items"]
        self.ids = {
            "subject_id": firm["id"],
            "key": firm["key"],
            "listing_id": listing["id"],
            "fact_id": slight["id"],
            "objection_id": objection["id"],
            "honour_id": suspended["id"],
            "reply_id": reply["id"],
            "evidence_id": sent.json()["id"],
            "run_id": scoring["id"],
            "board_id": board["id"],
            "paper_id": papers[0]["id"],
            "version": "1",
            "extension": "ndjson",
            "year": "2026",
        }
        self.secrets = {listing["id"], listing["number"], slight["id"], objection["id"], objection["number"]}
        self.secrets |= {said, reply["text"], sent.json()["sha256"], "SLIGHT_LISTED", "not-listed"}
        self.secrets |= {one["id"] for one in (*papers, *warnings) if "listing" in str(one)}
        return self

    async def asked(self, who: dict[str, str]) -> dict[str, tuple[int, str]]:
        """What every route that is read answers, whose parameters are known."""
        answers = {}
        for route, verbs in self.service.app.state.openapi["paths"].items():
            path = route.removeprefix("/api/v1/credit/")
            names = set(re.findall(r"{(\w+)}", path))
            if "get" not in verbs or path.split("/")[0] in PLAIN:
                continue
            every = ("facts", "listings", "honours", "boards", "subjects") if "name" in names else ("",)
            for name in every:
                given = self.ids | {"name": name}
                if names - set(given):
                    continue
                filled = route.format(**given)
                asked = {"region": "140000", "year": 2026} if path.startswith("reports") else {}
                answer = await self.service.http.get(filled, headers=who, params=asked)
                answers[filled.removeprefix("/api/v1/credit")] = (answer.status_code, answer.text)
        return answers


async def test_nothing_lets_a_program_tell_who_is_on_the_slight_list(service: Service) -> None:
    """Honours, objections, replies, files, boards, runs: an officer finds it in them, a program not."""
    told = await Told(service).build()

    def leaks(answers: dict[str, tuple[int, str]]) -> set[str]:
        return {
            path
            for path, (_, body) in answers.items()
            if any(secret in body for secret in told.secrets if secret not in path)
        }

    officer = await told.asked(service.who())
    found = leaks(officer)
    rooms = {path.split("/")[1] for path in found}
    assert {"listings", "facts", "objections", "honours", "subjects", "papers", "replies"} <= rooms
    for department in (None, "GA"):
        ota = await told.asked(service.who(kind="client", sub="ota", scopes=READ, department=department))
        assert set(ota) == set(officer) and max(status for status, _ in ota.values()) < 500
        assert leaks(ota) == set()
    market = await told.asked(service.who(kind="client", sub="market", scopes=READ, department="SC"))
    assert "/objections" in leaks(market), "a department that the policy names is told"


async def test_a_program_sees_of_an_honour_that_it_is_held(service: Service) -> None:
    firm = await service.subject(name="荣誉内部样例旅行社（虚构）")
    path = await granted(service, firm)
    ota = service.who(kind="client", sub="ota", scopes=READ)
    own = service.who(kind="agency", sub="own", scopes=READ, subject_id=firm["id"])

    async def seen(state: str | None = None) -> list[Any]:
        asked = {"subject_id": firm["id"]} | ({"state": state} if state else {})
        return [one["state"] for one in (await service.get("/honours", who=ota, **asked))["items"]]

    held = await service.get(path, who=ota)
    assert (held["state"], held["criteria"], held["acts"], held["failing"]) == ("granted", [], [], [])
    await service.post(f"{path}/notice", {"note": "拟撤销：已列入名单"}, 200)
    told = await service.get(path, who=ota)
    assert (told["state"], told["due_on"], told["notified_on"]) == ("granted", None, None)
    assert (await seen(), await seen("granted"), await seen("notified")) == (["granted"], ["granted"], [])
    assert (await service.get(path, who=own))["state"] == "notified"

    async def exported(who: dict[str, str]) -> list[Any]:
        return [one["state"] for one in await taken(service, "honours", who) if one["key"] == firm["key"]]

    assert (await exported(ota), await exported(service.who())) == (["granted"], ["notified"])
    await service.post(f"{path}/suspension", {"note": "暂停"}, 200)
    await service.get(path, 404, ota)
    assert (await seen(), await exported(ota), len(await exported(service.who()))) == ([], [], 1)
    assert (await service.get(path, who=own))["acts"][-1]["act"] == "suspension"


async def test_what_is_behind_grades_and_boards_is_internal(service: Service) -> None:
    firm = await service.subject(region="141002", name="等级依据样例旅行社（虚构）")
    await service.fact(firm, "PENALTY_SUSPENSION", "2026-06-01")
    ota = service.who(kind="client", sub="ota", scopes=READ)
    history = f"/subjects/{firm['id']}/score/history"
    for who, named in ((service.who(), True), (ota, False)):
        [newest, *_] = (await service.get(history, who=who))["items"]
        assert (newest["fact_id"] is not None) is named
    fine = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-06-01", payload={"amount_fen": 6_000_000})
    await service.get(f"/facts/{fine['id']}/repair-outlook", 403, ota)
    await service.get(f"/facts/{fine['id']}/repair-outlook")
