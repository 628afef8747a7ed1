"""Reading a file of rows: xlsx, csv or ndjson becomes texts by column, or is refused as a whole.

A csv is read as Chinese spreadsheets write it: UTF-8, UTF-16 or GB18030, with commas, semicolons or tabs.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from common.problems import FieldError, MalformedBody, PayloadTooLarge, Text
from common.web.body import strict_json
from python_calamine import CalamineWorkbook

from credit.sheets import SheetFormat, armless

from .errors import FileRefused
from .rules import UnknownHeading, known_headings, places
from .workbook import MAX_COLUMNS, check_workbook

__all__ = ["RawRow", "format_of", "read_rows"]

MAX_CELL = 2_000
MAX_LINE = 65_536
MAX_LINES = 20
"""Over how many lines a quoted cell may go before its quote counts as one that was never closed."""
_DELIMITERS = (",", ";", "\t")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS: dict[str, SheetFormat] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


@dataclass(slots=True)
class RawRow:
    """One row: its number in the file (the heading of a sheet is row 1), its texts, what cannot be read."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)


def format_of(content_type: str, file_name: str | None) -> SheetFormat | None:
    """The format that a content type names, else the one a file's name ends with; None if neither does."""
    kind = _KINDS.get(content_type.split(";")[0].strip().lower())
    if kind is None and file_name and "." in file_name:
        ending = file_name.rsplit(".", 1)[1].lower()
        kind = {"csv": "csv", "xlsx": "xlsx", "ndjson": "ndjson", "jsonl": "ndjson"}.get(ending)  # type: ignore[assignment]
    return kind


def read_rows(raw: bytes, format: SheetFormat, max_rows: int) -> Iterator[RawRow]:
    """Every row that is not empty, in order.

    Raises (while reading):
        FileRefused: not a file of this format, a heading that is no column, a cell or line that is too long.
        PayloadTooLarge: more than `max_rows` rows.
    """
    rows = {"csv": _csv, "xlsx": _xlsx, "ndjson": _ndjson}[format](raw, max_rows)
    for count, row in enumerate(rows, 1):
        if count > max_rows:
            raise PayloadTooLarge(
                Text(f"超过 {max_rows} 行，请分成几个文件", f"More than {max_rows} rows; split the file")
            )
        yield row


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-16",) if raw.startswith(_UTF_16) else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise FileRefused(
        Text(
            "文件编码须为 UTF-8、带 BOM 的 UTF-16 或 GB18030",
            "The file must be encoded in UTF-8, UTF-16 with a mark, or GB18030",
        )
    )


def _csv(raw: bytes, max_rows: int) -> Iterator[RawRow]:
    lines = list(io.StringIO(_decoded(raw), newline=""))
    yield from _table(_records(lines, _delimiter(lines)))


def _delimiter(lines: list[str]) -> str:
    """What stands between the cells: that by which most headings are columns of ours."""

    def known(delimiter: str) -> int:
        try:
            return known_headings(next(csv.reader(lines[:1], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=known)


def _records(lines: list[str], delimiter: str) -> Iterator[list[str] | None]:
    """The cells of every record; None for a line whose quotes do not fit, which is one record by itself."""
    at = width = 0
    while at < len(lines):
        if len(lines[at]) > MAX_LINE:
            raise FileRefused(Text(f"第 {at + 1} 行过长", f"Line {at + 1} is too long"))
        reader = csv.reader(lines[at : at + MAX_LINES], delimiter=delimiter, strict=True)
        cells: list[str] | None
        try:
            cells, taken = next(reader), reader.line_num
        except csv.Error:
            cells, taken = None, 1
        width = width or len(cells or [])
        if taken > 1 and len(cells or []) != width:
            # Two stray quotes, each on its own line, would make one cell of all that stands between.
            cells, taken = None, 1
        yield cells
        at += taken


def _xlsx(raw: bytes, max_rows: int) -> Iterator[RawRow]:
    check_workbook(raw, max_rows)
    try:
        sheet = CalamineWorkbook.from_object(io.BytesIO(raw)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except BaseException as error:
        # The library is native code: what it cannot read it may answer with a panic, which is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise FileRefused(Text("工作簿无法读取", "The workbook cannot be read")) from error
    yield from _table(rows)


def _table(rows: Iterable[Sequence[Any] | None]) -> Iterator[RawRow]:
    columns: dict[int, str] | None = None
    for number, cells in enumerate(rows, 1):
        if cells is None:
            if columns is None:
                raise FileRefused(Text("标题行不是有效的 CSV", "The heading is no valid CSV"))
            why = Text("引号不成对，无法读取该行", "Its quotes do not fit, so this row cannot be read")
            yield RawRow(number, errors=[FieldError("", why)])
            continue
        if columns is None:
            columns = _headings([_text(cell) for cell in cells])
            continue
        if len(cells) > MAX_COLUMNS:
            raise FileRefused(
                Text(f"第 {number} 行超过 {MAX_COLUMNS} 列", f"Row {number} has over {MAX_COLUMNS} columns")
            )
        row = RawRow(number)
        for place, code in columns.items():
            if place < len(cells) and (text := _text(cells[place])):
                _take(row, code, text)
        if row.cells or row.errors:
            yield row
    if columns is None:
        raise FileRefused(Text("文件是空的", "The file is empty"))


def _headings(names: Sequence[str]) -> dict[int, str]:
    if len(names) > MAX_COLUMNS:
        raise FileRefused(Text(f"列数超过 {MAX_COLUMNS}", f"A file has at most {MAX_COLUMNS} columns"))
    try:
        found = places(list(names))
    except UnknownHeading as unknown:
        what = ("重复的列", "A column stands twice") if unknown.twice else ("未知的列", "No such column")
        raise FileRefused(Text(f"{what[0]}：{unknown.heading}", f"{what[1]}: {unknown.heading}")) from unknown
    if "kind" not in found.values():
        raise FileRefused(Text("缺少“类别”列", "The column `kind` is missing"))
    return found


def _take(row: RawRow, code: str, text: str) -> None:
    if len(text) > MAX_CELL:
        raise FileRefused(
            Text(
                f"第 {row.number} 行有单元格超过 {MAX_CELL} 字",
                f"Row {row.number} has a cell of over {MAX_CELL} characters",
            )
        )
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        row.errors.append(
            FieldError(code, Text("含有无法存储的字符", "It holds characters that cannot be stored"))
        )
        return
    row.cells[code] = text


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, days as ISO 8601, without the apostrophe of safety."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return armless(str(value).strip())


def _ndjson(raw: bytes, max_rows: int) -> Iterator[RawRow]:
    for number, line in enumerate(io.BytesIO(raw), 1):
        text = line.strip().removeprefix(b"\xef\xbb\xbf")
        if not text:
            continue
        row = RawRow(number)
        if len(text) > MAX_LINE:
            raise FileRefused(Text(f"第 {number} 行过长", f"Line {number} is too long"))
        try:
            content = strict_json(text)
        except MalformedBody as problem:
            row.errors.append(FieldError("", problem.detail or problem.title))
            yield row
            continue
        if isinstance(content, dict):
            _from_object(row, content)
        else:
            row.errors.append(FieldError("", Text("须为 JSON 对象", "Must be a JSON object")))
        yield row


def _from_object(row: RawRow, content: dict[str, Any]) -> None:
    if isinstance(person := content.pop("person", None), dict):
        content = {**content, **person}
    try:
        columns = places(list(content))
    except UnknownHeading as unknown:
        row.errors.append(
            FieldError(
                unknown.heading, Text("未知或重复的字段", "An unknown field, or one that stands twice")
            )
        )
        return
    for place, value in enumerate(content.values()):
        code = columns.get(place)
        if code is None or value is None:
            continue
        if isinstance(value, list):
            value = ";".join(str(item) for item in value)
        elif isinstance(value, dict):
            row.errors.append(FieldError(code, Text("须为文本", "Must be text")))
            continue
        if text := _text(value):
            _take(row, code, text)
