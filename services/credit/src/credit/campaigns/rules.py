"""The life of a special campaign."""

from enum import StrEnum

__all__ = ["CampaignState", "acts_allowed"]


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


_ACTS = {
    CampaignState.DRAFT: ["start", "withdraw"],
    CampaignState.ACTIVE: ["progress", "close"],
    CampaignState.CLOSED: [],
    CampaignState.WITHDRAWN: [],
}


def acts_allowed(state: CampaignState) -> list[str]:
    """What can be done with a campaign in a state."""
    return list(_ACTS[state])
