"""Typesetting with Typst: one set of fonts for the life of the process, no network, data never as markup."""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import typst
from noto_cjk_sans_otc import FONT_PATH

__all__ = ["SHARED_SHEET", "Typesetter", "plain", "template_hash"]

SHARED_SHEET = "paper.typ"
"""The sheet that every template of a folder imports."""

_UNBROKEN = re.compile(r"[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]{24}(?=\S)")
_BREAK = "\u200b"
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def template_hash(templates: Path, name: str) -> str:
    """SHA-256 over the template `name` of a folder and the sheet that all share, lower-case hex."""
    parts = [(templates / file).read_bytes() for file in (SHARED_SHEET, f"{name}.typ")]
    return sha256(b"\0".join(parts)).hexdigest()


@cache
def _fonts() -> typst.Fonts:
    """The fonts, read once: Typst finds none behind a file's path, so their folder is named."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(Path(str(FONT_PATH)).parent)],
    )


class Typesetter:
    """Makes PDF files of the templates in one folder. Same data, same instant, same bytes. Thread-safe."""

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._fonts = _fonts()

    def pdf(self, template_name: str, data: Mapping[str, Any], at: datetime) -> bytes:
        """The PDF of `data` set by a template, dated `at`. Takes some 10 ms: call it in a thread.

        Raises:
            typst.TypstError: the template does not take the data.
        """
        return typst.compile(
            str(self._templates / f"{template_name}.typ"),
            root=str(self._templates),
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=int(at.timestamp()),
        )


def plain(text: str) -> list[str]:
    """The paragraphs of a text, without control characters and with places to break long words."""
    kept = (
        letter
        for letter in text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        if letter == "\n" or (unicodedata.category(letter) not in {"Cc", "Cs"} and letter not in _DIRECTION)
    )
    paragraphs = (paragraph.strip() for paragraph in "".join(kept).split("\n"))
    return [_UNBROKEN.sub(lambda run: run[0] + _BREAK, paragraph) for paragraph in paragraphs if paragraph]
