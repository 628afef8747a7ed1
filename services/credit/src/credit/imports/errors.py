"""Problems of imports."""

from common.problems import InvalidPayload, NotFound, Problem, StateConflict, Text

__all__ = ["FileRefused", "ImportClosed", "ImportNotFound", "ReportExpired"]


class ImportNotFound(NotFound):
    """No such import, or another's."""

    type = "/problems/import-not-found"
    title = Text("未找到该导入", "No such import")


class ImportClosed(StateConflict):
    """The import is over already."""

    type = "/problems/import-closed"
    title = Text("该导入已结束", "The import is over")


class ReportExpired(Problem):
    """The rows of this import are no longer kept."""

    type = "/problems/report-expired"
    title = Text("逐行报告已过保存期", "The report is no longer kept")
    status = 410


class FileRefused(InvalidPayload):
    """The file as a whole cannot be read; nothing of it was stored."""

    type = "/problems/file-refused"
    title = Text("文件无法读取", "The file cannot be read")

    def __init__(self, detail: Text) -> None:
        super().__init__([], detail)
