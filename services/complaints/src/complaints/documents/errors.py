"""What can go wrong with papers."""

from common.problems import NotFound, StateConflict, Text, Unavailable

__all__ = ["DocumentFailed", "DocumentNotFailed", "DocumentNotFound"]


class DocumentNotFound(NotFound):
    """No such paper, or not the caller's to see."""

    type = "/problems/document-not-found"
    title = Text("未找到该文书", "No such document")


class DocumentFailed(Unavailable):
    """Typesetting failed for good; a supervisor can send it to the worker again."""

    type = "/problems/document-failed"
    title = Text(
        "文书生成失败，须由管理人员重新生成", "The document could not be made; it must be ordered again"
    )

    def __init__(self) -> None:
        super().__init__(retry_after=300)


class DocumentNotFailed(StateConflict):
    """Only a failed paper can be sent to the worker again."""

    type = "/problems/document-not-failed"
    title = Text("只有生成失败的文书可以重新生成", "Only a failed document can be made again")
