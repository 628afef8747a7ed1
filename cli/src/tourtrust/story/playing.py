"""Plays the steps in order and prints what each proved."""

import importlib
import time
from types import ModuleType

import httpx
from rich.console import Console

from tourtrust.story.stage import Stage, StepFailed, StepMissing

__all__ = ["STEPS", "play_story"]

STEPS = tuple(f"tourtrust.story.step{number}" for number in range(1, 10))


def play_story(stage: Stage, console: Console) -> bool:
    """Play all steps; True only if every one held. The story stops where a step fails."""
    for number, name in enumerate(STEPS, start=1):
        step: ModuleType = importlib.import_module(name)
        console.rule(f"[bold]{number}/{len(STEPS)} {step.TITLE.zh} · {step.TITLE.en}", align="left")
        started = time.perf_counter()
        try:
            for line in step.play(stage):
                console.print(f"  [green]✓[/] {line}", highlight=False)
        except StepMissing as missing:
            console.print(f"  [red]✗ step {number} is not built yet: {missing} is missing[/]")
            return False
        except (StepFailed, httpx.HTTPError, LookupError, ValueError) as error:
            console.print(
                f"  [red]✗ step {number} failed:[/] {type(error).__name__}: {error}", highlight=False
            )
            return False
        console.print(f"  [dim]{time.perf_counter() - started:.1f} s[/]")
    return True
