"""`tourtrust up`: run the whole platform until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import err, refuse_start

__all__ = ["up"]


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="网关端口 / port of the gateway")] = 8000,
    host: Annotated[str, typer.Option(help="网关监听地址 / address the gateway listens on")] = "127.0.0.1",
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 / data folder")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="演示省份与演示时钟 / the demo province and clock")
    ] = False,
    small: Annotated[bool, typer.Option("--small", help="小规模演示数据 / a small demo province")] = False,
    external: Annotated[
        bool,
        typer.Option("--external", help="使用环境变量给出的数据库与 NATS / servers named by the environment"),
    ] = False,
    postgres_port: Annotated[int, typer.Option(min=0, max=65535, help="0 = 任意空闲 / any free")] = 0,
    nats_port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    credit_port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    complaints_port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    contracts_port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    witness_port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
) -> None:
    """启动全部服务 / start everything; Ctrl-C or SIGTERM stops all of it."""
    from tourtrust.runtime.errors import StartError
    from tourtrust.runtime.home import default_home
    from tourtrust.runtime.platform import Options, running_platform

    options = Options(
        home=data_dir or default_home(),
        host=host,
        port=port,
        demo=demo,
        small=small,
        external=external,
        postgres_port=postgres_port,
        nats_port=nats_port,
        credit_port=credit_port,
        complaints_port=complaints_port,
        contracts_port=contracts_port,
        witness_port=witness_port,
    )
    try:
        with running_platform(options, say=lambda words: err.print(words, markup=False)) as platform:
            print(f"ready {options.base_url}", flush=True)
            platform.keep()
    except StartError as error:
        refuse_start(error)
    except KeyboardInterrupt:
        err.print("已停止 / stopped")
