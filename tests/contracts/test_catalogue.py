"""The tables behind the checks, as readers get them; and measuring on files."""

import json
from pathlib import Path

import pytest
from contracts.checks.evaluation import evaluate
from contracts.checks.rules import CHECKS

from .conftest import World
from .samples import DATA, changed, domestic, load, lowprice

BASE = "/api/v1/contracts"


async def test_the_rules_are_served_in_both_languages(world: World) -> None:
    answer = (await world.client.get(f"{BASE}/rules", headers=world.ota())).json()
    assert {rule["rule_id"] for rule in answer["items"]} == set(CHECKS)
    assert all(rule["legal_basis"] and rule["status"] and rule["reasons"] for rule in answer["items"])
    english = (
        await world.client.get(f"{BASE}/rules", headers=world.ota() | {"Accept-Language": "en"})
    ).json()
    titles = {rule["rule_id"]: rule["title"] for rule in english["items"]}
    assert titles["L61"] == "Accident insurance prompted"


async def test_before_the_privacy_law_there_were_fewer_rules(world: World) -> None:
    old = (await world.client.get(f"{BASE}/rules?on=2020-01-01", headers=world.ota())).json()
    assert {rule["rule_id"] for rule in old["items"]} < set(CHECKS)


async def test_templates_references_policies_and_schema(world: World) -> None:
    templates = (await world.client.get(f"{BASE}/templates", headers=world.ota())).json()["items"]
    study = [t for t in templates if t["contract_type"] == "study_tour"]
    assert [(t["edition_year"], t["gf_number"]) for t in study] == [(2026, "GF-2026-2619")]
    references = (await world.client.get(f"{BASE}/price-references", headers=world.ota())).json()["items"]
    invented = next(r for r in references if r["line"] == "大同·五台山·平遥4日")
    assert (invented["per_person_fen"], invented["status"]) == (118000, "sample")
    policies = (await world.client.get(f"{BASE}/policies", headers=world.ota())).json()["items"]
    assert all(policy["hash"] and policy["legal_basis"] for policy in policies)
    schema = (await world.client.get(f"{BASE}/schema", headers=world.ota())).json()
    assert schema["$id"] == "tourism-contract-submission-1.0"
    assert (await world.client.get(f"{BASE}/rules")).status_code == 401


def test_evaluating_the_samples_is_exact() -> None:
    measured = evaluate(DATA.glob("*.json"), load("expected-findings")).report()
    assert (measured["files"], measured["exact"], measured["findings"]) == (3, 3, 26)
    assert measured["precision"] == measured["recall"] == 1.0


def test_evaluation_names_what_differs(tmp_path: Path) -> None:
    for name, document in (
        ("a.json", changed(domestic(), {"attachments": []})),
        ("b.json", {"schema_version": "1.0"}),
    ):
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    wanted = {
        "a.json": [{"rule_id": "L61", "severity": "error", "path": "insurance.agency_prompted"}],
        "b.json": [],
    }
    measured = evaluate(tmp_path.glob("*.json"), wanted).report()
    assert (measured["exact"], measured["precision"], measured["recall"]) == (0, 0.0, 0.0)
    assert measured["differences"]["a.json"]["unexpected"] == [["L59", "error", "attachments"]]
    assert measured["differences"]["b.json"]["malformed"]


@pytest.mark.parametrize(("fen", "hit"), [(42571, False), (42572, True)])
def test_prices_of_ones_own_come_first(tmp_path: Path, fen: int, hit: bool) -> None:
    (tmp_path / "a.json").write_text(json.dumps(lowprice()), encoding="utf-8")
    reference = load("expected-findings")["reference_prices"][0] | {"per_person_fen": fen}
    found = evaluate([tmp_path / "a.json"], {"a.json": [], "reference_prices": [reference]}).files[0].found
    assert ("P01" in {rule for rule, _, _ in found}) is hit
