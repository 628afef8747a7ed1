"""Measures of supervision that credit tells: kept as a copy, and asked on the day of a contract."""

from datetime import date
from typing import Any

import pytest
from contracts.checks.findings import examine
from contracts.checks.rules.case import Case
from contracts.checks.rules.supervision import applied_measures
from contracts.documents.schemas import Submission
from contracts.policies import load_library
from contracts.subjects.measures import Measure

from .conftest import World
from .samples import changed, domestic, outbound
from .test_rules import found
from .test_subjects import event, hear, known

AGENCY = "911401059999990157"
GUIDE = "D-1401-700001"
BASIS = "旅行社条例第六十四条"


def told(code: str, starts_on: str, ends_on: str | None, **fields: Any) -> dict[str, Any]:
    """A restriction as credit announces it."""
    return {
        "measure": code,
        "name": {"zh": f"{code}样例措施", "en": f"sample {code}"},
        "policy_id": code,
        "policy_version": "1",
        "basis": [BASIS],
        "status": "verified",
        "listing": "serious",
        "bars": [],
        "starts_on": starts_on,
        "ends_on": ends_on,
    } | fields


BARRED = told("M-BORDER", "2026-01-01", "2031-01-01", bars=["agency_business"])
LISTED = told("M-SEV-3", "2026-01-01", "2029-01-01")
OUTBOUND = told("M-T-OUTBOUND", "2026-01-01", "2028-01-01", bars=["outbound"])
CARD = told("M-T-GUIDE", "2026-01-01", None, bars=["guide_card", "agency_business"])
SLIGHT = told("M-MIN-1", "2026-01-01", "2027-01-01", listing="slight")


def supervised(version: int, *restrictions: dict[str, Any]) -> Any:
    codes = sorted(one["measure"] for one in restrictions)
    supervision = {"tier": "D", "measures": codes, "restrictions": list(restrictions)}
    return event("subject_updated", version, supervision=supervision)


def findings(
    document: Any, today: date | None = None, **by_key: list[dict[str, Any]]
) -> list[tuple[str, str, str]]:
    submission = Submission.model_validate(document)
    measures = {key: tuple(Measure.of(one) for one in ones) for key, ones in by_key.items()}
    book = load_library().rulebook(on=Case(submission, None).signed_on, region="140105")  # type: ignore[arg-type]
    case = Case(submission, book, measures=measures, today=today)
    hits = [(f.rule_id, str(f.severity), f.path) for f in examine(case) if f.rule_id == "Q02"]
    assert [one.path for one in applied_measures(case)] == [path for _, _, path in hits]
    return hits


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("2025-12-31T10:00:00+08:00", []),
        ("2026-01-01T00:00:00+08:00", [("Q02", "error", "agency.uscc")]),
        ("2031-01-01T23:59:59+08:00", [("Q02", "error", "agency.uscc")]),
        ("2031-01-02T00:00:00+08:00", []),
    ],
)
def test_a_measure_counts_on_its_days_and_on_no_other(signed: str, expected: Any) -> None:
    document = changed(domestic(), {"contract.signed_at": signed})
    assert findings(document, **{AGENCY: [BARRED]}) == expected


def test_what_a_measure_means_depends_on_act_party_and_scope() -> None:
    assert findings(domestic(), **{AGENCY: [LISTED]}) == [("Q02", "warn", "agency.uscc")]
    assert findings(domestic(), **{AGENCY: [OUTBOUND]}) == []
    abroad = outbound()
    assert findings(abroad, **{abroad["agency"]["uscc"]: [OUTBOUND]}) == [("Q02", "warn", "agency.uscc")]
    ground = domestic()["ground_agencies"][0]["uscc"]
    assert findings(domestic(), **{ground: [BARRED]}) == [("Q02", "error", "ground_agencies[0].uscc")]
    assert findings(domestic(), **{ground: [OUTBOUND]}) == []
    guided = changed(domestic(), {"guide.guide_name": "虚构导游", "guide.guide_certificate_no": GUIDE})
    assert findings(guided, **{GUIDE: [CARD]}) == [("Q02", "error", "guide.guide_certificate_no")]


def test_what_is_internal_to_authorities_is_told_to_no_platform() -> None:
    assert findings(domestic(), **{AGENCY: [SLIGHT]}) == []
    assert found(domestic()) == set()


@pytest.mark.parametrize(
    ("measure", "severity"),
    [(LISTED, "warn"), (OUTBOUND, "warn"), (BARRED, "error")],
    ids=["listed", "outbound", "barred"],
)
def test_what_only_informs_is_told_while_it_holds_and_what_refuses_by_the_day_of_signing(
    measure: dict[str, Any], severity: str
) -> None:
    signed = changed(outbound(), {"contract.signed_at": "2026-05-06T10:00:00+08:00"})
    agency = signed["agency"]["uscc"]
    ended = measure | {"ends_on": "2026-08-31"}
    hit = [("Q02", severity, "agency.uscc")]
    assert findings(signed, date(2026, 8, 31), **{agency: [ended]}) == hit
    assert findings(signed, date(2026, 9, 1), **{agency: [ended]}) == (hit if severity == "error" else [])
    assert findings(signed, date(2026, 9, 1), **{agency: [ended, measure]}) == (
        hit * 2 if severity == "error" else hit
    )


async def test_a_document_dated_into_the_past_tells_of_no_listing_that_is_over(world: World) -> None:
    over = LISTED | {"ends_on": "2026-11-22"}
    await hear(world, supervised(2, over))
    dated = changed(domestic(), {"contract.signed_at": "2026-11-20T10:00:00+08:00"})
    asked = await world.client.post("/api/v1/contracts/contracts:check", json=dated, headers=world.ota())
    assert asked.status_code == 200, asked.text
    assert "Q02" not in {one["rule_id"] for one in asked.json()["findings"]}
    registered = await world.submit(dated)
    assert "Q02" not in {one["rule_id"] for one in registered.json()["findings"]}
    await hear(world, supervised(3, over | {"ends_on": "2026-11-23"}))
    asked = await world.client.post("/api/v1/contracts/contracts:check", json=dated, headers=world.ota())
    assert "Q02" in {one["rule_id"] for one in asked.json()["findings"]}


async def test_the_copy_takes_all_measures_of_a_newer_update_and_leaves_them_to_an_update_without(
    world: World,
) -> None:
    await hear(world, supervised(5, BARRED, LISTED), supervised(4, OUTBOUND))
    assert [one["measure"] for one in (await known(world)).measures] == ["M-BORDER", "M-SEV-3"]
    await hear(world, event("subject_updated", 6, status="active"))
    copy = await known(world)
    assert (copy.version, copy.measures_version, len(copy.measures)) == (6, 5, 2)
    await hear(world, supervised(7), supervised(5, BARRED))
    assert (await known(world)).measures == []
    old = event("subject_updated", 8, supervision={"tier": "C", "measures": ["M-SEV-3"]})
    await hear(world, supervised(8, LISTED), old)
    assert [one["measure"] for one in (await known(world)).measures] == ["M-SEV-3"]


async def test_a_barred_agency_is_refused_and_the_finding_names_measure_basis_and_end(world: World) -> None:
    await hear(world, supervised(2, BARRED))
    english = await world.submit(domestic(), headers={"Accept-Language": "en"})
    assert english.status_code == 422
    [finding] = english.json()["findings"]
    assert finding["reason"] == (
        "On the day of signing barred by M-BORDER (sample M-BORDER; from 2026-01-01 to 2031-01-01):"
        " no agency business"
    )
    assert finding["legal_basis"][-1] == BASIS
    assert (finding["rule_id"], finding["severity"], finding["pointer"]) == ("Q02", "error", "/agency/uscc")
    assert (
        await world.count("attempts", "measures->0->>'measure' = 'M-BORDER'"),
        await world.count("contracts"),
    ) == (1, 0)


async def test_a_registered_contract_names_the_measures_it_was_decided_under(world: World) -> None:
    await hear(world, supervised(2, LISTED, SLIGHT, OUTBOUND))
    answer = await world.submit(domestic())
    assert answer.status_code == 201, answer.text
    [finding] = answer.json()["findings"]
    assert finding["reason"] == (
        "签约当日为严重失信主体，M-SEV-3“M-SEV-3样例措施”（自2026-01-01至2029-01-01）"
    )
    path = f"/api/v1/contracts/contracts/{answer.json()['contract_no']}"
    [cited] = (await world.client.get(path, headers=world.ota())).json()["latest"]["measures"]
    assert cited == {
        "measure": "M-SEV-3",
        "name": "M-SEV-3样例措施",
        "policy_id": "M-SEV-3",
        "policy_version": "1",
        "status": "verified",
        "basis": [BASIS],
        "starts_on": "2026-01-01",
        "ends_on": "2029-01-01",
        "path": "agency.uscc",
        "reason": "listed",
    }
    await hear(world, supervised(3))
    again = await world.submit(domestic())
    assert again.json() == answer.json()
    seen = (await world.client.get(path, headers=world.ota())).json()["latest"]["measures"]
    assert [one["measure"] for one in seen] == ["M-SEV-3"]


async def test_a_check_says_what_a_registration_would(world: World) -> None:
    await hear(world, supervised(2, BARRED))
    answer = await world.client.post(
        "/api/v1/contracts/contracts:check", json=domestic(), headers=world.ota()
    )
    body = answer.json()
    assert (body["registrable"], [one["rule_id"] for one in body["findings"]]) == (False, ["Q02"])
