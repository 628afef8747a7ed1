"""Tables as files: csv, xlsx and ndjson, written row by row, safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula is written with an apostrophe before it; `armless` in what
reads such files takes it off again. Files are spooled to disk, so memory stays flat however many rows come.
"""

import csv
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TextIO
from uuid import UUID

import xlsxwriter
from common.problems import PayloadTooLarge, Text

__all__ = ["MEDIA_TYPES", "Column", "SheetFormat", "TableFile", "armless", "defused", "write_table"]

SheetFormat = Literal["csv", "xlsx", "ndjson"]
MEDIA_TYPES: dict[SheetFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}
XLSX_ROWS = 1_048_575
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its code, which ndjson uses, and its heading for people."""

    code: str
    heading: Text


@dataclass(frozen=True, slots=True)
class TableFile:
    """A finished file on disk; whoever asked for it unlinks it."""

    path: Path
    format: SheetFormat
    rows: int
    sha256: str


def defused(text: str) -> str:
    """`text`, with an apostrophe before it if a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_TRIGGERS) else text


def armless(text: str) -> str:
    """What `defused` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_TRIGGERS) else text


async def write_table(
    format: SheetFormat, columns: Sequence[Column], rows: AsyncIterator[Sequence[Any]], language: str
) -> TableFile:
    """Write all rows to a new file.

    Raises:
        PayloadTooLarge: more rows than a sheet of xlsx can hold.
    """
    with tempfile.NamedTemporaryFile(prefix="tourtrust-", suffix=f".{format}", delete=False) as handle:
        path = Path(handle.name)
    try:
        writer = _WRITERS[format](path, columns, language)
        count = 0
        try:
            async for row in rows:
                count += 1
                if format == "xlsx" and count > XLSX_ROWS:
                    raise PayloadTooLarge(
                        Text(
                            "超过 xlsx 的行数上限，请用 csv 或 ndjson",
                            "More rows than xlsx holds; use csv or ndjson",
                        )
                    )
                writer.row(row)
        finally:
            writer.close()
        return TableFile(path, format, count, _hash(path))
    except BaseException:
        _discard(path)
        raise


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)


def _hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value) if isinstance(value, UUID) else value


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, int | float):
        return str(plain)
    if isinstance(plain, list | tuple):
        return defused(";".join(str(item) for item in plain))
    if isinstance(plain, dict):
        return defused(json.dumps(plain, ensure_ascii=False, sort_keys=True))
    return defused(str(plain))


class _Ndjson:
    def __init__(self, path: Path, columns: Sequence[Column], language: str) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._codes = [column.code for column in columns]

    def row(self, values: Sequence[Any]) -> None:
        pairs = zip(self._codes, values, strict=True)
        content = {code: _plain(value) for code, value in pairs}
        self._file.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")

    def close(self) -> None:
        self._file.close()


class _Csv:
    def __init__(self, path: Path, columns: Sequence[Column], language: str) -> None:
        # With the byte order mark spreadsheets read the Chinese as what it is.
        self._file: TextIO = path.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.heading.render(language) for column in columns])

    def row(self, values: Sequence[Any]) -> None:
        self._csv.writerow([_cell(value) for value in values])

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    def __init__(self, path: Path, columns: Sequence[Column], language: str) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        # The same rows make the same bytes, so the hash of a file can be compared.
        self._book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  (the library's form)
        self._sheet = self._book.add_worksheet()
        self._next = 0
        self.row([column.heading.render(language) for column in columns])

    def row(self, values: Sequence[Any]) -> None:
        for place, value in enumerate(values):
            plain = _plain(value)
            if isinstance(plain, int | float) and not isinstance(plain, bool):
                self._sheet.write_number(self._next, place, plain)
            elif (text := _cell(value)) != "":
                self._sheet.write_string(self._next, place, text)
        self._next += 1

    def close(self) -> None:
        self._book.close()


_WRITERS: dict[SheetFormat, Any] = {"ndjson": _Ndjson, "csv": _Csv, "xlsx": _Xlsx}
