"""An OTA gets a token, checks and registers a clean contract, and holds a receipt that verifies offline."""

import json
from importlib.resources import files

from common.ledger.verify import verify_receipt
from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("平台提交合同并取得回执", "A platform registers a contract and gets its receipt")

MATERIAL = files("tourtrust.story") / "material"


def play(stage: Stage) -> list[str]:
    """Check, register, repeat with the same key, wait for the receipt, verify it with the published key."""
    document = json.loads((MATERIAL / "contract-domestic.json").read_text(encoding="utf-8"))
    checked = stage.post("/api/v1/contracts/contracts:check", document, by="ota")
    stage.equal(checked["findings"], [], "findings of the clean sample")
    first = stage.call(
        "POST", "/api/v1/contracts/contracts", by="ota", key="story-step-2", json=document, expect=201
    )
    contract = first.json()
    again = stage.call(
        "POST", "/api/v1/contracts/contracts", by="ota", key="story-step-2", json=document, expect=201
    )
    stage.equal(again.content, first.content, "the answer to the same idempotency key")
    stage.equal(contract["findings"], [], "findings at registration")
    number = contract["contract_no"]
    stage.book["contract_no"] = number

    receipt = stage.wait(
        "the receipt",
        lambda: (
            answer.content
            if (
                answer := stage.call(
                    "GET", f"/api/v1/contracts/contracts/{number}/receipt", by="ota", expect=(200, 202)
                )
            ).status_code
            == 200
            else None
        ),
    )
    (stage.folder / "receipt.json").write_bytes(receipt)
    (stage.folder / "contract.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    key = stage.log_keys["contracts"]
    verdict = verify_receipt(receipt, key, json.dumps(document).encode())
    stage.check(verdict.ok, f"the receipt does not verify: {verdict.reason}")
    changed = bytearray(receipt)
    changed[len(changed) // 2] ^= 1
    stage.check(not verify_receipt(bytes(changed), key).ok, "a changed receipt still verifies")
    return [
        f"checked without findings, registered as {number}",
        f"promise for {contract['promise']['log_origin']} signed",
        "the same Idempotency-Key gave the same bytes",
        "the receipt verifies offline with the published key, and not after one changed bit",
    ]
