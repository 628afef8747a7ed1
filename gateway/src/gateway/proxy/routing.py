"""Which service owns a path: the longest prefix wins, and only at the end of a segment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Route", "RouteTable"]


@dataclass(frozen=True, slots=True)
class Route:
    """A path prefix and the service that answers below it."""

    service: str
    prefix: bytes
    base_url: str


class RouteTable:
    """Longest-prefix lookup over raw path bytes. What is not listed belongs to the gateway itself."""

    def __init__(self, upstreams: Mapping[str, tuple[str, str]]) -> None:
        """`upstreams` maps a service to its path prefix and base address."""
        routes = [
            Route(service, prefix.encode("ascii"), url.rstrip("/"))
            for service, (prefix, url) in upstreams.items()
        ]
        self.routes = tuple(sorted(routes, key=lambda route: len(route.prefix), reverse=True))

    @staticmethod
    def is_internal(path: str) -> bool:
        """Whether a decoded path is between services only: they reach each other without the gateway."""
        return "/internal/" in path or path.endswith("/internal")

    def find(self, raw_path: bytes) -> Route | None:
        """The service for a path, compared as the client sent it: an encoded slash is not a slash."""
        for route in self.routes:
            if raw_path.startswith(route.prefix):
                end = len(route.prefix)
                if len(raw_path) == end or raw_path[end : end + 1] in (b"/", b":"):
                    return route
        return None
