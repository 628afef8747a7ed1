"""Typesetting with Typst: one set of fonts for the life of the process, no network, data never as markup."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import typst
from noto_cjk_sans_otc import FONT_PATH

from complaints.documents.rules import Kind

__all__ = ["TEMPLATES", "Typesetter", "template_hash"]

TEMPLATES = Path(__file__).parent / "templates"
SHARED = "paper.typ"


@cache
def template_hash(kind: Kind) -> str:
    """SHA-256 over the template of a kind and the sheet that all share, lower-case hex."""
    parts = [(TEMPLATES / name).read_bytes() for name in (SHARED, f"{kind.value}.typ")]
    return sha256(b"\0".join(parts)).hexdigest()


class Typesetter:
    """Makes PDF files. The same data at the same instant give the same bytes. Thread-safe."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[
                str(Path(str(FONT_PATH)).parent)
            ],  # a folder: Typst finds no font behind a file's path
        )

    def pdf(self, kind: Kind, data: Mapping[str, Any], at: datetime) -> bytes:
        """The PDF of a paper, dated `at`. Takes some 10 ms: call it in a thread.

        Raises:
            typst.TypstError: the template does not take the data.
        """
        return typst.compile(
            str(TEMPLATES / f"{kind.value}.typ"),
            root=str(TEMPLATES),
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=int(at.timestamp()),
        )
