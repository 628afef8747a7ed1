"""What the routes of this service are given: the environment of its use cases, and who may see inside."""

from typing import Annotated

from common.auth import Principal
from common.clock import china_date
from common.policies import Policy
from common.web import Requires, SessionDep
from fastapi import Depends, Request

from credit.environment import Environment
from credit.internal import check_internal
from credit.scorecards.shelf import card_book

__all__ = ["EnvironmentDep", "Insiders", "PoliciesDep"]


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


class Insiders(Requires):
    """A dependency that gives the calling `Principal`, if it holds one of `scopes` and no program of others.

    For routes of which such a program is told nothing at all: what is public of them has a public route.
    `own`: a subject's own user passes too, and finds what is about itself. `departments`: so do programs of
    departments that see what is internal; not where authorities have yet to decide.
    """

    def __init__(self, *scopes: str, own: bool = True, departments: bool = True) -> None:
        super().__init__(*scopes)
        self.own, self.departments = own, departments

    async def __call__(self, request: Request) -> Principal:
        """The caller. Raises Unauthenticated, Forbidden."""
        actor = await super().__call__(request)
        env: Environment = request.app.state.env
        today = china_date(env.clock.now())
        check_internal(env.rulebook, actor, today, own=self.own, departments=self.departments)
        return actor
