"""`tourtrust seed`: deterministic synthetic data through the services' own code."""

from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail

__all__ = ["seed"]


def seed(
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 / data folder")] = None,
    province: Annotated[str, typer.Option(help="省级区划代码 / GB/T 2260 code of the province")] = "140000",
    agencies: Annotated[int, typer.Option(min=1)] = 939,
    guides: Annotated[int, typer.Option(min=0)] = 19_000,
    hotels: Annotated[int, typer.Option(min=0)] = 234,
    scenic_areas: Annotated[int, typer.Option(min=0)] = 237,
    contracts: Annotated[int, typer.Option(min=0)] = 0,
    complaints: Annotated[int, typer.Option(min=0)] = 0,
    years: Annotated[int, typer.Option(min=1, max=20)] = 5,
    seed: Annotated[int, typer.Option(help="随机种子 / same seed, same data")] = 20261123,
) -> None:
    """写入合成数据 / load synthetic data into the platform that runs on the data folder."""
    from common.seeding import SeedPlan

    from tourtrust.runtime.home import Home, default_home
    from tourtrust.seeding import seed_services

    home = Home(data_dir or default_home())
    running = home.running()
    if running is None:
        fail(
            f"没有平台在 {home.root} 上运行;请先执行 tourtrust up",
            f"no platform runs on {home.root}; start tourtrust up first",
        )
    plan = SeedPlan(
        province=province,
        agencies=agencies,
        guides=guides,
        hotels=hotels,
        scenic_areas=scenic_areas,
        contracts=contracts,
        complaints=complaints,
        years=years,
        seed=seed,
    )
    seed_services(running["environments"], plan)
