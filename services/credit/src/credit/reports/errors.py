"""Problems of reports."""

from common.problems import NotFound, Text

__all__ = ["ReportNotFound"]


class ReportNotFound(NotFound):
    """The region is not the caller's, or there is none."""

    type = "/problems/report-not-found"
    title = Text("该地区不存在或不在您的管辖范围", "No such region, or not yours")
