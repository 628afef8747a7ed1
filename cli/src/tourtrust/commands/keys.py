"""`tourtrust keys`: first keys for external servers, and new keys beside old ones."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail, out, refuse_start

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="密钥 / keys")


class Kind(StrEnum):
    """What is rotated."""

    tokens = "tokens"
    data = "data"
    log = "log"


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="密钥目录 / folder for the secrets")],
    origin: Annotated[
        str | None,
        typer.Option(help="透明日志的名称前缀,与 *_LOG_ORIGIN 一致 / what *_LOG_ORIGIN begins with"),
    ] = None,
) -> None:
    """为容器部署生成密钥与口令 / make all secrets of a deployment, once, and platform.env for it."""
    from tourtrust.keys import init_folder
    from tourtrust.runtime.errors import StartError
    from tourtrust.runtime.vault import ORIGIN

    try:
        environment = init_folder(folder, origin or ORIGIN)
    except StartError as error:
        refuse_start(error)
    out.print(str(environment), markup=False)


@app.command()
def rotate(
    kind: Annotated[
        Kind,
        typer.Argument(help="tokens 令牌签名 · data 数据加密 · log 透明日志"),
    ],
    service: Annotated[str | None, typer.Argument(help="data 与 log 需要 / for data and log")] = None,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="旧令牌密钥立即作废 / withdraw the old token key at once")
    ] = False,
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 / data folder")] = None,
) -> None:
    """轮换密钥 / make a new key; what the old one signed or encrypted stays valid.

    tokens: new access tokens are signed by the new key. data SERVICE: what is written after its next start
    is encrypted under the new key. log SERVICE: the old key announces the new one in the log itself.
    """
    from tourtrust import keys
    from tourtrust.runtime.home import Home, default_home
    from tourtrust.runtime.vault import LOGS, SERVICES

    home = Home(data_dir or default_home())
    allowed = {Kind.tokens: (None,), Kind.data: SERVICES, Kind.log: LOGS}[kind]
    if service not in allowed:
        names = "、".join(name for name in allowed if name)
        fail(f"{kind} 之后写:{names or '(无)'}", f"after {kind} write one of: {names or '(nothing)'}", code=2)
    if kind is Kind.data and service:
        out.print(keys.rotate_data_key(home, service))
        return
    running = home.running()
    if running is None:
        fail(f"没有平台在 {home.root} 上运行", f"no platform runs on {home.root}")
    if kind is Kind.log and service:
        out.print(keys.rotate_log_key(home, service, running["environments"][service]))
    else:
        out.print(keys.rotate_token_key(running["environments"]["gateway"], compromised=compromised))
