"""A card that was published: whoever asks next is answered by it, also about subjects that stayed quiet."""

from datetime import datetime
from typing import Any

from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook

from .conftest import Service
from .test_boards import run, sides
from .test_scorecards import card, policy, settle

JANUARY = datetime.fromisoformat("2027-01-06T10:00:00+08:00")
LINFEN = next(one for one in Rulebook.load(FOLDER).scorecards if one.id == "linfen-board").content


async def published(service: Service, content: dict[str, Any]) -> dict[str, Any]:
    draft = await service.post("/scorecards", content, who=policy(service, "one"))
    body = {"hash": draft["hash"], "waiver": "仅供试验，无须模拟"}
    path = f"/scorecards/{draft['id']}/publication"
    done: dict[str, Any] = await service.post(path, body, 200, who=policy(service, "two"))
    return done


async def test_page_and_supervision_go_by_the_card_published_last(service: Service) -> None:
    quiet = await service.subject()
    page = f"/public/subjects/{quiet['key']}"
    assert (await service.get(page))["grade"]["grade"] == "A"
    labels = {"A": "优", "B": "良", "C": "中", "D": "差"}
    bands = [one | {"grade": labels[one["grade"]], "tier": one["grade"]} for one in card()["bands"]]
    vetoes = [one | {"grade": "差"} for one in card()["vetoes"]]
    await published(service, card(bands=bands, vetoes=vetoes))
    score = (await service.get(f"/subjects/{quiet['id']}/score"))["result"]
    assert (score["grade"], score["policy"]["id"]) == ("优", "shanxi-agency")
    assert (await service.get(page))["grade"]["grade"] == "优"
    assert (await service.get(f"/subjects/{quiet['id']}/supervision"))["grade"] == "优"
    await settle(service)
    found = await service.get("/public/subjects", q=quiet["key"])
    assert found["items"] == [] or found["items"][0]["grade"] == "优"


async def test_a_board_judges_the_quiet_by_the_card_published_last(service: Service) -> None:
    """The card's new version puts everyone on the red board."""
    quiet = await service.subject(region="141002")
    everyone = [
        one | ({"if": "complaints >= 0"} if one["id"] == "LF-RED" else {}) for one in LINFEN["vetoes"]
    ]
    changed = {"version": "2", "effective_from": "2026-11-23", "vetoes": everyone}
    await published(service, LINFEN | changed)
    service.at(JANUARY)
    board = await run(service, "141000", "2026-12-01")
    assert (await sides(service, board))[quiet["id"]][0] == "red"
