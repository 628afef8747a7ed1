"""Problems of papers."""

from common.problems import NotFound, Text, Unavailable

__all__ = ["PaperNotFound", "PaperNotTypeset"]


class PaperNotFound(NotFound):
    """No such paper, or not the caller's to see."""

    type = "/problems/paper-not-found"
    title = Text("未找到该文书", "No such paper")


class PaperNotTypeset(Unavailable):
    """The template of today does not take the data of this paper."""

    type = "/problems/paper-not-typeset"
    title = Text("文书暂不能生成，请联系管理员", "The paper cannot be typeset at present")
