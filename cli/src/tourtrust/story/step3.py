"""An unreasonably cheap contract is refused; its alert reaches credit as a warning and scores nothing."""

import json
from importlib.resources import files
from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("不合理低价合同被拒并预警", "An unreasonably cheap contract is refused and noticed")

MATERIAL = files("tourtrust.story") / "material"
LOWPRICE_AGENCY = "91140213999999058C"


def play(stage: Stage) -> list[str]:
    """Refused with exactly the expected findings; one warning at credit; the score untouched."""
    document = json.loads((MATERIAL / "contract-lowprice.json").read_text(encoding="utf-8"))
    wanted = {tuple(row) for row in json.loads((MATERIAL / "lowprice-findings.json").read_text())}
    agency = stage.get("/api/v1/credit/subjects", by="province_officer", params={"q": LOWPRICE_AGENCY})[
        "items"
    ][0]
    path = f"/api/v1/credit/subjects/{agency['id']}/score"
    before = stage.get(path, by="province_officer")["result"]["score"]

    def warnings() -> list[Any]:
        query = {"subject_id": agency["id"], "rule": "W-PRICE-ALERT"}
        found: list[Any] = stage.get("/api/v1/credit/warnings", by="province_officer", params=query)["items"]
        return found

    stage.equal(len(warnings()), 0, "warnings of low prices before")

    refused = stage.call("POST", "/api/v1/contracts/contracts", by="ota", json=document, expect=422).json()
    stage.equal(refused["type"], "/problems/contract-refused", "the kind of refusal")
    got = {(f["rule_id"], f["severity"], f["path"]) for f in refused["findings"]}
    stage.equal(got, wanted, "the findings")

    warning = stage.wait("the warning at credit", lambda: next(iter(warnings()), None))
    stage.equal(len(warnings()), 1, "warnings of low prices after")
    stage.equal(
        stage.get(path, by="province_officer")["result"]["score"], before, "the score after the alert"
    )
    return [
        f"refused with the {len(got)} expected findings",
        f"credit has the warning {warning['rule']} on {agency['name']}",
        f"the score is still {before}: an unproven alert never scores",
    ]
