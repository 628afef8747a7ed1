"""`tourtrust bench NAME`: one benchmark of the `bench` folder, in a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tourtrust.console import fail

__all__ = ["bench"]

FOLDER = Path(__file__).parents[4] / "bench"


def bench(
    name: Annotated[str, typer.Argument(help="例如 startup、outbox、gateway")],
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象 / one JSON object")] = False,
) -> None:
    """运行一项基准测试 / run one benchmark; ratios within one run, no absolute promise."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    if not names:
        fail("基准测试只随源码提供", "benchmarks come with the source tree only", code=2)
    if name not in names:
        fail(
            f"没有基准测试 {name};现有:{'、'.join(names)}",
            f"no benchmark {name}; there are {', '.join(names)}",
            2,
        )
    command = [sys.executable, str(FOLDER / f"{name}.py")] + ["--json"] * as_json
    raise typer.Exit(subprocess.run(command, check=False).returncode)
