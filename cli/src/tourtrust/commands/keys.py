"""`tourtrust keys rotate`: new keys beside the old ones, so that what was made before stays readable."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail, out

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="密钥 / keys")


class Holder(StrEnum):
    """Who holds a keyring."""

    gateway = "gateway"
    credit = "credit"
    complaints = "complaints"
    contracts = "contracts"


@app.callback()
def group() -> None:
    """密钥 / keys."""


@app.command()
def rotate(
    service: Annotated[Holder, typer.Argument(help="哪个服务的数据密钥 / whose data key")],
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 / data folder")] = None,
) -> None:
    """轮换数据加密密钥 / give a service a new data key for what it encrypts from its next start on."""
    import json

    from common.crypto import rotate_keyring

    from tourtrust.runtime.home import Home, default_home, write_private

    home = Home(data_dir or default_home())
    file = home.secrets / f"{service}.keyring.json"
    if not file.exists():
        fail(f"找不到 {file}", f"{file} does not exist")
    content = rotate_keyring(json.loads(file.read_text("utf-8")))
    write_private(file, json.dumps(content, indent=1))
    out.print(f"{service}: {content['encryption']['active']}")
