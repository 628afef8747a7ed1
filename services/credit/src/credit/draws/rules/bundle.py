"""The bundle of a draw: everything a stranger needs to draw again, and the check that nothing was changed.

A bundle *is* its RFC 8785 bytes and is signed whole by the log's key, so no byte can change unnoticed. The
commitments are proven to stand in the log under one checkpoint, cosigned by the witness before any secret was
revealed; the checkpoint's root and the secrets give the seed; the seed and the frozen inputs give the result.
What a bundle cannot prove: that officers, operator and witness did not all collude.
"""

from dataclasses import dataclass, field
from typing import Any

from common.ledger.checkpoint import Checkpoint, check_cosignature
from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignatureLine, SignerKey, VerifierKey, split_note
from common.ledger.receipt import Receipt
from common.ledger.strict import (
    canonical,
    decode_base64,
    decode_canonical,
    decode_hex,
    encode_base64,
    hash_document,
)
from common.ledger.verify import verify_receipt
from common.problems import Text

from .algorithm import ALGORITHM, Inputs, commitment_of, draw, seed_of

__all__ = ["FORMAT", "LOG_COMMITTED", "LOG_FROZEN", "Verdict", "log_id", "seal_bundle", "verify_draw"]

FORMAT = "tourtrust-draw/1"
INPUTS_FORMAT = "tourtrust-draw-inputs/1"
LOG_FROZEN = "draw_frozen"
LOG_COMMITTED = "draw_committed"
_FIELDS = {
    "format",
    "log_origin",
    "frozen",
    "frozen_receipt",
    "commitments",
    "cosignatures",
    "reveals",
    "outcome",
    "missing",
    "seed",
    "result",
    "closed_at",
    "signature",
}
_FROZEN_FIELDS = {
    "format",
    "draw_id",
    "number",
    "purpose",
    "region",
    "algorithm",
    "policy",
    "officers",
    "count",
    "inspectors_per_object",
    "objects",
    "inspectors",
    "recusals",
    "exclusions",
    "redraw_of",
    "created_at",
}
_PREFIX = b"tourtrust draw bundle v1\n"
_MAX_BYTES = 32 * 1024 * 1024


class _Unfit(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(zh, en)


@dataclass(frozen=True)
class Verdict:
    """Whether a bundle holds, why not if not, and what it says if so."""

    ok: bool
    reason: Text
    facts: dict[str, Any] = field(default_factory=dict)


def log_id(draw_id: str) -> str:
    """Under which id a draw's entries stand in the log: version 1 the inputs, then one per commitment."""
    return f"draw:{draw_id}"


def commitment_document(draw_id: str, officer: str, commitment: str) -> dict[str, str]:
    """What the log commits to when an officer does."""
    return {"draw_id": draw_id, "officer": officer, "commitment": commitment}


def inputs_of(frozen: dict[str, Any]) -> Inputs:
    """The algorithm's inputs inside a frozen document."""
    return Inputs(
        weights={item["id"]: item["weight"] for item in frozen["objects"]},
        inspectors=tuple(item["id"] for item in frozen["inspectors"]),
        recusals=frozenset((item["inspector"], item["object"]) for item in frozen["recusals"]),
        count=frozen["count"],
        inspectors_per_object=frozen["inspectors_per_object"],
    )


def seal_bundle(content: dict[str, Any], signer: SignerKey) -> bytes:
    """The bytes of a bundle: `content` with the log key's signature over all of it."""
    signature = signer.verifier.key_id + signer.sign(_PREFIX + canonical(content))
    return canonical(content | {"signature": encode_base64(signature)})


def verify_draw(bundle: bytes, vkey: str, witness_vkey: str | None = None) -> Verdict:
    """Check a bundle offline against the log's verifier key, obtained from elsewhere.

    With `witness_vkey` the witness's cosignature is checked against that key too; without it the cosignature
    is only as good as the log's signature over the bundle. Never raises; any one-byte change gives not ok.
    """
    try:
        facts = _verify(bundle, VerifierKey.parse(vkey), witness_vkey)
    except Refused as error:
        return Verdict(False, error.detail)
    except _Unfit as error:
        return Verdict(False, error.reason)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        name = type(error).__name__
        return Verdict(
            False, Text(f"内容缺失或形式不符（{name}）", f"something is missing or misshapen ({name})")
        )
    return Verdict(True, Text("抽取有效", "the draw holds"), facts)


def _verify(raw: bytes, key: VerifierKey, witness_vkey: str | None) -> dict[str, Any]:
    if len(raw) > _MAX_BYTES:
        raise Refused(Reason.WRONG_SHAPE, "size")
    bundle = decode_canonical(raw)
    if not isinstance(bundle, dict) or bundle.keys() != _FIELDS or bundle["format"] != FORMAT:
        raise Refused(Reason.WRONG_SHAPE, "fields")
    if bundle["log_origin"] != key.name or key.algorithm is not Algorithm.NOTE:
        raise Refused(Reason.WRONG_ORIGIN, "log_origin")
    _check_signature(bundle, key)
    frozen = bundle["frozen"]
    _check_frozen(frozen)
    if bundle["outcome"] == "void":
        _check_void(bundle, frozen)
        return {"number": frozen["number"], "outcome": "void", "missing": bundle["missing"]}
    if bundle["outcome"] != "drawn" or bundle["missing"]:
        raise _Unfit("结论不是有效抽取", "the outcome is neither drawn nor void")
    checkpoint, note = _check_log(bundle, frozen, key)
    _check_cosignatures(bundle["cosignatures"], note, witness_vkey)
    seed = seed_of(checkpoint.root, _check_reveals(bundle, frozen))
    if bundle["seed"] != seed.hex():
        raise _Unfit("种子与检查点及秘密不符", "the seed does not follow from checkpoint and secrets")
    result = [{"object": p.object, "inspectors": list(p.inspectors)} for p in draw(seed, inputs_of(frozen))]
    if bundle["result"] != result:
        raise _Unfit("抽取结果与种子不符", "the result does not follow from the seed")
    return {
        "number": frozen["number"],
        "outcome": "drawn",
        "objects": len(frozen["objects"]),
        "drawn": len(result),
        "officers": len(frozen["officers"]),
        "seed": seed.hex(),
        "tree_size": checkpoint.size,
        "witness_checked": witness_vkey is not None,
    }


def _check_signature(bundle: dict[str, Any], key: VerifierKey) -> None:
    signature = decode_base64(bundle["signature"], reason=Reason.BAD_SIGNATURE, where="signature")
    if signature[:4] != key.key_id:
        raise Refused(Reason.WRONG_KEY, "signature")
    content = {name: value for name, value in bundle.items() if name != "signature"}
    key.check(_PREFIX + canonical(content), signature[4:])


def _check_frozen(frozen: dict[str, Any]) -> None:
    if frozen.keys() != _FROZEN_FIELDS or frozen["format"] != INPUTS_FORMAT:
        raise Refused(Reason.WRONG_SHAPE, "frozen")
    if frozen["algorithm"] != ALGORITHM:
        raise _Unfit("不认识的抽取算法", "the algorithm is not known")
    for name, least in (("officers", 2), ("objects", 1), ("inspectors", 2)):
        listed = frozen[name] if name == "officers" else [item["id"] for item in frozen[name]]
        if len(listed) < least or len(set(listed)) != len(listed):
            raise _Unfit(f"{name} 数量不足或重复", f"{name}: too few, or one stands twice")
    if frozen["inspectors_per_object"] < 2:
        raise _Unfit("每个对象的检查人员少于两人", "fewer than two inspectors for an object")


def _check_log(bundle: dict[str, Any], frozen: dict[str, Any], key: VerifierKey) -> tuple[Checkpoint, str]:
    """All entries stand under one checkpoint; gives it and its note."""
    documents = [(bundle["frozen_receipt"], frozen, LOG_FROZEN)]
    officers = [item["officer"] for item in bundle["commitments"]]
    if sorted(officers) != sorted(frozen["officers"]):
        raise _Unfit("承诺人与抽取人员不符", "the commitments are not those of the officers")
    for item in bundle["commitments"]:
        decode_hex(item["commitment"], 32, reason=Reason.WRONG_SHAPE, where="commitment")
        document = commitment_document(frozen["draw_id"], item["officer"], item["commitment"])
        documents.append((item["receipt"], document, LOG_COMMITTED))
    versions, notes = set(), set()
    for receipt, document, event in documents:
        raw = canonical(receipt)
        verdict = verify_receipt(raw, str(key))
        wanted = (log_id(frozen["draw_id"]), event, hash_document(document).hex())
        if (verdict.id, verdict.event, verdict.document_hash) != wanted:
            raise _Unfit("日志条目与承诺不符", "a log entry is not that of its document")
        versions.add(verdict.version)
        notes.add(Receipt.decode(raw).checkpoint)
    if versions != set(range(1, len(documents) + 1)):
        raise _Unfit("日志条目不全", "a log entry is missing")
    if len(notes) != 1:
        raise _Unfit("条目不在同一检查点下", "the entries do not stand under one checkpoint")
    note = notes.pop()
    return Checkpoint.parse(split_note(note)[0]), note


def _check_cosignatures(lines: list[str], note: str, witness_vkey: str | None) -> None:
    if not lines:
        raise Refused(Reason.MISSING_COSIGNATURE)
    body, found = split_note(note + "".join(lines))
    if len(found) != 1 + len(lines):
        raise Refused(Reason.MALFORMED_NOTE, "cosignatures")
    if witness_vkey is None:
        return
    witness = VerifierKey.parse(witness_vkey)
    mine: list[SignatureLine] = [line for line in found[1:] if line.names(witness)]
    if not mine:
        raise Refused(Reason.MISSING_COSIGNATURE, witness.name)
    check_cosignature(body, mine[0], witness)


def _check_reveals(bundle: dict[str, Any], frozen: dict[str, Any]) -> dict[str, bytes]:
    commitments = {item["officer"]: item["commitment"] for item in bundle["commitments"]}
    secrets = {}
    for item in bundle["reveals"]:
        if item.keys() != {"officer", "secret"}:
            raise Refused(Reason.WRONG_SHAPE, "reveals")
        secret = decode_hex(item["secret"], 32, reason=Reason.WRONG_SHAPE, where="secret")
        if commitments.get(item["officer"]) != commitment_of(frozen["draw_id"], item["officer"], secret):
            raise _Unfit("秘密与承诺不符", "a secret is not the one committed to")
        secrets[item["officer"]] = secret
    if sorted(secrets) != sorted(frozen["officers"]) or len(bundle["reveals"]) != len(secrets):
        raise _Unfit("秘密不全", "not every officer revealed")
    return secrets


def _check_void(bundle: dict[str, Any], frozen: dict[str, Any]) -> None:
    absent = set(bundle["missing"])
    if not absent or not absent <= set(frozen["officers"]) or bundle["seed"] is not None or bundle["result"]:
        raise _Unfit("作废记录不完整", "the record of a void draw is not whole")
