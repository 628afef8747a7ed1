"""What the routes of this service are given: the environment of its use cases."""

from typing import Annotated

from fastapi import Depends, Request

from credit.environment import Environment

__all__ = ["EnvironmentDep"]


async def _environment(request: Request) -> Environment:
    env: Environment = request.app.state.env
    return env


EnvironmentDep = Annotated[Environment, Depends(_environment)]
