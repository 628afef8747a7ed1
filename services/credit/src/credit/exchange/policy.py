"""The shape of `policies/exchange.yaml`."""

from typing import Annotated, Literal, Self

from common.policies import Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .rules import RecordKind, System

__all__ = ["ExchangePolicy", "Persons"]


class Persons(BaseModel):
    """What a system is told of a listed natural person, beside the listing itself.

    `name`: in full, else masked. `id_number` is never told in full, and not as a hash either: there are so
    few ID numbers that any of them is found by trying.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: bool
    id_number: Literal["none", "masked"]


class _System(BaseModel):
    """A system. Without `persons` it is sent nothing about natural persons."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    system: str
    name: Text
    sends: list[str]
    persons: Persons | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.system not in set(System) or not set(self.sends) <= set(RecordKind):
            raise ValueError("an unknown system or kind of record")
        return self


class ExchangePolicy(Policy):
    """What goes where, and after how many minutes a record that failed is tried again."""

    systems: list[_System] = Field(min_length=1)
    retry_minutes: list[Annotated[int, Field(ge=1, le=10_080)]] = Field(min_length=1)

    def receivers(self, kind: RecordKind) -> list[System]:
        """The systems that a kind of record is sent to."""
        return [System(one.system) for one in self.systems if kind in one.sends]

    def persons(self, system: System) -> Persons | None:
        """What a system is told of natural persons; None: nothing."""
        return next((one.persons for one in self.systems if one.system == system), None)
