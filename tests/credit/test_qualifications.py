"""Cards, certificates and training: how long they hold, when they are renewed, when they are facts."""

import asyncio
from datetime import date
from typing import Any

import pytest
from common.calendar import add_months
from credit.qualifications.rules import months_before, renewal_window
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Service

ISSUED = "2024-03-01"


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.integers(1, 60))
def test_a_window_begins_on_the_corresponding_day(day: date, months: int) -> None:
    first = months_before(day, months)
    assert (first.year * 12 + first.month) == day.year * 12 + day.month - months
    assert first.day == day.day or add_months(first, 1).day >= first.day
    assert add_months(first, months) <= day
    assert renewal_window(day, months).closes_on == day


@pytest.mark.parametrize(
    ("expires", "opens"),
    [
        (date(2027, 3, 1), date(2026, 12, 1)),
        (date(2026, 5, 31), date(2026, 2, 28)),
        (date(2026, 1, 15), date(2025, 10, 15)),
    ],
)
def test_a_card_is_renewed_in_its_last_three_months(expires: date, opens: date) -> None:
    assert renewal_window(expires, 3).opens_on == opens


async def guide(service: Service) -> tuple[dict[str, Any], str]:
    made = await service.subject(kind="tour_guide", key=service.card(), name="吴样例", region="140100")
    return made, f"/subjects/{made['id']}"


def card(made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"kind": "guide_card", "number": made["key"], "authority": "演示机关", "issued_on": ISSUED}
    return body | fields


async def test_a_guide_card_holds_three_years_and_says_when_it_is_renewed(service: Service) -> None:
    made, path = await guide(service)
    held = await service.post(f"{path}/qualifications", card(made))
    assert (held["expires_on"], held["renewal_opens_on"], held["valid"]) == ("2027-03-01", "2026-12-01", True)
    assert held["legal_basis"]
    assert (await service.post(f"{path}/qualifications", card(made)))["id"] == held["id"]
    await service.post(f"{path}/qualifications", card(made, authority="另一机关（演示）"), 409)
    await service.post(f"{path}/qualifications", card(made, number="D-1401-999999"), 409)
    renewed = await service.post(f"{path}/qualifications", card(made, issued_on="2026-11-20"))
    assert renewed["expires_on"] == "2029-11-20"
    old = next(
        one for one in (await service.get(f"{path}/qualifications"))["items"] if one["id"] == held["id"]
    )
    assert (old["valid"], old["ended"]["on"]) == (False, "2026-11-20")
    ended = {"on": "2026-11-22", "reason": "吊销"}
    gone = await service.post(f"{path}/qualifications/{renewed['id']}/end", ended, 200)
    assert gone["valid"] is False
    await service.post(f"{path}/qualifications/{renewed['id']}/end", ended, 409)
    await service.get(f"{path}/qualifications", 404, service.who("140200"))
    own = service.who("140000", kind="guide", subject_id=made["id"])
    assert len((await service.get(f"{path}/qualifications", who=own))["items"]) == 2
    await service.post(f"{path}/qualifications", card(made), 404, own)


async def test_only_those_who_can_hold_it_hold_it(service: Service) -> None:
    made, path = await guide(service)
    agency = await service.subject()
    await service.post(f"/subjects/{agency['id']}/qualifications", card(made), 422)
    person = await service.subject(kind="natural_person", key=None, name="郑样例")
    await service.post(f"/subjects/{person['id']}/qualifications", card(made), 422)
    await service.post(f"{path}/qualifications", card(made, issued_on="2026-11-24"), 422)
    await service.post(f"{path}/qualifications", card(made, expires_on="2024-02-29"), 422)
    exam = card(made, kind="guide_qualification", number="DZG2012SX12345", issued_on="2012-12-01")
    held = await service.post(f"{path}/qualifications", exam)
    assert (held["expires_on"], held["renewal_opens_on"]) == (None, None)


async def test_training_is_a_fact_once_and_counts_for_its_year(service: Service) -> None:
    _, path = await guide(service)
    service.serial += 1
    body = {
        "kind": "annual",
        "course": "导游年度培训（演示）",
        "hours": 24.5,
        "completed_on": "2026-06-01",
        "authority": "演示机关",
        "certificate_no": f"PX-{service.serial}",
    }
    answers = await asyncio.gather(
        *(
            service.http.post(f"/api/v1/credit{path}/trainings", json=body, headers=service.who())
            for _ in range(3)
        )
    )
    assert [one.status_code for one in answers] == [201] * 3
    assert len({one.json()["id"] for one in answers}) == 1
    (fact,) = (await service.get(f"{path}/facts"))["items"]
    assert (fact["code"], fact["source"]["kind"]) == ("TRAINING_COMPLETED", "qualification")
    assert fact["payload"] == {"course": "导游年度培训（演示）", "hours": 24.5}
    assert fact["id"] == answers[0].json()["fact_id"]
    await service.post(f"{path}/trainings", body | {"hours": 30}, 409)
    _, other = await guide(service)
    await service.post(f"{other}/trainings", body, 409)
    await service.post(f"{path}/trainings", body | {"completed_on": "2026-12-01"}, 422)
    await service.post(f"{path}/trainings", body | {"hours": 0.3}, 422)
    year = await service.get(f"{path}/training-hours")
    assert (year["hours"], year["required_hours"], year["missing_hours"]) == (24.5, 56, 31.5)
    assert (await service.get(f"{path}/training-hours", year=2025))["hours"] == 0
    assert len((await service.get(f"{path}/trainings"))["items"]) == 1


async def test_a_training_recorded_wrongly_is_taken_back_and_recorded_right(service: Service) -> None:
    made, path = await guide(service)
    service.serial += 1
    body = {
        "kind": "annual",
        "course": "导游年度培训（演示）",
        "hours": 245,
        "completed_on": "2026-06-01",
        "authority": "演示机关",
        "certificate_no": f"PX-{service.serial}",
    }
    wrong = await service.post(f"{path}/trainings", body)
    assert (wrong["withdrawn_at"], wrong["withdrawal_reason"]) == (None, None)
    back, reason = f"{path}/trainings/{wrong['id']}/withdrawal", {"reason": "学时录入错误"}
    _, other = await guide(service)
    await service.post(f"{other}/trainings/{wrong['id']}/withdrawal", reason, 404)
    await service.post(back, reason, 404, service.who("650000"))
    own = service.who(kind="guide", subject_id=made["id"], scopes=["credit:read", "credit:write"])
    await service.post(back, reason, 404, own)
    unsaid = await service.post(back, {}, 422)
    assert [one["pointer"] for one in unsaid["errors"]] == ["/reason"]
    drawn = await service.post(back, reason, 200)
    assert (drawn["id"], drawn["withdrawal_reason"]) == (wrong["id"], "学时录入错误")
    assert drawn["withdrawn_at"] is not None
    twice = await service.post(back, reason, 409)
    assert twice["type"] == "/problems/qualification-refused"
    assert (await service.get(f"{path}/training-hours"))["hours"] == 0
    right = await service.post(f"{path}/trainings", body | {"hours": 24.5})
    assert right["id"] != wrong["id"]
    assert (await service.get(f"{path}/training-hours"))["hours"] == 24.5
    facts = {one["id"]: one["standing"] for one in (await service.get(f"{path}/facts"))["items"]}
    assert (facts[wrong["fact_id"]], facts[right["fact_id"]]) == (False, True)
    shown = {one["id"]: one["withdrawn_at"] for one in (await service.get(f"{path}/trainings"))["items"]}
    assert shown == {wrong["id"]: drawn["withdrawn_at"], right["id"]: None}
