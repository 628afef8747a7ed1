"""What is internal stays among authorities; what ended or was repaired is shared nowhere."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from common.auth import Principal
from credit.internal import internal_codes, sees_internal
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook

from .conftest import START, Service
from .listing import listed, opened, reviewer, to_decided
from .test_exports import feed, taken

READ = ["credit:read"]
BOOK = Rulebook.load(FOLDER)


@pytest.mark.parametrize(
    ("kind", "department", "own", "sees"),
    [
        ("officer", None, False, True),
        ("service", None, False, True),
        ("client", "SC", False, True),
        ("client", "GA", False, False),
        ("client", None, False, False),
        ("agency", "SC", False, False),
        ("tourist", None, False, False),
        ("officer", None, True, False),
    ],
)
def test_only_authorities_and_named_departments_see_what_is_internal(
    kind: Any, department: str | None, own: bool, sees: bool
) -> None:
    actor = Principal(
        sub="x",
        client_id="x",
        kind=kind,
        scopes=frozenset(READ),
        regions=("140000",),
        department=department,
        subject_id=uuid4() if own else None,
    )
    assert sees_internal(BOOK, actor, START.date()) is sees
    assert internal_codes(BOOK, START.date()) == {"SLIGHT_LISTED", "SLIGHT_LISTING_REMOVED"}


async def test_a_slight_listing_and_a_risk_class_are_for_officers_and_named_departments(
    service: Service,
) -> None:
    _, place = await feed(service)
    firm = await service.subject(name="内部信息样例旅行社（虚构）")
    listing = await listed(service, "MIN-4", subject_id=firm["id"])
    risk = {"risk_class": "D", "assessed_on": "2026-11-01", "authority": "演示机关", "reference": "F-1"}
    await service.post(f"/subjects/{firm['id']}/risk-classes", risk)
    subject = f"/subjects/{firm['id']}"
    facts = await service.get(f"{subject}/facts")
    [slight] = [one["id"] for one in facts["items"] if one["code"] == "SLIGHT_LISTED"]

    async def seen(who: dict[str, str]) -> dict[str, Any]:
        async def status(path: str) -> int:
            return (await service.http.get(f"/api/v1/credit{path}", headers=who)).status_code

        items = (await feed(service, who, place))[0]
        codes = [one["code"] for one in (await service.get(f"{subject}/facts", who=who))["items"]]
        return {
            "list": len((await service.get("/listings", who=who, subject_id=firm["id"]))["items"]),
            "export": len(
                [one for one in await taken(service, "listings", who) if one["key"] == firm["key"]]
            ),
            "feed": len([one for one in items if one["data"].get("list") == "slight"]),
            "measures": any("M-MIN-1" in str(one["data"].get("supervision")) for one in items),
            "facts": codes.count("SLIGHT_LISTED"),
            "listing": await status(f"/listings/{listing['id']}"),
            "fact": await status(f"/facts/{slight}/versions"),
            "supervision": await status(f"{subject}/supervision"),
            "score": await status(f"{subject}/score"),
            "paths": await status(f"{subject}/paths"),
            "risk": await status(f"{subject}/risk-classes"),
        }

    every = {"list": 1, "export": 1, "feed": 1, "measures": True, "facts": 1} | dict.fromkeys(
        ("listing", "fact", "supervision", "score", "paths", "risk"), 200
    )
    nothing = {"list": 0, "export": 0, "feed": 0, "facts": 0, "listing": 404, "fact": 404}
    nothing |= dict.fromkeys(("supervision", "score", "paths", "risk"), 403) | {"measures": False}
    assert await seen(service.who()) == every
    assert await seen(service.who(kind="client", sub="market", scopes=READ, department="SC")) == every
    assert await seen(service.who(kind="client", sub="ota", scopes=READ)) == nothing
    assert await seen(service.who(kind="client", sub="police", scopes=READ, department="GA")) == nothing
    own = service.who(kind="agency", sub="own", scopes=READ, subject_id=firm["id"])
    assert await seen(own) == every | {"risk": 404}
    supervised = await service.get(f"{subject}/supervision", who=own)
    assert supervised["risk_class"] is None and supervised["matrix"] is None
    outside = service.who("140200", kind="client", sub="market", scopes=READ, department="SC")
    await service.get(f"/listings/{listing['id']}", 404, outside)


async def test_publication_of_a_listing_runs_from_its_document_on_page_and_export(service: Service) -> None:
    firm = await service.subject(name="迟送达样例旅行社（虚构）")
    decided = await to_decided(service, await opened(service, "SEV-T-3", subject_id=firm["id"]))
    service.at(START + timedelta(days=30))
    try:
        listing = await service.post(f"/listings/{decided['id']}/publish", {}, 200)
        until = listing["clocks"]["publication"]["until"]
        assert until == "2029-11-23"
        page = await service.get(f"/public/subjects/{firm['key']}", who={})
        assert [one["shown_until"] for one in page["records"]] == [until]
        rows = [one for one in await taken(service, "facts") if one["key"] == firm["key"]]
        assert [one["shown_until"] for one in rows] == [until]
    finally:
        service.at(START)


async def test_an_export_says_of_a_listing_what_the_archive_knows_today(service: Service) -> None:
    firm = await service.subject(name="移出样例旅行社（虚构）")
    listing = await listed(service, subject_id=firm["id"])

    async def exported() -> list[str]:
        return [one["code"] for one in await taken(service, "facts") if one["key"] == firm["key"]]

    assert await exported() == ["SERIOUS_LISTED"]
    removal = {"ground": "REP-A-3", "note": "政策调整不再适宜列入", "proof": "文件1号"}
    await service.post(f"/listings/{listing['id']}/remove", removal, 200, reviewer(service))
    assert await exported() == []
