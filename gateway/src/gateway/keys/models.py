"""Table of signing keys."""

from datetime import datetime
from typing import Any

from common.db import UtcDateTime
from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.db import Base

__all__ = ["SigningKey"]


class SigningKey(Base, table=True):
    """One key pair. The one without `retired_at` signs; each is published up to its `published_until`."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint(
            "(retired_at IS NULL) = (published_until IS NULL)", name="retired_is_published_for_a_time"
        ),
        Index(
            "uq_signing_keys_one_signs",
            text("(true)"),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    kid: str = Field(primary_key=True)
    algorithm: str
    public_jwk: dict[str, Any] = Field(sa_type=JSONB)
    private_key: str = Field(description="JWK, encrypted with the keyring")
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
