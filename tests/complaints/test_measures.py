"""Measures of supervision that credit tells: kept as a copy, cited where the policy says."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from common.events import Event, HandlerContext
from common.policies import PolicyError
from complaints.events import SUBSCRIPTIONS
from complaints.policybook import POLICIES, PolicyBook
from complaints.subjects.models import Subject

from tests.complaints.conftest import AGENCY, AGENCY_KEY, AGENCY_NAME, World
from tests.complaints.test_enforcement import CASES, brought_to, do, opened

BASIS = "《文化和旅游市场信用管理规定》第十九条（忆）"


def told(code: str, starts_on: str, ends_on: str | None, **fields: Any) -> dict[str, Any]:
    """A restriction as credit announces it."""
    return {
        "measure": code,
        "name": {"zh": f"{code}样例措施", "en": f"sample {code}"},
        "policy_id": code,
        "policy_version": "1",
        "basis": [BASIS],
        "status": "recalled",
        "listing": "serious",
        "bars": [],
        "starts_on": starts_on,
        "ends_on": ends_on,
    } | fields


REFERRED = told("M-SEV-2", "2026-03-01", "2026-11-23")
CHECKED = told("M-SEV-1", "2026-03-01", "2029-03-01")
SLIGHT = told("M-MIN-3", "2026-03-01", "2027-03-01", listing="slight")
CITED = {name: value for name, value in REFERRED.items() if name not in {"listing", "bars"}}


def supervised(version: int, *restrictions: dict[str, Any], **fields: Any) -> Event:
    supervision = {"tier": "D", "measures": [], "restrictions": list(restrictions)}
    data: dict[str, Any] = {
        "subject_id": str(AGENCY),
        "kind": "travel_agency",
        "key": AGENCY_KEY,
        "name": AGENCY_NAME,
        "license_no": "L-SX-990001",
        "scope": ["domestic"],
        "region": "140105",
        "status": "active",
        "tier": "B",
        "supervision": supervision,
    }
    return Event(
        id=uuid4(),
        type="tourtrust.credit.subject_updated.v1",
        source="credit",
        subject=str(AGENCY),
        version=version,
        time=datetime(2026, 11, 23, tzinfo=UTC),
        data=data | fields,
    )


async def hear(world: World, *events: Event) -> Subject:
    context = HandlerContext(
        world.app.state.clock, world.app.state.settings, world.app.state.keyring, world.app.state
    )
    for event in events:
        async with world.app.state.db.session() as session:
            await SUBSCRIPTIONS[0].handle(session, event, context)
    async with world.app.state.db.session() as session:
        found = await session.get(Subject, AGENCY)
    assert found is not None
    return found


async def timeline(world: World, case_id: str, who: str = "officer") -> dict[str, Any]:
    items = (await world.get(f"/cases/{case_id}/timeline", who)).json()["items"]
    return {item["event"]: item["data"].get("measures") for item in items}


async def test_the_copy_takes_all_measures_of_a_newer_update_and_keeps_them_over_one_without(
    world: World,
) -> None:
    copy = await hear(world, supervised(5, REFERRED, SLIGHT), supervised(4, CHECKED))
    assert [one["measure"] for one in copy.measures] == ["M-SEV-2", "M-MIN-3"]
    copy = await hear(world, supervised(6, supervision=None, status="suspended"))
    assert (copy.status, copy.version, copy.measures_version, len(copy.measures)) == ("suspended", 6, 5, 2)
    older = {"tier": "C", "measures": ["M-SEV-1"]}
    copy = await hear(world, supervised(7, supervision=older), supervised(5, CHECKED))
    assert [one["measure"] for one in copy.measures] == ["M-SEV-2", "M-MIN-3"]
    assert (await hear(world, supervised(8), supervised(8, REFERRED))).measures == []


async def test_a_complaint_cites_what_held_when_it_came_and_when_it_was_accepted(world: World) -> None:
    await hear(world, supervised(2, REFERRED, CHECKED))
    filed = await world.file()
    assert "M-SEV" not in str(filed)
    assert await timeline(world, filed["id"]) == {"submit": [CITED]}
    world.now(datetime(2026, 11, 24, 2, tzinfo=UTC))
    await world.act(filed["id"], "accept")
    assert await timeline(world, filed["id"]) == {"submit": [CITED], "accept": None}
    looked = await world.post(
        "/public/complaints/lookup", {"number": filed["number"], "code": filed["lookup_code"]}, None
    )
    assert looked.status_code == 200 and "M-SEV" not in looked.text


async def test_a_complaint_about_somebody_under_no_measure_cites_none(world: World) -> None:
    await hear(world, supervised(2, CHECKED, told("M-SEV-2", "2026-11-24", None)))
    filed = await world.file()
    await world.act(filed["id"], "accept")
    assert await timeline(world, filed["id"]) == {"submit": None, "accept": None}


async def test_a_proposal_and_a_decision_cite_the_measures_of_their_days(world: World) -> None:
    await hear(world, supervised(2, REFERRED, SLIGHT, CHECKED))
    case_id = await brought_to(world, "notified")
    world.now(datetime(2026, 12, 7, 2, tzinfo=UTC))
    decided = await do(world, case_id, "decide")
    cited = {
        step["event"]: [one["measure"] for one in step["data"]["measures"]]
        for step in decided["history"]
        if "measures" in step["data"]
    }
    assert cited == {"propose": ["M-SEV-2", "M-MIN-3"], "decide": ["M-MIN-3"]}
    seen = (await world.get(f"{CASES}/{case_id}", "agency")).json()
    [proposal] = [step["data"] for step in seen["history"] if step["event"] == "propose"]
    assert proposal["measures"][0] == CITED


async def test_a_measure_moves_neither_band_nor_gradation(world: World) -> None:
    plain = await brought_to(world, "investigated")
    await hear(world, supervised(2, REFERRED))
    under = await brought_to(world, "investigated")
    bands = [(await do(world, case, "propose"))["band"] for case in (plain, under)]
    assert bands[0] == bands[1]
    assert UUID(await opened(world))


def test_a_policy_that_names_an_unknown_event_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    file = folder / "measures.yaml"
    file.write_text(file.read_text("utf-8").replace("case: [submit", "case: [foresee"), "utf-8")
    with pytest.raises(PolicyError, match="foresee"):
        PolicyBook(folder)
