"""The gateway's app: wiring only."""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from common.db import migrations_folder
from common.web import create_service_app
from common.web.app import Readiness
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from gateway.catalogue.documents import Catalogue
from gateway.catalogue.routes import router as catalogue_router
from gateway.config import Settings
from gateway.identity.passwords import Passwords
from gateway.identity.repository import IdentityRepository
from gateway.identity.routes import router as identity_router
from gateway.keys.ring import SigningKeys
from gateway.keys.routes import router as keys_router
from gateway.keys.service import KeyService
from gateway.limits.window import RateLimiter
from gateway.proxy.edge import Edge, EdgeParts
from gateway.proxy.forward import Allowance, Forwarder
from gateway.proxy.routing import RouteTable
from gateway.proxy.upstream import AiohttpUpstream, fetch
from gateway.tokens.errors import OAuthError
from gateway.tokens.gate import TokenGate
from gateway.tokens.issuer import TokenIssuer
from gateway.tokens.repository import TokenRepository
from gateway.tokens.revocations import Revocations
from gateway.tokens.routes import oauth_error
from gateway.tokens.routes import router as oauth_router

__all__ = ["PUBLIC", "Gateway", "create_app"]

PUBLIC = frozenset(
    {
        "GET /.well-known/jwks.json",
        "GET /.well-known/oauth-authorization-server",
        "POST /oauth/token",
        "POST /oauth/revoke",
        "POST /oauth/introspect",
        "POST /api/v1/identity/sessions",
        "POST /api/v1/identity/guest-sessions",
        "GET /openapi.json",
        "GET /docs",
        "GET /docs/{asset}",
    }
)
PURGE_SECONDS = 3600

log = structlog.get_logger(__name__)


class Gateway(FastAPI):
    """FastAPI for the gateway's own endpoints, inside the `Edge` that every request meets first."""

    edge: Edge | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the edge decide; before it is wired, and for the lifespan, this is plain FastAPI."""
        if self.edge is None or scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.edge(scope, receive, send)

    async def own(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The gateway's own endpoints, without the edge."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Gateway:
    """The gateway. Its routes need no token, because they are where tokens come from; each of `/oauth/*`
    judges its client itself. Everything else is proxied by the `Edge` that stands around the app.
    """
    settings = settings or Settings()  # type: ignore[call-arg]  # the environment gives the rest
    app = create_service_app(
        name="gateway",
        title="TourTrust gateway",
        settings=settings,
        migrations=migrations_folder("gateway"),
        routers=(catalogue_router, keys_router, oauth_router, identity_router),
        public=PUBLIC,
        lifespan_parts=(_memory, _upstreams),
        app_class=Gateway,
    )
    state = app.state
    state.outside_clock = settings.outside_clock()
    state.passwords = Passwords()
    state.signing_keys = SigningKeys(lead=settings.key_lead_seconds)
    state.revocations = Revocations()
    state.gate = TokenGate(
        state.signing_keys,
        state.revocations,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        clock=state.clock,
    )
    state.token_issuer = TokenIssuer(
        state.signing_keys, issuer=settings.token_issuer, audience=settings.token_audience
    )
    state.catalogue = Catalogue(
        settings.upstreams,
        good_for=settings.catalogue_seconds,
        server=settings.token_issuer,
    )
    state.edge_parts = EdgeParts(
        routes=RouteTable(settings.upstreams),
        gate=state.gate,
        limiter=RateLimiter(settings.rates),
        catalogue=state.catalogue,
        allowance=Allowance(settings.proxy_body_bytes, settings.client_seconds, settings.answer_seconds),
        bulk_allowance=Allowance(
            settings.bulk_body_bytes, settings.client_seconds, settings.bulk_answer_seconds
        ),
        metrics_networks=[ipaddress.ip_network(network) for network in settings.metrics_networks],
    )
    app.add_exception_handler(OAuthError, oauth_error)
    app.edge = Edge(app.own, state.edge_parts)
    return app


@asynccontextmanager
async def _memory(app: FastAPI) -> AsyncIterator[None]:
    """Signing keys and revocations in memory: loaded before the first request, then polled."""
    state = app.state
    async with state.db.session() as session:
        await KeyService(session, state.keyring).ensure(state.clock.now())
    await _poll(app)

    async def keep() -> None:
        since_purge = 0.0
        while True:
            await asyncio.sleep(state.settings.poll_seconds)
            since_purge += state.settings.poll_seconds
            try:
                await _poll(app)
                if since_purge >= PURGE_SECONDS:
                    since_purge = 0.0
                    await _purge(app)
            except (SQLAlchemyError, OSError) as error:
                # What is known stays good while the database is away; /readyz reports it.
                log.warning("poll_failed", error=type(error).__name__)

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        state.passwords.close()


async def _poll(app: FastAPI) -> None:
    state = app.state
    now = state.clock.now()
    async with state.db.session() as session:
        state.signing_keys.load(await KeyService(session, state.keyring).published(now))
        state.revocations.load(await TokenRepository(session).revoked(now))


async def _purge(app: FastAPI) -> None:
    state = app.state
    async with state.db.session() as session:
        await TokenRepository(session).purge(state.clock.now(), state.outside_clock.now())
        await IdentityRepository(session).purge(state.outside_clock.now())


@asynccontextmanager
async def _upstreams(app: FastAPI) -> AsyncIterator[None]:
    """The connections to the services, and the question whether each is ready."""
    settings: Settings = app.state.settings
    upstream = AiohttpUpstream(
        connect_seconds=settings.connect_seconds,
        keepalive_seconds=settings.upstream_keepalive_seconds,
        connections=settings.upstream_connections,
    )

    async def get(url: str) -> bytes | None:
        return await fetch(upstream, url)

    def readiness(url: str) -> Readiness:
        async def check() -> str | None:
            answer = await get(f"{url}/readyz")
            if answer is None:
                return "not ready"
            lacks = json.loads(answer).get("degraded", {})
            return "; ".join(f"{part}: {lack}" for part, lack in lacks.items()) or None

        return check

    app.state.catalogue.fetch = get
    app.state.edge_parts.forwarder = Forwarder(upstream)
    for name, (_, url) in settings.upstreams.items():
        app.state.readiness[name] = readiness(url.rstrip("/"))
    try:
        yield
    finally:
        await upstream.close()
