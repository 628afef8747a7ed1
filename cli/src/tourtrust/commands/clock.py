"""`tourtrust clock`: the demo's clock stands still; this moves it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail, out

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="演示时钟 / the clock of a demo")


@app.command("set")
def set_clock(
    instant: Annotated[str, typer.Argument(metavar="ISO", help="例如 2026-11-25T10:00+08:00")],
    data_dir: Annotated[Path | None, typer.Option(help="演示数据目录 / the demo's data folder")] = None,
) -> None:
    """拨动演示时钟 / move the demo's clock; all services see it at once."""
    from common.clock import CHINA, FrozenClock

    from tourtrust.runtime.home import Home, default_demo_home

    home = Home(data_dir or default_demo_home())
    if not home.clock.exists():
        fail(
            f"{home.root} 不是演示数据目录;只有演示可以拨动时钟",
            f"{home.root} is no demo folder; only a demo's clock can be moved",
        )
    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        fail(f"不是 ISO 8601 时刻:{instant}", f"not an ISO 8601 instant: {instant}", code=2)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    FrozenClock.set(home.clock, moment)
    out.print(moment.isoformat())
