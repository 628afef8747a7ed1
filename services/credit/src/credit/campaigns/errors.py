"""Problems of campaigns."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CampaignConflict", "CampaignNotFound"]


class CampaignNotFound(NotFound):
    """No such campaign, or not in the caller's regions."""

    type = "/problems/campaign-not-found"
    title = Text("未找到该专项行动", "No such campaign")


class CampaignConflict(StateConflict):
    """The campaign's state does not allow this; `allowed` names what it does."""

    type = "/problems/campaign-conflict"
    title = Text("专项行动当前状态不允许此操作", "The campaign's state does not allow this")
