"""Problems of campaigns."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = ["CampaignConflict", "CampaignNeedsSecondPerson", "CampaignNotFound"]


class CampaignNotFound(NotFound):
    """No such campaign, or not in the caller's regions."""

    type = "/problems/campaign-not-found"
    title = Text("未找到该专项行动", "No such campaign")


class CampaignConflict(StateConflict):
    """The campaign's state does not allow this; `allowed` names what it does."""

    type = "/problems/campaign-conflict"
    title = Text("专项行动当前状态不允许此操作", "The campaign's state does not allow this")


class CampaignNeedsSecondPerson(Forbidden):
    """Whoever drafted a campaign does not start it."""

    type = "/problems/campaign-second-person"
    title = Text("起草人不得自行启动，须由他人办理", "Whoever drafted it does not start it; another does")
