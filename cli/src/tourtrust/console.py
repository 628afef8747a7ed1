"""What commands share in speaking to a person: results on stdout, everything else on stderr."""

from typing import NoReturn

import typer
from rich.console import Console

from tourtrust.runtime.errors import StartError

__all__ = ["err", "fail", "out", "refuse_start"]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(zh: str, en: str, code: int = 1) -> NoReturn:
    """Say why in both languages and leave."""
    err.print(zh, style="bold red", markup=False)
    err.print(en, style="red", markup=False)
    raise typer.Exit(code)


def refuse_start(error: StartError) -> NoReturn:
    """Leave because the platform could not start."""
    fail(error.zh, error.en)
