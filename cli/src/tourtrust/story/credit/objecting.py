"""The agency objects to a wrong fact; another person sustains it; all that rested on it is listed."""

from typing import Any

from common.problems import Text

from tourtrust.story.stage import Stage

TITLE = Text("异议成立与影响清单", "An objection is sustained, and its ripple is listed")


def play(stage: Stage) -> list[str]:
    """Flagged at once, decided by the reviewer; the past is not rewritten, what it touched is named."""
    agency, fact, listing = stage.book["agency"], stage.book["wrong_fact"], stage.book["listing"]
    base = f"/api/v1/credit/subjects/{agency['id']}"
    history = stage.pages(f"{base}/score/history", by="province_officer")
    filed = stage.post(
        "/api/v1/credit/objections",
        {"target": "fact", "fact_id": fact["id"], "statement": "该文书的当事人不是本社(虚构异议)。"},
        by="agency",
        expect=201,
    )
    path = f"/api/v1/credit/objections/{filed['id']}"
    stage.post(f"{path}/accept", {}, by="province_officer")
    flagged = stage.pages(f"{base}/facts", by="province_officer")
    stage.check(any(one["id"] == fact["id"] and one["objection"] for one in flagged), "no flag on the fact")
    stage.post(f"{path}/verify", {"reason": "法院确认当事人为另一家企业。"}, by="province_officer")
    remedy = {"reason": "当事人不符", "remedy": {"action": "revoke"}}
    decided = stage.post(f"{path}/sustain", remedy, by="reviewer")
    stage.equal(decided["state"], "sustained", "the objection's state")

    def searched() -> dict[str, Any] | None:
        view: dict[str, Any] = stage.get(f"{path}/ripple", by="province_officer")
        return view if view["state"] == "done" else None

    ripple = stage.wait("the ripple", searched)
    missing = {"grade", "tier", "draw", "listing", "page"} - set(ripple["by_kind"])
    stage.equal(missing, set(), f"what the ripple misses (it found {ripple['by_kind']})")
    removal = {"ground": "REP-A-2", "note": "所依据的文书对象不符", "proof": "(2026)虚0105行审1号更正"}
    removed = stage.post(
        f"/api/v1/credit/listings/{listing['id']}/remove", removal, by="reviewer", expect=(200, 409)
    )
    now = stage.get(base, by="province_officer")
    stage.check(now["grade"] != "D", "the grade is still the lowest")
    kept = stage.pages(f"{base}/score/history", by="province_officer")
    stage.equal(kept[-len(history) :], history, "the published past")
    shown = stage.get("/api/v1/credit/public/listings", params={"q": agency["key"]})["items"]
    stage.equal(shown, [], "the public list")
    return [
        f"{filed['number']}: to be flagged by {filed['flag_due']}, decided by {filed['decide_due']}; flagged",
        f"sustained by the reviewer: the fact is revoked, {ripple['total']} things had rested on it: "
        + ", ".join(f"{kind} {n}" for kind, n in ripple["by_kind"].items()),
        *(
            f"{one['kind']}: {one['what']}" + (f" ({one['was']} -> {one['would_be']})" if one["was"] else "")
            for one in ripple["items"][:6]
        ),
        f"the listing is removed ({removed.get('removal') or removed.get('title')}), grade {now['grade']}; "
        f"{len(history)} grades published before stand as they were",
    ]
