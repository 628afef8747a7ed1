"""A draw played to its end: frozen, committed to by two officers, sealed, revealed."""

import hashlib
import secrets
from typing import Any

from tourtrust.story.stage import Stage

__all__ = ["OFFICERS", "draw_lots"]

OFFICERS = ("inspector", "enforcement_officer")


def draw_lots(stage: Stage, inputs: dict[str, Any]) -> dict[str, Any]:
    """The closed draw; each officer's secret is made here and shown only once all have committed."""
    officers = {stage.sub(who): who for who in OFFICERS}
    draw = stage.post(
        "/api/v1/credit/draws", inputs | {"officers": list(officers)}, by="province_officer", expect=201
    )
    path = f"/api/v1/credit/draws/{draw['id']}"
    hidden = {officer: secrets.token_bytes(32) for officer in officers}
    for officer, who in officers.items():
        message = (
            draw["commitment_domain"].encode() + draw["id"].encode() + officer.encode() + hidden[officer]
        )
        stage.post(f"{path}/commitments", {"commitment": hashlib.sha256(message).hexdigest()}, by=who)

    def sealed() -> dict[str, Any] | None:
        view: dict[str, Any] = stage.get(path, by="province_officer")
        return view if view["sealed"] else None

    stage.wait("the cosigned checkpoint", sealed)
    for officer, who in officers.items():
        stage.post(f"{path}/reveals", {"secret": hidden[officer].hex()}, by=who)
    drawn: dict[str, Any] = stage.get(path, by="province_officer")
    return drawn
