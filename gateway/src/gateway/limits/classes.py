"""Which limit a request counts against. Pure."""

__all__ = ["route_class"]

BULK_ENDINGS = (":batch", ":import")


def route_class(method: str, path: str, *, anonymous: bool) -> str:
    """The limit class of a request.

    `guest` and `login` guard the doors, per address. `bulk` are the streaming writes, which are few and
    long. The rest is `anonymous` (per address), or `read` and `write` (per token's subject).
    """
    if path == "/api/v1/identity/guest-sessions":
        return "guest"
    if path.startswith(("/oauth/", "/api/v1/identity/")):
        return "login"
    if anonymous:
        return "anonymous"
    if method in {"GET", "HEAD", "OPTIONS"}:
        return "read"
    return "bulk" if path.endswith(BULK_ENDINGS) else "write"
