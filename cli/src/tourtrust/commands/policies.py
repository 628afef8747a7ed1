"""`tourtrust policies print`: the law and the local rules as data, printed for a lawyer to read."""

from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import out

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="规则数据 / rules as data")


@app.callback()
def group() -> None:
    """规则数据 / rules as data."""


@app.command("print")
def print_policies(
    service: Annotated[str | None, typer.Option(help="只印一个服务 / one service only")] = None,
    output: Annotated[Path | None, typer.Option(help="写入文件 / write to a file")] = None,
) -> None:
    """打印全部规则 / print every policy with its articles and its status, as Markdown."""
    from tourtrust.printing import printed_policies

    text = printed_policies(service)
    if output:
        output.write_text(text, "utf-8")
    else:
        out.print(text, markup=False)
