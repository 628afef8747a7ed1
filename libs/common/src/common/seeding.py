"""What the services' `seed` modules are asked for, and the fixed ids that tie the demo province together."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid5

__all__ = ["DEMO_SUBJECT_IDS", "Progress", "SeedPlan", "demo_id"]

_DEMO = UUID("5f0c1b1e-6a2d-5d0a-9c61-7a1d5f3e0b11")


def demo_id(name: str) -> UUID:
    """The fixed id of a named thing of the demo, the same in every service."""
    return uuid5(_DEMO, name)


DEMO_SUBJECT_IDS = {
    "sample_agency": demo_id("911401059999990157"),
    "international_agency": demo_id("9114010699999904X3"),
    "lowprice_agency": demo_id("91140213999999058C"),
    "ground_agency": demo_id("911409029999990230"),
    "ota_platform": demo_id("911401089999990318"),
}


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """How much synthetic data to make. The same plan gives the same data."""

    province: str = "140000"
    agencies: int = 939
    guides: int = 19_000
    hotels: int = 234
    scenic_areas: int = 237
    contracts: int = 0
    complaints: int = 0
    years: int = 5
    seed: int = 20261123


class Progress(Protocol):
    """Where long work tells how far it is."""

    def start(self, task: str, total: int) -> None: ...
    def advance(self, steps: int = 1) -> None: ...
