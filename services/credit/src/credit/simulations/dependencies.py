"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.web import LanguageDep, SessionDep
from fastapi import Depends

from credit.rulebook.dependencies import EnvironmentDep
from credit.scorecards.dependencies import PolicyMaker

from .service import SimulationService

__all__ = ["PolicyMaker", "SimulationServiceDep"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> SimulationService:
    return SimulationService(session, env, language)


SimulationServiceDep = Annotated[SimulationService, Depends(_service)]
