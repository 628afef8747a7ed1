"""Problems of supervision."""

from common.problems import StateConflict, Text

__all__ = ["SupervisionBehind"]

_A_SECOND = 50
_LONGEST = 120


class SupervisionBehind(StateConflict):
    """Many subjects were graded anew, and how they are supervised is still being brought up to date.

    `waiting` of `supervised` are still to come; the rounds work them off, and `Retry-After` guesses how long.
    """

    type = "/problems/supervision-behind"
    title = Text("监管分级正在更新", "Supervision is being brought up to date")

    def __init__(self, waiting: int, supervised: int) -> None:
        super().__init__(
            Text(
                f"监管分级正在更新：{supervised} 个对象中尚有 {waiting} 个待更新，请稍后重试",
                f"Supervision is being brought up to date, {supervised - waiting} of {supervised}; try again",
            ),
            headers={"Retry-After": str(min(_LONGEST, max(2, waiting // _A_SECOND)))},
            waiting=waiting,
            supervised=supervised,
        )
