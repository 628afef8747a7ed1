"""Problems of logging in."""

from common.problems import Problem, Text

__all__ = ["InvalidCredentials"]


class InvalidCredentials(Problem):
    """Name, password or one-time password is wrong; which of them is never said."""

    type = "/problems/invalid-credentials"
    title = Text("用户名、密码或动态口令不正确", "The name, password or one-time password is not right")
    status = 401

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="tourtrust"'})
