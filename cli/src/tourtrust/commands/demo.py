"""`tourtrust demo`: the platform with the demo province, and the story played through it."""

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tourtrust.console import err, out, refuse_start

if TYPE_CHECKING:
    from tourtrust.runtime.home import Home
    from tourtrust.runtime.supervisor import Supervisor

__all__ = ["demo"]


def demo(
    once: Annotated[bool, typer.Option("--once", help="演完即停 / stop after the story")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="网关端口 / port of the gateway")] = 8000,
    small: Annotated[bool, typer.Option("--small", help="小规模演示数据 / a small demo province")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="演示数据目录 / data folder, emptied first")] = None,
) -> None:
    """演示 / play the story on a fresh demo province; exit 0 only if every step held."""
    from tourtrust.runtime.errors import StartError
    from tourtrust.runtime.home import Home, fresh_demo_home
    from tourtrust.runtime.platform import Options, running_platform

    held = False
    try:
        with fresh_demo_home(data_dir, keep=not once) as folder:
            options = Options(home=folder, port=port, demo=True, small=small)
            with running_platform(options, say=lambda words: err.print(words, markup=False)) as platform:
                print(f"ready {options.base_url}", flush=True)
                held = _play(Home(folder), platform, small=small)
                if not once:
                    out.print(f"{options.base_url} 保持运行,Ctrl-C 停止 / stays up, Ctrl-C stops it")
                    platform.keep()
    except StartError as error:
        refuse_start(error)
    except KeyboardInterrupt:
        err.print("已停止 / stopped")
        raise typer.Exit(130 if once else 0) from None
    raise typer.Exit(0 if held else 1)


def _play(home: "Home", platform: "Supervisor", *, small: bool) -> bool:
    """Play the story in a thread of its own; this one goes on looking after the processes."""
    from common.seeding import SeedPlan

    from tourtrust.seeding import SMALL_PROVINCE
    from tourtrust.story import Stage, play_story

    plan = SMALL_PROVINCE if small else SeedPlan()
    folder = home.root / "story"
    folder.mkdir(exist_ok=True)
    stage = Stage(
        json.loads(home.demo_credentials.read_text("utf-8")),
        json.loads(home.log_keys.read_text("utf-8")),
        {name: getattr(plan, name) for name in ("agencies", "guides", "hotels", "scenic_areas")},
        folder,
    )
    outcome: list[bool] = []
    story = threading.Thread(target=lambda: outcome.append(play_story(stage, out)), daemon=True)
    story.start()
    while story.is_alive():
        platform.tend()
        story.join(0.1)
    return outcome == [True]
