"""What every service is told by its environment. Built in `create_app`, never at import."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.clock import Clock, FrozenClock, SystemClock

__all__ = ["ServiceSettings", "async_url"]


def async_url(url: str) -> str:
    """A `postgresql://` address as SQLAlchemy's asyncpg dialect wants it."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if scheme in {"postgresql", "postgres"} else url


class ServiceSettings(BaseSettings):
    """Settings common to all services; a service subclasses it with its own `env_prefix`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["production", "development"] = "production"
    database_url: str = Field(repr=False)
    direct_database_url: str = Field("", repr=False)
    database_statement_cache: int = Field(100, ge=0, description="0 behind a transaction-mode pooler")
    database_pool_size: int = Field(10, ge=1)
    nats_url: str | None = None
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    token_issuer: str = "http://127.0.0.1:8000"  # noqa: S105
    token_audience: str = "tourtrust"  # noqa: S105
    jwks_url: str = "http://127.0.0.1:8000/.well-known/jwks.json"
    token_url: str = "http://127.0.0.1:8000/oauth/token"  # noqa: S105
    service_client_id: str = ""
    service_client_secret: SecretStr = SecretStr("")
    keyring_file: Path
    clock_file: Path | None = None
    log_origin: str | None = None
    log_key_file: Path | None = None
    witness_url: str | None = None
    witness_key: str | None = Field(None, description="verifier key of the witness")
    max_body_bytes: int = Field(2_000_000, ge=1)
    log_level: str = "INFO"
    otlp_endpoint: str | None = Field(None, description="collector of traces, OTLP over HTTP")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.clock_file is not None and self.environment == "production":
            raise ValueError("production refuses a fixed clock: unset clock_file")
        for name in ("database_url", "direct_database_url"):
            url = getattr(self, name)
            if url and urlsplit(url).scheme not in {"postgresql", "postgres", "postgresql+asyncpg"}:
                raise ValueError(f"{name} must be a postgresql:// address")
        return self

    @property
    def relay_database_url(self) -> str:
        """The address that reaches PostgreSQL without a pooler: for locks, LISTEN, relay and migrations."""
        return self.direct_database_url or self.database_url

    def clock(self) -> Clock:
        """The one clock of this process."""
        return FrozenClock(self.clock_file) if self.clock_file else SystemClock()
