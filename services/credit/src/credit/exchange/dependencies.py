"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import LanguageDep, Requires, SessionDep
from fastapi import Depends, Request

from credit.rulebook.dependencies import EnvironmentDep

from .desk import ExchangeDesk
from .sending import Sending
from .service import ExchangeService

__all__ = ["Decider", "DeskDep", "ExchangeServiceDep", "SendingDep"]


def _service(session: SessionDep, env: EnvironmentDep, language: LanguageDep) -> ExchangeService:
    return ExchangeService(session, env, language)


def _sending(session: SessionDep, env: EnvironmentDep) -> Sending:
    return Sending(session, env)


def _desk(request: Request) -> ExchangeDesk:
    desk: ExchangeDesk = request.app.state.exchange
    return desk


ExchangeServiceDep = Annotated[ExchangeService, Depends(_service)]
SendingDep = Annotated[Sending, Depends(_sending)]
DeskDep = Annotated[ExchangeDesk, Depends(_desk)]
Decider = Annotated[Principal, Depends(Requires("credit:decide"))]
