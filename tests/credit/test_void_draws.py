"""Draws that came to nothing, draws that were never sealed, and who draws again with whom kept apart."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from common.audit import AUDIT
from credit.draws.repository import DrawRepository, SealedCheckpoint
from credit.draws.rules import verify_draw
from credit.rounds import do_round
from sqlalchemy import select

from .conftest import START, Service
from .drawing import OFFICERS, body, committed, drawn, sealed, voided
from .test_verify_draw import script


async def test_a_missing_reveal_makes_a_published_void_draw_and_others_draw_again(service: Service) -> None:
    place = {"region": "140427"}
    for _ in range(5):
        await service.subject(**place)
    made, own = await committed(service, **place)
    await sealed(service, made["id"])
    await service.post(
        f"/draws/{made['id']}/reveals", {"secret": own["officer-a"].hex()}, who=service.who(sub="officer-a")
    )
    service.at(START + timedelta(days=3))
    try:
        late = {"secret": own["officer-b"].hex()}
        await service.post(f"/draws/{made['id']}/reveals", late, 409, service.who(sub="officer-b"))
        void, raw = await voided(service, made["id"])
        assert (void["missing"], void["cause"], void["result"]) == (["officer-b"], "not_revealed", [])
        verdict = verify_draw(raw, str(service.log_key), str(service.witness_key))
        assert verdict.ok and verdict.facts["outcome"] == "void", verdict.reason.en
        keys = script.vkey(str(service.log_key), 1), script.vkey(str(service.witness_key), 4)
        assert "is void (not_revealed); missing: officer-b" in script.verify(raw, *keys)
        public = (await service.http.get("/api/v1/credit/public/draws")).json()["items"]
        assert (void["number"], "void") in [(one["number"], one["state"]) for one in public]
        again = body(**place, redraw_of=made["id"])
        await service.post("/draws", again, 422)
        refused = await service.post("/draws", body(**place, officers=["officer-a", "officer-z"]), 409)
        assert (refused["draw"], refused["redraw_of"]) == (void["number"], made["id"])
        await service.post("/draws", body(region="140400", officers=["officer-b", "officer-z"]), 409)
        others = again | {"officers": ["officer-c", "officer-d"]}
        for field, value in (("region", "140400"), ("count", 3), ("kinds", ["star_hotel", "travel_agency"])):
            problem = await service.post("/draws", others | {field: value}, 422)
            assert problem["errors"][0]["pointer"] == f"/{field}"
        redraw = await service.post("/draws", others)
        assert redraw["redraw_of"] == made["id"]
        second = await service.post("/draws", others | {"officers": ["officer-e", "officer-f"]}, 409)
        assert second["draw"] == redraw["number"]
        await service.post("/draws", body(**place), 409)
        service.at(START + timedelta(days=6))
        void, _ = await voided(service, redraw["id"])
        assert (void["cause"], void["missing"]) == ("not_committed", ["officer-c", "officer-d"])
        for officers in (OFFICERS, ["officer-c", "officer-x"]):
            wanted = body(**place, redraw_of=redraw["id"], officers=list(officers))
            problem = await service.post("/draws", wanted, 422)
            assert problem["errors"][0]["pointer"] == "/officers"
        done, _ = await drawn(service, **place, redraw_of=redraw["id"], officers=["officer-e", "officer-f"])
        assert done["state"] == "drawn"
        assert (await service.post("/draws", body(**place)))["redraw_of"] is None
    finally:
        service.at(START)


async def test_a_draw_that_the_witness_never_sealed_blames_nobody_and_is_repeated_by_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await service.subject(region="140405")
    fields = {"region": "140405", "count": 1}

    async def none(self: DrawRepository, size: int) -> None:
        return None

    try:
        with monkeypatch.context() as away:
            away.setattr(DrawRepository, "sealed_checkpoint", none)
            made, own = await committed(service, **fields)
            secret = {"secret": own["officer-a"].hex()}
            problem = await service.post(
                f"/draws/{made['id']}/reveals", secret, 409, service.who(sub="officer-a")
            )
            assert problem["type"] == "/problems/draw-not-sealed"
            service.at(START + timedelta(days=1, hours=1, minutes=5))
            await do_round(service.app.state.db, service.app.state.env)
            assert (await service.get(f"/draws/{made['id']}"))["state"] == "committed"
            service.at(START + timedelta(days=2))
            await do_round(service.app.state.db, service.app.state.env)
            view = await service.get(f"/draws/{made['id']}")
            assert (view["state"], view["cause"], view["missing"]) == ("void", "not_sealed", [])
            await service.get(f"/draws/{made['id']}/bundle", 409)
        _, raw = await voided(service, made["id"])
        verdict = verify_draw(raw, str(service.log_key), str(service.witness_key))
        assert verdict.ok and verdict.facts["missing"] == []
        assert json.loads(raw)["seal"] is None
        await service.post("/draws", body(**fields), 409)
        again = body(redraw_of=made["id"], **fields)
        problem = await service.post("/draws", again, 422)
        assert problem["errors"][0]["pointer"] == "/officers"
        others = ["officer-c", "officer-d"]
        done, _ = await drawn(service, redraw_of=made["id"], officers=others, **fields)
        assert done["state"] == "drawn"
    finally:
        service.at(START)


async def test_the_witness_s_time_seals_a_draw_however_late_anybody_looks(service: Service) -> None:
    """The worker is away from the last commitment until long after `seal_by`; the witness was in time."""
    for _ in range(3):
        await service.subject(region="140221")
    made, own = await committed(service, region="140221", count=1)
    await sealed(service, made["id"])
    service.at(START + timedelta(days=1, hours=5))
    try:
        await do_round(service.app.state.db, service.app.state.env)
        view = await service.get(f"/draws/{made['id']}")
        assert (view["state"], view["sealed"]) == ("committed", True)
        for officer, secret in own.items():
            view = await service.post(
                f"/draws/{made['id']}/reveals", {"secret": secret.hex()}, who=service.who(sub=officer)
            )
        assert view["state"] == "drawn"
    finally:
        service.at(START)


async def test_a_line_of_the_witness_from_after_the_time_seals_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await service.subject(region="140222")
    fields = {"region": "140222", "count": 1, "officers": ["late-1", "late-2"]}
    found = DrawRepository.sealed_checkpoint
    late: set[int] = set()

    async def afterwards(self: DrawRepository, size: int) -> SealedCheckpoint | None:
        line = await found(self, size)
        if line is None or late - {size}:
            return line
        late.add(size)
        return replace(line, cosigned_at=START + timedelta(days=2))

    try:
        with monkeypatch.context() as slow:
            slow.setattr(DrawRepository, "sealed_checkpoint", afterwards)
            made, own = await committed(service, **fields)
            for _ in range(100):
                if late:
                    break
                await service.get(f"/draws/{made['id']}")
                await asyncio.sleep(0.05)
            secret = {"secret": own["late-1"].hex()}
            problem = await service.post(
                f"/draws/{made['id']}/reveals", secret, 409, service.who(sub="late-1")
            )
            assert problem["type"] == "/problems/draw-not-sealed"
            service.at(START + timedelta(days=1, hours=1, minutes=1))
            await do_round(service.app.state.db, service.app.state.env)
            view = await service.get(f"/draws/{made['id']}")
            assert (view["state"], view["cause"]) == ("void", "not_sealed")
    finally:
        service.at(START)


async def test_a_chain_without_an_end_is_given_up_by_another_person_on_record(service: Service) -> None:
    """Whoever names colleagues who do nothing does not block them for ever."""
    for _ in range(3):
        await service.subject(region="140225")
    fields = {"region": "140225", "count": 2}
    made = await service.post(
        "/draws", body(**fields, officers=["idle-1", "idle-2"]), who=service.who(sub="namer")
    )
    path, ground = f"/draws/{made['id']}/waiver", {"ground": "no_other_officers", "reason": "本县无其他人员"}
    deciding = ["credit:decide", "inspections:run", "credit:read"]

    def decider(sub: str = "head") -> dict[str, str]:
        return service.who(sub=sub, scopes=deciding)

    await service.post(path, ground, 403)
    await service.post(path, ground, 409, decider())
    service.at(START + timedelta(days=2))
    try:
        void, _ = await voided(service, made["id"])
        plain = body(**fields, officers=["idle-1", "other"])
        await service.post("/draws", plain, 409)
        for part in ("namer", "idle-1"):
            await service.post(path, ground, 409, decider(part))
        await service.post(path, ground, 404, service.who("140100", scopes=deciding))
        for other in ("plan_ended", "too_few_objects"):
            await service.post(path, ground | {"ground": other}, 409, decider())
        await service.post(path, ground | {"ground": "nonsense"}, 422, decider())
        waived = await service.post(path, ground, who=decider())
        assert waived["waiver"]["number"] == "WAIVER-2026-000001" and waived["state"] == "void"
        await service.post(path, ground, 409, decider())
        again = await service.post(
            "/draws", body(**fields, redraw_of=made["id"], officers=["x-1", "x-2"]), 409
        )
        assert "given up" in again["detail"] or "终结" in again["detail"]
        await service.post("/draws", plain)
        public = (await service.http.get("/api/v1/credit/public/draws")).json()["items"]
        shown = next(one for one in public if one["number"] == void["number"])
        assert shown["waiver"] == {
            "number": "WAIVER-2026-000001",
            "ground": "no_other_officers",
            "waived_on": "2026-11-25",
        }
        async with service.app.state.db.session() as session:
            entry = (await session.execute(select(AUDIT).where(AUDIT.c.action == "draw.waive"))).one()
        assert (entry.actor, entry.purpose) == ("head", "本县无其他人员")
        assert entry.details["number"] == "WAIVER-2026-000001"
    finally:
        service.at(START)


async def test_who_is_kept_apart_by_hand_is_named_counted_limited_and_the_same_in_a_redraw(
    service: Service,
) -> None:
    made_of = [await service.subject(region="140226") for _ in range(12)]
    fields: dict[str, Any] = {"region": "140226", "count": 2}
    recusal = {"inspector": "insp-0", "subject_id": made_of[0]["id"], "reason": "kinship"}
    exclusion = {"subject_id": made_of[1]["id"], "reason": "not_operating"}
    two = [recusal, recusal | {"inspector": "insp-1"}]
    problem = await service.post("/draws", body(**fields, recusals=two), 422)
    assert problem["errors"][0]["pointer"] == "/recusals"
    spared = [exclusion, exclusion | {"subject_id": made_of[2]["id"]}]
    problem = await service.post("/draws", body(**fields, exclusions=spared), 422)
    assert problem["errors"][0]["pointer"] == "/exclusions"
    apart = {"recusals": [recusal], "exclusions": [exclusion]}
    made = await service.post(
        "/draws", body(**fields, **apart, officers=["hand-1", "hand-2"]), who=service.who(sub="freezer")
    )
    inputs = await service.http.get(f"/api/v1/credit/draws/{made['id']}/inputs", headers=service.who())
    frozen = inputs.json()
    assert frozen["frozen_by"] == frozen["recusals"][0]["by"] == frozen["exclusions"][0]["by"] == "freezer"
    assert frozen["by_hand"] == {
        "inspectors": 5, "recused": 1, "recused_bp": 3000, "excluded": 1, "excluded_bp": 1000
    }  # fmt: skip
    service.at(START + timedelta(days=2))
    try:
        await voided(service, made["id"])
        again = body(**fields, **apart, redraw_of=made["id"], officers=["hand-3", "hand-4"])
        for change, pointer in (
            ({"recusals": []}, "/recusals"),
            ({"recusals": [recusal | {"inspector": "insp-2"}]}, "/recusals"),
            ({"exclusions": []}, "/exclusions"),
            ({"exclusions": [exclusion | {"subject_id": made_of[3]["id"]}]}, "/exclusions"),
            ({"inspectors": again["inspectors"][:4]}, "/inspectors"),
        ):
            problem = await service.post("/draws", again | change, 422)
            assert problem["errors"][0]["pointer"] == pointer, change
        await service.post("/draws", again)
    finally:
        service.at(START)


async def test_the_recusal_of_an_inspector_who_left_the_library_does_not_stop_a_redraw(
    service: Service,
) -> None:
    subjects = [await service.subject(region="140212") for _ in range(3)]
    staff = await service.on_duty(
        "left-0", "left-1", "left-2", "left-3", region="140212", department="离任队"
    )
    recusals = [{"inspector": "left-0", "subject_id": subjects[0]["id"], "reason": "kinship"}]
    wanted = body(region="140212", count=1, inspectors=None, recusals=recusals, officers=["left-a", "left-b"])
    made = await service.post("/draws", wanted)
    listed = (await service.get("/inspectors", department="离任队"))["items"]
    gone = next(one for one in listed if one["staff_id"] == staff[0])
    service.at(START + timedelta(days=2))
    try:
        await voided(service, made["id"])
        again = wanted | {"redraw_of": made["id"], "officers": ["left-c", "left-d"]}
        problem = await service.post("/draws", again | {"recusals": []}, 422)
        assert problem["errors"][0]["pointer"] == "/recusals", "he is on the list still"
        left = await service.http.patch(
            f"/api/v1/credit/inspectors/{gone['id']}",
            json={"active_to": "2026-11-24"},
            headers=service.who() | {"If-Match": f'"{gone["version"]}"'},
        )
        assert left.status_code == 200, left.text
        for given in (again, again | {"recusals": [recusals[0] | {"inspector": "left-1"}]}):
            problem = await service.post("/draws", given, 422)
            assert problem["errors"][0]["pointer"] == "/recusals"
        done = await service.post("/draws", again | {"recusals": []})
        assert done["redraw_of"] == made["id"]
    finally:
        service.at(START)
