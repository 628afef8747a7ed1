"""A finished table as a download."""

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from credit.sheets import MEDIA_TYPES, TableFile

__all__ = ["file_answer"]


def file_answer(table: TableFile, name: str) -> Response:
    """The file with its hash and the number of its rows; it is unlinked once it is sent."""
    return FileResponse(
        table.path,
        media_type=MEDIA_TYPES[table.format],
        filename=f"{name}.{table.format}",
        headers={"X-Content-SHA256": table.sha256, "X-Rows": str(table.rows)},
        background=BackgroundTask(table.path.unlink, missing_ok=True),
    )
