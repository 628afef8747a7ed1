"""What a subject may do to rise: duties it can finish, favourable facts it can earn, repairs to ask for."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .format import Basis, Part

__all__ = ["Earn", "FinishDuty", "PathAction", "Repair"]


class FinishDuty(Part):
    """A subject may finish a lasting breach: `closes` maps the open fact's code to the closing one.

    An open duty is in every path, also where no rule of the card counts it.
    """

    action: Literal["finish_duty"]
    closes: dict[str, str]
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


class Earn(Part):
    """A subject may earn a favourable fact of `code`, with this `payload` where a rule asks for one."""

    action: Literal["earn"]
    code: str
    payload: dict[str, Any] = Field(default={})
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


class Repair(Part):
    """A subject may ask for repair: `closes` maps the adverse fact's code to the one that a repair records.

    A repair that records `REPAIRED` names the very fact. One that records another code takes the subject off
    a list, once the last of its listings there has ended. Whether and when a repair can be asked for is the
    law's to say, not the card's: the repair desk answers it (`policies/repair-clocks.yaml`).
    """

    action: Literal["repair"]
    closes: dict[str, str] = Field(min_length=1)
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


PathAction = Annotated[FinishDuty | Earn | Repair, Field(discriminator="action")]
