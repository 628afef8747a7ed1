"""`tourtrust eval`: measure the rules on files of one's own; no platform needs to run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail, out

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="用自己的文件评测 / measure on files of one's own")


@app.callback()
def group() -> None:
    """用自己的文件评测 / measure on files of one's own."""


@app.command()
def contracts(
    files: Annotated[list[Path], typer.Argument(help="合同 JSON 文件或目录 / contract files or folders")],
    expected: Annotated[
        Path | None, typer.Option(help="期望结果 / {file name: [{rule_id, severity, path}]}")
    ] = None,
) -> None:
    """合同检查 / findings against expected ones: exit 0 only if every file is exact.

    Prints one JSON object: files, exact, findings, precision, recall, and the differences by file.
    """
    from contracts.checks.evaluation import evaluate

    documents = [
        file for path in files for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    try:
        wanted = None if expected is None else json.loads(expected.read_text("utf-8"))
        measured = evaluate(documents, wanted)
    except (OSError, ValueError) as error:
        fail(f"读不了:{error}", f"cannot read: {error}", code=2)
    report = measured.report()
    out.print_json(data=report, ensure_ascii=False)
    raise typer.Exit(0 if report["exact"] == report["files"] else 1)
