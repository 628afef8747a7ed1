"""The bundle of a draw: everything a stranger needs to draw again, and the check that nothing was changed.

A bundle *is* its RFC 8785 bytes, has the fields of `shapes` and no other, and is signed whole by the log's
key. Its documents (inputs, commitments; of a void draw also the secrets and why it is void) are proven to be
the entries 1, 2, 3 ... of the draw in the log, under the checkpoint whose last leaf is the last of them,
cosigned by the witness between the freezing and `seal_by`. So nobody chooses that checkpoint, and nobody who
knew a secret. Its root and the secrets give the seed; the seed and the frozen inputs give the result. What a
bundle cannot prove: that officers, operator and witness did not all collude, that no entry was put into the
log twice, and that a draw called not sealed was not; an officer's kept seal shows the last two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from common.ledger.checkpoint import Checkpoint
from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignerKey, VerifierKey
from common.ledger.strict import canonical, decode_base64, decode_canonical, decode_json, encode_base64
from common.problems import Text

from .algorithm import commitment_of, draw, seed_of
from .inputs import Unfit, check_frozen, inputs_of, need
from .logged import LOG_COMMITTED, LOG_FROZEN, check_entries, hashed, open_tree
from .shapes import BUNDLE, FORMAT, SEAL, fits
from .states import VoidCause

__all__ = [
    "FORMAT",
    "LOG_REVEALED",
    "LOG_VOID",
    "Verdict",
    "commitment_document",
    "reveal_document",
    "seal_bundle",
    "verify_draw",
    "void_document",
]

LOG_REVEALED = "draw_secret_revealed"
LOG_VOID = "draw_void"
_PREFIX = b"tourtrust draw bundle v3\n"
_MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Verdict:
    """Whether a bundle holds, why not if not, and what it says if so."""

    ok: bool
    reason: Text
    facts: dict[str, Any] = field(default_factory=dict)


WRONG = (Refused, Unfit, ValueError, OverflowError, RecursionError)


def refusal(error: Exception) -> Verdict:
    """The verdict over what raised one of `WRONG` when it was checked."""
    if isinstance(error, Refused):
        return Verdict(False, error.detail)
    if isinstance(error, Unfit):
        return Verdict(False, error.reason)
    name = type(error).__name__
    return Verdict(False, Text(f"形式不符（{name}）", f"something is misshapen ({name})"))


def commitment_document(draw_id: str, officer: str, commitment: str) -> dict[str, Any]:
    """What the log commits to when an officer does."""
    return {"draw_id": draw_id, "officer": officer, "commitment": commitment}


def reveal_document(draw_id: str, officer: str, secret: str) -> dict[str, Any]:
    """What the log commits to when an officer reveals."""
    return {"draw_id": draw_id, "officer": officer, "secret": secret}


def void_document(draw_id: str, cause: str, missing: Sequence[str], closed_at: str) -> dict[str, Any]:
    """What the log commits to when a draw becomes void: the number of the entry says what came before."""
    return {"draw_id": draw_id, "cause": cause, "missing": list(missing), "closed_at": closed_at}


def seal_bundle(content: dict[str, Any], signer: SignerKey) -> bytes:
    """The bytes of a bundle: `content` with the log key's signature over all of it."""
    signature = signer.verifier.key_id + signer.sign(_PREFIX + canonical(content))
    return canonical(content | {"signature": encode_base64(signature)})


def verify_draw(
    bundle: bytes, vkey: str, witness_vkey: str | None = None, kept: bytes | None = None
) -> Verdict:
    """Check a bundle offline against the log's verifier key, obtained from elsewhere.

    With `witness_vkey` the witness's cosignature and its time are checked too; without it both are only as
    good as the log's signature over the bundle. With `kept`, the seal of this draw that an officer kept (the
    JSON of `seal` in a view of the draw), the bundle must be of that seal, and a draw that was sealed is not
    void for want of one. Never raises; any one-byte change gives not ok.
    """
    try:
        witness = None if witness_vkey is None else VerifierKey.parse(witness_vkey)
        facts = _verify(bundle, VerifierKey.parse(vkey), witness, kept)
    except WRONG as error:
        return refusal(error)
    return Verdict(True, Text("抽取有效", "the draw holds"), facts)


def _verify(raw: bytes, key: VerifierKey, witness: VerifierKey | None, kept: bytes | None) -> dict[str, Any]:
    if len(raw) > _MAX_BYTES:
        raise Refused(Reason.WRONG_SHAPE, "size")
    bundle = decode_canonical(raw)
    if not isinstance(bundle, dict) or bundle.keys() != BUNDLE.keys():
        raise Refused(Reason.WRONG_SHAPE, "fields")
    for name, shape in BUNDLE.items():
        if not fits(bundle[name], shape):
            raise Refused(Reason.WRONG_SHAPE, name)
    _check_signature(bundle, key)
    frozen = bundle["frozen"]
    check_frozen(frozen)
    cause = _check_end(bundle)
    checkpoint = _check_log(bundle, key, witness)
    if kept is not None:
        _check_kept(decode_json(kept), bundle, key, witness)
    secrets = {one["officer"]: bytes.fromhex(one["secret"]) for one in bundle["reveals"]}
    made = {one["officer"]: one["commitment"] for one in bundle["commitments"]}
    for officer, secret in secrets.items():
        need(
            commitment_of(frozen["draw_id"], officer, secret) == made[officer],
            "秘密与承诺不符",
            "a secret is not the one committed to",
        )
    facts = {
        "number": frozen["number"],
        "outcome": bundle["outcome"],
        "tree_size": checkpoint.size,
        "witness_checked": witness is not None,
    }
    if cause is not None:
        need(
            bundle["seed"] is None and bundle["result"] == [],
            "作废记录不应有结果",
            "a void draw has a result",
        )
        return facts | {"cause": str(cause), "missing": bundle["missing"]}
    seed = seed_of(checkpoint.root, secrets)
    need(
        bundle["seed"] == seed.hex(),
        "种子与检查点及秘密不符",
        "the seed does not follow from checkpoint and secrets",
    )
    again = [{"object": p.object, "inspectors": list(p.inspectors)} for p in draw(seed, inputs_of(frozen))]
    _check_result(bundle["result"], again)
    return facts | {
        "objects": len(frozen["objects"]),
        "drawn": len(again),
        "officers": len(frozen["officers"]),
        "seed": seed.hex(),
    }


def _check_signature(bundle: dict[str, Any], key: VerifierKey) -> None:
    signature = decode_base64(bundle["signature"], reason=Reason.BAD_SIGNATURE, where="signature")
    if signature[:4] != key.key_id or key.algorithm is not Algorithm.NOTE:
        raise Refused(Reason.WRONG_KEY, "signature")
    content = {name: value for name, value in bundle.items() if name != "signature"}
    key.check(_PREFIX + canonical(content), signature[4:])


def _check_end(bundle: dict[str, Any]) -> VoidCause | None:
    """Whether outcome, cause, time and who is missing are those that commitments and secrets allow.

    Gives why the draw is void, None for one that is not.
    """
    frozen = bundle["frozen"]
    officers = sorted(frozen["officers"], key=str.encode)
    made, told = ([one["officer"] for one in bundle[name]] for name in ("commitments", "reveals"))
    need(
        len(set(made)) == len(made) and set(made) <= set(officers),
        "承诺人与抽取人员不符",
        "the commitments are not those of the officers",
    )
    whole = len(made) == len(officers)
    need(
        len(set(told)) == len(told) and set(told) <= set(made) and (whole or not told),
        "揭示人与抽取人员不符",
        "the secrets are not those of the officers",
    )
    cause = None if bundle["cause"] is None else VoidCause(bundle["cause"])
    need(
        cause in _causes(whole, len(told), len(officers))
        and (bundle["outcome"] == "drawn") == (cause is None),
        "结论与承诺、揭示不符",
        "the outcome is not what happened",
    )
    due, done = {
        VoidCause.NOT_COMMITTED: ("commit_by", made),
        VoidCause.NOT_SEALED: ("seal_by", officers),
    }.get(cause or VoidCause.NOT_REVEALED, ("reveal_by", told))
    need(
        bundle["missing"] == [who for who in officers if who not in done],
        "未如实列出缺席人员",
        "the missing are not those who are missing",
    )
    closed = bundle["closed_at"]
    need(
        frozen["created_at"] <= closed and (closed > frozen[due]) == (cause is not None),
        "结束时间与时限不符",
        "the draw was not closed in its time",
    )
    return cause


def _causes(whole: bool, told: int, officers: int) -> set[VoidCause | None]:
    """Why a draw may have ended, None for drawn: all have committed or not, so many have revealed."""
    if not whole:
        return {VoidCause.NOT_COMMITTED}
    if told == officers:
        return {None}
    return {VoidCause.NOT_REVEALED} if told else {VoidCause.NOT_REVEALED, VoidCause.NOT_SEALED}


def _sealed_documents(bundle: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The entries that a seal holds: the inputs and the commitments, in the order of the log."""
    draw_id = bundle["frozen"]["draw_id"]
    made = [(LOG_COMMITTED, commitment_document(draw_id, **one)) for one in bundle["commitments"]]
    return [(LOG_FROZEN, bundle["frozen"]), *made]


def _documents(bundle: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The entries of the draw in the order of the log, as (event, document)."""
    draw_id, made = bundle["frozen"]["draw_id"], _sealed_documents(bundle)
    if bundle["cause"] is None:
        return made
    told = [(LOG_REVEALED, reveal_document(draw_id, **one)) for one in bundle["reveals"]]
    void = void_document(draw_id, bundle["cause"], bundle["missing"], bundle["closed_at"])
    return [*made, *told, (LOG_VOID, void)]


def _check_log(bundle: dict[str, Any], key: VerifierKey, witness: VerifierKey | None) -> Checkpoint:
    """All entries stand in the log, one after the other, and the checkpoint ends with the last of them.

    The tree that ended with the last commitment was cosigned in time: of a drawn bundle it is this tree, of
    one that is void because somebody did not reveal it is that of the `seal`.
    """
    opened = open_tree(bundle["checkpoint"], bundle["cosignature"], key, witness)
    frozen, documents = bundle["frozen"], _documents(bundle)
    check_entries(frozen["draw_id"], hashed(documents), bundle["proofs"], opened.tree)
    need(
        (bundle["seal"] is not None) == (bundle["cause"] == VoidCause.NOT_REVEALED),
        "封存凭证缺失或多余",
        "a seal is missing, or there is one too many",
    )
    if bundle["cause"] is None:
        opened.check_time(frozen)
    elif bundle["seal"] is not None:
        _check_seal(bundle["seal"], bundle, key, witness)
    return opened.tree


def _check_seal(
    seal: dict[str, Any], bundle: dict[str, Any], key: VerifierKey, witness: VerifierKey | None
) -> None:
    """The inputs and all commitments stood in the log, and under the witness's eyes, in time."""
    frozen = bundle["frozen"]
    opened = open_tree(seal["checkpoint"], seal["cosignature"], key, witness)
    check_entries(frozen["draw_id"], hashed(_sealed_documents(bundle)), seal["proofs"], opened.tree)
    opened.check_time(frozen)


def _check_kept(kept: Any, bundle: dict[str, Any], key: VerifierKey, witness: VerifierKey | None) -> None:
    """Hold the seal that an officer kept against the bundle: it must be of that very tree.

    A draw is not sealed when no tree that ends with its commitments was cosigned in time; the kept seal
    refutes that. It holds the commitments of all officers, so it never goes with a bundle that lacks one.
    """
    if not isinstance(kept, dict) or not fits({name: kept.get(name) for name in SEAL}, SEAL):
        raise Refused(Reason.WRONG_SHAPE, "seal")
    need(witness is not None, "核对留存的封存凭证须有见证方公钥", "a kept seal needs the witness's key")
    need(
        bundle["cause"] != VoidCause.NOT_COMMITTED,
        "留存的封存凭证须含全部承诺，而该记录缺少承诺",
        "the kept seal needs all commitments, and one is missing",
    )
    _check_seal(kept, bundle, key, witness)
    need(
        bundle["cause"] != VoidCause.NOT_SEALED,
        "留存的封存凭证表明已按时封存，不得以未封存为由作废",
        "the kept seal shows that the draw was sealed in time",
    )
    sealed = bundle if bundle["seal"] is None else bundle["seal"]
    need(
        kept["checkpoint"] == sealed["checkpoint"],
        "与留存的封存凭证不符",
        "the draw is not of the seal that was kept",
    )


def _check_result(given: list[dict[str, Any]], again: list[dict[str, Any]]) -> None:
    """Say what does not follow: the objects, their order, or the inspectors."""
    theirs, mine = ([one["object"] for one in picks] for picks in (given, again))
    need(
        sorted(theirs) == sorted(mine), "抽中对象与种子不符", "the objects drawn do not follow from the seed"
    )
    need(theirs == mine, "对象次序与种子不符", "the order of the objects does not follow from the seed")
    need(given == again, "检查人员与种子不符", "the inspectors do not follow from the seed")
