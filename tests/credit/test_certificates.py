"""Certificates over HTTP: what they state, who gets one, verification, reliance, and their end."""

import asyncio
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from common.ledger.receipt import Receipt
from credit.certificates.rules import (
    Because,
    Validity,
    code_fits,
    code_hash,
    code_of,
    overtaken,
    same_party,
    validity,
)
from credit.certificates.service import CertificateService
from credit.rounds import do_round
from pypdf import PdfReader

from .conftest import START, Service
from .listing import listed, reviewer
from .objecting import Room
from .repairing import granted

PERSON = {"id_number": "140100199001010014", "phone": "14200000001"}


def wanted(subject: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"purpose": "bid", "relying_party": "演示采购中心（虚构）"} | fields
    return body | ({"subject_id": subject["id"]} if subject else {})


def test_a_code_fits_itself_in_any_dress_and_nothing_else() -> None:
    code = code_of(bytes(range(10)))
    assert len(code.replace("-", "")) == 16
    assert code_fits(code.lower().replace("-", " "), code_hash(code))
    assert not code_fits(code[:-1], code_hash(code)) and not code_fits("\ud800", code_hash(code))


@pytest.mark.parametrize(
    ("state", "day", "told"),
    [
        ("issued", "2026-11-23", Validity.VALID),
        ("issued", "2026-11-24", Validity.EXPIRED),
        ("withdrawn", "2026-11-01", Validity.WITHDRAWN),
        ("superseded", "2026-12-01", Validity.SUPERSEDED),
    ],
)
def test_the_last_day_is_inside(state: str, day: str, told: Validity) -> None:

    assert validity(state, date(2026, 11, 23), date.fromisoformat(day)) is told


async def test_a_certificate_states_grade_lists_and_shown_records_and_is_in_the_log(service: Service) -> None:
    subject = await service.subject(name="证明样例旅行社（虚构）")
    await service.fact(subject, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    await service.fact(subject, "PENALTY_WARNING", "2026-10-02")
    made = await service.post("/certificates", wanted(subject))
    document = made["document"]
    assert (made["validity"], made["valid_until"], made["uses"]) == ("valid", "2027-02-23", 0)
    assert document["grade"]["grade"] == (await service.get(f"/subjects/{subject['id']}"))["grade"]
    assert document["grade"]["status"] == "sample"
    assert [one["code"] for one in document["records"]] == ["PENALTY_FINE_LARGE"]
    assert document["lists"] == [] and document["not_included"]
    assert sha256(rfc8785.dumps(document)).hexdigest() == made["document_sha256"]
    assert "证明样例" in document["subject"]["name"] and "〔2026〕" in made["number"]
    for _ in range(600):
        answer = await service.http.get(
            f"/api/v1/credit/certificates/{made['id']}/receipt", headers=service.who()
        )
        if answer.status_code == 200:
            break
        await asyncio.sleep(0.05)
    receipt = Receipt.decode(answer.content)
    assert receipt.document_hash.hex() == made["document_sha256"]
    found = await service.get(f"/certificates/{made['id']}")
    assert found == {name: value for name, value in made.items() if name != "code"}
    await service.get(f"/certificates/{made['id']}", 404, service.who("140200"))
    listed = await service.get("/certificates", subject_id=subject["id"])
    assert [one["id"] for one in listed["items"]] == [made["id"]]


async def test_the_paper_carries_hash_and_code(service: Service) -> None:
    subject = await service.subject(name="纸面样例旅行社（虚构）")
    made = await service.post("/certificates", wanted(subject, purpose="loan"))
    answer = await service.http.get(f"/api/v1/credit/certificates/{made['id']}.pdf", headers=service.who())
    assert answer.status_code == 200, answer.text
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    plain = "".join(text.split())
    assert made["code"] in plain and "融资信贷" in plain and made["document_sha256"][:20] in plain


async def test_who_may_have_one(service: Service) -> None:
    subject = await service.subject(name="本人样例旅行社（虚构）")
    own = service.who(scopes=["credit:read"], kind="agency", subject_id=subject["id"])
    mine = await service.post("/certificates", wanted(), who=own)
    assert mine["subject_id"] == subject["id"]
    other = await service.subject(name="他人样例旅行社（虚构）")
    await service.post("/certificates", wanted(other), 404, own)
    await service.post("/certificates", wanted(other), 403, service.who(scopes=["credit:read"]))
    await service.post("/certificates", wanted(other), 404, service.who("140200"))
    await service.post("/certificates", wanted(), 422)
    await service.post("/certificates", wanted(other, as_of="2026-11-24"), 422)
    await service.post("/certificates", wanted(other, purpose="party"), 422)
    stranger = await service.subject(kind="unlicensed_operator", key=None, name="无证样例（虚构）")
    await service.post("/certificates", wanted(stranger), 409)


async def test_a_person_must_have_authorised_it_and_stands_masked(service: Service) -> None:
    guide = await service.subject(kind="tour_guide", key=service.card(), name="吴样例辛", person=PERSON)
    await service.post("/certificates", wanted(guide), 422)
    made = await service.post("/certificates", wanted(guide, consent="授权书 2026-07"))
    assert "吴样例辛" not in str(made) and PERSON["id_number"] not in str(made)
    own = service.who(scopes=["credit:read"], kind="guide", subject_id=guide["id"])
    await service.post("/certificates", wanted(purpose="rating"), who=own)


async def test_anyone_verifies_by_number_and_code_and_the_asking_is_noted(service: Service) -> None:
    subject = await service.subject(name="查验样例旅行社（虚构）")
    made = await service.post("/certificates", wanted(subject))
    body = {"number": made["number"], "code": made["code"].lower(), "relying_party": "演示采购中心(虚构)"}
    told = await service.post("/public/certificates/verify", body, 200, {})
    assert told == {
        "number": made["number"],
        "validity": "valid",
        "because": None,
        "checked": ["relying_party"],
        "purpose": "bid",
        "relying_party": "演示采购中心（虚构）",
        "as_of": "2026-11-23",
        "past": False,
        "issued_on": "2026-11-23",
        "valid_until": "2027-02-23",
        "document_sha256": made["document_sha256"],
    }
    wrong = [
        await service.post("/public/certificates/verify", body | change, 404, {})
        for change in ({"code": "AAAA-AAAA-AAAA-AAAA"}, {"number": "晋文旅信证字〔2026〕第140105-9999号"})
    ]
    assert wrong[0] == wrong[1]
    client = service.who(scopes=["credit:read"], kind="client", sub="department-1")
    use = {"code": made["code"], "relying_party": "演示采购中心（虚构）", "reference": "PS-7"}
    await service.post(f"/certificates/{made['id']}/uses", use, who=client)
    await service.post(f"/certificates/{made['id']}/uses", use | {"code": "AAAAAAAA"}, 404, client)
    uses = await service.get(f"/certificates/{made['id']}/uses")
    assert [(one["relying_party"], one["used_by"], one["told"]) for one in uses["items"]] == [
        ("演示采购中心（虚构）", "department-1", "valid"),
        ("演示采购中心(虚构)", None, "valid"),
    ]
    own = service.who(scopes=["credit:read"], kind="agency", subject_id=subject["id"])
    assert (await service.get(f"/certificates/{made['id']}/uses", who=own)) == uses
    assert (await service.get(f"/certificates/{made['id']}"))["uses"] == 2


async def test_a_newer_one_for_the_same_party_takes_its_place(service: Service) -> None:
    subject = await service.subject(name="更替样例旅行社（虚构）")
    first = await service.post("/certificates", wanted(subject))
    other = await service.post("/certificates", wanted(subject, relying_party="另一采购中心（虚构）"))
    second = await service.post("/certificates", wanted(subject))
    states = [(await service.get(f"/certificates/{one['id']}"))["validity"] for one in (first, other, second)]
    assert states == ["superseded", "valid", "valid"]


async def test_a_revoked_fact_withdraws_what_rests_on_it(service: Service) -> None:
    subject = await service.subject(name="撤销样例旅行社（虚构）")
    fact = await service.fact(subject, "PENALTY_FINE_LARGE", "2026-10-01", payload={"amount_fen": 5_000_000})
    made = await service.post("/certificates", wanted(subject))
    clean = await service.subject(name="无涉样例旅行社（虚构）")
    kept = await service.post("/certificates", wanted(clean))
    correction = {"action": "revoke", "reason": "复议撤销", "authority": "演示机关", "reference": "F-1"}
    await service.post(f"/facts/{fact['id']}/corrections", correction)
    app = service.app
    async with app.state.db.session() as session:
        certificates = CertificateService(session, app.state.env)
        touched = await certificates.affected_by(UUID(subject["id"]), UUID(fact["id"]), app.state.clock.now())
    assert [(one.kind, one.number) for one in touched] == [("certificate", made["number"])]
    await do_round(app.state.db, app.state.env)
    found = await service.get(f"/certificates/{made['id']}")
    assert (found["validity"], found["ended_because"]) == ("withdrawn", "fact_changed")
    assert (await service.get(f"/certificates/{kept['id']}"))["validity"] == "valid"
    told = await service.post(
        "/public/certificates/verify", {"number": made["number"], "code": made["code"]}, 200, {}
    )
    assert told["validity"] == "withdrawn"


async def told_of(service: Service, made: dict[str, Any], expect: int = 200, **said: Any) -> dict[str, Any]:
    body = {"number": made["number"], "code": made["code"], "purpose": made["purpose"]} | said
    told: dict[str, Any] = await service.post("/public/certificates/verify", body, expect, {})
    return told


RECORD = {"code": "A", "occurred_on": "2026-10-01", "authority": "甲", "reference": "1", "nature": "adverse"}
STATED: dict[str, Any] = {"grade": {"rated": True, "grade": "A"}, "lists": [], "records": [RECORD]}


@pytest.mark.parametrize(
    ("now", "because"),
    [
        ({}, None),
        ({"records": [RECORD | {"objection": True}]}, None),
        ({"records": [RECORD, RECORD | {"code": "B", "nature": "favourable"}]}, None),
        ({"records": [RECORD, RECORD | {"code": "B"}]}, Because.RECORDS_CHANGED),
        ({"records": []}, Because.RECORDS_CHANGED),
        ({"lists": [{"number": "L1"}]}, Because.LISTS_CHANGED),
        ({"grade": {"rated": True, "grade": "B"}, "lists": [{"number": "L1"}]}, Because.GRADE_CHANGED),
        ({"grade": {"rated": False, "grade": None}}, Because.GRADE_CHANGED),
    ],
)
def test_a_statement_is_overtaken_by_what_makes_it_untrue(
    now: dict[str, Any], because: Because | None
) -> None:
    assert overtaken(STATED, STATED | now) is because


def test_a_party_is_the_same_however_it_is_written() -> None:
    assert same_party("演示银行（虚构）", " 演示银行(虚构)") and same_party("Bank A", "bank Ａ")
    assert not same_party("演示银行（虚构）", "演示银行")


async def test_another_party_or_purpose_is_refused_and_the_asking_is_kept(service: Service) -> None:
    subject = await service.subject(name="限用样例旅行社（虚构）")
    made = await service.post("/certificates", wanted(subject))
    for said in ({"relying_party": "演示银行（虚构）"}, {"purpose": "loan"}):
        refused = await told_of(service, made, 409, **said)
        assert refused["type"] == "/problems/certificate-made-for-another"
        assert (refused["relying_party"], refused["purpose"]) == ("演示采购中心（虚构）", "bid")
    use = {"code": made["code"], "relying_party": "演示采购中心（虚构）"}
    await service.post(f"/certificates/{made['id']}/uses", use | {"purpose": "loan"}, 409)
    await service.post(f"/certificates/{made['id']}/uses", use | {"purpose": "bid"})
    assert (await told_of(service, made, purpose="bid"))["relying_party"] == "演示采购中心（虚构）"
    uses = await service.get(f"/certificates/{made['id']}/uses")
    assert [one["told"] for one in uses["items"]] == ["valid", "valid", "refused", "refused", "refused"]


async def test_an_earlier_day_is_stated_on_the_certificate_the_paper_and_the_verification(
    service: Service,
) -> None:
    firm = await service.subject(name="往日样例旅行社（虚构）")
    await listed(service, subject_id=firm["id"])
    made = await service.post("/certificates", wanted(firm, as_of="2026-11-20"))
    assert made["document"]["lists"] == [] and "较早日期" in made["document"]["past"]
    answer = await service.http.get(f"/api/v1/credit/certificates/{made['id']}.pdf", headers=service.who())
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "较早日期的信用状况" in "".join(text.split())
    told = await told_of(service, made)
    assert (told["validity"], told["as_of"], told["past"]) == ("valid", "2026-11-20", True)
    today = await service.post("/certificates", wanted(firm, relying_party="另一采购中心（虚构）"))
    assert today["document"]["past"] is None and len(today["document"]["lists"]) == 1
    assert not (await told_of(service, today))["past"]


async def test_what_was_taken_off_the_page_stands_in_no_certificate(service: Service) -> None:
    firm, room = await service.subject(name="撤展样例旅行社（虚构）"), Room(service)
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-10-10", payload={"amount_fen": 9_000_000})
    before = await service.post("/certificates", wanted(firm, relying_party="先前采购中心（虚构）"))
    made = await room.verified({"target": "page", "fact_id": fact["id"]}, room.own(firm))
    flagged = await service.post("/certificates", wanted(firm))
    assert [one["objection"] for one in flagged["document"]["records"]] == [True]
    service.at(START + timedelta(seconds=1))
    try:
        await Room(service).step(made, "sustain", {"reason": "含第三人个人信息，撤下展示"})
        told = await told_of(service, before)
        assert (told["validity"], told["because"]) == ("withdrawn", "withheld")
        service.at(START + timedelta(seconds=2))
        after = await service.post("/certificates", wanted(firm))
        assert after["document"]["records"] == []
        assert (await told_of(service, after))["validity"] == "valid"
    finally:
        service.at(START)


async def test_one_whose_content_is_not_true_any_more_says_of_which_class_the_reason_is(
    service: Service,
) -> None:
    firm, room = await service.subject(name="失实样例旅行社（虚构）"), Room(service)
    clean = await service.post("/certificates", wanted(firm, relying_party="先前采购中心（虚构）"))
    listing = await listed(service, subject_id=firm["id"])
    told = await told_of(service, clean)
    assert (told["validity"], told["because"]) == ("superseded", "grade_changed")
    stating = await service.post("/certificates", wanted(firm))
    service.at(START + timedelta(seconds=1))
    try:
        made = await room.verified(
            {"target": "listing", "listing_id": listing["id"]}, Room(service).own(firm)
        )
        await Room(service).step(
            made, "sustain", {"reason": "认定对象有误"}, who=reviewer(service, "reviewer-2")
        )
        assert (await service.get(f"/certificates/{stating['id']}"))["validity"] == "withdrawn"
        told = await told_of(service, stating)
        assert (told["validity"], told["because"]) == ("withdrawn", "listing_annulled")
        again = await service.post("/certificates", wanted(firm))
        await service.fact(firm, "PENALTY_FINE_LARGE", "2026-11-01", payload={"amount_fen": 1_000_000})
        told = await told_of(service, again)
        assert (told["validity"], told["because"]) in {
            ("superseded", "records_changed"),
            ("superseded", "grade_changed"),
        }
    finally:
        service.at(START)


async def test_a_repair_withdraws_the_certificate_that_states_what_is_repaired(service: Service) -> None:
    firm = await service.subject(name="修复样例旅行社（虚构）")
    fact = await service.fact(firm, "PENALTY_FINE_LARGE", "2026-05-01", payload={"amount_fen": 5_000_000})
    made = await service.post("/certificates", wanted(firm))
    await granted(service, firm, fact)
    told = await told_of(service, made)
    assert (told["validity"], told["because"]) == ("withdrawn", "repaired")
    past = await service.post("/certificates", wanted(firm, as_of="2026-11-20"))
    assert past["document"]["records"] == []
