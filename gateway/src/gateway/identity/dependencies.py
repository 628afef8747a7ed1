"""The identity service of a request, and the client that a request authenticates."""

from typing import Annotated

from common.web import SessionDep
from fastapi import Depends, Request

from gateway.config import Settings
from gateway.identity.models import Client
from gateway.identity.service import IdentityService, Times
from gateway.tokens.dependencies import Form

__all__ = ["CallingClient", "IdentityServiceDep"]


def _identity_service(request: Request, session: SessionDep) -> IdentityService:
    state = request.app.state
    settings: Settings = state.settings
    return IdentityService(
        session,
        keyring=state.keyring,
        passwords=state.passwords,
        times=Times(state.clock.now(), state.outside_clock.now(), settings.clock_is_fixed),
        audiences=(settings.token_issuer, f"{settings.token_issuer}/oauth/token"),
    )


IdentityServiceDep = Annotated[IdentityService, Depends(_identity_service)]


async def _calling_client(request: Request, form: Form, identities: IdentityServiceDep) -> Client | None:
    return await identities.authenticate_client(request.headers.get("authorization"), form)


CallingClient = Annotated[Client | None, Depends(_calling_client)]
