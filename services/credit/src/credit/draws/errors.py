"""Problems of draws."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = [
    "DrawConflict",
    "DrawNotFinished",
    "DrawNotFound",
    "DrawNotHandedOut",
    "DrawNotSealed",
    "NotADrawOfficer",
]


class DrawNotFound(NotFound):
    """No such draw, or not in the caller's regions."""

    type = "/problems/draw-not-found"
    title = Text("未找到该抽取", "No such draw")


class NotADrawOfficer(Forbidden):
    """Only the officers named when the draw was frozen take part, each for himself."""

    type = "/problems/not-a-draw-officer"
    title = Text("您不是该次抽取的人员", "You are not an officer of this draw")


class DrawConflict(StateConflict):
    """The draw's state does not allow this."""

    type = "/problems/draw-conflict"
    title = Text("抽取当前状态不允许此操作", "The draw's state does not allow this")


class DrawNotSealed(StateConflict):
    """The commitments do not yet stand under a checkpoint that the witness has cosigned."""

    type = "/problems/draw-not-sealed"
    title = Text(
        "承诺尚未写入经见证的检查点，请稍后揭示", "The commitments are not yet under a cosigned checkpoint"
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class DrawNotFinished(StateConflict):
    """The draw has no bundle yet."""

    type = "/problems/draw-not-finished"
    title = Text("抽取尚未完成", "The draw is not finished")


class DrawNotHandedOut(StateConflict):
    """Until its visits are made only officers see a draw; what was frozen names tiers, and is internal."""

    type = "/problems/draw-not-handed-out"
    title = Text(
        "检查结束前不予提供；含监管分级的文件仅向主管部门提供",
        "Not handed out before the visits are made; what names tiers is for authorities only",
    )
