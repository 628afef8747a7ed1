"""An inspection is drawn by two officers; anyone can re-derive it, and one altered byte shows."""

from common.problems import Text

from tourtrust.story.lots import draw_lots
from tourtrust.story.stage import Stage

TITLE = Text("双随机抽查与离线验证", "An inspection is drawn and verified offline")

COUNT = 5


def play(stage: Stage) -> list[str]:
    """Freeze, commit, wait for the cosigned checkpoint, reveal, verify the bundle, alter it, verify again."""
    drawn = draw_lots(
        stage,
        {
            "purpose": "旅行社合同与购物安排随机抽查",
            "region": "140000",
            "kinds": ["travel_agency"],
            "count": COUNT,
            "inspectors": [{"id": f"inspector-{number}"} for number in range(1, 7)],
        },
    )
    path = f"/api/v1/credit/draws/{drawn['id']}"
    stage.equal(len(drawn["result"]), COUNT, "objects drawn")
    stage.check(
        all(len(set(pick["inspectors"])) >= 2 for pick in drawn["result"]), "fewer than two inspectors"
    )

    bundle = stage.call("GET", f"{path}/bundle", by="province_officer").content
    file, changed = stage.folder / "draw.json", stage.folder / "draw-changed.json"
    file.write_bytes(bundle)
    key = stage.log_keys["credit"]
    seal = stage.folder / f"seal-{drawn['id']}.json"
    keys = ("--key", key, "--witness-key", stage.log_keys["witness"])
    verdict = stage.tourtrust("verify", "draw", file, *keys, "--seal", seal)
    stage.check(verdict.returncode == 0, f"the bundle does not verify: {verdict.stderr}")
    altered = bytearray(bundle)
    altered[len(altered) // 3] ^= 1
    changed.write_bytes(altered)
    broken = stage.tourtrust("verify", "draw", changed, "--key", key)
    stage.check(broken.returncode == 1, "an altered bundle still verifies")
    return [
        f"draw {drawn['number']}: {COUNT} of {drawn['objects']} agencies, by tier, two inspectors each",
        *(
            f"{pick['name']} (tier {pick['tier']}): {', '.join(pick['inspectors'])}"
            for pick in drawn["result"]
        ),
        "the bundle verifies offline with both published keys and is of the seal that the officers kept",
        f"with one altered bit it does not: {broken.stderr.strip()}",
    ]
