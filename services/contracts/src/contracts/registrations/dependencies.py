"""What the routes of registrations are given."""

from typing import Annotated, Any

from common.auth import Principal
from common.web import ClockDep, KeyringDep, Requires, SessionDep
from common.web.log import LogDep
from fastapi import Depends, Path, Request

from contracts.catalogue.dependencies import LibraryDep
from contracts.config import Settings
from contracts.documents.schemas import Submission
from contracts.registrations.reading import ContractReader
from contracts.registrations.service import Filing, Registrar

__all__ = [
    "ContractNo",
    "FilingDep",
    "Internal",
    "ReaderDep",
    "RegistrarDep",
    "SettingsDep",
    "Submitter",
    "VersionNo",
    "Viewer",
]

Submitter = Annotated[Principal, Depends(Requires("contracts:submit"))]
Viewer = Annotated[Principal, Depends(Requires("contracts:read", "contracts:supervise"))]
Internal = Annotated[Principal, Depends(Requires("internal:contracts"))]
ContractNo = Annotated[str, Path(min_length=1, max_length=40, description="25 characters")]
VersionNo = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _registrar(
    session: SessionDep, library: LibraryDep, keyring: KeyringDep, log: LogDep, clock: ClockDep
) -> Registrar:
    return Registrar(session, library, keyring, log, clock)


def _reader(
    session: SessionDep, library: LibraryDep, keyring: KeyringDep, log: LogDep, clock: ClockDep
) -> ContractReader:
    return ContractReader(session, library, keyring, log, clock)


async def _filing(request: Request, document: Submission) -> Filing:
    content: Any = await request.json()
    return Filing.of(document, content)


SettingsDep = Annotated[Settings, Depends(_settings)]
RegistrarDep = Annotated[Registrar, Depends(_registrar)]
ReaderDep = Annotated[ContractReader, Depends(_reader)]
FilingDep = Annotated[Filing, Depends(_filing)]
