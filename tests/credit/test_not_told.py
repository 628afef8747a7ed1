"""No route tells a program of others that a subject is on the slight list, by whatever hangs on that."""

import json
import re
from random import Random
from typing import Any

from credit.rounds import do_round
from credit.seed.names import resident_id
from sqlalchemy import text

from .conftest import Service
from .listing import REASONS, child_number, listed, reviewer, to_decided
from .test_boards import run
from .test_certificates import wanted
from .test_exports import feed, taken
from .test_honours import granted, until

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
        self.secrets |= {
            said,
            reply["text"],
            sent.json()["sha256"],
            "SLIGHT_LISTED",
            "not-listed",
            "suspended",
        }
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
        items, _ = await feed(
            service, service.who(kind="client", sub="ota", scopes=READ, department=department)
        )
        assert leaks({"/changes": (200, json.dumps(items, ensure_ascii=False))}) == set()
        [gone] = [one["data"] for one in items if one["type"] == "fact_withdrawn"]
        assert (gone["code"], gone["because"]) == ("HONOUR_GRANTED", "removed")
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


async def test_of_whom_no_page_shows_a_program_is_told_nothing(service: Service) -> None:
    """Natural persons have no page, so no fact of theirs is told; of minors not even the listing."""
    _, place = await feed(service)
    firm = await service.subject(region="140303", name="未成年样例旅行社（虚构）")
    adult, child, nobody = people = [
        await service.subject(kind="natural_person", key=None, name=name, region="140303", **given)
        for name, given in (
            ("虚构成年甲", {"person": {"id_number": "140100199001010014"}}),
            ("虚构少年乙", {"person": {"id_number": child_number()}}),
            ("虚构不详丙", {}),
        )
    ]
    proof = {"role": "principal", "evidence": await service.proof(firm)}
    persons = [proof | {"subject_id": one["id"]} for one in people]
    body = {"subject_id": firm["id"], "condition": "SEV-T-3", "reasons": REASONS, "persons": persons}
    for listing in await service.post("/listings", body):
        path = f"/listings/{(await to_decided(service, listing))['id']}"
        await service.post(f"{path}/publish", {}, 200)
        if listing["subject"]["id"] in (adult["id"], child["id"]):
            void = {"ground": "REP-A-3", "note": "政策调整后不宜列入。", "proof": "调字1号"}
            await service.post(f"{path}/remove", void, 200, reviewer(service))
    listing_told, fact_told = {"listing_published", "listing_removed"}, {"fact_recorded", "fact_withdrawn"}
    facts = [(await service.get(f"/subjects/{one['id']}/facts"))["items"][0]["id"] for one in people]
    for department in (None, "GA", "SC"):
        who = service.who(kind="client", sub="ota", scopes=READ, department=department)
        named = department == "SC"
        told: dict[str, set[str]] = {}
        for one in (await feed(service, who, place))[0]:
            told.setdefault(one["data"].get("subject_id", one["about"]), set()).add(one["type"])
        assert {"fact_recorded", "listing_published"} <= told[firm["id"]]
        assert listing_told <= told[adult["id"]]
        assert (listing_told <= told[child["id"]], bool(listing_told & told[child["id"]])) == (named, named)
        assert ("listing_published" in told[nobody["id"]]) is named
        exported = {one["subject_id"] for one in await taken(service, "facts", who, region="140303")}
        assert exported == {firm["id"]}
        for one, fact in zip(people, facts, strict=True):
            assert bool(fact_told & told[one["id"]]) is named
            assert bool((await service.get(f"/subjects/{one['id']}/facts", who=who))["items"]) is named
            await service.get(f"/facts/{fact}/versions", 200 if named else 404, who)


async def test_a_certificate_states_the_records_of_a_person_who_agreed(service: Service) -> None:
    number = resident_id(Random(31), "140105")
    person = await service.subject(
        kind="natural_person", key=None, name="虚构同意丁", person={"id_number": number}
    )
    await service.fact(person, "PENALTY_SUSPENSION", "2026-06-01")
    made = await service.post("/certificates", wanted(person, consent="授权书 2026-08"))
    assert [one["code"] for one in made["document"]["records"]] == ["PENALTY_SUSPENSION"]


async def test_a_program_is_told_the_end_of_the_certificates_it_ordered(service: Service) -> None:
    order = [*READ, "credit:write"]
    firm = await service.subject(name="证明告知样例旅行社（虚构）")
    mine, theirs, named = (
        service.who(kind="client", sub=sub, scopes=order, department=department)
        for sub, department in (("bank", None), ("ota", None), ("market", "SC"))
    )
    own = service.who(kind="agency", sub="own", scopes=READ, subject_id=firm["id"])
    _, place = await feed(service)
    made = await service.post("/certificates", wanted(firm), 201, mine)
    await service.fact(firm, "PENALTY_SUSPENSION", "2026-11-22")
    await do_round(service.app.state.db, service.app.state.env)

    async def ended(who: dict[str, str]) -> list[Any]:
        items, _ = await feed(service, who, place)
        assert not any("issued_by" in one["data"] for one in items)
        return [one["data"]["number"] for one in items if one["type"] == "certificate_ended"]

    assert made["number"] in await ended(service.who())
    assert await ended(mine) == await ended(own) == [made["number"]]
    assert await ended(theirs) == await ended(named) == []


async def test_a_change_of_supervision_alone_is_not_told_at_all(service: Service) -> None:
    firm = await service.subject(name="仅监管变化样例旅行社（虚构）")
    _, place = await feed(service)
    await listed(service, "MIN-4", subject_id=firm["id"])
    officer, _ = await feed(service, after=place)
    internal = {one["id"] for one in officer if "supervision" in one["data"]}
    ota, _ = await feed(service, service.who(kind="client", sub="ota", scopes=READ), place)
    own = service.who(kind="agency", sub="own", scopes=READ, subject_id=firm["id"])
    assert internal and not internal & {one["id"] for one in ota}
    assert internal <= {one["id"] for one in (await feed(service, own, place))[0]}


async def test_a_program_that_asks_about_a_moment_keeps_nobody_from_recording(service: Service) -> None:
    """The moment it asks about is not kept in the subject's row, for its answer does not depend on it."""
    firm = await service.subject(name="时点样例旅行社（虚构）")
    path = f"/subjects/{firm['id']}/facts"

    async def kept() -> Any:
        async with service.app.state.db.session() as session:
            asked = text("SELECT asked_up_to FROM subjects WHERE id = :id")
            return (await session.execute(asked, {"id": firm["id"]})).scalar_one()

    before, moment = await kept(), "2026-11-23T00:30:00+08:00"
    now = service.app.state.env.clock.now().isoformat()
    ota = service.who(kind="client", sub="ota", scopes=READ)
    for asked in (moment, now):
        await service.get(path, who=ota, known_at=asked)
    assert await kept() == before
    await service.get(path, known_at=now)
    assert await kept() != before
