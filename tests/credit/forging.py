"""Bundles of draws made without a service: keys, a log in memory, a witness, and whoever tampers."""

import base64
import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from common.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from common.ledger.entries import Entry, commit
from common.ledger.note import Algorithm, SignerKey
from common.ledger.receipt import Receipt
from common.ledger.strict import encode_base64, hash_document
from common.ledger.tree import hash_range, inclusion_ranges, leaf_hash, node_hash
from credit.draws.rules import commitment_of, draw, inputs_of, log_id, seal_bundle, seed_of, share
from credit.draws.rules.inputs import LISTS

ORIGIN = "log.example/credit"
LOG = SignerKey(ORIGIN, Algorithm.NOTE, sha256(b"log").digest())
WITNESS = SignerKey("witness.example/w1", Algorithm.COSIGNATURE, sha256(b"witness").digest())
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
TIERS = {"A": 200, "B": 500, "C": 3000, "D": 10_000}


def redigest(frozen: dict[str, Any]) -> dict[str, Any]:
    frozen["digests"] = {name: hash_document(frozen[name]).hex() for name in LISTS}
    return frozen


def frozen_by_chance(chance: random.Random) -> dict[str, Any]:
    """The inputs of a draw of form 2, by tier or by number, with or without expertise and departments."""
    tiers = {tier: chance.randint(1, 12) for tier in chance.sample(sorted(TIERS), chance.randint(1, 4))}
    by_tier = chance.random() < 0.6
    objects = [
        {
            "id": str(UUID(int=chance.getrandbits(128))),
            "key": None,
            "tier": tier,
            "stratum": tier if by_tier else "all",
            "weight": TIERS[tier],
        }
        for tier, number in tiers.items()
        for _ in range(number)
    ]
    if by_tier:
        strata = [
            {"id": t, "ratio_bp": TIERS[t], "objects": n, "weight": TIERS[t], "count": share(n, TIERS[t])}
            for t, n in sorted(tiers.items())
        ]
    else:
        count = chance.randint(1, len(objects))
        strata = [{"id": "all", "ratio_bp": None, "objects": len(objects), "weight": None, "count": count}]
    inspectors = [
        {
            "id": f"insp-{n}",
            "department": ("旅游", "市场监管", "消防")[n % 3],
            "expertise": [] if n % 2 else ["safety"],
        }
        for n in range(chance.randint(7, 12))
    ]
    recusals = [
        {"inspector": f"insp-{n}", "object": item["id"], "reason": "kinship"}
        for item in objects
        for n in range(2)
        if chance.random() < 0.1
    ]
    draw_id = str(UUID(int=chance.getrandbits(128)))
    return redigest(
        {
            "format": "tourtrust-draw-inputs/2",
            "draw_id": draw_id,
            "number": f"DRAW-2026-{chance.randint(1, 999_999):06d}",
            "purpose": "双随机抽查（虚构）",
            "region": "140000",
            "algorithm": "weighted-draw/2",
            "policy": {"id": "tiered-supervision", "version": "1", "hash": "00" * 32},
            "task": {"plan": None, "plan_version": None, "no": None, "items": []},
            "officers": sorted(f"officer-{n}" for n in chance.sample(range(9), chance.randint(2, 4))),
            "count": sum(one["count"] for one in strata),
            "strata": strata,
            "inspectors_per_object": chance.randint(2, 3),
            "min_departments": chance.randint(1, 3),
            "expertise": ["safety"] if chance.random() < 0.5 else [],
            "objects": sorted(objects, key=lambda item: item["id"]),
            "inspectors": inspectors,
            "recusals": recusals,
            "exclusions": [{"object": str(UUID(int=7)), "reason": "recently_inspected"}],
            "redraw_of": None,
            "created_at": "2026-11-23T02:00:00.000000Z",
        }
    )


def first_form(frozen: dict[str, Any]) -> dict[str, Any]:
    """The same inputs as `weighted-draw/1` wrote them."""
    old = {
        k: v
        for k, v in frozen.items()
        if k not in {"strata", "min_departments", "expertise", "task", "digests"}
    }
    old["format"], old["algorithm"] = "tourtrust-draw-inputs/1", "weighted-draw/1"
    old["objects"] = [{k: v for k, v in item.items() if k != "stratum"} for item in frozen["objects"]]
    old["inspectors"] = [{k: v for k, v in one.items() if k != "expertise"} for one in frozen["inspectors"]]
    return old


class Forge:
    """A draw with all its secrets, and the bundle of it."""

    def __init__(self, seed: int, *, form: int = 2, void: bool = False) -> None:
        chance = self.chance = random.Random(seed)
        self.frozen = frozen_by_chance(chance)
        if form == 1:
            self.frozen = first_form(self.frozen)
        self.secrets = {officer: chance.randbytes(32) for officer in self.frozen["officers"]}
        self.void = void
        self.content = self._content()

    def bytes(self) -> bytes:
        return seal_bundle(self.content, LOG)

    def _content(self) -> dict[str, Any]:
        chance, frozen = self.chance, self.frozen
        draw_id = frozen["draw_id"]
        made = {who: commitment_of(draw_id, who, secret) for who, secret in self.secrets.items()}
        documents: list[tuple[str, Any]] = [("draw_frozen", frozen)]
        documents += [
            ("draw_committed", {"draw_id": draw_id, "officer": who, "commitment": value})
            for who, value in made.items()
        ]
        salts = [chance.randbytes(32) for _ in documents]
        entries = [
            Entry(log_id(draw_id), version, event, commit(salt, hash_document(document))).encode()
            for version, ((event, document), salt) in enumerate(zip(documents, salts, strict=True), 1)
        ]
        noise = [chance.randbytes(40) for _ in range(chance.randint(0, 20))]
        places = list(range(len(noise), len(noise) + len(entries)))
        leaves = [leaf_hash(entry) for entry in [*noise, *entries]]
        note, lines, self.root = _checkpoint(leaves)
        receipts = [
            Receipt(
                ORIGIN, log_id(draw_id), version, event, hash_document(document), salt, place, len(leaves),
                tuple(hash_range(a, b, _subtree(leaves)) for a, b in inclusion_ranges(place, len(leaves))),
                note,
            ).document()
            for version, ((event, document), salt, place) in enumerate(
                zip(documents, salts, places, strict=True), 1
            )
        ]  # fmt: skip
        reveals = dict(list(self.secrets.items())[1:] if self.void else self.secrets)
        content: dict[str, Any] = {
            "format": "tourtrust-draw/1",
            "log_origin": ORIGIN,
            "frozen": frozen,
            "frozen_receipt": receipts[0],
            "commitments": [
                {"officer": who, "commitment": value, "receipt": receipt}
                for (who, value), receipt in zip(made.items(), receipts[1:], strict=True)
            ],
            "cosignatures": [] if self.void else lines,
            "reveals": [{"officer": who, "secret": secret.hex()} for who, secret in sorted(reveals.items())],
            "outcome": "void" if self.void else "drawn",
            "missing": sorted(set(self.secrets) - set(reveals)),
            "seed": None,
            "result": [],
            "closed_at": "2026-11-23T03:00:00.000000Z",
        }
        if not self.void:
            seed = seed_of(self.root, self.secrets)
            picks = draw(seed, inputs_of(frozen))
            content["seed"] = seed.hex()
            content["result"] = [{"object": p.object, "inspectors": list(p.inspectors)} for p in picks]
        return content


def _subtree(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    def hashed(height: int, index: int) -> bytes:
        if height == 0:
            return leaves[index]
        return node_hash(hashed(height - 1, 2 * index), hashed(height - 1, 2 * index + 1))

    return hashed


def _checkpoint(leaves: list[bytes]) -> tuple[str, list[str], bytes]:
    root = hash_range(0, len(leaves), _subtree(leaves))
    checkpoint = Checkpoint(ORIGIN, len(leaves), root)
    return sign_checkpoint(checkpoint, LOG), [str(cosign(checkpoint.body(), WITNESS, AT))], root


def tamperings(forge: Forge) -> Iterator[tuple[str, bytes]]:
    """Named changes of a drawn bundle by tier, each by somebody who can sign again with the log's key."""

    def changed(
        name: str, change: Callable[[dict[str, Any]], Any], signer: SignerKey = LOG
    ) -> tuple[str, bytes]:
        content = copy.deepcopy(forge.content)
        change(content)
        return name, seal_bundle(content, signer)

    other = forge.content["result"]
    drawn = {one["object"] for one in other}
    undrawn = next(item["id"] for item in forge.frozen["objects"] if item["id"] not in drawn)
    frozen_lists = ("recusals", "exclusions", "inspectors")
    yield changed("objects", lambda c: c["frozen"]["objects"].pop())
    yield changed("object swapped", lambda c: c["frozen"]["objects"][0].update(id=str(UUID(int=1))))
    yield changed("weights", lambda c: c["frozen"]["objects"][0].update(weight=77))
    for name in frozen_lists:
        yield changed(name, lambda c, name=name: c["frozen"].update({name: c["frozen"][name][:-1]}))
    yield changed("lists and digests", lambda c: (c["frozen"]["exclusions"].clear(), redigest(c["frozen"])))
    yield changed("ratio", lambda c: c["frozen"]["strata"][0].update(ratio_bp=9000))
    yield changed("count", lambda c: c["frozen"].update(count=c["frozen"]["count"] + 1))
    yield changed("algorithm", lambda c: c["frozen"].update(algorithm="weighted-draw/9"))
    yield changed("inspectors per object", lambda c: c["frozen"].update(inspectors_per_object=1))
    yield changed(
        "officer", lambda c: c["frozen"].update(officers=["officer-x", *c["frozen"]["officers"][1:]])
    )
    yield changed("officer twice", lambda c: c["frozen"].update(officers=c["frozen"]["officers"][:1] * 2))
    yield changed("commitment", lambda c: c["commitments"][0].update(commitment="00" * 32))
    yield changed("secret", lambda c: c["reveals"][0].update(secret="11" * 32))
    yield changed("reveal left out", lambda c: c["reveals"].pop())
    yield changed("cosignature", lambda c: c.update(cosignatures=[_blurred(c["cosignatures"][0])]))
    yield changed("no cosignature", lambda c: c.update(cosignatures=[]))
    yield changed("inclusion proof", lambda c: c["frozen_receipt"].update(salt="22" * 32))
    yield changed("checkpoint root", lambda c: _reroot(c["frozen_receipt"]))
    yield changed(
        "receipt of another event", lambda c: c["frozen_receipt"].update(format="tourtrust-receipt/1:x")
    )
    yield changed("receipt version", lambda c: c["commitments"].__setitem__(
        0, c["commitments"][0] | {"receipt": c["commitments"][0]["receipt"] | {"version": 9}}))  # fmt: skip
    yield changed("seed", lambda c: c.update(seed="33" * 32))
    yield changed("result inspector", lambda c: c["result"][0]["inspectors"].reverse())
    yield changed("result object", lambda c: c["result"][0].update(object=undrawn))
    yield changed("order", lambda c: c["result"].reverse())
    yield changed(
        "void made of drawn", lambda c: c.update(outcome="void", seed=None, result=[], cosignatures=[])
    )
    stranger = SignerKey(ORIGIN, Algorithm.NOTE, sha256(b"stranger").digest())
    yield changed("signed by a stranger", lambda c: None, stranger)
    raw = forge.bytes()
    yield "signature", raw[:-12] + (b"A" if raw[-12:-11] != b"A" else b"B") + raw[-11:]
    yield "duplicate key", b'{"closed_at":"2026-11-23T03:00:00.000000Z",' + raw[1:]
    yield "not canonical", json.dumps(json.loads(raw), ensure_ascii=False).encode()
    yield "newline at the end", raw + b"\n"
    yield "cut off", raw[:-1]
    yield "empty", b""


def _blurred(line: str) -> str:
    head, _, tail = line.rpartition(" ")
    data = bytearray(base64.b64decode(tail))
    data[-1] ^= 1
    return f"{head} {encode_base64(bytes(data))}\n"


def _reroot(receipt: dict[str, Any]) -> None:
    lines = receipt["checkpoint"].split("\n")
    lines[2] = encode_base64(sha256(b"another root").digest())
    receipt["checkpoint"] = "\n".join(lines)
