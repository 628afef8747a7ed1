"""The shape of `policies/exchange.yaml`."""

from typing import Annotated, Literal, Self

from common.policies import Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .rules import RecordKind, System

__all__ = ["ExchangePolicy", "Internal", "Persons"]


class Persons(BaseModel):
    """What a system is told of a listed natural person, beside the listing itself.

    `name`: in full, else masked. `id_number` is never told in full, and not as a hash either: there are so
    few ID numbers that any of them is found by trying.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: bool
    id_number: Literal["none", "masked"]


class _System(BaseModel):
    """A system. Without `persons` it is sent nothing about natural persons.

    One for the `public` publishes what it is sent: it is sent nothing that may not be published, such as the
    slight list; one for `authorities` is, with `public: false`. `listing_repairs`: what becomes of a repair
    of our listing that it tells us of: our own listing follows it, or the case waits for our own decision.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    system: str
    name: Text
    sends: list[str]
    audience: Literal["public", "authorities"]
    listing_repairs: Literal["follow", "review"]
    persons: Persons | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.system not in set(System) or not set(self.sends) <= set(RecordKind):
            raise ValueError("an unknown system or kind of record")
        return self


class Internal(BaseModel):
    """What is internal to authorities: facts of `codes`, slight listings, risk classes, supervision.

    Beside officers only clients of these `departments` see it, in their regions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    departments: list[str]
    codes: list[str] = Field(min_length=1)


class ExchangePolicy(Policy):
    """What goes where, when a record that failed is tried again, and what stays among authorities."""

    systems: list[_System] = Field(min_length=1)
    internal: Internal
    retry_minutes: list[Annotated[int, Field(ge=1, le=10_080)]] = Field(min_length=1)

    def receivers(self, kind: RecordKind, *, public: bool) -> list[System]:
        """The systems that a kind of record is sent to, which may be published or is for authorities only."""
        return [
            System(one.system)
            for one in self.systems
            if kind in one.sends and (public or one.audience == "authorities")
        ]

    def follows_repairs(self, system: System) -> bool:
        """Whether our listing follows a repair that a system tells us of."""
        return any(one.system == system and one.listing_repairs == "follow" for one in self.systems)

    def persons(self, system: System) -> Persons | None:
        """What a system is told of natural persons; None: nothing."""
        return next((one.persons for one in self.systems if one.system == system), None)
