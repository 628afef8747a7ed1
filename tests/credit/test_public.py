"""The public pages show what may be shown, and nothing else."""

from typing import Any

from sqlalchemy import text

from .conftest import Service
from .test_intake import alert, take


async def page(service: Service, key: str, expect: int = 200) -> dict[str, Any]:
    answer = await service.http.get(f"/api/v1/credit/public/subjects/{key}")
    assert answer.status_code == expect, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_page_shows_published_records_and_hides_the_rest(service: Service) -> None:
    made = await service.subject(name="公示样例旅行社（虚构）", license_no="L-SX-700900")
    await service.fact(made, "PENALTY_FINE_SMALL", "2026-06-01", payload={"amount_fen": 1_000_000})
    await service.fact(made, "PENALTY_FINE_SMALL", "2023-11-22", payload={"amount_fen": 1_000_000})
    await service.fact(made, "PENALTY_WARNING", "2026-06-02")
    await service.fact(made, "VALID_COMPLAINT", "2026-06-03")
    await service.fact(made, "COMMENDATION", "2026-06-04")
    await take(service, "price_alert_raised", alert(made["key"]))
    found = await page(service, made["key"])
    assert [(one["code"], one["shown_until"]) for one in found["records"]] == [
        ("COMMENDATION", "2027-06-04"),
        ("PENALTY_FINE_SMALL", "2027-06-01"),
    ]
    assert (found["grade"]["grade"], found["grade"]["scorecard_status"]) == ("A", "sample")
    assert "score" not in found and "warnings" not in found and made["id"] not in str(found)
    assert await page(service, "l-sx-700900") == found
    listed = (await service.http.get("/api/v1/credit/public/subjects", params={"q": "公示样例"})).json()
    assert [one["key"] for one in listed["items"]] == [made["key"]]
    await page(service, "911401059999990157", 404)


async def test_a_poor_grade_is_not_published_by_the_sample_policy(service: Service) -> None:
    made = await service.subject()
    await service.by_room(made, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-4"})
    found = await page(service, made["key"])
    assert found["grade"] is None
    assert [one["code"] for one in found["records"]] == ["SERIOUS_LISTED"]


async def test_a_guide_is_found_by_the_exact_card_and_stays_masked(service: Service) -> None:
    card = service.card()
    await service.subject(
        kind="tour_guide",
        key=card,
        name="李样例",
        region="140100",
        person={"id_number": "140100199001010014", "phone": "14200000001"},
    )
    found = await page(service, card)
    assert found["name"] == "李**"
    assert "person" not in found and "14200000001" not in str(found)
    for query in ("李样例", card):
        listed = (await service.http.get("/api/v1/credit/public/subjects", params={"q": query})).json()
        assert listed["items"] == []


async def test_an_unlicensed_operator_without_code_is_treated_as_a_person(service: Service) -> None:
    hidden = await service.subject(kind="unlicensed_operator", key=None, name="赵样例甲")
    firm = await service.subject(kind="unlicensed_operator", name="黑车样例商行（虚构）")
    assert hidden["name"] == "赵***"
    assert (await page(service, firm["key"]))["name"] == "黑车样例商行（虚构）"
    for query, found in (("赵样例甲", []), ("黑车样例", [firm["key"]])):
        answer = await service.http.get("/api/v1/credit/public/subjects", params={"q": query})
        assert [one["key"] for one in answer.json()["items"]] == found
    etag = (await service.http.get(f"/api/v1/credit/subjects/{hidden['id']}", headers=service.who())).headers[
        "etag"
    ]
    renamed = await service.http.patch(
        f"/api/v1/credit/subjects/{hidden['id']}",
        json={"name": "钱样例乙"},
        headers=service.who() | {"If-Match": etag},
    )
    assert renamed.json()["name"] == "钱***"
    async with service.app.state.db.session() as session:
        told = {
            row.subject: row.data
            for row in await session.execute(text("SELECT data->>'subject_id' subject, data FROM outbox"))
        }
        rows = await session.scalars(
            text("SELECT s::text FROM subjects s UNION ALL SELECT data::text FROM outbox")
        )
        everything = "".join(rows)
    assert told[hidden["id"]]["name"] is None
    assert told[firm["id"]]["name"] == "黑车样例商行（虚构）"
    assert "赵样例甲" not in everything and "钱样例乙" not in everything
    clear = await service.post(f"/subjects/{hidden['id']}/reveals", {"purpose": "核对无证经营者"}, 200)
    assert clear["name"] == "钱样例乙"


async def test_the_log_is_public(service: Service) -> None:
    checkpoint = await service.http.get("/api/v1/credit/log/checkpoint")
    assert checkpoint.status_code in (200, 503)
    keys = await service.http.get("/api/v1/credit/log/keys")
    assert keys.status_code in (200, 503)
