"""What the routes of this service are given: the environment of its use cases."""

from typing import Annotated

from common.policies import Policy
from common.web import SessionDep
from fastapi import Depends, Request

from credit.environment import Environment
from credit.scorecards.shelf import card_book

__all__ = ["EnvironmentDep", "PoliciesDep"]


async def _environment(request: Request) -> Environment:
    env: Environment = request.app.state.env
    return env


EnvironmentDep = Annotated[Environment, Depends(_environment)]


async def _policies(session: SessionDep, env: EnvironmentDep) -> list[Policy]:
    """Those of the files, and the scorecards published here that were not withdrawn."""
    book = await card_book(session, env)
    published = [one.card for one in book if one.published_at is not None and one.withdrawn_at is None]
    return [*env.rulebook.all(), *published]


PoliciesDep = Annotated[list[Policy], Depends(_policies)]
