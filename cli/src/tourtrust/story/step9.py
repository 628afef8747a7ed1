"""The public page shows what may be shown; an officer of another city finds nothing."""

from common.problems import Text

from tourtrust.story.stage import Stage
from tourtrust.story.step5 import TOURIST

TITLE = Text("公示与权限边界", "What the public sees, and what another city does not")


def play(stage: Stage) -> list[str]:
    """The agency's public page, without persons; 404 for the case of another city."""
    agency = stage.book["agency"]
    page = stage.call("GET", f"/api/v1/credit/public/subjects/{agency['key']}")
    view = page.json()
    stage.equal((view["key"], view["name"]), (agency["key"], agency["name"]), "the public page's subject")
    hidden = [*TOURIST.values(), stage.book["complaint"]["number"], stage.book["complaint"]["lookup_code"]]
    stage.equal([secret for secret in hidden if secret in page.text], [], "secrets on the public page")
    stage.check(len(view["records"]) >= 1, "the penalty is not on the public page")
    case = f"/api/v1/complaints/cases/{stage.book['complaint']['id']}"
    stage.call("GET", case, by="taiyuan_officer")
    other = stage.call("GET", case, by="officer2", expect=404).json()
    stage.equal(other["type"].rsplit("/", 1)[0], "/problems", "the kind of refusal")
    stage.call("GET", case, expect=401)
    return [
        f"{view['name']}: grade {view['grade']['grade'] if view['grade'] else '-'}, "
        f"{len(view['records'])} records, each with the day until which it is shown",
        "no tourist, complaint number or code on it",
        "an officer of another city gets 404 for the case, nobody without a token gets anything",
    ]
