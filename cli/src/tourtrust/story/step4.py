"""Anyone verifies the contract by its number and learns nothing about persons or prices."""

import json
from importlib.resources import files

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("公众凭合同编号验真", "Anyone verifies the contract by its number")

MATERIAL = files("tourtrust.story") / "material"


def play(stage: Stage) -> list[str]:
    """The public view shows agency, licence, dates and log state, and none of the document's secrets."""
    number = stage.book["contract_no"]
    answer = stage.call("GET", f"/api/v1/contracts/public/verify/{number}")
    view = answer.json()
    stage.equal(view["contract_no"], number, "the number")
    stage.equal(view["status"], "registered", "the status")
    document = json.loads((MATERIAL / "contract-domestic.json").read_text(encoding="utf-8"))
    secrets = [
        t[field] for t in document["travelers"] for field in ("name", "id_number", "phone") if t[field]
    ]
    secrets += [str(document["fees"]["total_fen"]), document["agency"]["handler"]["name"]]
    shown = [secret for secret in secrets if secret in answer.text]
    stage.equal(shown, [], "personal data and prices on the public page")
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    stage.call("GET", f"/api/v1/contracts/public/verify/{wrong}", expect=404)
    return [
        f"{number} is registered; its page shows {', '.join(sorted(view))}",
        f"none of {len(secrets)} names, numbers, phones and prices of the document appears",
        "a number with a wrong check character is unknown",
    ]
