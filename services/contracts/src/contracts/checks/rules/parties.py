"""Who contracts: travellers, agencies, licence, insurance, telephone numbers."""

from collections import Counter
from collections.abc import Iterator

from common.money import format_yuan

from contracts.checks.rules.case import Case, Hit, spot

__all__ = [
    "agency_is_described",
    "complaint_telephone",
    "ground_agencies_are_named",
    "handler_is_named",
    "insurance_is_prompted",
    "liability_policy_covers_the_trip",
    "licence_covers_the_type",
    "parties_are_named",
    "place_and_date_of_signing",
    "principal_and_seller_are_named",
]

_RECORDED = frozenset({"domestic", "inbound", "outbound"})
"""Scopes that the archive tells of every agency; of border and Taiwan tours it may be silent."""


def parties_are_named(case: Case) -> Iterator[Hit]:
    """旅游法 58(1): one representative who can be reached, travellers told apart, guardians on the list."""
    travelers = case.document.travelers
    representatives = [at for at, traveler in enumerate(travelers) if traveler.is_representative]
    if len(representatives) != 1:
        yield Hit("travelers", "representative", {"count": len(representatives)})
    elif case.blank(travelers[representatives[0]].phone):
        number = travelers[representatives[0]].traveler_no
        yield Hit(spot("travelers", representatives, "phone"), "phone", {"number": number})
    for number, count in Counter(traveler.traveler_no for traveler in travelers).items():
        if count > 1:
            yield Hit("travelers[*].traveler_no", "repeated", {"number": number})
    adults = {traveler.traveler_no for traveler in travelers if traveler.traveler_kind == "adult"}
    for at, traveler in enumerate(travelers):
        guardian = traveler.guardian_traveler_no
        if guardian is not None and (guardian not in adults or guardian == traveler.traveler_no):
            yield Hit(
                spot("travelers", [at], "guardian_traveler_no"),
                "guardian",
                {"number": traveler.traveler_no, "guardian": guardian},
            )


def principal_and_seller_are_named(case: Case) -> Iterator[Hit]:
    """旅游法 60(1): who sells for another agency names both."""
    seller = case.document.selling_agent
    if seller is None:
        return
    if seller.uscc == case.document.agency.uscc:
        yield Hit("selling_agent.uscc", "same")
    for name in ("name", "address", "phone"):
        if case.blank(getattr(seller, name)):
            yield Hit(f"selling_agent.{name}", "blank", {"field": name})


def ground_agencies_are_named(case: Case) -> Iterator[Hit]:
    """旅游法 60(2): each ground agency with its licence, address and contact."""
    for at, agency in enumerate(case.document.ground_agencies):
        if case.blank(agency.license_no):
            yield Hit(spot("ground_agencies", [at], "license_no"), "licence")
        for name in ("name", "address", "contact_name", "contact_phone"):
            if case.blank(getattr(agency, name)):
                yield Hit(spot("ground_agencies", [at], name), "blank", {"field": name})


def agency_is_described(case: Case) -> Iterator[Hit]:
    """条例 28(1)."""
    for name in ("name", "address", "phone"):
        if case.blank(getattr(case.document.agency, name)):
            yield Hit(f"agency.{name}", "blank", {"field": name})


def handler_is_named(case: Case) -> Iterator[Hit]:
    """条例 28(2)."""
    for name in ("name", "phone"):
        if case.blank(getattr(case.document.agency.handler, name)):
            yield Hit(f"agency.handler.{name}", "blank", {"field": name})


def place_and_date_of_signing(case: Case) -> Iterator[Hit]:
    """条例 28(3): a place, and a date before departure and not after the submission."""
    head = case.document.contract
    if case.blank(head.signing_place):
        yield Hit("contract.signing_place", "blank")
    if head.signed_at > case.document.group.departure_at:
        yield Hit("contract.signed_at", "after_departure")
    elif head.signed_at > case.document.submitting_platform.submitted_at:
        yield Hit("contract.signed_at", "after_submission")


def complaint_telephone(case: Case) -> Iterator[Hit]:
    """条例 28(13): the agency's complaint telephone, and the supervising body with its own."""
    contact = case.document.supervision_contact
    if case.blank(case.document.agency.complaint_phone):
        yield Hit("agency.complaint_phone", "agency")
    if case.blank(contact.authority) or (case.blank(contact.phone) and case.blank(contact.national_hotline)):
        yield Hit("supervision_contact.phone", "authority")


def insurance_is_prompted(case: Case) -> Iterator[Hit]:
    """旅游法 61; who takes the order for insurance needs the licence for it."""
    insurance = case.document.insurance
    if not insurance.agency_prompted:
        yield Hit("insurance.agency_prompted", "not_prompted")
    elif insurance.choice is None:
        yield Hit("insurance.choice", "no_choice")
    elif insurance.choice == "entrust_agency" and not insurance.agency_has_insurance_agent_license:
        yield Hit("insurance.agency_has_insurance_agent_license", "no_agent_licence")


def licence_covers_the_type(case: Case) -> Iterator[Hit]:
    """旅游法 29, 95: licence alive and scope wide enough, by the document and by the archive."""
    needed = case.kind.scope
    document, known = case.document, case.agency
    if known is not None:
        if known.status != "active":
            yield Hit("agency.license_no", "inactive", {"state": known.status})
        if known.license_no is not None and known.license_no != document.agency.license_no:
            yield Hit("agency.license_no", "licence")
        if needed in _RECORDED and known.scope and needed not in known.scope:
            yield Hit("agency.business_scope", "recorded_scope", {"scope": needed})
    if needed is not None and needed not in document.agency.business_scope:
        yield Hit("agency.business_scope", "scope", {"scope": needed})
    seller = document.selling_agent
    if seller is not None and needed is not None:
        recorded = case.seller.scope if case.seller is not None else frozenset()
        if needed not in seller.business_scope or (
            needed in _RECORDED and recorded and needed not in recorded
        ):
            yield Hit("selling_agent.business_scope", "seller_scope", {"scope": needed})


def liability_policy_covers_the_trip(case: Case) -> Iterator[Hit]:
    """条例 38: the agency's policy covers every day of the trip, with the limit the rules demand."""
    policy = case.document.agency.liability_insurance
    if policy.valid_to < case.returns_on:
        yield Hit(
            "agency.liability_insurance.valid_to",
            "ends_early",
            {"valid_to": policy.valid_to, "until": case.returns_on},
        )
    if policy.valid_from > case.departs_on:
        yield Hit(
            "agency.liability_insurance.valid_from",
            "starts_late",
            {"valid_from": policy.valid_from, "start": case.departs_on},
        )
    least = case.book.thresholds.liability_limit_per_person_fen
    if policy.per_person_death_limit_fen < least:
        yield Hit(
            "agency.liability_insurance.per_person_death_limit_fen",
            "limit",
            {"stated": format_yuan(policy.per_person_death_limit_fen), "least": format_yuan(least)},
        )
