"""Who is listed while another listing of the same list ends or rests has not left the list, on any day."""

from datetime import timedelta
from typing import Any

import pytest

from .conftest import START, Service
from .listing import listed, opened, reviewer, to_decided

REMOVAL = {"ground": "REP-A-3", "note": "政策已经调整。", "proof": "文件5号"}
RULING = {"court": "虚构法院", "ruling": "破3号", "ruled_on": "2026-11-20", "note": "批准重整计划。"}


async def two(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A firm that is listed, and a second decision to list it that is not served yet."""
    firm = await service.subject()
    first = await listed(service, subject_id=firm["id"])
    return firm, first, await to_decided(service, await opened(service, "SEV-T-1", subject_id=firm["id"]))


async def step(service: Service, listing: dict[str, Any], act: str, days: int, **body: Any) -> None:
    """Take a step with a listing some days after the start."""
    service.at(START + timedelta(days=days))
    await service.post(f"/listings/{listing['id']}/{act}", body, 200, reviewer(service, "reviewer-2"))


async def publish(service: Service, listing: dict[str, Any], days: int, **body: Any) -> None:
    service.at(START + timedelta(days=days))
    await service.post(f"/listings/{listing['id']}/publish", body, 200)


async def grades(service: Service, firm: dict[str, Any], *days: str) -> str:
    path = f"/subjects/{firm['id']}/score"
    return "".join([(await service.get(path, valid_at=day))["result"]["grade"] for day in days])


@pytest.mark.parametrize(("act", "body"), [("remove", REMOVAL), ("lift", RULING)])
@pytest.mark.parametrize(
    ("left", "entered", "served"),
    [(0, 0, None), (1, 3, "2026-11-23")],
    ids=["on its first day", "served before and entered later"],
)
async def test_a_listing_served_by_the_day_on_which_another_ends_or_rests_counts_from_its_first_day(
    service: Service, act: str, body: dict[str, str], left: int, entered: int, served: str | None
) -> None:
    firm, first, again = await two(service)
    try:
        await step(service, first, act, left, **body)
        gone = (START + timedelta(days=left)).date().isoformat()
        assert await grades(service, firm, gone) == "A"
        await publish(service, again, entered, **({"served_on": served} if served else {}))
        days = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-30"]
        assert await grades(service, firm, *days) == "DDDDD"
        await step(service, again, "remove", 5, **REMOVAL)
        assert await grades(service, firm, "2026-11-27", "2026-11-28", "2026-11-30") == "DAA"
    finally:
        service.at(START)


async def test_a_listing_served_after_another_ended_leaves_the_days_between(service: Service) -> None:
    firm, first, again = await two(service)
    try:
        await step(service, first, "remove", 1, **REMOVAL)
        await publish(service, again, 3, served_on="2026-11-25")
        assert await grades(service, firm, "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26") == "DADD"
    finally:
        service.at(START)


async def test_a_listing_restored_on_the_day_on_which_another_ends_counts_from_that_day(
    service: Service,
) -> None:
    firm, first, again = await two(service)
    try:
        await publish(service, again, 0)
        await step(service, first, "lift", 1, **RULING)
        await step(service, again, "remove", 3, **REMOVAL)
        await step(service, first, "restore", 3, note="重整计划未获执行。")
        days = ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]
        assert await grades(service, firm, *days) == "DDDDD"
        await step(service, first, "remove", 6, **REMOVAL)
        assert await grades(service, firm, "2026-11-28", "2026-11-29", "2026-11-30") == "DAA"
    finally:
        service.at(START)


@pytest.mark.parametrize("served", [None, "2026-11-23"], ids=["beside it", "served before and entered later"])
async def test_a_rest_that_an_annulled_listing_had_covered_is_one(
    service: Service, served: str | None
) -> None:
    firm, first, wrong = await two(service)
    void = {"ground": "REP-A-2", "note": "处罚决定已被法院撤销。", "proof": "(2026)虚行终9号"}
    try:
        if served is None:
            await publish(service, wrong, 0)
        await step(service, first, "lift", 1, **RULING)
        await step(service, first, "restore", 3, note="重整计划未获执行。")
        if served is not None:
            await publish(service, wrong, 4, served_on=served)
        days = [f"2026-11-{day}" for day in range(23, 29)]
        service.at(START + timedelta(days=4))
        assert await grades(service, firm, *days) == "DDDDDD"
        await step(service, wrong, "remove", 5, **void)
        assert await grades(service, firm, *days) == "DAADDD"
        await step(service, first, "remove", 6, **REMOVAL)
        assert await grades(service, firm, *days, "2026-11-29") == "DAADDDA"
    finally:
        service.at(START)
