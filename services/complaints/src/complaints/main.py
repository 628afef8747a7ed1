"""The complaints service, wired together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.auth import TokenVerifier
from common.db import migrations_folder
from common.events import events_part
from common.http import TokenSource
from common.web import create_service_app
from fastapi import FastAPI

from complaints.cases.routes import reveal_router
from complaints.cases.routes import router as cases
from complaints.clients.contracts import ContractsClient, ContractsLookup
from complaints.compensation.routes import router as compensation
from complaints.config import Settings
from complaints.documents.routes import router as documents
from complaints.documents.worker import document_part
from complaints.enforcement.routes import router as enforcement
from complaints.events import SUBSCRIPTIONS
from complaints.policybook import policy_book
from complaints.publishing import SERVICE
from complaints.rounds import rounds
from complaints.routing.routes import router as routing

__all__ = ["PUBLIC", "create_app"]

PUBLIC = frozenset(
    {
        "POST /api/v1/complaints/public/complaints/lookup",
        "POST /api/v1/complaints/public/complaints/events",
        "GET /api/v1/complaints/departments",
        "GET /api/v1/complaints/policies",
    }
)


def create_app(
    settings: Settings | None = None,
    *,
    verifier: TokenVerifier | None = None,
    contracts: ContractsLookup | None = None,
) -> FastAPI:
    """The application. Policies are read here, so a wrong file stops the start.

    `verifier` and `contracts` replace the real ones in tests.
    """
    chosen = settings or Settings()  # type: ignore[call-arg]  # the environment gives the rest
    policies = policy_book()

    @asynccontextmanager
    async def neighbours(app: FastAPI) -> AsyncIterator[None]:
        if contracts is not None:
            app.state.contracts = contracts
            yield
            return
        async with ContractsClient(chosen.contracts_url, TokenSource(chosen)) as client:
            app.state.contracts = client
            yield

    app: FastAPI = create_service_app(
        name=SERVICE,
        title="TourTrust complaints",
        settings=chosen,
        migrations=migrations_folder(SERVICE),
        routers=[cases, reveal_router, routing, compensation, documents, enforcement],
        public=PUBLIC,
        lifespan_parts=[neighbours, document_part, events_part(SERVICE, SUBSCRIPTIONS), rounds],
        verifier=verifier,
    )
    app.state.policies = policies
    app.state.compensation_book = policies.compensation
    app.state.penalty_book = policies.penalties
    return app
