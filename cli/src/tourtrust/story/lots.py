"""A draw played to its end: frozen, committed to by two officers, sealed, revealed."""

import hashlib
import json
import secrets
from typing import Any

from credit.draws.rules.seal import SealedDraw, check_seal

from tourtrust.story.stage import Stage

__all__ = ["OFFICERS", "draw_lots"]

OFFICERS = ("inspector", "enforcement_officer")


def draw_lots(stage: Stage, inputs: dict[str, Any]) -> dict[str, Any]:
    """The closed draw; each officer's secret is made here, and shown only on a seal that he has checked."""
    officers = {stage.sub(who): who for who in OFFICERS}
    draw = stage.post(
        "/api/v1/credit/draws", inputs | {"officers": list(officers)}, by="province_officer", expect=201
    )
    path = f"/api/v1/credit/draws/{draw['id']}"
    hidden = {officer: secrets.token_bytes(32) for officer in officers}
    commitments = {officer: _commitment(draw, officer, secret) for officer, secret in hidden.items()}
    for officer, who in officers.items():
        stage.post(f"{path}/commitments", {"commitment": commitments[officer]}, by=who)

    def sealed() -> dict[str, Any] | None:
        view: dict[str, Any] = stage.get(path, by="province_officer")
        return view if view["sealed"] else None

    stage.wait("the cosigned checkpoint", sealed)
    for officer, who in officers.items():
        _check_seal(stage, path, who, draw["id"], officer, commitments[officer])
        stage.post(f"{path}/reveals", {"secret": hidden[officer].hex()}, by=who)
    drawn: dict[str, Any] = stage.get(path, by="province_officer")
    return drawn


def _commitment(draw: dict[str, Any], officer: str, secret: bytes) -> str:
    message = draw["commitment_domain"].encode() + draw["id"].encode() + officer.encode() + secret
    return hashlib.sha256(message).hexdigest()


def _check_seal(stage: Stage, path: str, who: str, draw_id: str, officer: str, commitment: str) -> None:
    """Refuse to reveal unless log and witness have this officer's commitment, in time; keep the seal.

    That the service calls the draw sealed is not believed: the keys are those that the officer has.
    """
    view = stage.get(path, by=who)
    stage.check(view["seal"] is not None, "the draw is called sealed and shows no seal")
    said = SealedDraw(
        inputs=stage.call("GET", f"{path}/inputs", by=who).content,
        seal=view["seal"],
        commitments=[(one["officer"], one["commitment"]) for one in view["commitments"]],
    )
    keys = stage.log_keys
    verdict = check_seal(said, draw_id, officer, commitment, keys["credit"], keys["witness"])
    stage.check(verdict.ok, f"{officer} does not reveal: {verdict.reason.en}")
    kept = stage.folder / f"seal-{draw_id}.json"
    kept.write_text(json.dumps(view["seal"]), "utf-8")
