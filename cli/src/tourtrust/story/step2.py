"""An OTA gets a token, checks and registers a clean contract, and holds a receipt that verifies offline."""

import json
from importlib.resources import files

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
    file, paper = stage.folder / "receipt.json", stage.folder / "contract.json"
    file.write_bytes(receipt)
    paper.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    key = stage.log_keys["contracts"]
    verdict = stage.tourtrust("verify", "receipt", file, "--key", key, "--document", paper)
    stage.check(verdict.returncode == 0, f"the receipt does not verify: {verdict.stderr}")
    changed = bytearray(receipt)
    changed[len(changed) // 2] ^= 1
    file.with_name("receipt-changed.json").write_bytes(changed)
    verdict = stage.tourtrust("verify", "receipt", file.with_name("receipt-changed.json"), "--key", key)
    stage.check(verdict.returncode == 1, "a changed receipt still verifies")
    foreign = stage.log_keys["credit"]
    verdict = stage.tourtrust("verify", "receipt", file, "--key", foreign)
    stage.check(verdict.returncode == 1, "the receipt verifies with another log's key")
    return [
        f"checked without findings, registered as {number}",
        f"promise for {contract['promise']['log_origin']} signed",
        "the same Idempotency-Key gave the same bytes",
        "`tourtrust verify receipt` accepts the receipt and the document with the published key",
        "and refuses it after one changed bit, and with another key",
    ]
