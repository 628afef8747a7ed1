"""Looking into an xlsx before it is opened: what would unfold to more than a table of subjects is refused.

A reader of sheets lays out every cell between the first and the last one, so one cell in the far corner of a
small file would take all memory; and a few kilobytes of zip can hold gigabytes. So each part is inflated here
once, counted as it comes, and its rows and cells are counted by a parser that keeps nothing.
"""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.parsers import expat

from common.problems import PayloadTooLarge, Text

from .errors import FileRefused

__all__ = ["MAX_COLUMNS", "check_workbook"]

MAX_COLUMNS = 64
MAX_PARTS = 200
MAX_INFLATED = 256_000_000
_CHUNK = 1 << 16
_MAIN_PART = "xl/workbook.xml"
_NOT_OURS = frozenset({"xl/workbook.bin", "content.xml"})
_MARK = b"sheetData"


def check_workbook(raw: bytes, max_rows: int) -> None:
    """Refuse what is no plain workbook of at most `max_rows` rows and `MAX_COLUMNS` columns.

    Raises:
        FileRefused: no xlsx, a broken or encrypted one, one with entities, or a sheet that is too wide.
        PayloadTooLarge: it inflates to too much, or holds too many rows.
    """
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, OverflowError) as error:
        raise _broken() from error
    names = {entry.filename for entry in entries}
    if _MAIN_PART not in names or names & _NOT_OURS or len(entries) > MAX_PARTS:
        raise _broken()
    budget = MAX_INFLATED
    for entry in entries:
        counter = _Counter(max_rows, xml=entry.filename.lower().endswith((".xml", ".rels")))
        for chunk in _inflated(raw, entry):
            budget -= len(chunk)
            if budget < 0:
                raise PayloadTooLarge(Text("压缩包展开后过大", "The file unfolds to more than may be read"))
            counter.feed(chunk)
        counter.close()


def _inflated(raw: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry as it really is, whatever size its header claims."""
    head = raw[entry.header_offset : entry.header_offset + 30]
    if len(head) < 30 or head[:4] != b"PK\x03\x04" or entry.flag_bits & 0x1:
        raise _broken()
    begin = entry.header_offset + 30 + int.from_bytes(head[26:28], "little")
    begin += int.from_bytes(head[28:30], "little")
    packed = raw[begin : begin + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise _broken()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while packed and not inflater.eof:
            yield inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail
    except zlib.error as error:
        raise _broken() from error


class _Counter:
    """Counts rows and cells of one part; a part that is no XML may not look like a sheet."""

    def __init__(self, max_rows: int, *, xml: bool) -> None:
        self._max_rows, self._row, self._column = max_rows + 1, 0, 0
        self._tail = b""
        self._parser = expat.ParserCreate() if xml else None
        if self._parser is not None:
            self._parser.StartElementHandler = self._start
            self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the part."""
        if self._parser is None:
            if _MARK in self._tail + chunk:
                raise _broken()
            self._tail = chunk[-len(_MARK) :]
            return
        try:
            self._parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise _broken() from error

    def close(self) -> None:
        """The part is over."""
        if self._parser is not None:
            try:
                self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                raise _broken() from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            place = attributes.get("r", "")
            self._row = int(place) if place.isdecimal() and len(place) < 9 else self._row + 1
            self._column = 0
            if self._row > self._max_rows:
                raise PayloadTooLarge(
                    Text(
                        f"超过 {self._max_rows - 1} 行，请分成几个文件",
                        f"More than {self._max_rows - 1} rows; split the file",
                    )
                )
        elif name == "c":
            self._column = _column(attributes.get("r", ""), self._max_rows) or self._column + 1
            if self._column > MAX_COLUMNS:
                raise FileRefused(
                    Text(f"列数超过 {MAX_COLUMNS}", f"A sheet has at most {MAX_COLUMNS} columns")
                )

    def _doctype(self, *_: object) -> None:
        raise _broken()


def _column(place: str, max_rows: int) -> int:
    """The column of a place such as "AB12"; a place in a row far down counts as one far right."""
    letters = place.rstrip("0123456789")
    digits = place[len(letters) :]
    if digits and int(digits[:9]) > max_rows:
        return MAX_COLUMNS + 1
    column = 0
    for letter in letters[:4].upper():
        column = column * 26 + ord(letter) - 64
    return column


def _broken() -> FileRefused:
    return FileRefused(
        Text(
            "不是可读取的 xlsx 工作簿（不接受加密、含宏实体或旧格式）",
            "This is no xlsx workbook that can be read (no encryption, entities or older formats)",
        )
    )
