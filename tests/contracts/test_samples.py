"""The three samples give exactly the findings expected of them."""

import pytest
from contracts.checks.findings import Finding, examine
from contracts.checks.rules.case import Case
from contracts.documents.schemas import Submission
from contracts.policies import load_library

from .samples import Document, domestic, expected, load, lowprice, outbound


def findings(document: Document) -> list[Finding]:
    submission = Submission.model_validate(document)
    case = Case(submission, None, None, None)  # type: ignore[arg-type]
    book = load_library().rulebook(on=case.signed_on, region="140105")
    return examine(Case(submission, book))


@pytest.mark.parametrize("name", ["contract-domestic", "contract-outbound", "contract-lowprice-suspect"])
def test_findings_are_exactly_the_expected_ones(name: str) -> None:
    found = findings(load(name))
    keys = [(finding.rule_id, finding.severity, finding.path) for finding in found]
    assert set(keys) == expected(name)
    assert len(keys) == len(set(keys))


def test_reasons_read_in_both_languages() -> None:
    for finding in findings(lowprice()) + findings(outbound()):
        assert finding.reason.zh and finding.reason.en
        assert "{" not in finding.reason.zh + finding.reason.en
        assert finding.legal_basis
    assert findings(domestic()) == []


def test_the_price_alert_shows_its_arithmetic() -> None:
    (p01,) = [finding for finding in findings(lowprice()) if finding.rule_id == "P01"]
    assert "29800/118000=0.2525" in p01.reason.zh
    assert "82600" in p01.reason.zh
