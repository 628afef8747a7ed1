"""Checking a document against the law of its day and place, and against what we know of its agency."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common import regions
from common.clock import china_date
from common.policies import WHOLE_COUNTRY, PolicyNotInForce
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.checks.findings import Finding, examine
from contracts.checks.rules.case import Case, KnownAgency
from contracts.checks.rules.consents import signature_level
from contracts.checks.rules.prices import price_ratio
from contracts.checks.rules.supervision import applied_measures, keys_of
from contracts.checks.schemas import CheckAnswer, view
from contracts.documents.schemas import Submission
from contracts.policies import Library, Rulebook
from contracts.subjects.measures import Measure
from contracts.subjects.models import Subject
from contracts.subjects.service import find_subjects_by_key

__all__ = ["Examined", "check_document", "choose_rules", "examine_document", "region_of"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A checked document: its findings, its region, the rules used, and what follows from them.

    `measures` cites the supervision measures under which it is decided.
    """

    findings: list[Finding]
    region: str | None
    policy_versions: dict[str, str]
    price_ratio: Decimal | None
    signature_level: str
    measures: list[dict[str, Any]]

    @property
    def refused(self) -> bool:
        """Whether a finding is an error, which refuses the contract."""
        return any(finding.severity == "error" for finding in self.findings)


async def examine_document(
    session: AsyncSession, library: Library, document: Submission, today: date
) -> Examined:
    """Run every rule in force on the day of signing at the agency's place.

    Raises:
        InvalidPayload: the contract is dated before the first rules.
    """
    seller = document.selling_agent
    known = await find_subjects_by_key(session, *(key for _, _, key in keys_of(document)))
    agency = known.get(document.agency.uscc)
    region = region_of(document, agency)
    book = choose_rules(library, china_date(document.contract.signed_at), region)
    case = Case(
        document,
        book,
        _known(agency),
        _known(known.get(seller.uscc)) if seller else None,
        {key: tuple(Measure.of(told) for told in subject.measures) for key, subject in known.items()},
        today,
    )
    return Examined(
        findings=examine(case),
        region=region,
        policy_versions=book.version,
        price_ratio=price_ratio(case),
        signature_level=signature_level(case),
        measures=[one.citation() for one in applied_measures(case)],
    )


def choose_rules(library: Library, on: date, region: str | None) -> Rulebook:
    """The rules of a day and place.

    Raises:
        InvalidPayload: the day lies before the first rules.
    """
    try:
        return library.rulebook(on=on, region=region or WHOLE_COUNTRY)
    except PolicyNotInForce as error:
        detail = error.detail or Text("签约日期没有适用的规则", "No rules apply to the day of signing")
        raise InvalidPayload.at("/contract/signed_at", detail) from error


def region_of(document: Submission, agency: Subject | None) -> str | None:
    """Where a contract belongs: the agency's region in the archive, else in its credit code, else the place
    of signing by its province's name, else unknown."""
    if agency is not None and agency.region is not None:
        return agency.region
    code = document.agency.uscc[2:8]
    if regions.exists(code):
        return code
    place = document.contract.signing_place.strip()
    for province in regions.provinces():
        if place.startswith(regions.name_of(province)):
            return province
    return None


def _known(subject: Subject | None) -> KnownAgency | None:
    if subject is None:
        return None
    return KnownAgency(subject.license_no, frozenset(subject.scope), subject.status)


async def check_document(
    session: AsyncSession, library: Library, document: Submission, language: str, today: date
) -> CheckAnswer:
    """The findings of a document, and nothing stored.

    Raises:
        InvalidPayload: the contract is dated before the first rules.
    """
    examined = await examine_document(session, library, document, today)
    return CheckAnswer(
        registrable=not examined.refused,
        findings=[view(finding, language) for finding in examined.findings],
        policy_versions=examined.policy_versions,
    )
