"""By which procedure a penalty is imposed, whom the act harmed, and that credit is told both."""

from datetime import date
from typing import Any

import pytest
from complaints.enforcement.policy import PenaltyBook
from complaints.enforcement.rules import may_be_summary
from complaints.policybook import POLICIES
from sqlalchemy.exc import DBAPIError

from tests.complaints.conftest import AGENCY_KEY, World
from tests.complaints.test_enforcement import CASES, brought_to, do, fire, refused, rows

CARD = "D-1401-700001"
SOLE_TRADER = "92140105MA0EXAMPLE"
SMALL: dict[str, Any] = {"kind": "fine", "amount_fen": 300_000, "gradation": None, "procedure": "summary"}


async def told(world: World, case_id: str) -> dict[str, Any]:
    query = "SELECT data FROM outbox WHERE aggregate_id = :id AND type LIKE '%penalty_decided%'"
    ((data,),) = await rows(world, query, id=case_id)
    said: dict[str, Any] = data
    return said


@pytest.mark.parametrize(
    ("key", "kind", "amount", "allowed"),
    [
        (AGENCY_KEY, "fine", 300_000, True),
        (AGENCY_KEY, "fine", 300_001, False),
        ("L-SX-990001", "fine", 300_000, True),
        (CARD, "fine", 20_000, True),
        (CARD, "fine", 20_001, False),
        (SOLE_TRADER, "fine", 20_001, False),
        (CARD, "warning", None, True),
        (AGENCY_KEY, "confiscation", None, False),
        (AGENCY_KEY, "suspension", None, False),
        (AGENCY_KEY, "revocation", None, False),
    ],
)
def test_only_small_fines_and_warnings_are_imposed_on_the_spot(
    key: str, kind: str, amount: int | None, allowed: bool
) -> None:
    policy = PenaltyBook(POLICIES).summary_on(date(2026, 11, 23), "140105")
    assert policy is not None and policy.status == "recalled"
    assert may_be_summary(policy, key, kind, amount) is allowed


async def test_a_small_fine_on_the_spot_has_no_hearing_and_waits_for_no_term(world: World) -> None:
    case_id = await brought_to(world, "investigated", violation_code="R50")
    large = await fire(world, case_id, "propose", **(SMALL | {"amount_fen": 300_100, "note": "当场处罚。"}))
    problem = refused(large, 422, "summary-procedure-not-allowed")
    assert (problem["high_fen"], problem["article"]) == (300_000, "《行政处罚法》第五十一条")
    assert problem["kinds"] == ["warning", "fine"]
    proposed = await do(world, case_id, "propose", **SMALL, harmed_tourists=False)
    assert (proposed["procedure"], proposed["harmed_tourists"]) == ("summary", False)
    notified = await do(world, case_id, "notify_rights")
    assert "request_hearing" not in {term["event"] for term in notified["deadlines"]}
    refused(await fire(world, case_id, "request_hearing", "agency"), 409, "no-hearing-on-the-spot")
    await do(world, case_id, "statement", "agency")
    refused(await fire(world, case_id, "decide", "enforcer"), 409, "second-person-needed")
    await do(world, case_id, "decide")
    await do(world, case_id, "serve")
    said = await told(world, case_id)
    assert (said["kind"], said["procedure"], said["harmed_tourists"]) == ("fine", "summary", False)


async def test_a_large_fine_is_never_imposed_on_the_spot(world: World) -> None:
    case_id = await brought_to(world, "investigated")
    fine = SMALL | {"amount_fen": 3_000_000, "note": "当场处罚。"}
    refused(await fire(world, case_id, "propose", **fine), 422, "summary-procedure-not-allowed")
    stop = {"kind": "suspension", "procedure": "summary", "note": "当场处罚。"}
    refused(await fire(world, case_id, "propose", **stop), 422, "summary-procedure-not-allowed")
    bad = await fire(world, case_id, "propose", **(fine | {"procedure": "quick"}))
    assert refused(bad, 422, "invalid-payload")["errors"][0]["pointer"] == "/procedure"
    assert (await world.get(f"{CASES}/{case_id}", "enforcer")).json()["procedure"] is None


async def test_a_new_proposal_by_the_ordinary_procedure_brings_the_hearing_back(world: World) -> None:
    case_id = await brought_to(world, "investigated", violation_code="R50")
    await do(world, case_id, "propose", **SMALL)
    await do(world, case_id, "propose", **(SMALL | {"procedure": "ordinary"}))
    notified = await do(world, case_id, "notify_rights")
    assert "request_hearing" in {term["event"] for term in notified["deadlines"]}
    refused(await fire(world, case_id, "decide", "approver"), 409, "rights-still-open")


async def test_whom_the_act_harmed_is_stated_or_follows_from_the_complaint(world: World) -> None:
    filed = await world.file()
    linked = {"complaint_id": filed["id"], "clue_source": "complaint"}
    harmed = await brought_to(world, "served", **linked)
    assert (await told(world, harmed))["harmed_tourists"] is True
    assert (await told(world, harmed))["procedure"] == "ordinary"
    stated = await brought_to(world, "investigated", **linked)
    denied = await do(world, stated, "propose", harmed_tourists=False)
    assert denied["harmed_tourists"] is False
    unknown = await brought_to(world, "served")
    assert (await told(world, unknown))["harmed_tourists"] is None
    seen = (await world.get(f"{CASES}/{harmed}", "agency")).json()
    assert (seen["procedure"], seen["harmed_tourists"], seen["complaint_id"]) == ("ordinary", None, None)


async def test_the_database_keeps_a_procedure_with_every_penalty(world: World) -> None:
    await brought_to(world, "proposed")
    with pytest.raises(DBAPIError, match="a_penalty_has_a_procedure"):
        await rows(world, "UPDATE enforcement_cases SET procedure = NULL RETURNING 1")
