"""Plays the steps in order and prints what each proved."""

import importlib
import time
from collections.abc import Sequence
from types import ModuleType

import httpx
from rich.console import Console

from tourtrust.story.stage import Stage, StepFailed, StepMissing

__all__ = ["CHAPTER", "STEPS", "play_story"]

STEPS = tuple(f"tourtrust.story.step{number}" for number in range(1, 10))
CHAPTER = tuple(
    f"tourtrust.story.credit.{name}"
    for name in ("importing", "simulating", "warning", "inspecting", "listing", "objecting", "repairing")
)
"""The chapter of credit, played after the story."""


def play_story(stage: Stage, console: Console) -> bool:
    """Play all steps, then the chapter of credit; True only if every one held. It stops where one fails."""
    return _play(stage, console, STEPS, "") and _play(stage, console, CHAPTER, "信用 credit ")


def _play(stage: Stage, console: Console, names: Sequence[str], head: str) -> bool:
    for number, name in enumerate(names, start=1):
        step: ModuleType = importlib.import_module(name)
        console.rule(f"[bold]{head}{number}/{len(names)} {step.TITLE.zh} · {step.TITLE.en}", align="left")
        started = time.perf_counter()
        try:
            for line in step.play(stage):
                console.print(f"  [green]✓[/] {line}", highlight=False)
        except StepMissing as missing:
            console.print(f"  [red]✗ {head}step {number} is not built yet: {missing} is missing[/]")
            return False
        except (StepFailed, httpx.HTTPError, LookupError, ValueError) as error:
            console.print(
                f"  [red]✗ {head}step {number} failed:[/] {type(error).__name__}: {error}", highlight=False
            )
            return False
        console.print(f"  [dim]{time.perf_counter() - started:.1f} s[/]")
    return True
