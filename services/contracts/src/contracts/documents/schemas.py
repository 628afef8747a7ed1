"""The submission: one contract as a platform files it, of the published JSON schema and not a field more."""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.documents.fields import Name, Part
from contracts.documents.parties import (
    Agency,
    ContractHead,
    GroundAgency,
    Signature,
    SubmittingPlatform,
    Traveler,
)
from contracts.documents.terms import (
    Attachment,
    Cancellation,
    Consent,
    Dispute,
    Fees,
    Insurance,
    RiskNotices,
    SupervisionContact,
)
from contracts.documents.trip import (
    DayPlan,
    Group,
    Guide,
    OptionalGroupList,
    OptionalPaidItem,
    OptionalVisa,
    Shopping,
)

__all__ = ["Submission", "submission_json_schema"]


class Submission(Part):
    """One contract. The structure is checked here, the law in `contracts.checks`."""

    schema_version: Literal["1.0"]
    sample_notice: str | None = None
    contract: ContractHead
    submitting_platform: SubmittingPlatform
    agency: Agency
    selling_agent: Agency | None
    ground_agencies: list[GroundAgency]
    travelers: Annotated[list[Traveler], Field(min_length=1)]
    group: Group
    itinerary: Annotated[list[DayPlan], Field(min_length=1)]
    guide: Guide
    fees: Fees
    insurance: Insurance
    visa: OptionalVisa = None
    outbound_group_list: OptionalGroupList = None
    voluntary_shopping: list[Shopping]
    optional_paid_items: list[OptionalPaidItem]
    cancellation: Cancellation
    risk_notices: RiskNotices
    dispute_resolution: Dispute
    supervision_contact: SupervisionContact
    supplementary_terms: list[Name]
    consents: list[Consent]
    signatures: Annotated[list[Signature], Field(min_length=2)]
    attachments: list[Attachment]


def submission_json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a submission, as generated from the models."""
    schema: dict[str, Any] = _without_defaults(Submission.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tourism-contract-submission-1.0",
        **schema,
    }


def _without_defaults(node: Any) -> Any:
    """A default tells a reader that null may be sent; for fields that are left out when empty it may not."""
    if isinstance(node, dict):
        return {name: _without_defaults(child) for name, child in node.items() if name != "default"}
    return [_without_defaults(child) for child in node] if isinstance(node, list) else node
