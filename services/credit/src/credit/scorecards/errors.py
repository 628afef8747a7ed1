"""Problems of scorecards made here."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CardClash", "CardNotFound", "NotSimulated", "WrongHash", "WrongState"]


class CardNotFound(NotFound):
    """No such scorecard, or not the caller's to see."""

    type = "/problems/scorecard-not-found"
    title = Text("未找到该评分卡", "No such scorecard")


class WrongState(StateConflict):
    """The version is not in a state in which this can be done."""

    type = "/problems/scorecard-state"
    title = Text("评分卡当前状态不允许此操作", "The scorecard's state does not allow this")


class WrongHash(StateConflict):
    """The hash named is not that of the draft: it has changed."""

    type = "/problems/scorecard-changed"
    title = Text("草案内容已变更，与所指明的哈希不符", "The draft has other content than the hash named")


class NotSimulated(StateConflict):
    """The content was not simulated on all whom the card is for, and nobody said why it need not be."""

    type = "/problems/scorecard-not-simulated"
    title = Text(
        "该内容未对评分卡的全部地区和类别完成模拟评分；须先模拟，或写明免于模拟的理由",
        "This content was not simulated to the end on the card's whole region and all its kinds: "
        "simulate it, or give the reason for a waiver",
    )


class CardClash(StateConflict):
    """Another card stands in the way: the same version, the same first day, or a rival for the same kind."""

    type = "/problems/scorecard-clash"
    title = Text("与已有评分卡冲突", "Another scorecard stands in the way")
