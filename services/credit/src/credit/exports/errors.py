"""Problems of exports."""

from common.problems import Forbidden, Text

__all__ = ["ExportForbidden"]


class ExportForbidden(Forbidden):
    """The caller may read single records, but not take this table away."""

    type = "/problems/export-forbidden"
    title = Text("无权导出该表", "This table is not yours to export")
