"""What it costs and on which terms: fees, insurance, cancellation, notices, disputes, consents."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.documents.fields import Amount, Count, Instant, Name, Part, Percent, Rate

__all__ = [
    "Attachment",
    "Cancellation",
    "CancellationTier",
    "Consent",
    "CostItem",
    "Dispute",
    "Fees",
    "Insurance",
    "PriceAdjustment",
    "RiskNotices",
    "SupervisionContact",
]


class PriceAdjustment(Part):
    """A surcharge or discount: one amount for the travellers it names."""

    reason: Name
    applies_to_traveler_nos: list[Count]
    amount_fen: Amount


class CostItem(Part):
    """One line of the agency's own cost per adult."""

    item: Name
    amount_fen: Amount


class Fees(Part):
    """The price of the trip, in fen."""

    currency: Literal["CNY"]
    adult_price_fen: Amount
    child_price_fen: Amount
    adult_count: Amount
    child_count: Amount
    surcharges: list[PriceAdjustment]
    discounts: list[PriceAdjustment]
    total_fen: Amount
    included: list[Name]
    excluded: list[Name]
    payment_method: Name
    payment_deadline: Instant
    cost_breakdown_per_adult: list[CostItem]


class Insurance(Part):
    """The traveller's own accident insurance: prompted, and how chosen."""

    agency_prompted: bool
    choice: Literal["entrust_agency", "self_purchase", "waived"] | None
    agency_has_insurance_agent_license: bool
    product_name: str | None
    insurer: str | None
    premium_per_person_fen: Amount | None
    accident_coverage_fen: Amount | None


class CancellationTier(Part):
    """The rate for notices that arrive between two numbers of days before departure."""

    days_before_min: Amount
    days_before_max: Amount | None
    percent: Percent


class Cancellation(Part):
    """Who pays what when one side withdraws."""

    basis: Literal["total_fee"]
    day_count_rule: Name
    traveler_cancel: Annotated[list[CancellationTier], Field(min_length=1)]
    agency_cancel: Annotated[list[CancellationTier], Field(min_length=1)]
    in_trip_formula: str | None
    cap_percent: Rate
    refund_working_days: Amount
    refuse_to_perform_penalty_percent: Rate
    unauthorised_transfer_penalty_percent: Rate


class RiskNotices(Part):
    """What the traveller was told before signing."""

    unsuitable_conditions: str | None
    safety_notes: str | None
    liability_exemptions: str | None
    destination_rules: str | None
    informed_at: Instant | None


class Dispute(Part):
    """How disputes are settled."""

    mediation: bool
    method: Literal["arbitration", "litigation"] | None
    arbitration_commission: str | None
    court: str | None


class SupervisionContact(Part):
    """Whom to complain to."""

    authority: str | None
    phone: str | None
    address: str | None
    postcode: str | None
    national_hotline: str | None


class Consent(Part):
    """One consent to the use of personal data."""

    consent_type: Name
    description: Name
    separate_consent: bool
    given: bool
    given_at: Instant


class Attachment(Part):
    """A paper attached to the contract."""

    kind: Name
    title: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
