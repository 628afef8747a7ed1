"""What a file of evidence is, by its own first bytes, and how it is cut into pieces."""

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["CHUNK", "MAX_BYTES", "media_type_of", "pieces", "safe_name"]

MAX_BYTES = 20 * 1024 * 1024
CHUNK = 1024 * 1024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)
_ZIPPED: tuple[tuple[bytes, str], ...] = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"OFD.xml", "application/ofd"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|svg|script|\?xml|head|body)", re.IGNORECASE)
_TEXT_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAME_LENGTH = 120


def media_type_of(data: bytes) -> str | None:
    """The kind of a file by what it holds, whatever its name or sender says; None for what is not taken.

    Documents, pictures, sound, film and plain text are taken. Programs, archives and anything that a browser
    would run (HTML, SVG) are not.
    """
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return "video/mp4"
    if data[:4] == b"PK\x03\x04":
        return next((kind for mark, kind in _ZIPPED if mark in data), None)
    return "text/plain" if _is_text(data) else None


def safe_name(name: str | None) -> str:
    """A file's name without folders and control characters, of at most 120 letters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name or ""))[-1]
    plain = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    return plain[-_NAME_LENGTH:] or "evidence"


def pieces(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces of at most `CHUNK`."""
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def _is_text(data: bytes) -> bool:
    if _TEXT_CONTROL.search(data) or _MARKUP.match(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
