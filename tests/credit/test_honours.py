"""Honours: applied for, reviewed, granted by a second person, suspended, expired, revoked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from credit.honours.rules import NEVER, Act, State, after, allowed, failed, whole_months
from credit.rounds import do_round

from .cases import BOOK
from .conftest import START, Service

DECIDE = ["credit:read", "credit:decide"]
POLICY = BOOK.honours.get("HONEST-ENTERPRISE", "1")
GOOD = {
    "grade": "A",
    "tier": "A",
    "kind": "travel_agency",
    "level": None,
    "status": "active",
    "listed": False,
    "slightly_listed": False,
    "on_black_board": False,
    "months_without_penalty": NEVER,
    "months_without_complaint": NEVER,
    "months_licensed": 0,
}


@pytest.mark.parametrize(
    ("since", "months"),
    [
        (None, NEVER),
        ("2026-11-23", 0),
        ("2026-10-23", 0),  # the corresponding day still belongs to the month
        ("2026-10-22", 1),
        ("2024-11-22", 24),
        ("2024-11-23", 23),
        ("2026-12-01", 0),
    ],
)
def test_whole_months_are_over_the_day_after(since: str | None, months: int) -> None:
    day = None if since is None else date.fromisoformat(since)
    assert whole_months(day, date(2026, 11, 23)) == months


@pytest.mark.parametrize(
    ("change", "unmet"),
    [
        ({}, []),
        ({"grade": None, "tier": None}, []),
        ({"tier": "B"}, ["best-grade"]),
        ({"listed": True}, ["not-listed"]),
        ({"slightly_listed": True, "status": "closed"}, ["in-business", "not-listed"]),
        ({"on_black_board": True}, ["not-black"]),
        ({"months_without_penalty": 23}, ["clean-years"]),
        ({"months_without_penalty": 0}, ["clean-years", "no-penalty-since"]),
    ],
)
def test_criteria_name_what_is_missing(change: dict[str, Any], unmet: list[str]) -> None:
    assert [one.id for one in failed(POLICY.criteria, GOOD | change)] == unmet


def test_the_life_of_an_honour() -> None:
    assert allowed(State.APPLIED) == ["review", "withdrawal"]
    assert allowed(State.NOTIFIED) == ["statement", "decision", "suspension"]
    assert allowed(State.REVOKED) == []
    assert after(State.SUSPENDED, Act.RESUME) is State.GRANTED
    assert after(State.REFUSED, Act.GRANT) is None
    assert after(State.STATED, Act.KEEP) is State.GRANTED
    assert after(State.STATED, Act.KEEP, suspended=True) is State.SUSPENDED
    assert after(State.NOTIFIED, Act.SUSPEND) is State.NOTIFIED
    assert after(State.NOTIFIED, Act.SUSPEND, suspended=True) is None
    assert allowed(State.NOTIFIED, suspended=True) == ["statement", "decision"]


async def granted(service: Service, subject: dict[str, Any], honour: str = "HONEST-ENTERPRISE") -> str:
    """An honour that was proposed, reviewed and granted; gives its path."""
    wanted = {"honour": honour, "subject_id": subject["id"]}
    made = await service.post("/honours", wanted, 201, service.who(sub="proposer"))
    path = f"/honours/{made['id']}"
    review = {"recommend": True, "note": "符合条件"}
    await service.post(f"{path}/review", review, 200, service.who(sub="reviewer"))
    await service.post(f"{path}/grant", {"note": "同意"}, 200, service.who(sub="boss", scopes=DECIDE))
    return path


@pytest.fixture
async def clock(service: Service) -> AsyncIterator[Any]:
    yield lambda days: service.at(START + timedelta(days=days))
    service.at(START)


async def until(service: Service, path: str, state: str) -> dict[str, Any]:
    for _ in range(400):
        await do_round(service.app.state.db, service.app.state.env)
        found: dict[str, Any] = await service.get(path)
        if found["state"] == state:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never {state}")


async def test_an_honour_is_granted_by_a_second_person(service: Service) -> None:
    made = await service.subject()
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"], sub="agency")
    wanted = {"honour": "HONEST-ENTERPRISE", "subject_id": made["id"]}
    await service.post("/honours", wanted | {"pledge": "承诺不欺客"}, 422, own)
    await service.post("/honours", wanted | {"honour": "QUALITY-MARK"}, 422, own)
    await service.post("/honours", wanted | {"honour": "NONE"}, 422, own)
    await service.post("/honours", wanted, 403, service.who(scopes=["credit:read"]))
    applied = await service.post("/honours", wanted, 201, own)
    assert (applied["state"], applied["due_on"]) == ("applied", "2026-12-21")
    await service.post("/honours", wanted, 409, own)
    path = f"/honours/{applied['id']}"
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"{path}/grant", {"note": "同意"}, 409, boss)
    await service.post(f"{path}/review", {"recommend": True, "note": "符合条件"}, 403, own)
    await service.post(f"{path}/review", {"recommend": True, "note": "符合条件"}, 200, service.who(sub="rev"))
    await service.post(f"{path}/grant", {"note": "同意"}, 409, service.who(sub="rev", scopes=DECIDE))
    done = await service.post(f"{path}/grant", {"note": "同意"}, 200, boss)
    assert (done["state"], done["granted_on"], done["expires_on"]) == ("granted", "2026-11-23", "2028-11-23")
    paper = await service.get(f"/papers/{done['acts'][-1]['paper_id']}")
    assert paper["kind"] == "honour_certificate"
    pdf = await service.http.get(f"/api/v1/credit/papers/{paper['id']}.pdf", headers=service.who())
    assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF")
    codes = [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]]
    assert codes == ["HONOUR_GRANTED"]
    shown = await service.http.get("/api/v1/credit/public/honours", params={"number": done["number"]})
    assert [one["subject_key"] for one in shown.json()["items"]] == [made["key"]]
    other = service.who(subject_id=str(applied["id"]), kind="agency", scopes=["credit:read"])
    await service.get(path, 404, other)


async def test_who_fails_a_criterion_is_told_which(service: Service) -> None:
    made = await service.subject()
    await service.fact(made, "PENALTY_WARNING", "2025-06-01")
    wanted = {"honour": "HONEST-ENTERPRISE", "subject_id": made["id"]}
    path = f"/honours/{(await service.post('/honours', wanted))['id']}"
    refused = await service.post(f"{path}/review", {"recommend": True, "note": "符合条件"}, 409)
    assert [one["id"] for one in refused["unmet"]] == ["clean-years"] and refused["unmet"][0]["reason"]
    await service.post(
        f"{path}/review", {"recommend": False, "note": "受过处罚"}, 200, service.who(sub="rev")
    )
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"{path}/grant", {"note": "同意"}, 409, boss)
    done = await service.post(f"{path}/refusal", {"note": "受过处罚"}, 200, boss)
    assert (done["state"], done["allowed"]) == ("refused", [])


async def test_a_listing_suspends_and_proposes_and_only_people_revoke(service: Service, clock: Any) -> None:
    made = await service.subject()
    path = await granted(service, made)
    await service.by_room(made, "SERIOUS_LISTED", "2026-11-20", "merge", payload={"condition": "SEV-T-3"})
    held = await until(service, path, "suspended")
    assert held["failing"] == ["best-grade", "not-listed"]
    number = (await service.get(path))["number"]
    shown = await service.http.get("/api/v1/credit/public/honours", params={"number": number})
    assert shown.json()["items"] == []
    await service.post(f"{path}/resumption", {"note": "恢复"}, 409)
    [proposal] = (await service.get("/warnings", subject_id=made["id"], rule="P-HONOUR-REVOKE"))["items"]
    warning = f"/warnings/{proposal['id']}"
    await service.post(f"{warning}/acknowledge", {"note": "已知悉"}, 200)
    accepted = await service.post(
        f"{warning}/acceptance", {"note": "已列入名单"}, 200, service.who(sub="notifier")
    )
    assert path.endswith(accepted["honour_id"])
    noticed = await service.get(path)
    assert (noticed["state"], noticed["due_on"]) == ("notified", "2026-11-30")
    revoke = {"revoke": True, "note": "撤销"}
    boss = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"{path}/decision", revoke, 409, service.who(sub="notifier", scopes=DECIDE))
    early = await service.post(f"{path}/decision", revoke, 409, boss)
    assert early["until"] == "2026-11-30"
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"])
    await service.post(f"{path}/statement", {"note": "已经整改"}, 200, own)
    done = await service.post(f"{path}/decision", revoke, 200, boss)
    assert (done["state"], done["ended_on"]) == ("revoked", "2026-11-23")
    codes = {one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]}
    assert "HONOUR_REVOKED" in codes
    clock(1)
    await do_round(service.app.state.db, service.app.state.env)
    assert (await service.get(path))["state"] == "revoked"


async def test_what_an_officer_enters_on_a_revocation_leaves_the_subject_its_days(service: Service) -> None:
    made = await service.subject()
    path = await granted(service, made)
    notifier = service.who(sub="notifier")
    noticed = await service.post(f"{path}/notice", {"note": "拟撤销"}, 200, notifier)
    clerk = service.who(sub="clerk", scopes=[*DECIDE, "credit:write"])
    boss = service.who(sub="boss", scopes=DECIDE)
    bare = await service.post(f"{path}/statement", {"note": "没有意见"}, 422, clerk)
    assert [one["pointer"] for one in bare["errors"]] == ["/request"]
    words = {"note": "没有意见", "request": await service.paper(made)}
    finder = await service.post(f"{path}/statement", words, 409, notifier)
    assert finder["type"] == "/problems/second-person-needed"
    stated = await service.post(f"{path}/statement", words, 200, clerk)
    assert stated["acts"][-1]["request"] == words["request"] | {"waives": False, "by_subject": False}
    assert "statement" in stated["allowed"]
    revoke = {"revoke": True, "note": "撤销"}
    early = await service.post(f"{path}/decision", revoke, 409, boss)
    assert (early["type"], early["until"]) == ("/problems/honour-statement-period", noticed["due_on"])
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"])
    await service.post(f"{path}/statement", {"note": "已经整改"}, 200, own)
    await service.post(f"{path}/statement", words, 409, clerk)
    await service.post(f"{path}/decision", revoke, 409, clerk)
    assert (await service.post(f"{path}/decision", revoke, 200, boss))["state"] == "revoked"


async def test_what_a_criterion_suspends_is_not_shown_again_by_letting_it_stand(service: Service) -> None:
    made = await service.subject()
    path = await granted(service, made)
    number = (await service.get(path))["number"]
    boss = service.who(sub="boss", scopes=DECIDE)
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"])

    async def shown() -> int:
        found = await service.http.get("/api/v1/credit/public/honours", params={"number": number})
        return len(found.json()["items"])

    async def kept() -> Any:
        await service.post(f"{path}/statement", {"note": "已经整改"}, 200, own)
        return await service.post(f"{path}/decision", {"revoke": False, "note": "予以保留"}, 200, boss)

    listed = {"payload": {"condition": "MIN-4"}}
    await service.by_room(made, "SLIGHT_LISTED", "2026-11-20", "merge", **listed)
    await until(service, path, "suspended")
    await service.post(f"{path}/notice", {"note": "拟撤销"}, 200, service.who(sub="notifier"))
    assert await shown() == 0, "the notice does not show it again"
    still = await kept()
    assert (still["state"], still["failing"], await shown()) == ("suspended", ["not-listed"], 0)
    await service.post(f"{path}/resumption", {"note": "恢复"}, 409)
    await service.by_room(made, "SLIGHT_LISTING_REMOVED", "2026-11-21", "merge", **listed)
    await service.post(f"{path}/resumption", {"note": "恢复"}, 200)
    assert await shown() == 1
    await service.post(f"{path}/notice", {"note": "拟撤销"}, 200, service.who(sub="notifier"))
    await service.by_room(made, "SLIGHT_LISTED", "2026-11-23", "merge", **listed)
    for _ in range(400):
        await do_round(service.app.state.db, service.app.state.env)
        if await shown() == 0:
            break
        await asyncio.sleep(0.05)
    assert (await service.get(path))["state"] == "notified", "suspended anew while the notice runs"
    await service.by_room(made, "SLIGHT_LISTING_REMOVED", "2026-11-23", "merge", **listed)
    assert ((await kept())["state"], await shown()) == ("granted", 1)


async def test_an_honour_expires_on_its_day(service: Service, clock: Any) -> None:
    made = await service.subject()
    wanted = {"honour": "QUALITY-PLEDGE", "subject_id": made["id"], "pledge": "不安排合同外购物"}
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"], sub="agency")
    path = f"/honours/{(await service.post('/honours', wanted, 201, own))['id']}"
    await service.post(f"{path}/review", {"recommend": True, "note": "符合条件"}, 200, service.who(sub="rev"))
    done = await service.post(f"{path}/grant", {"note": "同意"}, 200, service.who(sub="boss", scopes=DECIDE))
    assert done["expires_on"] == "2027-11-23"
    clock(365)
    await do_round(service.app.state.db, service.app.state.env)
    assert (await service.get(path))["state"] == "granted"
    clock(366)
    own = service.who(subject_id=made["id"], kind="agency", scopes=["credit:read"], sub="agency")
    ended = await until(service, path, "expired")
    assert ended["ended_on"] == "2027-11-23"
    assert (await service.post("/honours", wanted, 201, own))["state"] == "applied"
