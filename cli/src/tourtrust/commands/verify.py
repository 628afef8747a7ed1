"""`tourtrust verify`: offline checks. Exit 0 valid, 1 invalid with the reason; no platform is needed."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tourtrust.console import err, fail, out

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="离线核验 / offline checks of receipts, draws and logs")

KeyOption = Annotated[
    str,
    typer.Option("--key", metavar="VKEY", help="从别处得到的公钥 / verifier key, obtained from elsewhere"),
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", exists=False)]


@app.command()
def receipt(
    file: FileArgument,
    key: KeyOption,
    document: Annotated[Path | None, typer.Option(help="合同文件 / the document itself")] = None,
) -> None:
    """核验回执 / check a receipt, and the document against it."""
    from common.ledger.verify import Refused, verify_receipt

    raw = _read(file)
    body = None if document is None else _read(document)
    try:
        verdict = verify_receipt(raw, _key(key), body)
    except Refused as error:
        _invalid(error.detail.zh, error.detail.en)
    _valid(asdict(verdict))


@app.command()
def draw(
    file: FileArgument,
    key: KeyOption,
    witness_key: Annotated[
        str | None, typer.Option(metavar="VKEY", help="见证方公钥 / verifier key of the witness")
    ] = None,
    seal: Annotated[
        Path | None,
        typer.Option(help="揭示前留存的封存凭证 / the seal that an officer kept before he revealed"),
    ] = None,
) -> None:
    """核验抽查 / draw an inspection again from its bundle, and compare."""
    from credit.draws.rules.bundle import verify_draw

    witness = None if witness_key is None else _key(witness_key)
    verdict = verify_draw(_read(file), _key(key), witness, None if seal is None else _read(seal))
    if not verdict.ok:
        _invalid(verdict.reason.zh, verdict.reason.en)
    _valid(verdict.facts)


@app.command()
def seal(
    file: Annotated[Path, typer.Argument(metavar="VIEW", help="GET /draws/{id}")],
    inputs: Annotated[Path, typer.Option(help="GET /draws/{id}/inputs")],
    officer: Annotated[str, typer.Option(metavar="SUB", help="本人的 sub / whose secret it is")],
    commitment: Annotated[str, typer.Option(metavar="HEX", help="本人的承诺值 / what he committed to")],
    key: KeyOption,
    witness_key: Annotated[
        str, typer.Option(metavar="VKEY", help="见证方公钥 / verifier key of the witness")
    ],
) -> None:
    """揭示前核验封存 / whether an officer may reveal: log and witness have all commitments, in time."""
    from credit.draws.rules.seal import check_view

    verdict = check_view(_read(file), _read(inputs), officer, commitment, _key(key), _key(witness_key))
    if not verdict.ok:
        _invalid(verdict.reason.zh, verdict.reason.en)
    _valid(verdict.facts)


@app.command()
def log(
    source: Annotated[str, typer.Argument(metavar="FOLDER|URL", help="日志目录或 .../log 地址")],
    key: KeyOption,
) -> None:
    """通读日志 / walk a whole log, copied or live."""
    from common.ledger.verify import Refused, directory_source, http_source, verify_log

    try:
        parts = http_source(source) if "://" in source else directory_source(Path(source))
        verdict = verify_log(parts, _key(key))
    except Refused as error:
        _invalid(error.detail.zh, error.detail.en)
    _valid(asdict(verdict))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        fail(f"读不了 {file}:{error.strerror}", f"cannot read {file}: {error.strerror}", code=2)


def _key(text: str) -> str:
    """The key itself, or the content of the file that holds it."""
    file = Path(text)
    if "+" not in text and file.is_file():
        return file.read_text("utf-8").strip()
    return text


def _valid(facts: Mapping[str, object]) -> None:
    out.print("有效 / valid", style="bold green")
    for name, value in facts.items():
        out.print(f"  {name}: {value}", markup=False)


def _invalid(zh: str, en: str) -> NoReturn:
    err.print(f"无效 / invalid: {zh} / {en}", style="bold red", markup=False)
    raise typer.Exit(1)
