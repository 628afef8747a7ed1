"""What an officer's tool checks before it gives the secret away: that the draw is sealed, whoever says so.

Whoever reveals on a seal that is none lets the holder of the log's key choose the seed after the secret is
known. So nothing of the service is believed: not `sealed`, not the list of commitments, not the times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.ledger.errors import Reason, Refused
from common.ledger.note import VerifierKey
from common.ledger.strict import decode_canonical, decode_json
from common.problems import Text

from .bundle import WRONG, Verdict, commitment_document, refusal
from .inputs import check_frozen, need
from .logged import LOG_COMMITTED, LOG_FROZEN, check_entries, hashed, open_tree
from .shapes import FROZEN, SEAL, fits

__all__ = ["SealedDraw", "check_seal", "check_view"]


@dataclass(frozen=True, slots=True)
class SealedDraw:
    """What the service says of a draw that it calls sealed.

    `inputs` are the bytes of the frozen inputs; `seal` has the checkpoint, the witness's line and the proofs
    of the entries; `commitments` are those of all officers as (officer, commitment) in the order of the log.
    """

    inputs: bytes
    seal: dict[str, Any]
    commitments: Sequence[tuple[str, str]]


def check_seal(
    said: SealedDraw, draw_id: str, officer: str, commitment: str, vkey: str, witness_vkey: str
) -> Verdict:
    """Whether this officer may reveal: log and witness have his own commitment, and everybody's, in time.

    The inputs, his commitment and those of the others are the entries of this draw; the tree that the log
    signed ends with the last of them; the witness cosigned it between the freezing and `seal_by`. Never
    raises.
    """
    try:
        at = _check(
            said, draw_id, (officer, commitment), VerifierKey.parse(vkey), VerifierKey.parse(witness_vkey)
        )
    except WRONG as error:
        return refusal(error)
    return Verdict(True, Text("已按时封存", "it was sealed in time"), {"cosigned_at": at.isoformat()})


def check_view(
    view: bytes, inputs: bytes, officer: str, commitment: str, vkey: str, witness_vkey: str
) -> Verdict:
    """`check_seal` of a draw's view as the service gives it, in JSON, for the draw that the view names."""
    try:
        said = decode_json(view)
        made = [(one["officer"], one["commitment"]) for one in said["commitments"]]
        draw = SealedDraw(inputs, dict(said["seal"]), made)
        return check_seal(draw, said["id"], officer, commitment, vkey, witness_vkey)
    except (Refused, LookupError, TypeError, ValueError):
        return Verdict(False, Text("视图中没有封存凭证", "the view has no seal"))


def _check(
    said: SealedDraw, draw_id: str, own: tuple[str, str], key: VerifierKey, witness: VerifierKey
) -> datetime:
    frozen = decode_canonical(said.inputs)
    if not fits(frozen, FROZEN):
        raise Refused(Reason.WRONG_SHAPE, "inputs")
    if not fits({name: said.seal.get(name) for name in SEAL}, SEAL):
        raise Refused(Reason.WRONG_SHAPE, "seal")
    check_frozen(frozen)
    need(frozen["draw_id"] == draw_id, "不是这一次抽取", "these are the inputs of another draw")
    need(own in said.commitments, "没有您本人的承诺", "your own commitment is not among them")
    need(
        sorted(who for who, _ in said.commitments) == sorted(frozen["officers"]),
        "承诺人与抽取人员不符",
        "the commitments are not those of the officers",
    )
    opened = open_tree(said.seal["checkpoint"], said.seal["cosignature"], key, witness)
    made = [(LOG_COMMITTED, commitment_document(draw_id, *one)) for one in said.commitments]
    check_entries(draw_id, hashed([(LOG_FROZEN, frozen), *made]), said.seal["proofs"], opened.tree)
    opened.check_time(frozen)
    if opened.at is None:
        raise Refused(Reason.MISSING_COSIGNATURE)
    return opened.at
