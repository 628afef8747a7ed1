"""OAuth's own errors (RFC 6749 5.2), which `/oauth/*` answers in OAuth's form."""

__all__ = ["OAuthError", "invalid_client", "invalid_grant", "invalid_request", "invalid_scope"]


class OAuthError(Exception):
    """An error that OAuth clients know by its code. The description is ASCII, as the RFC wants."""

    def __init__(self, code: str, description: str, *, status: int = 400, challenge: bool = False) -> None:
        super().__init__(code)
        self.code, self.description, self.status, self.challenge = code, description, status, challenge


def invalid_request(description: str) -> OAuthError:
    """A parameter is missing, broken or given twice."""
    return OAuthError("invalid_request", description)


def invalid_client() -> OAuthError:
    """The client is not who it says, whatever the reason."""
    return OAuthError("invalid_client", "client authentication failed", status=401, challenge=True)


def invalid_grant(description: str) -> OAuthError:
    """The refresh token does not hold."""
    return OAuthError("invalid_grant", description)


def invalid_scope() -> OAuthError:
    """A scope was asked for that the client does not hold."""
    return OAuthError("invalid_scope", "a requested scope is not held")
