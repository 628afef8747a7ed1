"""What falls due: a list of procedures narrowed to those with a step still to be taken before a day."""

from datetime import timedelta
from uuid import UUID

from credit.paging import due_rows

from .conftest import START, Service
from .listing import opened, said
from .objecting import Room


async def test_due_rows_are_found_behind_any_number_of_others() -> None:
    held = [UUID(int=number) for number in range(900, 0, -1)]
    asked: list[int] = []

    async def read(before: UUID | None, size: int) -> list[UUID]:
        asked.append(size)
        return [one for one in held if before is None or one < before][: size + 1]

    def due(row: UUID) -> bool:
        return row.int % 300 == 0

    async def page(before: int | None, limit: int) -> list[int]:
        after = None if before is None else UUID(int=before)
        return [one.int for one in await due_rows(read, due, lambda row: row, after, limit)]

    assert await page(None, 1) == [900, 600], "one more than asked for, from another chunk"
    assert await page(600, 5) == [300]
    assert await page(300, 5) == []
    everything = await due_rows(read, None, lambda row: row, None, 7)
    assert (len(everything), asked[-1]) == (8, 7)


async def test_listings_repairs_and_objections_are_listed_by_what_is_due(service: Service) -> None:
    firm = await service.subject()
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 6_000_000})
    room = Room(service)
    own = room.own(firm)
    proof = [{"sha256": await service.uploaded(firm), "name": "缴款凭证.pdf"}]
    wanted = {"fact_id": fact["id"], "statement": "已缴款并整改。", "evidence": proof}
    repair = await service.post("/repairs", wanted, who=own)
    objection = await room.file({"target": "fact", "fact_id": fact["id"]}, own)
    listing = await opened(service, subject_id=firm["id"])
    path = f"/listings/{listing['id']}"

    async def due(room: str, before: str) -> list[str]:
        found = await service.get(f"/{room}", subject_id=firm["id"], due_before=before)
        return [one["id"] for one in found["items"]]

    assert await due("listings", "2027-12-31") == [], "a draft has told nobody anything"
    await service.post(f"{path}/notify", {}, 200)
    # Ten working days to speak and to accept, one to flag and five to decide.
    for name, held, last in (("listings", listing, "12-07"), ("repairs", repair, "12-07")):
        assert await due(name, f"2026-{last}") == []
        assert await due(name, "2026-12-08") == [held["id"]]
    assert (await due("objections", "2026-11-24"), await due("objections", "2026-11-25")) == (
        [],
        [objection["id"]],
    )
    await room.step(objection, "accept")
    assert (await due("objections", "2026-11-30"), await due("objections", "2026-12-01")) == (
        [],
        [objection["id"]],
    )
    await said(service, path, "请求从轻处理。")
    assert (await due("listings", "2026-12-14"), await due("listings", "2026-12-15")) == (
        [],
        [listing["id"]],
    )
    try:
        service.at(START + timedelta(days=60))
        for name, held in (("listings", listing), ("repairs", repair), ("objections", objection)):
            assert await due(name, "2026-12-16") == [held["id"]], "late, and still to be done"
    finally:
        service.at(START)
    stranger = service.who("150000")
    assert (await service.get("/listings", who=stranger, due_before="2027-12-31"))["items"] == []
