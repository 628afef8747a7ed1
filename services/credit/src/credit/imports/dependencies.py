"""How the routes of this room get their service, and who may call them."""

from typing import Annotated

from common.auth import Principal
from common.web import Requires, SessionDep
from fastapi import Depends, Request

from credit.config import Settings
from credit.rulebook.dependencies import EnvironmentDep

from .service import ImportService
from .staging import Stager
from .worker import ImportWorker

__all__ = ["ImportServiceDep", "SettingsDep", "StagerDep", "WorkerDep", "Writer"]


def _service(session: SessionDep, env: EnvironmentDep) -> ImportService:
    return ImportService(session, env)


def _stager(request: Request) -> Stager:
    stager: Stager = request.app.state.stager
    return stager


def _worker(request: Request) -> ImportWorker:
    worker: ImportWorker = request.app.state.import_worker
    return worker


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


ImportServiceDep = Annotated[ImportService, Depends(_service)]
StagerDep = Annotated[Stager, Depends(_stager)]
WorkerDep = Annotated[ImportWorker, Depends(_worker)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Writer = Annotated[Principal, Depends(Requires("credit:write"))]
