"""The draw protocol over HTTP, and its bundle offline."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from common.ledger.entries import Promise
from common.ledger.note import Algorithm, SignerKey
from credit.draws.rules import SealedDraw, check_seal, commitment_of, seal_bundle, verify_draw
from credit.draws.rules.seal import check_view

from .conftest import START, Service
from .drawing import OFFICERS, body, committed, drawn, sealed, voided
from .test_verify_draw import script


@pytest.fixture(scope="module")
async def agencies(service: Service) -> list[dict[str, Any]]:
    made = []
    for number in range(12):
        made.append(await service.subject(region="140603", name=f"朔州抽查样例{number}（虚构）"))
        if number % 4 == 0:
            await service.by_room(made[-1], "SERIOUS_LISTED", "2026-01-10", payload={"condition": "SEV-T-3"})
    return made


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
