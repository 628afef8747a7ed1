"""The draw protocol over HTTP, its bundle offline, and the algorithm by itself."""

import asyncio
import bisect
import itertools
import json
import secrets
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from common.audit import AUDIT
from common.ledger.entries import Promise
from common.ledger.note import Algorithm, SignerKey
from credit.draws.repository import DrawRepository, SealedCheckpoint
from credit.draws.rules import (
    Inputs,
    SealedDraw,
    check_seal,
    commitment_of,
    draw,
    seal_bundle,
    seed_of,
    verify_draw,
)
from credit.draws.rules.seal import check_view
from credit.rounds import do_round
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from .conftest import START, Service
from .test_verify_draw import script

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


@pytest.fixture(scope="module")
async def agencies(service: Service) -> list[dict[str, Any]]:
    made = []
    for number in range(12):
        made.append(await service.subject(region="140603", name=f"朔州抽查样例{number}（虚构）"))
        if number % 4 == 0:
            await service.by_room(made[-1], "SERIOUS_LISTED", "2026-01-10", payload={"condition": "SEV-T-3"})
    return made


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


@pytest.fixture(scope="module")
async def bundle(service: Service, agencies: list[dict[str, Any]]) -> bytes:
    recusal = {"inspector": "insp-0", "subject_id": agencies[0]["id"], "reason": "kinship"}
    exclusion = {"subject_id": agencies[1]["id"], "reason": "under_investigation"}
    made, found = await drawn(service, count=8, recusals=[recusal], exclusions=[exclusion])
    assert (made["state"], made["sealed"]) == ("drawn", True)
    assert len(made["result"]) == 8
    assert agencies[1]["id"] not in [one["subject_id"] for one in made["result"]]
    for one in made["result"]:
        assert len(set(one["inspectors"])) == 2
        assert one["subject_id"] != agencies[0]["id"] or "insp-0" not in one["inspectors"]
    loads = Counter(inspector for one in made["result"] for inspector in one["inspectors"])
    assert max(loads.values()) - min(loads.values()) <= 1
    return found


async def test_a_bundle_holds_with_the_published_keys_and_no_other(service: Service, bundle: bytes) -> None:
    verdict = verify_draw(bundle, str(service.log_key), str(service.witness_key))
    assert verdict.ok, verdict.reason.en
    assert (verdict.facts["drawn"], verdict.facts["witness_checked"]) == (8, True)
    assert verify_draw(bundle, str(service.log_key)).ok
    stranger = SignerKey.generate(service.log_key.name).verifier
    assert not verify_draw(bundle, str(stranger)).ok
    other_witness = SignerKey.generate(service.witness_key.name, Algorithm.COSIGNATURE).verifier
    assert not verify_draw(bundle, str(service.log_key), str(other_witness)).ok
    assert not verify_draw(bundle, "nonsense").ok
    assert not verify_draw(b"", str(service.log_key)).ok
    keys = script.vkey(str(service.log_key), 1), script.vkey(str(service.witness_key), 4)
    assert "8 of 11 objects drawn by 2 officers" in script.verify(bundle, *keys)


async def test_any_byte_changed_makes_it_fail(service: Service, bundle: bytes) -> None:
    key = str(service.log_key)
    for place in range(0, len(bundle), max(1, len(bundle) // 500)):
        for value in {bundle[place] ^ 1, (bundle[place] + 7) % 256}:
            changed = bundle[:place] + bytes([value]) + bundle[place + 1 :]
            assert not verify_draw(changed, key).ok, place
    assert not verify_draw(bundle + b"\n", key).ok
    assert not verify_draw(bundle[:-1], key).ok


@pytest.mark.full
async def test_every_single_byte_counts(service: Service, bundle: bytes) -> None:
    key = str(service.log_key)
    for place in range(len(bundle)):
        changed = bundle[:place] + bytes([bundle[place] ^ (1 + place % 255)]) + bundle[place + 1 :]
        assert not verify_draw(changed, key).ok, place


def changes(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Fifteen tamperings, each by somebody who could sign again with the log's key."""
    found = []

    def change(**fields: Any) -> None:
        found.append(json.loads(json.dumps(content)) | fields)

    frozen, commitments = content["frozen"], content["commitments"]
    change(frozen=frozen | {"count": frozen["count"] - 1})
    change(frozen=frozen | {"objects": frozen["objects"][1:]})
    change(frozen=frozen | {"objects": [frozen["objects"][0] | {"weight": 9}, *frozen["objects"][1:]]})
    change(frozen=frozen | {"recusals": []})
    change(frozen=frozen | {"officers": [*frozen["officers"], "officer-c"]})
    change(frozen=frozen | {"algorithm": "weighted-draw/9"})
    change(frozen=frozen | {"inspectors_per_object": 1})
    change(commitments=commitments[:1])
    change(commitments=[commitments[0] | {"commitment": "00" * 32}, commitments[1]])
    change(proofs=[content["proofs"][0], content["proofs"][2], content["proofs"][1]])
    change(reveals=[content["reveals"][0] | {"secret": "11" * 32}, content["reveals"][1]])
    change(reveals=content["reveals"][:1])
    change(cosignature="")
    change(seed="22" * 32)
    change(result=content["result"][::-1])
    change(outcome="void", missing=["nobody"], seed=None, result=[])
    return found


async def test_even_the_holder_of_the_log_key_cannot_change_a_draw(service: Service, bundle: bytes) -> None:
    content = json.loads(bundle)
    content.pop("signature")
    signer = service.app.state.log.newest()
    assert seal_bundle(content, signer) == bundle
    reasons = set()
    for changed in changes(content):
        verdict = verify_draw(seal_bundle(changed, signer), str(service.log_key))
        assert not verdict.ok
        reasons.add(verdict.reason.en)
    assert len(reasons) >= 8


async def test_each_officer_commits_with_his_own_token_and_once(
    service: Service, agencies: list[dict[str, Any]]
) -> None:
    made = await service.post("/draws", body())
    path = f"/draws/{made['id']}"
    value = {"commitment": sha256(b"x").hexdigest()}
    assert made["commitment_domain"] == "tourtrust.draw.commitment/1"
    await service.post(f"{path}/commitments", value, 403, service.who(sub="stranger"))
    await service.post(
        f"{path}/commitments", value, 403, service.who(sub="officer-a", scopes=["credit:read"])
    )
    await service.post(f"{path}/commitments", value, 404, service.who("140100", sub="officer-a"))
    await service.post(f"{path}/commitments", value, who=service.who(sub="officer-a"))
    await service.post(f"{path}/commitments", value, who=service.who(sub="officer-a"))
    other = {"commitment": sha256(b"y").hexdigest()}
    await service.post(f"{path}/commitments", other, 409, service.who(sub="officer-a"))
    await service.post(f"{path}/commitments", value, 409, service.who(sub="officer-b"))
    await service.post(f"{path}/reveals", {"secret": "00" * 32}, 409, service.who(sub="officer-a"))
    await service.get(f"{path}/bundle", 409)
    await service.get(f"{path}/bundle", 404, service.who("140100"))


async def test_a_secret_that_was_not_committed_to_is_refused(
    service: Service, agencies: list[dict[str, Any]]
) -> None:
    made, _ = await committed(service)
    await sealed(service, made["id"])
    wrong = {"secret": "00" * 32}
    problem = await service.post(f"/draws/{made['id']}/reveals", wrong, 422, service.who(sub="officer-a"))
    assert problem["errors"][0]["pointer"] == "/secret"


async def test_a_missing_reveal_makes_a_published_void_draw_and_others_draw_again(
    service: Service, agencies: list[dict[str, Any]]
) -> None:
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


async def test_the_witness_s_time_seals_a_draw_however_late_anybody_looks(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
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


async def test_an_officer_s_tool_can_check_the_seal_before_it_reveals(service: Service) -> None:
    for _ in range(3):
        await service.subject(region="140223")
    made, own = await committed(service, region="140223", count=1)
    await sealed(service, made["id"])
    view = await service.get(f"/draws/{made['id']}")
    inputs = await service.http.get(f"/api/v1/credit/draws/{made['id']}/inputs", headers=service.who())
    assert sha256(inputs.content).hexdigest() == view["inputs_sha256"]
    said = SealedDraw(
        inputs.content, view["seal"], [(one["officer"], one["commitment"]) for one in view["commitments"]]
    )
    keys = str(service.log_key), str(service.witness_key)
    for officer, secret in own.items():
        commitment = commitment_of(made["id"], officer, secret)
        verdict = check_seal(said, made["id"], officer, commitment, *keys)
        assert verdict.ok, verdict.reason.en
        raw = json.dumps(view).encode()
        assert check_view(raw, inputs.content, officer, commitment, *keys).ok
        assert not check_view(raw, inputs.content, officer, "00" * 32, *keys).ok
        assert not check_view(b"{}", inputs.content, officer, commitment, *keys).ok
    await service.get(f"/draws/{made['id']}/inputs", 404, service.who("140100"))


async def test_programs_see_a_draw_when_its_visits_are_made(service: Service) -> None:
    for _ in range(3):
        await service.subject(region="140224")
    made, raw = await drawn(service, region="140224", count=1, officers=["seen-1", "seen-2"])
    program = service.who(kind="client", scopes=["credit:read"], sub="portal")
    path = f"/draws/{made['id']}"
    for part in ("bundle", "inputs"):
        problem = await service.get(f"{path}/{part}", 409, program)
        assert problem["type"] == "/problems/draw-not-handed-out"
    view = await service.get(path, who=program)
    assert (view["result"], view["strata"], view["handed_out"]) == ([], [], False)
    assert len((await service.get(path))["result"]) == 1
    inspector = service.who(kind="client", scopes=["credit:read"], sub="insp-1")
    assert len((await service.get(path, who=inspector))["result"]) == 1
    (visit,) = (await service.get("/inspections", subject_id=made["result"][0]["subject_id"]))["items"]
    for sub in ("one", "two"):
        await service.post(
            f"/inspections/{visit['id']}/cancel", {"note": "对象已注销"}, 200, service.who(sub=sub)
        )
    answer = await service.http.get(f"/api/v1/credit{path}/bundle", headers=inspector)
    assert answer.status_code == 200 and answer.content == raw
    view = await service.get(path, who=program)
    assert (len(view["result"]), view["strata"]) == (1, [])
    for part in ("bundle", "inputs"):  # they name tiers, which a slight listing raises
        await service.get(f"{path}/{part}", 409, program)


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


async def test_an_exclusion_for_a_check_is_borne_out_by_the_records(service: Service) -> None:
    region = "140525"
    spared, other = [await service.subject(region=region) for _ in range(2)]
    far = await service.subject(region="140105")
    fields: dict[str, Any] = {"region": region, "count": 1, "officers": ["borne-1", "borne-2"]}
    team = await service.on_duty("borne-3", "borne-4", region=region, department="泽州科")
    check = {
        "trigger": {"kind": "complaint", "reference": "CASE-泽州"},
        "items": ["AG-CONTRACT"],
        "inspectors": team,
        "department": "泽州科",
    }
    for one, where in ((spared, region), (far, "140105")):
        two = team if where == region else await service.on_duty("borne-5", "borne-6", region=where)
        await service.post("/inspections", check | {"subject_id": one["id"], "inspectors": two})
    good = {"subject_id": spared["id"], "reason": "targeted_check"}
    for wrong in (
        {"subject_id": spared["id"], "reason": "recently_inspected"},
        {"subject_id": other["id"], "reason": "targeted_check"},
        {"subject_id": far["id"], "reason": "targeted_check"},
    ):
        problem = await service.post("/draws", body(**fields, exclusions=[wrong]), 422)
        assert problem["errors"][0]["pointer"] == "/exclusions/0/reason", wrong
    made = await service.post("/draws", body(**fields, exclusions=[good]))
    assert made["objects"] == 1
    [visit] = (await service.get("/inspections", subject_id=spared["id"]))["items"]
    service.at(START + timedelta(days=2))
    try:
        await voided(service, made["id"])
        await service.post(f"/inspections/{visit['id']}/cancel", {"note": "投诉已撤回"}, 200, service.who())
        again = body(**fields | {"officers": ["borne-7", "borne-8"]}, exclusions=[good], redraw_of=made["id"])
        assert (await service.post("/draws", again))["objects"] == 1
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


async def test_the_seal_ends_with_the_last_commitment_and_every_step_is_promised(service: Service) -> None:
    for _ in range(3):
        await service.subject(region="140406")
    made, own = await committed(service, region="140406", count=1)
    promise = Promise.parse(made["promise"])
    promise.check(service.log_key)
    assert (promise.id, promise.version) == (f"draw:{made['id']}", 3)
    await asyncio.gather(*(service.subject(region="140406") for _ in range(3)))
    await sealed(service, made["id"])
    seal = (await service.get(f"/draws/{made['id']}"))["seal"]
    for version, officer in enumerate(OFFICERS, 4):
        secret = {"secret": own[officer].hex()}
        made = await service.post(f"/draws/{made['id']}/reveals", secret, who=service.who(sub=officer))
        assert made["promise"]["version"] == version and made["seal"] == seal
    answer = await service.http.get(f"/api/v1/credit/draws/{made['id']}/bundle", headers=service.who())
    content = json.loads(answer.content)
    assert (content["checkpoint"], content["cosignature"]) == (seal["checkpoint"], seal["cosignature"])
    assert content["proofs"][-1]["leaf_index"] + 1 == seal["size"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"officers": ["officer-a"]}, "/officers"),
        ({"officers": ["officer-a", "officer-a"]}, "/officers/1"),
        ({"officers": ["officer-a", "OFFICER-A"]}, "/officers/1"),
        ({"officers": ["officer-a", "officer-b", "ｏfficer-a"]}, "/officers/2"),
        ({"inspectors": [{"id": "a"}, {"id": "a"}]}, "/inspectors"),
        ({"inspectors_per_object": 1}, "/inspectors_per_object"),
        ({"count": 4000}, "/count"),
        ({"recusals": [{"inspector": "zz", "subject_id": str(uuid4()), "reason": "kinship"}]}, "/recusals"),
        ({"kinds": []}, "/kinds"),
        ({"officers": ["a\nb", "c"]}, "/officers/0"),
    ],
)
async def test_inputs_that_make_no_draw_are_refused(
    service: Service, agencies: list[dict[str, Any]], fields: dict[str, Any], pointer: str
) -> None:
    problem = await service.post("/draws", body(**fields), 422)
    assert pointer in [one["pointer"] for one in problem["errors"]]


async def test_recusals_that_leave_too_few_inspectors_are_refused(
    service: Service, agencies: list[dict[str, Any]]
) -> None:
    recusals = [
        {"inspector": f"insp-{n}", "subject_id": agencies[0]["id"], "reason": "direct_interest"}
        for n in range(4)
    ]
    problem = await service.post("/draws", body(recusals=recusals), 422)
    assert problem["errors"][0]["pointer"] == "/recusals"
    await service.post("/draws", body(region="140200"), 404, service.who("140600"))


async def test_numbers_have_no_gaps(service: Service, agencies: list[dict[str, Any]]) -> None:
    apart = body(officers=["number-1", "number-2"])
    made = await asyncio.gather(*(service.post("/draws", apart) for _ in range(5)))
    await service.post("/draws", apart | {"count": 4000}, 422)
    made.append(await service.post("/draws", apart))
    serials = sorted(int(one["number"].rsplit("-", 1)[1]) for one in made)
    assert serials == list(range(serials[0], serials[0] + 6))


weights = st.dictionaries(
    st.text("abcdef0123", min_size=1, max_size=6), st.integers(1, 10_000), min_size=1, max_size=30
)


@given(weights, st.binary(min_size=32, max_size=32), st.integers(2, 6), st.data())
@settings(max_examples=80, deadline=None)
def test_a_draw_is_deterministic_fair_in_load_and_respects_recusals(
    weighted: dict[str, int], seed: bytes, people: int, data: st.DataObject
) -> None:
    inspectors = tuple(f"i{n}" for n in range(people + 2))
    recused = data.draw(
        st.sets(st.tuples(st.sampled_from(inspectors[:people]), st.sampled_from(sorted(weighted))))
    )
    count = data.draw(st.integers(1, len(weighted)))
    inputs = Inputs(weighted, inspectors, frozenset(recused), count, 2)
    picks = draw(seed, inputs)
    shuffled = Inputs(dict(reversed(weighted.items())), inspectors[::-1], frozenset(recused), count, 2)
    assert draw(seed, shuffled) == picks
    assert len({pick.object for pick in picks}) == count
    for pick in picks:
        assert len(set(pick.inspectors)) == 2
        assert not any((inspector, pick.object) in recused for inspector in pick.inspectors)
    if not recused:
        loads = Counter(dict.fromkeys(inspectors, 0))
        loads.update(inspector for pick in picks for inspector in pick.inspectors)
        assert max(loads.values()) - min(loads.values()) <= 1


def test_over_many_draws_chances_follow_the_weights() -> None:
    weighted = {"a": 200, "b": 500, "c": 3000, "d": 10_000}
    inputs = Inputs(weighted, ("x", "y"), frozenset(), 1, 2)
    draws = 6000
    found = Counter(draw(sha256(str(n).encode()).digest(), inputs)[0].object for n in range(draws))
    total = sum(weighted.values())
    chi = sum((found[k] - draws * w / total) ** 2 / (draws * w / total) for k, w in weighted.items())
    assert chi < 16.27, f"chi-square {chi:.2f} with 3 degrees of freedom (0.1 % limit 16.27)"


def written_again(seed: bytes, inputs: Inputs) -> list[list[str]]:
    """The guide's algorithm in another hand: cumulative bounds instead of a walk, one dictionary of lots."""
    left = sorted(inputs.weights)
    load = dict.fromkeys(inputs.inspectors, 0)
    found: list[list[str]] = []
    counter = 0
    while len(found) < inputs.count:
        total = sum(inputs.weights[item] for item in left)
        number = 1 << 256
        while number >= (1 << 256) // total * total:
            number = int(sha256(seed + b"object" + counter.to_bytes(8, "big")).hexdigest(), 16)
            counter += 1
        bounds = list(itertools.accumulate(inputs.weights[item] for item in left))
        item = left.pop(bisect.bisect_right(bounds, number % total))
        lots = {
            name: (load[name], sha256(seed + b"inspector" + item.encode() + b"\0" + name.encode()).digest())
            for name in inputs.inspectors
            if (name, item) not in inputs.recusals
        }
        chosen = sorted(lots, key=lots.__getitem__)[: inputs.inspectors_per_object]
        for name in chosen:
            load[name] += 1
        found.append([item, *chosen])
    return found


@given(weights, st.binary(min_size=32, max_size=32), st.data())
@settings(max_examples=80, deadline=None)
def test_a_stranger_who_follows_the_guide_draws_the_same(
    weighted: dict[str, int], seed: bytes, data: st.DataObject
) -> None:
    names = ("x", "y", "z", "w")
    recused = data.draw(st.sets(st.tuples(st.sampled_from(names[:2]), st.sampled_from(sorted(weighted)))))
    inputs = Inputs(weighted, names, frozenset(recused), data.draw(st.integers(1, len(weighted))), 2)
    assert [[pick.object, *pick.inspectors] for pick in draw(seed, inputs)] == written_again(seed, inputs)


def test_commitment_and_seed_are_the_plain_hashes_of_the_guide() -> None:
    secret, draw_id = bytes(range(32)), str(uuid4())
    plain = sha256(b"tourtrust.draw.commitment/1" + draw_id.encode() + b"officer-a" + secret).hexdigest()
    assert commitment_of(draw_id, "officer-a", secret) == plain
    reveals = {"b": b"\x02" * 32, "a": b"\x01" * 32}
    plain_seed = sha256(b"tourtrust.draw.seed/1" + bytes(32) + b"\x01" * 32 + b"\x02" * 32).digest()
    assert seed_of(bytes(32), reveals) == plain_seed
    with pytest.raises(ValueError, match="32 bytes"):
        commitment_of(draw_id, "officer-a", b"short")
