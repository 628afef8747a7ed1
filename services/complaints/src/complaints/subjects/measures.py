"""Supervision measures that credit tells of a subject, and which of them a step of a case must cite."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from common.policies import Policy, PolicyError, PolicySet
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Measure", "MeasureBook", "MeasureUses", "Room"]

Room = Literal["case", "enforcement"]


class Name(BaseModel):
    """A measure's name in both languages."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    zh: str
    en: str


class Measure(BaseModel):
    """A restriction on one subject, as credit announces it and a case cites it; no `ends_on` is for life."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    measure: str
    name: Name
    policy_id: str
    policy_version: str
    status: str
    basis: list[str]
    starts_on: date
    ends_on: date | None

    def in_force(self, on: date) -> bool:
        """Whether it held on `on`, its first and last day inside."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


class MeasureUse(BaseModel):
    """Measures, and the events of complaints and of enforcement cases at which they are cited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: list[str] = Field(min_length=1)
    case: list[str] = []
    enforcement: list[str] = []

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.case or self.enforcement):
            raise ValueError("a use names at least one event")
        return self


class MeasureUses(Policy):
    """Which measures are cited where; they change neither admissibility nor terms nor bands."""

    uses: list[MeasureUse] = Field(min_length=1)

    def cited_at(self, room: Room, event: str) -> frozenset[str]:
        """The codes that an event of a room cites."""
        at = [use for use in self.uses if event in (use.case if room == "case" else use.enforcement)]
        return frozenset(code for use in at for code in use.measures)


class MeasureBook:
    """All versions; day and place choose one."""

    def __init__(self, folder: Path) -> None:
        self.policies = PolicySet.load(folder / "measures.yaml", MeasureUses)

    def check_events(self, case: Collection[str], enforcement: Collection[str]) -> None:
        """Refuse a policy that names an event which does not exist. Raises PolicyError."""
        for policy in self.policies:
            named = {(event, "case") for use in policy.uses for event in use.case if event not in case}
            named |= {
                (event, "enforcement")
                for use in policy.uses
                for event in use.enforcement
                if event not in enforcement
            }
            for event, room in sorted(named):
                raise PolicyError(
                    policy.file,
                    Text(
                        f"{policy.id}：{room} 没有环节 {event}", f"{policy.id}: {room} knows no event {event}"
                    ),
                )

    def citations(
        self, told: Iterable[Mapping[str, Any]], room: Room, event: str, on: date, region: str
    ) -> dict[str, Any]:
        """What an event on `on` keeps: `measures` with basis and days, or nothing where none is cited."""
        policy = self.policies.find("measures-in-cases", on=on, region=region)
        codes = policy.cited_at(room, event) if policy else frozenset()
        held = [Measure.model_validate(one) for one in told if one["measure"] in codes]
        cited = [one.model_dump(mode="json") for one in held if one.in_force(on)]
        return {"measures": cited} if cited else {}
