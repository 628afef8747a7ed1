"""An agency is listed as seriously dishonest: told, heard, decided by another person, published."""

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text(
    "严重失信名单:告知、申辩、认定、公布", "A serious listing: notice, hearing, decision, publication"
)

REASONS = "组织旅游活动中造成游客滞留,社会影响恶劣(虚构案情)。"


def play(stage: Stage) -> list[str]:
    """Nobody is listed unheard, nor by the officer who proposed it; the grade falls at once."""
    agency = stage.book["agency"]
    base = f"/api/v1/credit/subjects/{agency['id']}"
    listing, *_ = stage.post(
        "/api/v1/credit/listings",
        {
            "subject_id": agency["id"],
            "condition": "SEV-T-3",
            "reasons": REASONS,
            "fact_ids": [stage.book["wrong_fact"]["id"]],
        },
        by="province_officer",
        expect=201,
    )
    path = f"/api/v1/credit/listings/{listing['id']}"
    step = {"by": "虚构专家组", "on": "2026-11-23", "summary": "事实清楚,依据充分。"}
    decision = {
        "outcome": "list",
        "reasons": REASONS,
        "expert": step,
        "legal_review": step,
        "discussion": step,
    }
    unheard = stage.post(f"{path}/decide", decision, by="reviewer", expect=409)
    told = stage.post(f"{path}/notify", {}, by="province_officer")
    statement = next(one for one in told["deadlines"] if one["event"] == "statement")
    stage.post(f"{path}/statement", {"text": "本社认为判决对象不是本社(虚构陈述)。"}, by="agency")
    stage.post(f"{path}/reply", {"accepted": False, "findings": "经核查不予采纳。"}, by="province_officer")
    stage.post(f"{path}/decide", decision, by="reviewer")
    listed = stage.post(f"{path}/publish", {}, by="province_officer")
    stage.equal(listed["state"], "listed", "the listing's state")

    now = stage.get(base, by="province_officer")
    stage.equal(now["grade"], "D", "the grade of a seriously dishonest subject")
    shown = stage.get("/api/v1/credit/public/listings", params={"q": agency["key"]})["items"]
    stage.equal([one["number"] for one in shown], [listing["number"]], "the public list")
    measures = stage.get(f"{base}/supervision", by="province_officer")["measures"]
    stage.book["listing"] = listed
    papers = stage.pages(f"{path}/timeline", by="province_officer")
    paper = next(paper for event in papers for paper in event["papers"])
    pdf = stage.call("GET", f"/api/v1/credit/papers/{paper}.pdf", by="province_officer")
    stage.check(pdf.content.startswith(b"%PDF-"), "the notice is no PDF")
    clocks = listed["clocks"]
    return [
        f"decided without a notice: refused ({unheard['title']})",
        f"{listing['number']}: notice served, statement due by {statement['due_on']} "
        f"({len(statement['counted_days'])} working days, {statement['rule']}), heard, decided by another",
        f"management until {clocks['management']['until']} ({clocks['management']['rule']}), "
        f"publication until {clocks['publication']['until']} ({clocks['publication']['rule']})",
        f"grade {now['grade']}; {len(measures)} measures: {', '.join(one['code'] for one in measures)}",
        f"on the public list, and told by paper ({len(pdf.content) // 1024} kB PDF)",
    ]
