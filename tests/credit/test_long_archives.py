"""What more than a thousand newer facts of a subject must not hide: its page, certificates and promises."""

from typing import Any

from sqlalchemy import text

from .conftest import Service
from .test_commitments import body, user_of

MORE = 1_005
FINE = {"amount_fen": 6_000_000}
_AGAIN = """
    INSERT INTO facts
    SELECT (jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(),
            'source_reference', f.source_reference || '-' || n,
            'recorded_at', f.recorded_at - interval '1 hour' - n * interval '1 second'))).*
    FROM facts f, generate_series(1, :more) n
    WHERE f.id = :id AND f.version = 1
"""


async def buried(service: Service, subject: dict[str, Any]) -> None:
    """A subject with very many complaints, all newer than what else stands about it."""
    newest = await service.fact(subject, "VALID_COMPLAINT", "2026-11-20")
    async with service.app.state.db.session() as session:
        await session.execute(text(_AGAIN), {"id": newest["id"], "more": MORE})


async def test_a_penalty_is_shown_and_certified_however_many_complaints_follow(service: Service) -> None:
    firm = await service.subject()
    await service.fact(firm, "PENALTY_FINE_LARGE", "2026-06-01", payload=FINE)
    await buried(service, firm)
    shown = await service.http.get(f"/api/v1/credit/public/subjects/{firm['key']}")
    assert [one["code"] for one in shown.json()["records"]] == ["PENALTY_FINE_LARGE"]
    ask = {"subject_id": firm["id"], "purpose": "bid", "relying_party": "演示采购中心（虚构）"}
    certificate = await service.post("/certificates", ask, who=service.who())
    assert "PENALTY_FINE_LARGE" in str(certificate["document"])


async def test_a_broken_promise_is_remembered_however_many_complaints_follow(service: Service) -> None:
    firm = await service.subject()
    await service.by_room(firm, "COMMITMENT_BROKEN", "2026-06-01")
    await buried(service, firm)
    refused = await service.post("/commitments", body(firm), 409, user_of(service, firm))
    assert refused["reason"] == "broken_before"
