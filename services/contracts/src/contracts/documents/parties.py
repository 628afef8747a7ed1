"""Who contracts: the contract's head, the platform, the agencies, the travellers, the signatures."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.documents.fields import (
    Amount,
    Count,
    Day,
    Instant,
    LicenceNumber,
    Name,
    Part,
    UsccText,
    WhenPresent,
    Whole,
)

__all__ = [
    "Agency",
    "ContractHead",
    "ContractType",
    "EmergencyContact",
    "GroundAgency",
    "Handler",
    "LiabilityInsurance",
    "Passport",
    "Scope",
    "Signature",
    "SubmittingPlatform",
    "Template",
    "Traveler",
]

ContractType = Literal[
    "domestic_group",
    "outbound_group",
    "taiwan_group",
    "domestic_one_day",
    "study_tour",
    "agency_to_ground",
    "single_service",
]
Scope = Literal["domestic", "inbound", "outbound", "border", "taiwan"]


class Template(Part):
    """The model text the parties used."""

    title: Name
    edition_year: Whole
    gf_number: str | None
    legacy_gf_number: str | None
    modified_clauses: list[Name]


class ContractHead(Part):
    """Type, text, place and time of the contract."""

    contract_type: ContractType
    contract_no: str | None
    template: Template
    language: Name
    signing_place: Name
    signed_at: Instant
    signing_channel: Literal["online", "store", "hybrid"]
    copies: Count


class SubmittingPlatform(Part):
    """The platform that files the contract, and its own numbers."""

    platform_name: Name
    platform_uscc: UsccText
    platform_role: Literal["platform_operator", "in_platform_operator", "own_site", "e_contract_provider"]
    platform_order_no: Name
    platform_contract_no: Name
    submitted_at: Instant


class Handler(Part):
    """The clerk who handles the contract."""

    name: Name
    phone: Name


class LiabilityInsurance(Part):
    """The agency's compulsory liability policy."""

    insurer: Name
    policy_no: Name
    per_person_death_limit_fen: Amount
    valid_from: Day
    valid_to: Day


class Agency(Part):
    """A travel agency as a party: the organiser, or the one that sells for it."""

    name: Name
    uscc: UsccText
    license_no: LicenceNumber
    business_scope: Annotated[list[Scope], Field(min_length=1)]
    address: Name
    phone: Name
    complaint_phone: str | None
    handler: Handler
    liability_insurance: LiabilityInsurance


class GroundAgency(Part):
    """An agency that receives the group at the destination."""

    name: Name
    uscc: UsccText | None
    license_no: str | None
    address: Name
    contact_name: Name
    contact_phone: Name
    settlement_price_per_person_fen: Amount | None


class EmergencyContact(Part):
    """Whom to call when something happens to a traveller."""

    name: Name
    relation: Name
    phone: Name


class Passport(Part):
    """The travel document for a trip abroad."""

    passport_no: Name
    issue_place: str | None
    issue_date: Day
    expiry_date: Day
    surname_pinyin: str | None
    given_name_pinyin: str | None


class Traveler(Part):
    """One traveller."""

    traveler_no: Count
    name: Name
    id_type: Literal[
        "resident_id_card",
        "passport",
        "hm_permit",
        "taiwan_permit",
        "home_return_permit",
        "taiwan_compatriot_permit",
        "military_id",
        "other",
    ]
    id_number: Name
    gender: Literal["male", "female"]
    birth_date: Day
    nationality: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    phone: str | None
    traveler_kind: Literal["adult", "child"]
    is_representative: bool
    guardian_traveler_no: Amount | None
    health_note: str | None
    emergency_contact: EmergencyContact
    passport: Annotated[Passport | None, *WhenPresent] = None


class Signature(Part):
    """One electronic signature or seal under the contract."""

    signer_role: Literal[
        "traveler_representative", "traveler", "guardian", "agency_seal", "agency_handler", "platform"
    ]
    signer_name: Name
    signer_id_ref: Name
    method: Name
    algorithm: Name
    cert_issuer: str | None
    cert_serial: str | None
    signed_at: Instant
    signature_value: str | None
