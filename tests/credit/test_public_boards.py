"""A published board is shown to anyone whole: how many are on it at once, who page by page."""

from typing import Any

from .conftest import Service
from .test_boards import DECIDE, agency, run


async def test_no_entry_of_a_public_board_is_left_out_silently(service: Service) -> None:
    made = [await agency(service, "141082", arrivals=n) for n in (50, 40, 30)]
    board = await run(service, "141000", "2026-09-01")
    path = f"/public/boards/{board['id']}/entries"
    assert (await service.http.get(f"/api/v1/credit{path}", params={"side": "red"})).status_code == 404
    who = service.who(sub="boss", scopes=DECIDE)
    await service.post(f"/boards/{board['id']}/publication", None, 200, who)
    listed = (await service.get("/public/boards", who={}))["items"]
    [shown] = [one for one in listed if one["board_id"] == board["id"]]
    assert (shown["red"], shown["black"]) == (3, 0) and "entries" not in shown
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await service.get(path, who={}, side="red", limit="2", **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(one["key"] for one in found) == sorted(one["key"] for one in made)
    assert (await service.get(path, who={}, side="black"))["items"] == []
