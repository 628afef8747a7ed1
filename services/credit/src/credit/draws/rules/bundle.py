"""The bundle of a draw: everything a stranger needs to draw again, and the check that nothing was changed.

A bundle *is* its RFC 8785 bytes and is signed whole by the log's key, so no byte can change unnoticed. The
commitments are proven to stand in the log under one checkpoint, cosigned by the witness before any secret was
revealed; the checkpoint's root and the secrets give the seed; the seed and the frozen inputs give the result.
What a bundle cannot prove: that officers, operator and witness did not all collude.
"""

from collections.abc import Iterator
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

from .algorithm import commitment_of, draw, seed_of
from .inputs import Unfit, check_frozen, inputs_of

__all__ = ["FORMAT", "LOG_COMMITTED", "LOG_FROZEN", "Verdict", "log_id", "seal_bundle", "verify_draw"]

FORMAT = "tourtrust-draw/1"
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
_PREFIX = b"tourtrust draw bundle v1\n"
_MAX_BYTES = 32 * 1024 * 1024


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
    except Unfit as error:
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
    check_frozen(frozen)
    if bundle["outcome"] == "void":
        _check_void(bundle, frozen, key)
        return {"number": frozen["number"], "outcome": "void", "missing": bundle["missing"]}
    if bundle["outcome"] != "drawn" or bundle["missing"]:
        raise Unfit("结论不是有效抽取", "the outcome is neither drawn nor void")
    checkpoint, note = _check_log(bundle, frozen, key)
    _check_cosignatures(bundle["cosignatures"], note, witness_vkey)
    seed = seed_of(checkpoint.root, _check_reveals(bundle, frozen))
    if bundle["seed"] != seed.hex():
        raise Unfit("种子与检查点及秘密不符", "the seed does not follow from checkpoint and secrets")
    result = [{"object": p.object, "inspectors": list(p.inspectors)} for p in draw(seed, inputs_of(frozen))]
    if bundle["result"] != result:
        raise Unfit("抽取结果与种子不符", "the result does not follow from the seed")
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


def _documents(bundle: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """The receipts with the document and the event that each must be about."""
    frozen = bundle["frozen"]
    yield bundle["frozen_receipt"], frozen, LOG_FROZEN
    for item in bundle["commitments"]:
        if item.keys() != {"officer", "commitment", "receipt"}:
            raise Refused(Reason.WRONG_SHAPE, "commitments")
        decode_hex(item["commitment"], 32, reason=Reason.WRONG_SHAPE, where="commitment")
        document = commitment_document(frozen["draw_id"], item["officer"], item["commitment"])
        yield item["receipt"], document, LOG_COMMITTED


def _check_log(bundle: dict[str, Any], frozen: dict[str, Any], key: VerifierKey) -> tuple[Checkpoint, str]:
    """All entries stand under one checkpoint; gives it and its note."""
    if sorted(item["officer"] for item in bundle["commitments"]) != sorted(frozen["officers"]):
        raise Unfit("承诺人与抽取人员不符", "the commitments are not those of the officers")
    versions, notes = set(), set()
    for receipt, document, event in _documents(bundle):
        version, note = _check_receipt(receipt, document, event, frozen["draw_id"], key)
        versions.add(version)
        notes.add(note)
    if versions != set(range(1, len(frozen["officers"]) + 2)):
        raise Unfit("日志条目不全", "a log entry is missing")
    if len(notes) != 1:
        raise Unfit("条目不在同一检查点下", "the entries do not stand under one checkpoint")
    note = notes.pop()
    return Checkpoint.parse(split_note(note)[0]), note


def _check_receipt(
    receipt: Any, document: Any, event: str, draw_id: str, key: VerifierKey
) -> tuple[int, str]:
    raw = canonical(receipt)
    verdict = verify_receipt(raw, str(key))
    wanted = (log_id(draw_id), event, hash_document(document).hex())
    if (verdict.id, verdict.event, verdict.document_hash) != wanted:
        raise Unfit("日志条目与承诺不符", "a log entry is not that of its document")
    return verdict.version, Receipt.decode(raw).checkpoint


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
    """The secrets by officer, each the one committed to."""
    commitments = {item["officer"]: item["commitment"] for item in bundle["commitments"]}
    secrets = {}
    for item in bundle["reveals"]:
        if item.keys() != {"officer", "secret"}:
            raise Refused(Reason.WRONG_SHAPE, "reveals")
        secret = decode_hex(item["secret"], 32, reason=Reason.WRONG_SHAPE, where="secret")
        if commitments.get(item["officer"]) != commitment_of(frozen["draw_id"], item["officer"], secret):
            raise Unfit("秘密与承诺不符", "a secret is not the one committed to")
        secrets[item["officer"]] = secret
    if len(bundle["reveals"]) != len(secrets):
        raise Unfit("同一人揭示两次", "an officer reveals twice")
    if bundle["outcome"] == "drawn" and sorted(secrets) != sorted(frozen["officers"]):
        raise Unfit("秘密不全", "not every officer revealed")
    return secrets


def _check_void(bundle: dict[str, Any], frozen: dict[str, Any], key: VerifierKey) -> None:
    """A void draw names exactly those who did not commit, or, all having committed, not reveal."""
    for receipt, document, event in _documents(bundle):
        if receipt is not None:
            _check_receipt(receipt, document, event, frozen["draw_id"], key)
    officers = set(frozen["officers"])
    done = {item["officer"] for item in bundle["commitments"]}
    if not done <= officers or len(done) != len(bundle["commitments"]):
        raise Unfit("承诺人与抽取人员不符", "the commitments are not those of the officers")
    if done == officers:
        done = set(_check_reveals(bundle, frozen))
    elif bundle["reveals"]:
        raise Unfit("承诺未齐而有揭示", "a secret was revealed before all had committed")
    if bundle["missing"] != sorted(officers - done) or not bundle["missing"]:
        raise Unfit("作废记录未如实列出缺席人员", "a void draw does not name those who are missing")
    if bundle["seed"] is not None or bundle["result"] or bundle["cosignatures"]:
        raise Unfit("作废记录不应有结果", "a void draw has no seed and no result")
