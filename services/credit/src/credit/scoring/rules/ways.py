"""What a subject may do to rise: duties it can finish, favourable facts it can earn."""

from typing import Annotated, Literal

from pydantic import Field

from .format import Basis, Part

__all__ = ["Earn", "FinishDuty", "PathAction"]


class FinishDuty(Part):
    """A subject may finish a lasting breach: `closes` maps the open fact's code to the closing one."""

    action: Literal["finish_duty"]
    closes: dict[str, str]
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


class Earn(Part):
    """A subject may earn a favourable fact of `code`."""

    action: Literal["earn"]
    code: str
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


PathAction = Annotated[FinishDuty | Earn, Field(discriminator="action")]
