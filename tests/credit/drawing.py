"""Draws brought to a stage by the ordinary way, for tests of what follows from it."""

import asyncio
import secrets
from typing import Any

from credit.draws.rules import commitment_of
from credit.rounds import do_round

from .conftest import Service

OFFICERS = ("officer-a", "officer-b")


def body(**fields: Any) -> dict[str, Any]:
    """A draw; a field that is None is left out."""
    wanted = {
        "purpose": "旅行社经营规范随机抽查",
        "region": "140600",
        "kinds": ["travel_agency"],
        "count": 4,
        "officers": list(OFFICERS),
        "inspectors": [{"id": f"insp-{n}", "department": "执法队"} for n in range(5)],
    } | fields
    return {name: value for name, value in wanted.items() if value is not None}


async def committed(service: Service, **fields: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    made = await service.post("/draws", body(**fields))
    own = {officer: secrets.token_bytes(32) for officer in made["officers"]}
    for officer, secret in own.items():
        value = commitment_of(made["id"], officer, secret)
        made = await service.post(
            f"/draws/{made['id']}/commitments", {"commitment": value}, who=service.who(sub=officer)
        )
    return made, own


async def sealed(service: Service, draw_id: str) -> None:
    for _ in range(400):
        if (await service.get(f"/draws/{draw_id}"))["sealed"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the commitments were never sealed")


async def drawn(service: Service, **fields: Any) -> tuple[dict[str, Any], bytes]:
    made, own = await committed(service, **fields)
    await sealed(service, made["id"])
    for officer, secret in own.items():
        made = await service.post(
            f"/draws/{made['id']}/reveals", {"secret": secret.hex()}, who=service.who(sub=officer)
        )
    answer = await service.http.get(f"/api/v1/credit/draws/{made['id']}/bundle", headers=service.who())
    assert answer.status_code == 200
    return made, answer.content


async def voided(service: Service, draw_id: str) -> tuple[dict[str, Any], bytes]:
    """A draw whose time has passed, and its bundle, which follows when the witness has cosigned its end."""
    for _ in range(100):
        await do_round(service.app.state.db, service.app.state.env)
        answer = await service.http.get(f"/api/v1/credit/draws/{draw_id}/bundle", headers=service.who())
        if answer.status_code == 200:
            view = await service.get(f"/draws/{draw_id}")
            assert view["state"] == "void"
            return view, answer.content
        await asyncio.sleep(0.05)
    raise AssertionError("the void draw was never proven")
