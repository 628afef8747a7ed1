"""The contracts service: wiring only."""

from common.auth import TokenVerifier
from common.db import migrations_folder
from common.events import events_part
from common.ledger import ledger_part
from common.web import create_service_app
from common.web.log import log_operations, log_router
from fastapi import FastAPI

from contracts.batches.routes import router as batches
from contracts.catalogue.routes import router as catalogue
from contracts.checks.routes import router as checks
from contracts.config import Settings
from contracts.events import SERVICE, SUBSCRIPTIONS
from contracts.policies import load_library
from contracts.price_alerts.routes import router as price_alerts
from contracts.registrations.retention import retention_part
from contracts.registrations.routes import PUBLIC
from contracts.registrations.routes import router as registrations

__all__ = ["create_app"]

PREFIX = "/api/v1/contracts"


def create_app(settings: Settings | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application, from the environment's settings unless given."""
    app: FastAPI = create_service_app(
        name=SERVICE,
        title="TourTrust contracts",
        settings=settings or Settings(),  # type: ignore[call-arg]
        migrations=migrations_folder("contracts"),
        routers=[checks, batches, registrations, price_alerts, catalogue, log_router(PREFIX)],
        public=PUBLIC | log_operations(PREFIX),
        lifespan_parts=[events_part(SERVICE, SUBSCRIPTIONS), ledger_part(), retention_part()],
        verifier=verifier,
    )
    app.state.library = load_library()
    return app
