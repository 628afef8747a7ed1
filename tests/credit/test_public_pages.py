"""Public pages: what a record shows, when it ends, the subject's reply, and the QR code."""

import base64
import json
from datetime import timedelta
from typing import Any

from common.ledger.note import VerifierKey
from credit.public.qr import PREFIX, qr_svg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rfc8785 import dumps

from .conftest import START, Service

PUBLIC = "/api/v1/credit/public/subjects"


async def page(service: Service, subject: dict[str, Any]) -> dict[str, Any]:
    answer = await service.http.get(f"{PUBLIC}/{subject['key']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def own(service: Service, subject: dict[str, Any]) -> dict[str, str]:
    return service.who(kind="agency", sub="agency-1", scopes=["credit:read"], subject_id=subject["id"])


async def test_a_record_shows_what_its_document_says_and_no_more(service: Service) -> None:
    subject = await service.subject()
    payload = {"amount_fen": 6_000_000, "article": "旅游法第一百条", "violation_code": "V-100"}
    await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-01", payload=payload)
    await service.fact(subject, "PRAISE_LETTER", "2026-06-02", payload={"from": "张样例"})
    (record,) = (await page(service, subject))["records"]
    assert record["content"] == payload
    assert (record["publicity_class"], record["shown_until"], record["repairable_from"]) == (
        "general",
        "2027-06-01",
        "2026-09-02",
    )
    assert (record["objection"], record["reply"]) == (False, None)


async def test_a_record_leaves_the_page_by_itself_and_stays_in_the_archive(service: Service) -> None:
    subject = await service.subject()
    await service.fact(subject, "PENALTY_FINE_LARGE", "2023-11-23", payload={"amount_fen": 6_000_000})
    assert [one["code"] for one in (await page(service, subject))["records"]] == ["PENALTY_FINE_LARGE"]
    try:
        service.at(START + timedelta(days=1))
        assert (await page(service, subject))["records"] == []
        kept = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
        assert [(one["visible_until"], one["archived"]) for one in kept] == [("2026-11-23", False)]
    finally:
        service.at(START)


async def test_what_was_ended_or_revoked_is_not_shown(service: Service) -> None:
    subject = await service.subject()
    listed = await service.by_room(subject, "SERIOUS_LISTED", "2026-06-01", payload={"condition": "SEV-T-4"})
    await service.by_room(subject, "SLIGHT_LISTED", "2026-06-01", payload={"condition": "MIN-3"})
    assert [one["code"] for one in (await page(service, subject))["records"]] == ["SERIOUS_LISTED"]
    await service.by_room(subject, "SERIOUS_LISTING_REMOVED", "2026-09-01", payload={"condition": "SEV-T-4"})
    assert (await page(service, subject))["records"] == []
    fine = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-03", payload={"amount_fen": 6_000_000})
    assert len((await page(service, subject))["records"]) == 1
    await service.by_room(
        subject, "REPAIRED", "2026-10-01", payload={"fact_id": fine["id"], "number": "XF-1"}
    )
    assert (await page(service, subject))["records"] == []
    assert listed["visible_until"] == "2029-06-01"


async def test_a_reply_is_shown_beside_its_record_once_it_was_looked_at(service: Service) -> None:
    subject = await service.subject()
    fact = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-06-01", payload={"amount_fen": 6_000_000})
    me = own(service, subject)
    path = f"/facts/{fact['id']}/reply"
    said = {"text": "已整改并缴清罚款，联系电话 13900000001"}
    await service.post(path, said, 403)
    first = await service.post(path, said, who=me)
    assert (first["state"], "13900000001" in str(first)) == ("filed", False)
    second = await service.post(path, {"text": "已于七月整改并缴清罚款"}, who=me)
    waiting = (await service.get("/replies", state="filed", subject_id=subject["id"]))["items"]
    assert [one["id"] for one in waiting] == [second["id"]]
    assert (await page(service, subject))["records"][0]["reply"] is None
    review = f"/replies/{second['id']}/review"
    await service.post(review, {"decision": "show"}, 403, who=me)
    await service.post(review, {"decision": "show"}, 404, who=service.who("140200"))
    assert (await service.post(review, {"decision": "show"}, 200))["state"] == "shown"
    assert (await service.post(review, {"decision": "show"}, 409))["state"] == "shown"
    shown = (await page(service, subject))["records"][0]["reply"]
    assert shown == {"text": "已于七月整改并缴清罚款", "shown_since": "2026-11-23"}
    third = await service.post(path, {"text": "与执法人员有纠纷的不当言辞"}, who=me)
    await service.post(f"/replies/{third['id']}/review", {"decision": "refuse"}, 422)
    refused = await service.post(
        f"/replies/{third['id']}/review", {"decision": "refuse", "reason": "含不当言辞"}, 200
    )
    assert refused["state"] == "refused"
    assert (await page(service, subject))["records"][0]["reply"] == shown
    fourth = await service.post(path, {"text": "整改报告已公开"}, who=me)
    await service.post(f"/replies/{fourth['id']}/review", {"decision": "show"}, 200)
    assert (await page(service, subject))["records"][0]["reply"]["text"] == "整改报告已公开"
    await service.post(f"/replies/{fourth['id']}/withdraw", {}, 200, who=me)
    assert (await page(service, subject))["records"][0]["reply"] is None


async def test_nobody_replies_for_another_or_to_what_does_not_stand(service: Service) -> None:
    subject, other = await service.subject(), await service.subject()
    fact = await service.fact(subject, "VALID_COMPLAINT", "2026-06-01")
    said = {"text": "并无此事"}
    await service.post(f"/facts/{fact['id']}/reply", said, 404, who=own(service, other))
    body = {"action": "revoke", "reason": "误录", "authority": "演示机关", "reference": "更正2号"}
    await service.post(f"/facts/{fact['id']}/corrections", body)
    await service.post(f"/facts/{fact['id']}/reply", said, 404, who=own(service, subject))
    assert (await service.get("/replies", who=own(service, other)))["items"] == []


async def test_a_qr_code_is_signed_by_the_key_of_the_log(service: Service) -> None:
    subject = await service.subject(name="二维码样例旅行社（虚构）")
    answer = await service.http.get(f"{PUBLIC}/{subject['key']}/qr")
    found = answer.json()
    said = json.loads(found["text"])
    signature = base64.b64decode(said.pop("signature"))
    key = VerifierKey.parse(found["key"])
    assert found["key"] == str(service.log_key)
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature[len(key.key_id) :], PREFIX + dumps(said))
    assert (said["name"], said["key"], said["as_of"]) == (subject["name"], subject["key"], "2026-11-23")
    assert said["page"] == found["page"] == f"{PUBLIC}/{subject['key']}"
    image = await service.http.get(f"{PUBLIC}/{subject['key']}/qr.svg")
    assert image.headers["content-type"].startswith("image/svg+xml")
    assert image.content == qr_svg(found["text"]) and b"<script" not in image.content
    assert (await service.http.get(f"{PUBLIC}/911401059999990157/qr")).status_code == 404


async def test_a_search_needs_two_letters(service: Service) -> None:
    assert (await service.http.get(PUBLIC, params={"q": "旅"})).status_code == 422
    assert (await service.http.get(PUBLIC, params={"q": "旅行"})).status_code == 200
