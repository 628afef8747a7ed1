"""A tourist complains; the complaint reaches the one accountable body, with its deadline and article."""

from datetime import date

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("游客投诉并被准确分派", "A tourist complains and reaches the accountable body")

STORY = (
    "十一月十二日我参加“山西晋样例旅行社”的三日团，合同写明游览测试湖和木塔两个景点，结果导游说堵车，"
    "没有征求我们意见就取消了木塔，换成一家蜂蜜店，停了一个半小时。回来后旅行社只肯退四十元门票。"
    "要求按合同赔偿，并说明谁同意改的行程。"
)
TOURIST = {"name": "韩样例", "phone": "14200000077"}
COUNTY = "140105"


def play(stage: Stage) -> list[str]:
    """Preview, file as a guest, look it up with the secret code, find it in the county's queue."""
    places = {"contract_signed": COUNTY, "respondent": COUNTY, "incident": None}
    preview = stage.post(
        "/api/v1/complaints/routing/preview",
        {"text": STORY, "places": places, "contract_no": stage.demo_contract},
        by="taiyuan_officer",
    )
    complaint = stage.post(
        "/api/v1/complaints/complaints",
        {
            "text": STORY,
            "complainant": TOURIST,
            "respondent": {"key": stage.book["agency"]["key"]},
            "contract_no": stage.demo_contract,
            "places": places,
            "claim": {"wish": "按合同赔偿"},
            "channel": "app",
        },
        by="guest",
        expect=201,
    )
    stage.book["complaint"] = complaint
    routing = complaint["routing"]
    stage.equal(routing["main_department"], preview["main_department"], "preview and filing")
    stage.equal(
        (routing["main_department"], routing["jurisdiction"], routing["admissible"]),
        ("WL", COUNTY, True),
        "department, county, admissibility",
    )
    due = next(deadline for deadline in complaint["deadlines"] if deadline["event"] == "accept")
    stage.equal((due["due_on"], due["unit"]), ("2026-11-25", "working_days"), "the term of acceptance")
    stage.equal(due["rule"], "TCM_2026.accept", "the rule of the term")
    stage.check("2026" in due["article"], f"the article named is {due['article']}")
    repealed = [rule["id"] for rule in routing["rules"] if "2010" in (rule["article"] or "")]
    stage.equal(repealed, [], "rules that name the repealed measures")
    counted = [date.fromisoformat(day).isoformat() for day in due["counted_days"]]
    stage.equal(counted, ["2026-11-24", "2026-11-25"], "the working days counted")

    seen = stage.post(
        "/api/v1/complaints/public/complaints/lookup",
        {"number": complaint["number"], "code": complaint["lookup_code"]},
    )
    stage.equal(seen["state"], "received", "the tourist's own view")
    stage.call(
        "POST",
        "/api/v1/complaints/public/complaints/lookup",
        json={"number": complaint["number"], "code": complaint["lookup_code"][::-1]},
        expect=404,
    )
    queue = stage.get("/api/v1/complaints/cases", by="taiyuan_officer", params={"state": "received"})["items"]
    stage.check(
        any(case["id"] == complaint["id"] for case in queue), "the case is not in the officer's queue"
    )
    return [
        f"{complaint['number']}: {', '.join(complaint['categories'])} to "
        f"{routing['main_department']} of {COUNTY}",
        f"acceptance is due on {due['due_on']}: {due['rule']}, {due['article']}",
        "the tourist looks it up with number and code; a wrong code finds nothing",
        f"{len(routing['rules'])} rules are named as reasons, "
        f"{len(routing['rejected_alternatives'])} alternatives rejected",
    ]
