"""Problems of evidence."""

from common.problems import NotFound, Text, UnsupportedMediaType

__all__ = ["EvidenceNotFound", "EvidenceRefused"]


class EvidenceNotFound(NotFound):
    """No such file, or not the caller's to see."""

    type = "/problems/evidence-not-found"
    title = Text("未找到该证据", "No such evidence")


class EvidenceRefused(UnsupportedMediaType):
    """The file is of a kind that is not kept."""

    type = "/problems/evidence-refused"
    title = Text(
        "只接收文书、图片、音视频和纯文本文件，按内容识别",
        "Only documents, pictures, sound, film and plain text are kept, known by their content",
    )
