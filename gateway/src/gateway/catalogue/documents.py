"""The services' OpenAPI documents, fetched when needed and kept a while."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from common.problems import Text, Unavailable

from gateway.catalogue.merge import PublicOperations, merge
from gateway.proxy.routing import RouteTable

__all__ = ["Catalogue", "Fetch"]

Fetch = Callable[[str], Awaitable[bytes | None]]
"""Gives the body of a 200 answer to GET, or None."""

log = structlog.get_logger(__name__)


class Catalogue:
    """Documents by service. One that cannot be fetched again stays as it was."""

    def __init__(self, upstreams: Mapping[str, tuple[str, str]], *, good_for: float, server: str) -> None:
        """`upstreams` maps a service to its path prefix and base address."""
        self._upstreams, self._good_for, self._server = dict(upstreams), good_for, server
        self._documents: dict[str, dict[str, Any]] = {}
        self._public: dict[str, PublicOperations] = {}
        self._fetched: dict[str, float] = {}
        self._locks = {service: asyncio.Lock() for service in upstreams}
        self.fetch: Fetch | None = None

    async def is_public(self, service: str, method: str, path: str) -> bool:
        """Whether a service publishes an operation for callers without a token.

        Raises:
            Unavailable: the service's document was never fetched and cannot be now.
        """
        await self._renew(service)
        if service not in self._public:
            raise Unavailable(Text("后端服务暂时无法连接", "The service cannot be reached at present"))
        return self._public[service].allows(method, path)

    async def merged(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """One document of the gateway's `own` and all services' that are known."""
        await asyncio.gather(*(self._renew(service) for service in self._upstreams))
        documents: dict[str, Mapping[str, Any]] = {"gateway": own}
        documents |= {name: self._documents[name] for name in self._upstreams if name in self._documents}
        return merge("TourTrust 旅信", "1.0.0", self._server, documents)

    async def _renew(self, service: str) -> None:
        if self._fresh(service) or self.fetch is None:
            return
        async with self._locks[service]:
            if self._fresh(service):
                return
            try:
                prefix, url = self._upstreams[service]
                body = await self.fetch(f"{url.rstrip('/')}/openapi.json")
                document = json.loads(body) if body is not None else None
                if isinstance(document, dict):
                    # A service speaks for its own paths only, and not of those between services.
                    paths = document.get("paths", {}).items()
                    document["paths"] = {
                        path: item
                        for path, item in paths
                        if path.startswith(prefix) and not RouteTable.is_internal(path)
                    }
                    public = PublicOperations(document)
                    self._documents[service], self._public[service] = document, public
            except (ValueError, AttributeError, TypeError) as error:
                log.warning("openapi_unreadable", service=service, error=type(error).__name__)
            self._fetched[service] = time.monotonic()

    def _fresh(self, service: str) -> bool:
        """Fetched lately; a document never had is asked for again after a second."""
        patience = self._good_for if service in self._documents else 1.0
        return time.monotonic() - self._fetched.get(service, -1e9) < patience
