"""Log-in requests and the OAuth token shape that answers them."""

from common.web import Model
from pydantic import Field

__all__ = ["SessionRequest", "TokenAnswer"]


class SessionRequest(Model):
    """A person logs in."""

    username: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=200, json_schema_extra={"format": "password"})
    otp: str | None = Field(default=None, pattern=r"^[0-9]{6}$", description="one-time password (RFC 6238)")


class TokenAnswer(Model):
    """A successful answer of RFC 6749 5.1."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="seconds")
    scope: str
    refresh_token: str | None = None
