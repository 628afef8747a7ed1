"""Tables of clients, users, guests and failed log-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from gateway.db import Base
from gateway.identity.rules import KINDS

__all__ = ["Client", "GuestSession", "LoginThrottle", "User"]

KIND_LIST = ", ".join(f"'{kind}'" for kind in sorted(KINDS))


class Client(Base, table=True):
    """A program: an online agency, a hotline, an app's server, a department, one of our own services."""

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KIND_LIST})", name="kind"),
        CheckConstraint("(secret_hash IS NULL) <> (jwks IS NULL)", name="one_way_to_authenticate"),
    )

    client_id: str = Field(primary_key=True, max_length=100)
    name: str
    secret_hash: str | None = Field(default=None, description="argon2id")
    jwks: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    kind: str
    scopes: list[str] = Field(sa_type=ARRAY(String))
    regions: list[str] = Field(sa_type=ARRAY(String))
    department: str | None = None
    subject_id: UUID | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class User(Base, table=True):
    """A person with an account."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"kind IN ({KIND_LIST})", name="kind"),)

    id: UUID = Field(primary_key=True)
    username: str = Field(unique=True, max_length=100)
    password_hash: str = Field(description="argon2id")
    totp_secret: str | None = Field(default=None, description="encrypted")
    last_totp_step: int | None = Field(default=None, description="one-time passwords up to it are spent")
    kind: str
    scopes: list[str] = Field(sa_type=ARRAY(String))
    regions: list[str] = Field(sa_type=ARRAY(String))
    department: str | None = None
    subject_id: UUID | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginThrottle(Base, table=True):
    """Wrong log-ins in a row for a name, whether or not somebody has it; the name itself is not kept."""

    __tablename__ = "login_throttles"

    name_index: str = Field(primary_key=True, description="blind index of the normalised name")
    failures: int
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class GuestSession(Base, table=True):
    """A tourist without an account."""

    __tablename__ = "guest_sessions"

    id: UUID = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
