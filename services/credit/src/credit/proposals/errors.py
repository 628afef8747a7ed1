"""Problems of proposals."""

from common.problems import StateConflict, Text

__all__ = ["NoProposal"]


class NoProposal(StateConflict):
    """The warning is a clue; it proposes nothing."""

    type = "/problems/no-proposal"
    title = Text("该预警不是处置建议", "The warning proposes nothing")
