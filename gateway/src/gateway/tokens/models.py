"""Tables of sessions, refresh tokens, revoked tokens and used assertions."""

from datetime import datetime
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from gateway.db import Base

__all__ = ["LoginSession", "RefreshToken", "RevokedToken", "UsedAssertion"]


class LoginSession(Base, table=True):
    """One log-in of a user: the family of refresh tokens that came from it."""

    __tablename__ = "login_sessions"

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", index=True)
    client_id: str
    scopes: list[str] = Field(sa_type=ARRAY(String))
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RefreshToken(Base, table=True):
    """One refresh token, kept as a hash, with the access token that was issued beside it."""

    __tablename__ = "refresh_tokens"

    token_hash: str = Field(primary_key=True, description="SHA-256, hex")
    session_id: UUID = Field(foreign_key="login_sessions.id", index=True, ondelete="CASCADE")
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    access_jti: str
    access_expires_at: datetime = Field(sa_type=UtcDateTime)


class RevokedToken(Base, table=True):
    """An access token that no longer counts."""

    __tablename__ = "revoked_tokens"

    jti: str = Field(primary_key=True, max_length=100)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class UsedAssertion(Base, table=True):
    """A client's assertion that was accepted once and never will be again."""

    __tablename__ = "used_assertions"

    client_id: str = Field(primary_key=True)
    jti: str = Field(primary_key=True, max_length=255)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
