"""A listing that a court had lifted and that came back: on each day what held on it, also in hindsight."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from credit.listings.repository import ListingRepository

from .conftest import START, Service
from .test_listings import listed, reviewer

DAYS = {"2026-11-23": True, "2026-11-25": False, "2026-11-27": False, "2026-11-30": True, "2026-12-02": False}
"""Listed from the 23rd, lifted from the 25th, restored on the 30th, lifted again on 2 December."""


async def test_supervision_and_certificates_know_when_a_listing_rested(service: Service) -> None:
    done = await listed(service)
    path, subject = f"/listings/{done['id']}", done["subject"]["id"]
    ruling = {"court": "虚构法院", "ruling": "破2号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}
    try:
        for day, act, body in (
            (25, "lift", ruling),
            (30, "restore", {"note": "重整计划未获执行。"}),
            (32, "lift", ruling),
        ):
            service.at(START + timedelta(days=day - 23))
            await service.post(f"{path}/{act}", body, 200, reviewer(service))
        held: dict[str, Any] = {}
        for day in DAYS:
            view = await service.get(f"/subjects/{subject}/supervision", on=day)
            held[day] = "M-SEV-1" in {one["code"] for one in view["measures"]}
            async with service.app.state.db.session() as session:
                found = await ListingRepository(session).in_force(UUID(subject), date.fromisoformat(day))
                assert bool(found) is DAYS[day], day
        assert held == DAYS
        view = await service.get(f"/subjects/{subject}/supervision", on="2026-12-02", expired=True)
        ended = [(one["starts_on"], one["ends_on"]) for one in view["expired"] if one["code"] == "M-SEV-1"]
        assert ended == [("2026-11-23", "2026-11-24"), ("2026-11-30", "2026-12-01")]
    finally:
        service.at(START)
