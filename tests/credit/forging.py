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
from common.ledger.strict import encode_base64, hash_document
from common.ledger.tree import hash_range, inclusion_ranges, leaf_hash, node_hash
from credit.draws.rules import (
    LOG_COMMITTED,
    LOG_FROZEN,
    LOG_REVEALED,
    LOG_VOID,
    commitment_document,
    commitment_of,
    draw,
    inputs_of,
    log_id,
    reveal_document,
    seal_bundle,
    seed_of,
    share,
    void_document,
)
from credit.draws.rules.inputs import LISTS, by_hand

ORIGIN = "log.example/credit"
LOG = SignerKey(ORIGIN, Algorithm.NOTE, sha256(b"log").digest())
WITNESS = SignerKey("witness.example/w1", Algorithm.COSIGNATURE, sha256(b"witness").digest())
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
BEFORE, LATE = datetime(2026, 11, 23, 1, 59, 59, tzinfo=UTC), datetime(2026, 11, 24, 3, 0, 1, tzinfo=UTC)
TIERS = {"A": 200, "B": 500, "C": 3000, "D": 10_000}


def redigest(frozen: dict[str, Any]) -> dict[str, Any]:
    told = {name: found for name, (found, _) in by_hand(frozen).items()}
    before = frozen.get("by_hand", {"recused_bp": 3000, "excluded_bp": 1000, "inspectors": 0})
    frozen["by_hand"] = before | told
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
        {
            "inspector": f"insp-{n}",
            "object": item["id"],
            "reason": "kinship",
            "by": "chief-1",
            "source": "library",
        }
        for item in objects
        for n in range(2)
        if chance.random() < 0.1
    ]
    draw_id = str(UUID(int=chance.getrandbits(128)))
    return redigest(
        {
            "format": "tourtrust-draw-inputs/3",
            "draw_id": draw_id,
            "number": f"DRAW-2026-{chance.randint(1, 999_999):06d}",
            "purpose": "双随机抽查（虚构）",
            "region": "140000",
            "kinds": ["travel_agency"],
            "tiers": [],
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
            "exclusions": [
                {"object": str(UUID(int=7)), "reason": "recently_inspected", "by": None},
                {"object": str(UUID(int=8)), "reason": "not_operating", "by": "officer-1"},
            ],
            "frozen_by": "officer-1",
            "redraw_of": None,
            "created_at": "2026-11-23T02:00:00.000000Z",
            "commit_by": "2026-11-24T02:00:00.000000Z",
            "seal_by": "2026-11-24T03:00:00.000000Z",
            "reveal_by": "2026-11-25T03:00:00.000000Z",
        }
    )


class Forge:
    """A draw with all its secrets, and the bundle of it, by somebody who holds the keys of log and witness.

    `void` is why it is void. `change` is done to the inputs before they are frozen; `behind` entries of
    others stand behind the draw's last in the tree of its checkpoint; the witness cosigns `at` that instant.
    """

    def __init__(
        self,
        seed: int,
        *,
        void: str | None = None,
        change: Callable[[dict[str, Any]], Any] | None = None,
        behind: int = 0,
        at: datetime = AT,
    ) -> None:
        chance = self.chance = random.Random(seed)
        self.frozen = frozen_by_chance(chance)
        if change is not None:
            change(self.frozen)
            redigest(self.frozen)
        self.secrets = {officer: chance.randbytes(32) for officer in self.frozen["officers"]}
        self.void, self.behind, self.at = void, behind, at
        self.content = self._content()

    def bytes(self) -> bytes:
        return seal_bundle(self.content, LOG)

    def _content(self) -> dict[str, Any]:
        officers, draw_id = list(self.secrets), self.frozen["draw_id"]
        made = officers[1:] if self.void == "not_committed" else officers
        told = {None: officers, "not_revealed": officers[1:]}.get(self.void, [])
        missing = [] if self.void in (None, "not_sealed") else officers[:1]
        closed = "2026-11-26T03:00:00.000000Z" if self.void else "2026-11-23T03:00:00.000000Z"
        commitments = [
            {"officer": who, "commitment": commitment_of(draw_id, who, self.secrets[who])} for who in made
        ]
        reveals = [{"officer": who, "secret": self.secrets[who].hex()} for who in told]
        documents = [(LOG_FROZEN, self.frozen)]
        documents += [(LOG_COMMITTED, commitment_document(draw_id, **one)) for one in commitments]
        if self.void:
            documents += [(LOG_REVEALED, reveal_document(draw_id, **one)) for one in reveals]
            documents += [(LOG_VOID, void_document(draw_id, self.void, missing, closed))]
        self.documents = documents
        content: dict[str, Any] = {
            "format": "tourtrust-draw/3",
            "frozen": self.frozen,
            "commitments": commitments,
            "reveals": reveals,
            "outcome": "void" if self.void else "drawn",
            "cause": self.void,
            "missing": missing,
            "seal": None,
            **self.logged(documents),
            "seed": None,
            "result": [],
            "closed_at": closed,
        }
        if self.void == "not_revealed":
            content["seal"] = self.sealed
        if not self.void:
            self.draw_again(content)
        return content

    def draw_again(self, content: dict[str, Any]) -> None:
        """Put the seed and the result that follow from the checkpoint into the bundle."""
        seed = seed_of(base64.b64decode(content["checkpoint"].split("\n")[2]), self.secrets)
        content["seed"] = seed.hex()
        try:
            picks = draw(seed, inputs_of(self.frozen))
        except ValueError:
            picks = []
        content["result"] = [{"object": p.object, "inspectors": list(p.inspectors)} for p in picks]

    def logged(self, documents: list[tuple[str, Any]], versions: list[int] | None = None) -> dict[str, Any]:
        """These documents as a log takes them in, behind some other entries: checkpoint, line and proofs."""
        chance, draw_id = self.chance, self.frozen["draw_id"]
        salts = [chance.randbytes(32) for _ in documents]
        numbered = zip(documents, salts, versions or range(1, len(documents) + 1), strict=True)
        entries = [
            Entry(log_id(draw_id), version, event, commit(salt, hash_document(document))).encode()
            for (event, document), salt, version in numbered
        ]
        noise = [chance.randbytes(40) for _ in range(chance.randint(0, 20))]
        others = [chance.randbytes(40) for _ in range(self.behind)]
        leaves = [leaf_hash(entry) for entry in [*noise, *entries, *others]]
        commitments = sum(event != LOG_REVEALED and event != LOG_VOID for event, _ in documents)
        self.sealed = self._seal(leaves[: len(noise) + commitments], len(noise), salts[:commitments])
        return self._seal(leaves, len(noise), salts)

    def _seal(self, leaves: list[bytes], first: int, salts: list[bytes]) -> dict[str, Any]:
        note, line = _checkpoint(leaves, self.at)
        proofs = [
            {
                "salt": salt.hex(),
                "leaf_index": place,
                "inclusion_proof": [
                    hash_range(a, b, _subtree(leaves)).hex() for a, b in inclusion_ranges(place, len(leaves))
                ],
            }
            for place, salt in enumerate(salts, first)
        ]
        return {"checkpoint": note, "cosignature": line, "proofs": proofs}


def _subtree(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    def hashed(height: int, index: int) -> bytes:
        if height == 0:
            return leaves[index]
        return node_hash(hashed(height - 1, 2 * index), hashed(height - 1, 2 * index + 1))

    return hashed


def _checkpoint(leaves: list[bytes], at: datetime) -> tuple[str, str]:
    checkpoint = Checkpoint(ORIGIN, len(leaves), hash_range(0, len(leaves), _subtree(leaves)))
    return sign_checkpoint(checkpoint, LOG), str(cosign(checkpoint.body(), WITNESS, at))


Change = Callable[[dict[str, Any]], Any]


def _orphan(frozen: dict[str, Any]) -> None:
    frozen["objects"][0]["stratum"] = "Z"
    for one in frozen["strata"]:
        one["objects"] = sum(item["stratum"] == one["id"] for item in frozen["objects"])
        one["count"] = share(one["objects"], one["ratio_bp"])
    frozen["count"] = sum(one["count"] for one in frozen["strata"])


def _twice(frozen: dict[str, Any]) -> None:
    frozen["strata"].append(copy.deepcopy(frozen["strata"][0]))
    frozen["count"] = sum(one["count"] for one in frozen["strata"])


def _weightless(frozen: dict[str, Any]) -> None:
    frozen["strata"][-1] |= {"weight": None, "ratio_bp": None}
    frozen["objects"][0]["weight"] = 0


def _recused(frozen: dict[str, Any], number: int) -> None:
    frozen["recusals"] = [
        {
            "inspector": one["id"],
            "object": frozen["objects"][0]["id"],
            "reason": "kinship",
            "by": "chief-1",
            "source": "request",
        }
        for one in frozen["inspectors"][:number]
    ]


def _alone(frozen: dict[str, Any]) -> None:
    _recused(frozen, len(frozen["inspectors"]) - 1)
    frozen["by_hand"]["recused_bp"] = 10_000


def _included(frozen: dict[str, Any]) -> None:
    frozen["exclusions"] = [
        {"object": frozen["objects"][0]["id"], "reason": "recently_inspected", "by": None}
    ]


def _spared(frozen: dict[str, Any]) -> None:
    frozen["exclusions"] = [
        {"object": str(UUID(int=n)), "reason": "not_operating", "by": "officer-1"}
        for n in range(len(frozen["objects"]))
    ]


FROZEN_WRONG: dict[str, tuple[Change, str]] = {
    "an object in no stratum": (_orphan, "an object lies in no stratum"),
    "a stratum twice": (_twice, "strata: too few, or one stands twice"),
    "a weight of zero": (_weightless, "objects: missing or misshapen"),
    "recusals leave one inspector": (_alone, "an object has too few inspectors that may inspect it"),
    "more recused than is allowed": (
        lambda f: _recused(f, 4),
        "recused by hand: the number is wrong, or more than is allowed",
    ),
    "more excluded than is allowed": (
        _spared,
        "excluded by hand: the number is wrong, or more than is allowed",
    ),
    "an expertise that nobody has": (
        lambda f: f.update(expertise=["diving"]),
        "an object has too few inspectors that may inspect it",
    ),
    "more departments than there are": (
        lambda f: f.update(min_departments=4),
        "an object has too few inspectors that may inspect it",
    ),
    "no department": (lambda f: f.update(min_departments=0), "min_departments: missing or misshapen"),
    "one inspector for an object": (
        lambda f: f.update(inspectors_per_object=1),
        "inspectors_per_object: missing or misshapen",
    ),
    "an excluded object": (_included, "an excluded object is among the objects"),
    "an unknown field in the inputs": (lambda f: f.update(note="x"), "note: missing or misshapen"),
    "a field of the inputs left out": (lambda f: f.pop("redraw_of"), "redraw_of: missing or misshapen"),
    "a purpose that is a number": (lambda f: f.update(purpose=5), "purpose: missing or misshapen"),
    "an officer twice": (
        lambda f: f.update(officers=[*f["officers"], f["officers"][0]]),
        "officers: too few, or one stands twice",
    ),
    "times out of order": (
        lambda f: f.update(seal_by="2026-11-23T01:00:00.000000Z"),
        "the times do not follow one another",
    ),
}
"""What can be wrong with inputs before they are frozen and logged, with the reason."""


def tamperings(forge: Forge) -> Iterator[tuple[str, bytes, str]]:
    """Named changes of a drawn bundle by tier, signed again with the log's key, with the reason."""

    def changed(name: str, why: str, change: Change, signer: SignerKey = LOG) -> tuple[str, bytes, str]:
        content = copy.deepcopy(forge.content)
        change(content)
        return name, seal_bundle(content, signer), why

    def frozen(name: str, why: str, change: Change) -> tuple[str, bytes, str]:
        return changed(name, why, lambda c: change(c["frozen"]))

    def late(content: dict[str, Any]) -> None:
        forged = copy.copy(forge)
        forged.behind = 2
        made = [(LOG_COMMITTED, commitment_document(forge.frozen["draw_id"], **one)) for one in commitments]
        content |= forged.logged([(LOG_FROZEN, forge.frozen), *made])
        forge.draw_again(content)

    def hidden(content: dict[str, Any]) -> None:
        gone = content["reveals"].pop(0)["officer"]
        content |= {"outcome": "void", "cause": "not_revealed", "missing": [gone], "seed": None, "result": []}
        content["closed_at"] = "2026-11-26T03:00:00.000000Z"

    def uncommitted(content: dict[str, Any]) -> None:
        hidden(content)
        content["commitments"].pop(0)
        content |= {"cause": "not_committed", "reveals": []}
        content["proofs"].pop(1)

    def swapped(content: dict[str, Any]) -> None:
        for name in ("commitments", "proofs"):
            at = 0 if name == "commitments" else 1
            content[name][at], content[name][at + 1] = content[name][at + 1], content[name][at]

    commitments = forge.content["commitments"]
    result = forge.content["result"]
    drawn = {one["object"] for one in result}
    undrawn = next(item["id"] for item in forge.frozen["objects"] if item["id"] not in drawn)
    shape = "{}: missing or misshapen".format
    log = "draw_frozen: the document is not what the log took in"
    entry = "draw_committed: the document is not what the log took in"
    yield frozen("objects", "the objects are not those of the strata", lambda f: f["objects"].pop())
    for name in ("objects", "recusals", "exclusions", "inspectors"):
        yield frozen(
            f"{name} changed",
            f"the {name} are not those that were frozen",
            lambda f, name=name: (
                f[name][0].update(id=str(UUID(int=1))) if name == "objects" else f[name].pop()
            ),
        )
    yield frozen(
        "weights", "a weight is not that of its stratum", lambda f: f["objects"][0].update(weight=77)
    )
    yield frozen("lists and digests", log, lambda f: (f["exclusions"].clear(), redigest(f)))
    yield frozen("ratio", "a stratum does not draw what its ratio asks for",
                 lambda f: f["strata"][0].update(ratio_bp=9000))  # fmt: skip
    yield frozen("count", "the count is not that of the strata", lambda f: f.update(count=f["count"] + 1))
    yield frozen("algorithm", shape("algorithm"), lambda f: f.update(algorithm="weighted-draw/9"))
    yield frozen("purpose", log, lambda f: f.update(purpose="另一次抽查"))
    yield frozen("officer", "the commitments are not those of the officers",
                 lambda f: f.update(officers=["officer-x", *f["officers"][1:]]))  # fmt: skip
    yield changed("unknown field", shape("note"), lambda c: c.update(note="x"))
    yield changed("unknown field in a proof", shape("proofs"), lambda c: c["proofs"][0].update(x="y"))
    yield changed("unknown field in a secret", shape("reveals"), lambda c: c["reveals"][0].update(x="y"))
    yield changed("unknown field in the result", shape("result"), lambda c: c["result"][0].update(x="y"))
    yield changed("field left out", shape("closed_at"), lambda c: c.pop("closed_at"))
    yield changed("format", shape("format"), lambda c: c.update(format="tourtrust-draw/2"))
    yield changed("true for a number", shape("proofs"), lambda c: c["proofs"][0].update(leaf_index=True))
    yield changed("upper-case hex", shape("reveals"),
                  lambda c: c["reveals"][0].update(secret=c["reveals"][0]["secret"].upper()))  # fmt: skip
    yield changed("commitment", entry, lambda c: c["commitments"][0].update(commitment="00" * 32))
    yield changed("commitment twice", "the commitments are not those of the officers",
                  lambda c: c["commitments"].append(c["commitments"][0]))  # fmt: skip
    yield changed(
        "commitments in another order", "draw_committed: the document is not what the log took in", swapped
    )
    yield changed("secret", "a secret is not the one committed to",
                  lambda c: c["reveals"][0].update(secret="11" * 32))  # fmt: skip
    yield changed("secret twice", "the secrets are not those of the officers",
                  lambda c: c["reveals"].insert(0, c["reveals"][0] | {"secret": "00" * 32}))  # fmt: skip
    yield changed("secret left out", "the outcome is not what happened", lambda c: c["reveals"].pop())
    yield changed("a commitment hidden to make it void", "an entry is not proven", uncommitted)
    yield changed("a secret hidden to make it void", "an entry is not proven", hidden)
    yield changed("outcome only", "the outcome is not what happened", lambda c: c.update(outcome="void"))
    yield changed("somebody missing", "the missing are not those who are missing",
                  lambda c: c.update(missing=[c["frozen"]["officers"][0]]))  # fmt: skip
    yield changed("closed before it began", "the draw was not closed in its time",
                  lambda c: c.update(closed_at="2001-01-01T00:00:00.000000Z"))  # fmt: skip
    yield changed("cosignature", "the witness has not cosigned",
                  lambda c: c.update(cosignature=_blurred(c["cosignature"])))  # fmt: skip
    yield changed("garbage for a cosignature", shape("cosignature"),
                  lambda c: c.update(cosignature="— witness.example/w1 AAAA\n"))  # fmt: skip
    yield changed("another witness's line", "the witness has not cosigned",
                  lambda c: c.update(cosignature=c["cosignature"].replace("w1", "w2")))  # fmt: skip
    yield changed("no cosignature", shape("cosignature"), lambda c: c.update(cosignature=None))
    yield changed("salt", log, lambda c: c["proofs"][0].update(salt="22" * 32))
    yield changed("leaf elsewhere", log, lambda c: c["proofs"][0].update(
        leaf_index=c["proofs"][0]["leaf_index"] + 1024))  # fmt: skip
    yield changed("longer proof", log, lambda c: c["proofs"][0]["inclusion_proof"].append("00" * 32))
    yield changed("proof left out", "an entry is not proven", lambda c: c["proofs"].pop())
    yield changed("checkpoint root", "the checkpoint is not signed by the log", _reroot)
    for name, at in (("before the draw was", BEFORE), ("too late to seal", LATE)):
        yield changed(
            f"cosigned {name}",
            "the witness did not cosign in time",
            lambda c, at=at: c.update(cosignature=_cosigned(c["checkpoint"], at)),
        )
    yield changed("a seal where none belongs", "a seal is missing, or there is one too many",
                  lambda c: c.update(seal=forge.sealed))  # fmt: skip
    yield frozen("fewer recused", "recused by hand: the number is wrong, or more than is allowed",
                 lambda f: f["by_hand"].update(recused=0))  # fmt: skip
    yield frozen("an exclusion that nobody made", log,
                 lambda f: (f["exclusions"][1].update(by=None), redigest(f)))  # fmt: skip
    yield frozen("frozen by another", log, lambda f: f.update(frozen_by="officer-2"))
    yield changed("a later checkpoint", "it is not the first checkpoint that holds all entries", late)
    yield changed(
        "seed", "the seed does not follow from checkpoint and secrets", lambda c: c.update(seed="33" * 32)
    )
    yield changed("result inspector", "the inspectors do not follow from the seed",
                  lambda c: c["result"][0]["inspectors"].reverse())  # fmt: skip
    yield changed("result object", "the objects drawn do not follow from the seed",
                  lambda c: c["result"][0].update(object=undrawn))  # fmt: skip
    yield changed(
        "order", "the order of the objects does not follow from the seed", lambda c: c["result"].reverse()
    )
    stranger = SignerKey(ORIGIN, Algorithm.NOTE, sha256(b"stranger").digest())
    yield changed("signed by a stranger", "the bundle is not signed by the log", lambda c: None, stranger)
    raw = forge.bytes()
    at = raw.index(b'"signature":"') + 40
    other = b"A" if raw[at : at + 1] != b"A" else b"B"
    yield "signature", raw[:at] + other + raw[at + 1 :], "the bundle is not signed by the log"
    own = "the bytes are not their own canonical form"
    yield "duplicate key", b'{"cause":null,' + raw[1:], own
    yield "not canonical", json.dumps(json.loads(raw), ensure_ascii=False).encode(), own
    yield "newline at the end", raw + b"\n", own


def void_tamperings(forge: Forge) -> Iterator[tuple[str, bytes, str]]:
    """Named changes of a draw that is void because an officer did not reveal."""

    def changed(name: str, why: str, **fields: Any) -> tuple[str, bytes, str]:
        return name, seal_bundle(forge.content | fields, LOG), why

    officers, content = sorted(forge.frozen["officers"]), forge.content
    log = "draw_void: the document is not what the log took in"
    yield changed("another is blamed", "the missing are not those who are missing", missing=officers[-1:])
    yield changed("nobody is blamed", "the missing are not those who are missing", missing=[])
    yield changed("another cause", "the outcome is not what happened", cause="not_sealed", missing=[])
    yield changed("another time", log, closed_at="2026-11-27T03:00:00.000000Z")
    yield changed(
        "before its time", "the draw was not closed in its time", closed_at="2026-11-24T03:00:00.000000Z"
    )
    seal = content["seal"]
    yield changed("the seal left out", "a seal is missing, or there is one too many", seal=None)
    late = {"cosignature": _cosigned(seal["checkpoint"], LATE)}
    yield changed("sealed too late", "the witness did not cosign in time", seal=seal | late)
    other = {"checkpoint": content["checkpoint"], "cosignature": content["cosignature"]}
    yield changed("the tree at the end for a seal", "draw_frozen: the document is not what the log took in",
                  seal=seal | other)  # fmt: skip
    yield changed("a seal of fewer commitments", "an entry is not proven",
                  seal=seal | {"proofs": seal["proofs"][:-1]})  # fmt: skip
    yield changed("a secret dropped", "an entry is not proven", reveals=content["reveals"][1:],
                  missing=sorted([*content["missing"], content["reveals"][0]["officer"]]))  # fmt: skip
    nothing = {"reveals": [], "missing": officers, "commitments": [], "cause": "not_committed"}
    yield changed("all forgotten", "an entry is not proven", **nothing)
    yield changed("the void entry left out", "an entry is not proven", proofs=content["proofs"][:-1])
    yield changed("a result", "a void draw has a result", seed="00" * 32)
    draw_id = forge.frozen["draw_id"]
    made = [(LOG_COMMITTED, commitment_document(draw_id, **one)) for one in content["commitments"]]
    void = (LOG_VOID, void_document(draw_id, "not_revealed", officers, content["closed_at"]))
    documents = [(LOG_FROZEN, forge.frozen), *made, void]
    skipping = [*range(1, len(documents)), len(documents) + len(content["reveals"])]
    yield changed("logged secrets passed over", log, **forge.logged(documents, skipping),
                  reveals=[], missing=officers)  # fmt: skip


def _cosigned(note: str, at: datetime) -> str:
    return str(cosign(note.partition("\n\n")[0] + "\n", WITNESS, at))


def _blurred(line: str) -> str:
    head, _, tail = line.rpartition(" ")
    data = bytearray(base64.b64decode(tail))
    data[-1] ^= 1
    return f"{head} {encode_base64(bytes(data))}\n"


def _reroot(content: dict[str, Any]) -> None:
    lines = content["checkpoint"].split("\n")
    lines[2] = encode_base64(sha256(b"another root").digest())
    content["checkpoint"] = "\n".join(lines)
