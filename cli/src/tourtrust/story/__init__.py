"""The story of a market: nine steps played over HTTP against the gateway, each proving what it claims.

A step is a module with a bilingual `TITLE` and `play(stage) -> list[str]`, which returns what it proved, one
sentence a line. It raises `StepFailed` when a claim does not hold and `StepMissing` when a route it needs is
not there. Steps hand what later ones need through `stage.book`.
"""

from tourtrust.story.playing import play_story
from tourtrust.story.stage import Stage, StepFailed, StepMissing

__all__ = ["Stage", "StepFailed", "StepMissing", "play_story"]
