"""The demo province stands: as many subjects as were seeded, real division codes, five years of facts."""

from collections import Counter
from datetime import date
from typing import Any

from common.problems import Text
from common.regions import covers, exists

from tourtrust.story.stage import Stage

TITLE = Text("示范省份已就绪", "The demo province stands")

SAMPLE_AGENCY = "911401059999990157"
DEMO_DAY = date(2026, 11, 23)
KINDS = {
    "travel_agency": "agencies",
    "tour_guide": "guides",
    "star_hotel": "hotels",
    "scenic_area": "scenic_areas",
}


def play(stage: Stage) -> list[str]:
    """Count every kind through the public list, check codes, grades and the span of the facts."""
    proved = []
    grades: Counter[str] = Counter()
    agencies: list[dict[str, Any]] = []
    for kind, name in KINDS.items():
        subjects = stage.pages("/api/v1/credit/subjects", by="province_officer", kind=kind)
        stage.check(
            len(subjects) >= stage.scale[name], f"{kind}: {len(subjects)} of {stage.scale[name]} are there"
        )
        stage.check(
            all(exists(s["region"]) and covers("140000", s["region"]) for s in subjects),
            f"{kind}: a region code is not one of the province",
        )
        proved.append(f"{len(subjects)} {kind} with valid division codes")
        if kind == "travel_agency":
            grades.update(str(s["grade"]) for s in subjects)
            agencies = subjects
    stage.check(len(grades) >= 3, f"grades do not spread: {dict(grades)}")
    proved.append("grades of agencies: " + ", ".join(f"{g} {n}" for g, n in sorted(grades.items())))

    agency = _sample_agency(stage)
    stage.book["agency"] = agency
    facts = stage.pages(f"/api/v1/credit/subjects/{agency['id']}/facts", by="province_officer")
    days = sorted(date.fromisoformat(fact["occurred_on"]) for fact in facts)
    span = (days[-1] - days[0]).days if days else 0
    stage.check(span >= 3 * 365, f"the sample agency's facts span {span} days only")
    oldest = min(_first_fact(stage, other) for other in agencies[:20])
    stage.check(
        (DEMO_DAY - oldest).days >= 4 * 365,
        f"the oldest fact among twenty agencies is of {oldest}: no five years",
    )
    score = stage.get(f"/api/v1/credit/subjects/{agency['id']}/score", by="province_officer")["result"]
    stage.book["score_before"] = score
    stage.book["supervision_before"] = stage.get(
        f"/api/v1/credit/subjects/{agency['id']}/supervision", by="province_officer"
    )
    proved.append(
        f"{agency['name']}: {len(facts)} facts from {days[0]} to {days[-1]}, score {score['score']}, "
        f"grade {score['grade']}"
    )
    proved.append(f"facts of twenty agencies go back to {oldest}")
    return proved


def _sample_agency(stage: Stage) -> dict[str, Any]:
    found = stage.get(
        "/api/v1/credit/subjects", by="province_officer", params={"q": SAMPLE_AGENCY, "kind": "travel_agency"}
    )["items"]
    stage.equal(len(found), 1, "agencies with the sample's USCC")
    agency: dict[str, Any] = found[0]
    return agency


def _first_fact(stage: Stage, agency: dict[str, Any]) -> date:
    facts = stage.pages(f"/api/v1/credit/subjects/{agency['id']}/facts", by="province_officer")
    return min((date.fromisoformat(fact["occurred_on"]) for fact in facts), default=DEMO_DAY)
