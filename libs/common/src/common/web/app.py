"""How every service is put together: the same shape, so that one learnt is all learnt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from common.auth import TokenVerifier
from common.crypto import Keyring
from common.db import Database, check_database
from common.idempotency import PURGED_AT_ONCE, purge
from common.problems import Unavailable
from common.settings import ServiceSettings
from common.telemetry import configure_telemetry
from common.web.access import required_by
from common.web.errors import install_error_handlers
from common.web.middleware import BodyLimit, Observed
from common.web.openapi import document
from common.web.route import ServiceRoute, ServiceRouter

__all__ = ["LifespanPart", "Readiness", "create_service_app"]

log = structlog.get_logger(__name__)

App = TypeVar("App", bound=FastAPI)
LifespanPart = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Readiness = Callable[[], Awaitable[str | None]]
"""Says None when a part is well, or in one sentence what it lacks; the service goes on, degraded."""

PURGE_SECONDS = 600.0
CHECK_SECONDS = 3.0
"""How long a check of readiness may take; a part that hangs is no better than one that is gone."""
HEALTH = frozenset({"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"})


def create_service_app(
    *,
    name: str,
    title: str,
    settings: ServiceSettings,
    migrations: Path | None,
    routers: Iterable[APIRouter],
    public: frozenset[str] = frozenset(),
    lifespan_parts: Sequence[LifespanPart] = (),
    verifier: TokenVerifier | None = None,
    app_class: type[App] = FastAPI,  # type: ignore[assignment]
) -> App:
    """A service: `routers` behind access checks, one database, and `lifespan_parts` running beside.

    `public` lists the operations that need no token, as "METHOD /path". Any other operation without
    `Requires` is a mistake and raises here, at start. `app_class` is for an app that must see requests
    before FastAPI does.

    Raises:
        ValueError: an operation is neither public nor protected, or `public` names one that is not there.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_telemetry(name, settings.log_level, settings.otlp_endpoint)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(app.state.db.dispose)
            await check_database(app.state.db, migrations)
            if migrations is not None:
                await stack.enter_async_context(_forgetting_answers(app))
            for part in lifespan_parts:
                await stack.enter_async_context(part(app))
            yield

    app = app_class(
        title=title,
        version="1.0.0",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own spans would carry queries, and so names that somebody searched for.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    clock = settings.clock()
    app.state.name = name
    app.state.settings = settings
    app.state.clock = clock
    app.state.keyring = Keyring.from_file(
        settings.keyring_file, production=settings.environment == "production"
    )
    app.state.db = Database(
        settings.database_url,
        statement_cache=settings.database_statement_cache,
        pool_size=settings.database_pool_size,
    )
    app.state.verifier = verifier or TokenVerifier(
        jwks_url=settings.jwks_url,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        clock=clock,
    )
    readiness: dict[str, Readiness] = {}
    app.state.readiness = readiness
    install_error_handlers(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_health_router(name))
    public = public | HEALTH
    _check_access(app, public)
    app.state.public = public
    app.state.openapi = document(app)
    app.openapi = lambda: app.state.openapi  # type: ignore[method-assign]
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(Observed, service=name)
    return app


@asynccontextmanager
async def _forgetting_answers(app: FastAPI) -> AsyncIterator[None]:
    """Purge the kept answers of idempotent writes now and then, a small transaction at a time."""

    async def purge_for_ever() -> None:
        while True:
            forgotten = 0
            try:
                async with app.state.db.session() as session:
                    forgotten = await purge(session, app.state.clock.now())
            except (SQLAlchemyError, OSError) as error:
                log.warning("purge_failed", error=type(error).__name__)
            await asyncio.sleep(0 if forgotten == PURGED_AT_ONCE else PURGE_SECONDS)

    task = asyncio.create_task(purge_for_ever())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _check_access(app: FastAPI, public: frozenset[str]) -> None:
    open_operations = set()
    for context in iter_route_contexts(app.routes):
        route: Any = context
        if not isinstance(route.original_route, ServiceRoute):
            raise ValueError(f"only routes of a ServiceRouter are served, found {route.original_route!r}")
        if required_by(route.dependant) is None:
            open_operations |= {f"{method} {route.path}" for method in route.methods}
    if open_operations != public:
        raise ValueError(
            f"neither protected nor public: {sorted(open_operations - public)}; "
            f"public but missing or protected: {sorted(public - open_operations)}"
        )


def _health_router(name: str) -> APIRouter:
    router = ServiceRouter(tags=["health"])

    @router.get("/healthz", summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"service": name, "status": "ok"}

    @router.get("/readyz", summary="The service can do its work; degraded parts are named")
    async def readyz(request: Request) -> Response:
        checks: dict[str, str] = {}
        try:
            async with asyncio.timeout(CHECK_SECONDS), request.app.state.db.session() as session:
                await session.execute(text("SELECT 1"))
        except Exception as error:
            raise Unavailable from error
        for part, check in request.app.state.readiness.items():
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    lack = await check()
            except Exception as error:
                lack = type(error).__name__
            if lack is not None:
                checks[part] = lack
        return JSONResponse({"service": name, "status": "degraded" if checks else "ok", "degraded": checks})

    @router.get("/openapi.json", summary="The service's own document", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return JSONResponse(request.app.state.openapi)

    @router.get("/metrics", summary="Numbers for Prometheus", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
